"""Schemas, resolvers that fail or come late, and documents nobody wrote: the engine answers as graphql-core does."""

from __future__ import annotations

from random import Random

import pytest
from graphql import parse, validate
from hypothesis import given, seed

from tests.engine.comparing import Asked, compare
from tests.engine.documents import Writer
from tests.engine.sizes import PARTS, chance, generated, seed_of
from tests.engine.worlds import world


@pytest.mark.parametrize("part", PARTS)
def test_any_document_on_any_schema_is_answered_as_graphql_core_does(part: int) -> None:
    @generated()
    @given(chance)
    def holds(source: Random) -> None:
        asked = _asked(source)
        compare(asked)

    seed(seed_of(part))(holds)()


@generated()
@given(chance)
def test_what_is_generated_is_valid(source: Random) -> None:
    asked = _asked(source)
    errors = validate(asked.schema(), parse(asked.document))
    assert errors == [], f"{asked.document}\n{errors}"


def _asked(source: Random) -> Asked:
    made = world(source)
    kind = "mutation" if source.randint(0, 4) == 0 else "query"
    document = Writer(made.schema(), source).write(kind)
    return Asked(made.schema, document.text, document.variables, made.root)
