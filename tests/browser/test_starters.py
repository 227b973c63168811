"""The operations that the IDE brings along fit the schema; needs no browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from graph.schema import schema

SOURCE = Path(__file__).parents[2] / "ide" / "src" / "starters.ts"
OPERATION = re.compile(r"`((?:#[^`]*?|)(?:query|mutation|subscription) (\w+)[^`]*)`")


def operations() -> dict[str, str]:
    """The documents in the IDE's sources by the name of their operation."""
    found = OPERATION.findall(SOURCE.read_text(encoding="utf-8"))
    return {name: text.replace("${directive}", "@perspective(stage: DRAFT)") for text, name in found}


@pytest.fixture(scope="module")
def published() -> GraphQLSchema:
    return build_schema(schema().as_str())


def test_every_operation_of_the_ide_is_found() -> None:
    names = {
        "Courses",
        "CourseTree",
        "EditLesson",
        "MoveLesson",
        "PublishCourse",
        "FollowCourse",
        "LiveCourse",
        "SampleCourse",
    }
    assert set(operations()) == names


@pytest.mark.parametrize("name", operations())
def test_an_operation_of_the_ide_fits_the_schema(published: GraphQLSchema, name: str) -> None:
    assert [error.message for error in validate(published, parse(operations()[name]))] == []
