"""Every mutation that takes an id: about what one may not see it says what it says about what is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
import pytest
from graphql import GraphQLField, GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type
from psycopg import sql

from core.database import Database
from core.ids import new_id
from core.tables import Table, table_of
from core.viewer import Viewer
from core.writing import camel
from graph.context import Context
from graph.running import Operations
from graph.schema import schema
from models import TABLES
from models.identity import User
from tests.fence.arguments import contract, value
from tests.fence.test_non_interference import viewers
from tests.fence.twins import World, seen
from tests.support.servers import cloned

NAMES = ("learner", "author", "editor")
PLAIN = {
    "Int": 1, "Float": 1.0, "Boolean": True, "Date": "2026-01-01", "DateTime": "2100-01-01T00:00:00Z", "JSON": {},
    "String": "words",
}  # fmt: skip
MODELS = {camel(table_of(model).name): model for model in TABLES}


@dataclass
class Scene:
    """A database, somebody who asks, and one row of each table that they may not see, by its model."""

    url: str
    viewer: Viewer
    hidden: dict[type[Table], str]
    database: Database
    runner: asyncio.Runner

    def answer(self, name: str, field: GraphQLField, object_id: str) -> dict[str, Any]:
        """What is answered where this id stands wherever an id may; the id itself left out of it."""
        wanted = field.args["input"].type
        given = value(wanted, "input", lambda _, kind: PLAIN.get(kind, object_id))
        document = (
            f"mutation($input: {wanted}) {{ {name}(input: $input) {{ __typename errors {{ code path message }} }} }}"
        )

        async def ask() -> dict[str, Any]:
            operations = Operations(schema()._schema)
            context = Context(self.database, self.viewer)
            return await operations.run(operations.prepare(document, None), {"input": given}, context, "request")

        text = orjson.dumps(self.runner.run(ask())).decode().replace(object_id, "the id")
        found: dict[str, Any] = orjson.loads(text)
        return found

    def row(self, model: type[Table]) -> Any:
        """The hidden row of a table, whole."""
        query = sql.SQL("SELECT to_jsonb(found) FROM {} AS found WHERE id = %s ORDER BY 1")
        with psycopg.connect(self.url) as owner:
            return owner.execute(query.format(sql.Identifier(table_of(model).name)), (self.hidden[model],)).fetchall()


@pytest.fixture(scope="module", params=NAMES)
def scene(there: World, database_server: tuple[str, str], request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A copy of the world, as one of those who ask finds it."""
    viewer = viewers(there)[request.param]
    with cloned(database_server[0], there.source) as url:
        yield from _scene(url, viewer)


def _scene(url: str, viewer: Viewer) -> Iterator[Scene]:
    hidden: dict[type[Table], str] = {}
    with psycopg.connect(url, autocommit=True) as owner:
        for model in TABLES:
            table = table_of(model)
            place = [column.name for column in table.c if column.name not in model.__hidden__].index("id")
            own = [row[place] for row in seen(owner, viewer, model)]
            query = sql.SQL("SELECT id::text FROM {} WHERE id <> ALL (%s::uuid[]) ORDER BY id DESC LIMIT 1")
            for (found,) in owner.execute(query.format(sql.Identifier(table.name)), (own,)):
                hidden[model] = found
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        database = Database(url, pool_size=2)
        runner.run(database.open())
        stack.callback(lambda: runner.run(database.close()))
        yield Scene(url, viewer, hidden, database, runner)


def _about() -> Iterator[tuple[str, GraphQLField, type[Table]]]:
    """Every mutation with each kind of thing that an id in its input may be of, but people: whom one may know of."""
    kind = contract().mutation_type
    assert kind is not None
    for name, field in kind.fields.items():
        names = set(_ids(field.args["input"].type))
        models = {MODELS[each.removesuffix("Id")] for each in names if each.removesuffix("Id") in MODELS}
        payload: Any = schema()._schema.type_map[get_named_type(field.type).name]
        shown = get_named_type(next(iter(payload.fields.values())).type)
        if names:
            models.add(shown.extensions["strawberry-definition"].origin.__entity__)
        yield from ((name, field, model) for model in sorted(models - {User}, key=lambda each: each.__name__))


def _ids(kind: Any, name: str = "input") -> Iterator[str]:
    """The names of the fields of an input that hold ids."""
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        kind = kind.of_type
    if isinstance(kind, GraphQLInputObjectType):
        for each, field in kind.fields.items():
            yield from _ids(field.type, each)
    elif kind.name == "ID":
        yield name


ABOUT = list(_about())


def test_every_mutation_with_an_id_is_tried() -> None:
    tried = {name for name, _, _ in ABOUT}
    assert len(tried) > 45
    assert {"courseUpdate", "blockMove", "friendshipAccept", "apiTokenRevoke", "sessionEnd", "jobRetry"} <= tried


def test_what_is_hidden_is_answered_like_what_is_not_there_and_stays_as_it_is(scene: Scene) -> None:
    told, tried = {}, 0
    before = {model: scene.row(model) for model in scene.hidden}
    for name, field, model in ABOUT:
        if model in scene.hidden:
            tried += 1
            one, other = (scene.answer(name, field, each) for each in (scene.hidden[model], new_id(model.__tag__)))
            if one != other:
                told[name, model.__name__] = (one, other)
    changed = {model.__name__ for model, row in before.items() if scene.row(model) != row}
    assert (told, changed) == ({}, set())
    assert tried > 8
