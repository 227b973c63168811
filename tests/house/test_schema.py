"""What holds for every type, field and mutation of the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
)
from strawberry.types.field import StrawberryField

from cairn import schema_files
from core.tables import table_of
from graph.door import Gate, gate_in_words
from graph.schema import FINDERS, MUTATIONS, TYPES, schema
from models.identity import Scope

SCHEMA: GraphQLSchema = schema()._schema
KINDS = [
    kind for kind in SCHEMA.type_map.values() if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
]
MUTATION_NAMES = list(SCHEMA.mutation_type.fields) if SCHEMA.mutation_type else []


def test_the_written_schema_and_the_page_of_settings_are_current() -> None:
    assert schema_files.stale() == []


def _described() -> Iterator[tuple[str, str | None]]:
    """(place, description) of everything that a reader of the schema meets."""
    for kind in KINDS:
        yield kind.name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{kind.name}.{name}", value.description) for name, value in kind.values.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{kind.name}.{name}", field.description) for name, field in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", field.description
                for argument, given in field.args.items():
                    yield f"{kind.name}.{name}({argument})", given.description
    for directive in SCHEMA.directives:
        if not is_specified_directive(directive):
            yield f"@{directive.name}", directive.description
            yield from ((f"@{directive.name}({name})", arg.description) for name, arg in directive.args.items())


def test_everything_in_the_schema_is_described() -> None:
    assert [place for place, description in _described() if not (description or "").strip()] == []


def test_descriptions_are_sentences() -> None:
    foreign = {kind.name for kind in KINDS if isinstance(kind, GraphQLScalarType)}
    loose = [place for place, text in _described() if not re.match(r"^[^a-z].*\.$", text or "", re.DOTALL)]
    assert set(loose) - foreign == set()


def _declared(name: str) -> StrawberryField:
    field = SCHEMA.mutation_type.fields[name] if SCHEMA.mutation_type else None
    declared = field.extensions["strawberry-definition"] if field else None
    assert isinstance(declared, StrawberryField)
    return declared


@pytest.mark.parametrize("name", MUTATION_NAMES)
def test_every_mutation_has_a_gate_that_it_names(name: str) -> None:
    declared = _declared(name)
    gate = declared.metadata["gate"]
    assert isinstance(gate, Scope | Gate)
    assert (declared.description or "").endswith(gate_in_words(gate, declared.metadata["within"]))


@pytest.mark.parametrize("name", MUTATION_NAMES)
def test_what_a_mutation_takes_and_is_secret_is_not_written_into_the_audit_log(name: str) -> None:
    kind = SCHEMA.type_map[f"{name[0].upper()}{name[1:]}Input"]
    assert isinstance(kind, GraphQLInputObjectType)
    secret = {
        each for each in kind.fields if re.search(r"password|token|email|^(answer|comment)$", each, re.IGNORECASE)
    }
    secret |= {"name"} if name == "uploadStart" else set()  # What people call their files is personal.
    secret |= {"reason"} if name == "accommodationGrant" else set()  # Why somebody needs more time is theirs.
    secret |= {"firstName"} if name == "attemptLeadCapture" else set()
    assert {_snake(each) for each in secret} == _declared(name).metadata["secret"]


@pytest.mark.parametrize("name", MUTATION_NAMES)
def test_every_mutation_takes_one_input_and_returns_a_payload_of_its_own(name: str) -> None:
    assert SCHEMA.mutation_type is not None
    field = SCHEMA.mutation_type.fields[name]
    title = name[0].upper() + name[1:]
    assert {argument: str(given.type) for argument, given in field.args.items()} == {"input": f"{title}Input!"}
    # Nullable, so that a mutation that is refused does not take the answers of those before it along.
    assert str(field.type) == f"{title}Payload"


@pytest.mark.parametrize("name", MUTATION_NAMES)
def test_every_payload_has_a_nullable_object_and_errors_and_the_mutation_is_named_after_the_object(name: str) -> None:
    assert SCHEMA.mutation_type is not None
    payload: Any = get_named_type(SCHEMA.mutation_type.fields[name].type)
    first, *_ = payload.fields
    assert str(payload.fields["errors"].type) == "[UserError!]!"
    assert not any(isinstance(field.type, GraphQLNonNull) for each, field in payload.fields.items() if each != "errors")
    assert get_named_type(payload.fields[first].type).name.lower() == first.lower()
    assert re.match(rf"^{first}[A-Z][a-zA-Z]+$", name), f"{name} starts with {first} and goes on with the act"


def test_every_mutation_of_the_schema_came_through_the_door() -> None:
    assert len(MUTATION_NAMES) == len(MUTATIONS) == len({each.python_name for each in MUTATIONS})
    assert all(_declared(name).base_resolver is not None for name in MUTATION_NAMES)


def test_a_saving_mutation_asks_for_the_revision_it_started_from() -> None:
    for name in MUTATION_NAMES:
        kind = SCHEMA.type_map[f"{name[0].upper()}{name[1:]}Input"]
        assert isinstance(kind, GraphQLInputObjectType)
        if name.endswith(("Update", "Set")):
            assert str(kind.fields["expectedRevision"].type) == "Int!", name


def _nodes() -> dict[str, GraphQLObjectType]:
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return {kind.name: kind for kind in SCHEMA.get_possible_types(node)}


def test_every_type_with_an_id_of_its_own_is_known_by_its_model() -> None:
    class AnyFormat:
        def __init__(self, kind: str) -> None:
            self.format = kind

    from models.curriculum import Block, BlockFormat

    named = {name(None) for model, name in TYPES.items() if model is not Block}
    named |= {TYPES[Block](AnyFormat(kind.value)) for kind in BlockFormat}
    assert named == set(_nodes())


def test_whatever_has_an_id_of_its_own_is_found_by_it() -> None:
    assert {finder.child for finder in FINDERS} == set(TYPES)
    assert len(FINDERS) == len(TYPES)


def _connections() -> Iterator[tuple[str, Any, StrawberryField]]:
    for kind in KINDS:
        if isinstance(kind, GraphQLObjectType):
            for name, field in kind.fields.items():
                declared = field.extensions.get("strawberry-definition")
                if isinstance(declared, StrawberryField) and declared.metadata.get("connection"):
                    yield f"{kind.name}.{name}", field, declared


CONNECTIONS = list(_connections())


@pytest.mark.parametrize(("place", "field", "declared"), CONNECTIONS, ids=[each[0] for each in CONNECTIONS])
def test_every_connection_offers_the_filters_and_the_sorts_of_its_relation(
    place: str, field: Any, declared: StrawberryField
) -> None:
    relation = declared.metadata["relation"]
    offered = get_named_type(field.args["filter"].type).fields if "filter" in field.args else {}
    assert {_snake(name) for name in offered} == set(relation.filters)
    sorts = list(get_named_type(field.args["sort"].type).values) if "sort" in field.args else [relation.default_sort]
    assert sorts == list(relation.sorts)


@pytest.mark.parametrize(("place", "field", "declared"), CONNECTIONS, ids=[each[0] for each in CONNECTIONS])
def test_every_connection_is_as_relay_has_it(place: str, field: Any, declared: StrawberryField) -> None:
    assert {name: str(field.args[name].type) for name in ("first", "after", "last", "before")} == {
        "first": "Int",
        "after": "String",
        "last": "Int",
        "before": "String",
    }
    assert isinstance(field.type, GraphQLNonNull)
    connection: Any = get_named_type(field.type)
    assert connection.name.endswith("Connection")
    assert str(connection.fields["pageInfo"].type) == "PageInfo!"
    edge: Any = get_named_type(connection.fields["edges"].type)
    assert {"node", "cursor"} <= set(edge.fields)


def test_lists_hold_no_nulls_but_where_each_answers_one_question() -> None:
    loose = [
        f"{kind.name}.{name}"
        for kind in KINDS
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        for name, field in kind.fields.items()
        if isinstance(_bare(field.type), GraphQLList) and not isinstance(_bare(field.type).of_type, GraphQLNonNull)
    ]
    assert loose == ["Query.nodes"]


def _bare(kind: Any) -> Any:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def test_no_field_of_small_numbers_reads_a_column_of_large_ones() -> None:
    # In one round trip the number would go out as it is, level by level it would be an error.
    found = {
        f"{kind.name}.{name}"
        for kind, table in _kinds_with_tables()
        for name, field in kind.fields.items()
        if get_named_type(field.type) is GraphQLInt
        and isinstance(getattr(table.c.get(field.extensions.get("attribute")), "type", None), sa.BigInteger)
    }
    # Announced through an Int, and refused where the file turns out larger than that.
    assert found == {"Upload.size"}


def _kinds_with_tables() -> Iterator[tuple[GraphQLObjectType, sa.Table]]:
    """Each type whose rows a source reads, and the table that they are in."""
    for kind in SCHEMA.type_map.values():
        for field in kind.fields.values() if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else ():
            source = field.extensions.get("source")
            if source is None:
                continue
            named: Any = get_named_type(field.type)
            rows: Any = get_named_type(named.fields["nodes"].type) if source.shape == "page" else named
            kinds = [rows] if isinstance(rows, GraphQLObjectType) else SCHEMA.get_possible_types(rows)
            yield from ((each, table_of(source.relation.child)) for each in kinds)
