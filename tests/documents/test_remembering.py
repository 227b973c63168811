"""What is remembered of documents: those that are likely to come again, and of all together no more than so much."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

from core.database import Database
from core.viewer import ANONYMOUS
from graph.context import Context
from graph.limits import Limits
from graph.running import Operations
from graph.schema import schema


def _kept(texts: list[str]) -> list[bool]:
    """Which of these documents are there still when all have been run."""
    operations = Operations(schema()._schema, limits=Limits(max_tokens=10_000))
    # Nothing is read.
    nowhere = Database("postgresql://")
    documents: list[weakref.ref[Any]] = []

    async def run() -> None:
        for text in texts:
            prepared = operations.prepare(text, None)
            documents.append(weakref.ref(prepared.document))
            answer = await operations.run(prepared, None, Context(nowhere, ANONYMOUS), "")
            assert answer["data"] == {"a": "Query"}

    asyncio.run(run())
    gc.collect()
    return [each() is not None for each in documents]


def test_a_long_document_is_gone_when_it_is_answered() -> None:
    assert _kept(["{ a: __typename }", "{ a: __typename }" + " " * 20_001]) == [True, False]


def test_many_documents_make_room_for_each_other() -> None:
    # With its text, a document's plan is kept too, up to a bound of its own.
    kept = _kept([f"{{ a: __typename }}{' ' * 19_000}#{number}" for number in range(60)])
    assert kept[-1]
    assert sum(kept) < 60
