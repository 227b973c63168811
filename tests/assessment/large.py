"""A survey of hundreds of rules, put where it belongs at once."""

from __future__ import annotations

from typing import Any

from core.tables import table_of
from core.writing import Transaction
from models.content import Content
from models.curriculum import AnswerKey, Block, Branch
from resolvers.content.drafts import defaults
from resolvers.formats.base import split
from resolvers.formats.scale import Scale
from tests.support import factories
from tests.support.clients import Client
from tests.support.databases import as_service


def large_survey(author: Client, database_url: str, size: int) -> tuple[str, list[str]]:
    """A draft of so many scales, each but the last with a rule: whoever answers below 3 jumps over the next one."""
    made = factories.assessment(author, kind="SURVEY")
    ids = [Block.new_id() for _ in range(size)]
    as_service(database_url, lambda tx: _written(tx, made, ids))
    return made, ids


async def _written(tx: Transaction, assessment: str, ids: list[str]) -> None:
    settings, key = split(Scale())
    rules = [Branch.new_id() for _ in ids[:-1]]
    for model, some in ((Block, ids), (Branch, rules)):
        kind = table_of(model).name
        await tx.insert(Content, [{"id": each, "kind": kind, "root_id": assessment} for each in some])
    whole: dict[str, Any] = {"stage": "draft", "revision": 1}
    asked = {**defaults(Block), **whole, "assessment_id": assessment, "format": "scale", "settings": settings}
    texts = [f"Question {number}: how often?" for number in range(1, len(ids) + 1)]
    await tx.insert(
        Block,
        [
            {**asked, "id": each, "position": place, "key": f"q{place}", "body": text, "body_text": text}
            for place, (each, text) in enumerate(zip(ids, texts, strict=True), 1)
        ],
    )
    await tx.insert(AnswerKey, [{**whole, "id": each, "body": key} for each in ids])
    await tx.insert(
        Branch,
        [
            {
                **whole,
                "id": each,
                "from_block_id": ids[place],
                "position": 1,
                "condition": f"q{place + 1} < 3",
                "goto_block_id": ids[place + 2] if place + 2 < len(ids) else None,
            }
            for place, each in enumerate(rules)
        ],
    )
