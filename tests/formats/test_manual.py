"""`docs/blocks.md` tells editors about every format, and its examples can be sent as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import graphql
import pytest
from pydantic import BaseModel

from graph.schema import schema
from models.curriculum import BlockFormat
from resolvers.formats import BY_KIND
from resolvers.formats.base import QuestionFormat, ScoredFormat

MANUAL = (Path(__file__).parents[2] / "docs" / "blocks.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w\[\].]+)` \|.*\|(.*)\|$", re.MULTILINE)


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


SHARED = {camel(name) for name in (*QuestionFormat.model_fields, *ScoredFormat.model_fields)}


def told(kind: BlockFormat) -> dict[str, bool]:
    """Setting -> whether it is called secret, as the manual has it."""
    _, _, after = MANUAL.partition(f"### `{camel(kind.value)}`\n")
    section = re.split(r"^##", after, maxsplit=1, flags=re.MULTILINE)[0]
    assert after, f"the manual has no section about {kind.value}"
    return {name: secret.strip() == "secret" for name, secret in ROW.findall(section)}


def settings_of(model: type[BaseModel], prefix: str = "", secret: bool = False) -> Iterator[tuple[str, bool]]:
    """Setting -> whether it is secret, as the code has it; `choices[].text` is a field of a list's items."""
    for name, info in model.model_fields.items():
        hidden = secret or bool(info.json_schema_extra)
        yield prefix + camel(name), hidden
        for part in get_args(info.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from settings_of(part, f"{prefix}{camel(name)}[].", hidden)


@pytest.mark.parametrize("kind", list(BlockFormat))
def test_the_manual_lists_the_settings_of_a_format_and_which_are_secret(kind: BlockFormat) -> None:
    assert told(kind) == {name: hidden for name, hidden in settings_of(BY_KIND[kind]) if name not in SHARED}


def test_the_examples_of_the_manual_are_valid() -> None:
    known = graphql.build_schema(schema().as_str())
    examples = re.findall(r"```graphql\n(.*?)```", MANUAL, re.DOTALL)
    assert len(examples) >= 3
    for example in examples:
        assert graphql.validate(known, graphql.parse(example)) == []
