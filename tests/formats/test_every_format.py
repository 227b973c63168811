"""What all block formats have in common."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import graphql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from strawberry.types.base import get_object_definition

import graph.formats
import resolvers.formats
from core.tables import table_of
from graph.schema import schema
from models.curriculum import Block, BlockFormat
from resolvers.formats import BY_KIND
from resolvers.formats.base import ContentFormat, Item, QuestionFormat, join, split, validated
from tests.formats.asking import refused
from tests.formats.authoring import AUTHORED, SECRET_DIGITS, SECRET_WORD

EVERY_FORMAT = pytest.mark.parametrize("kind", list(BlockFormat))
FLOORS = pytest.mark.parametrize("floor", [resolvers.formats, graph.formats], ids=["resolvers", "graph"])
A_FEW = settings(max_examples=40, deadline=None, derandomize=True)


def names_in(value: Any) -> Iterator[str]:
    """Every field name anywhere in a JSON value."""
    if isinstance(value, dict):
        yield from value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from names_in(each)


def models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and the models of its lists."""
    yield model
    for info in model.model_fields.values():
        for part in get_args(info.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from models_in(part)


def secret_names(model: type[BaseModel]) -> set[str]:
    return {name for each in models_in(model) for name, info in each.model_fields.items() if info.json_schema_extra}


@EVERY_FORMAT
@A_FEW
@given(data=st.data())
def test_parting_and_joining_gives_the_same_model_again(kind: BlockFormat, data: st.DataObject) -> None:
    model = validated(BY_KIND[kind], data.draw(AUTHORED[kind]()))
    stored, key = json.loads(json.dumps(split(model)))
    assert validated(BY_KIND[kind], join(stored, key)) == model


@EVERY_FORMAT
@A_FEW
@given(data=st.data())
def test_no_secret_is_found_in_the_settings(kind: BlockFormat, data: st.DataObject) -> None:
    stored, _ = split(validated(BY_KIND[kind], data.draw(AUTHORED[kind]())))
    text = json.dumps(stored, ensure_ascii=False)
    assert SECRET_WORD not in text
    assert SECRET_DIGITS not in text
    assert not secret_names(BY_KIND[kind]) & set(names_in(stored))


@EVERY_FORMAT
@A_FEW
@given(data=st.data())
def test_every_item_of_a_list_gets_an_id_of_its_own(kind: BlockFormat, data: st.DataObject) -> None:
    model = validated(BY_KIND[kind], data.draw(AUTHORED[kind]()))
    for value in dict(model).values():
        found = [item.id for item in value if isinstance(item, Item)] if isinstance(value, list) else []
        assert all(found)
        assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (BlockFormat.MULTIPLE_CHOICE, {"explanation", "is_correct", "feedback", "credit_percent"}),
        (BlockFormat.MULTI_SELECT, {"explanation", "is_correct", "feedback", "credit_percent"}),
        (BlockFormat.TRUE_FALSE, {"explanation", "correct_answer", "feedback_true", "feedback_false"}),
        (BlockFormat.SHORT_ANSWER, {"explanation", "accepted"}),
        (BlockFormat.NUMERIC, {"explanation", "answers"}),
        (BlockFormat.FREEFORM, {"explanation", "rubric", "sample_answer"}),
        (BlockFormat.RANKING, {"explanation", "correct_position"}),
        (BlockFormat.SCALE, {"explanation"}),
        (BlockFormat.RATING, {"explanation"}),
        (BlockFormat.MATRIX, {"explanation", "correct_column_ids"}),
        (BlockFormat.MATCHING, {"explanation", "correct_target_id"}),
        (BlockFormat.CLOZE, {"explanation", "accepted", "numbers"}),
        (BlockFormat.REFLECTION, {"explanation"}),
        (BlockFormat.FILE_UPLOAD, {"explanation", "rubric"}),
        *((kind, set()) for kind in list(BlockFormat)[:5]),
    ],
)
def test_the_answer_key_of_a_format_is_what_learners_must_not_see(kind: BlockFormat, names: set[str]) -> None:
    assert secret_names(BY_KIND[kind]) == names


@EVERY_FORMAT
def test_a_misspelt_field_is_refused(kind: BlockFormat) -> None:
    assert "colour" in refused(kind, colour="red")


@EVERY_FORMAT
def test_nothing_that_the_database_cannot_store_is_let_in(kind: BlockFormat) -> None:
    for name in ("hints", "url", "colour"):
        assert name in refused(kind, **{name: ["nul\x00"] if name == "hints" else "nul\x00"})


def test_formats_are_registered_in_the_order_of_the_enum_on_both_floors() -> None:
    assert [each.format for each in resolvers.formats.FORMATS] == list(BlockFormat)
    assert [each.kind for each in graph.formats.FORMATS] == list(BlockFormat)


@FLOORS
def test_every_format_has_a_file_of_its_name(floor: Any) -> None:
    files = {path.stem for path in Path(floor.__file__).parent.glob("*.py")}
    assert {kind.value for kind in BlockFormat} <= files


def test_every_format_is_either_content_or_a_question() -> None:
    for model in BY_KIND.values():
        assert issubclass(model, ContentFormat) != issubclass(model, QuestionFormat)


def test_questions_need_their_question_and_content_what_it_is_known_by() -> None:
    needing_body = {kind for kind, model in BY_KIND.items() if model.needs_body}
    content = {BlockFormat.TEXT, BlockFormat.CALLOUT}
    assert needing_body == content | {kind for kind, model in BY_KIND.items() if issubclass(model, QuestionFormat)}
    needing_title = {kind for kind, model in BY_KIND.items() if model.needs_title}
    assert needing_title == {BlockFormat.SECTION, BlockFormat.EMBED}


def test_only_questions_with_right_answers_are_worth_points_from_the_start() -> None:
    worthless = {kind for kind, model in BY_KIND.items() if model.default_points == 0}
    opinions = {BlockFormat.SCALE, BlockFormat.RATING, BlockFormat.FREEFORM, BlockFormat.REFLECTION}
    assert worthless == opinions | {BlockFormat.FILE_UPLOAD} | {
        kind for kind, model in BY_KIND.items() if issubclass(model, ContentFormat)
    }


@EVERY_FORMAT
def test_a_setting_is_never_named_like_a_column_of_blocks(kind: BlockFormat) -> None:
    assert not set(BY_KIND[kind].model_fields) & set(table_of(Block).c.keys())


@EVERY_FORMAT
def test_every_setting_can_be_read_and_written_in_graphql(kind: BlockFormat) -> None:
    entry = next(each for each in graph.formats.FORMATS if each.kind is kind)
    own = set(BY_KIND[kind].model_fields)
    readable = {field.python_name for field in get_object_definition(entry.output, strict=True).fields}
    writable = {field.python_name for field in get_object_definition(entry.input, strict=True).fields}
    assert own <= readable
    shared = {"title", "markdown", "points", "is_required", "show_if"}
    assert writable - own == shared | ({"key"} if issubclass(BY_KIND[kind], QuestionFormat) else set())
    assert own <= writable


def test_settings_of_one_name_have_one_type_so_that_one_query_can_ask_for_all_formats() -> None:
    known = graphql.build_schema(schema().as_str())
    wanted = " ".join(f"... on {name} {{ {fields} }}" for name, fields in selections(known))
    query = graphql.parse(f"query ($id: ID!) {{ node(id: $id) {{ id {wanted} }} }}")
    assert graphql.validate(known, query) == []


PARENTS = ("lesson", "assessment")


def selections(known: graphql.GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Every format's type with all its fields but the ways back to what it stands in."""
    for entry in graph.formats.FORMATS:
        kind = known.type_map[entry.output.__name__]
        assert isinstance(kind, graphql.GraphQLObjectType)
        yield kind.name, " ".join(selection(*each) for each in kind.fields.items() if each[0] not in PARENTS)


def selection(name: str, field: graphql.GraphQLField) -> str:
    kind = graphql.get_named_type(field.type)
    if graphql.is_abstract_type(kind):
        return f"{name} {{ __typename }}"
    if isinstance(kind, graphql.GraphQLObjectType):
        return f"{name} {{ {' '.join(selection(*each) for each in kind.fields.items())} }}"
    return name
