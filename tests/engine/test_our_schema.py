"""Documents nobody wrote, asked of our own schema and the demo content: all ways to run them answer the same.

Each is asked by somebody: a visitor, somebody who learns, or somebody who edits and reads the drafts. It runs in one
round trip where it can, level by level, and through graphql-core; the answers are compared as `comparing` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    Undefined,
    get_named_type,
    parse,
    validate,
)
from graphql import execute as reference_execute
from hypothesis import given, seed

from cairn.demo import loading
from core.database import Database
from core.errors import RequestError
from core.reading import Budget
from core.tables import table_of
from core.viewer import ANONYMOUS, SERVICE, Viewer
from core.writing import transaction
from graph.context import DRAFT, LIVE, Context
from graph.engine import execute
from graph.schema import schema
from models.curriculum import Lesson
from models.identity import Role
from resolvers import curriculum, identity
from tests.engine.comparing import (
    Execute,
    Outcome,
    Place,
    all_of,
    differences,
    keeping_all_errors,
    outcome_of,
    to_the_end,
)
from tests.engine.documents import Document, Writer
from tests.engine.sizes import PARTS, chance, generated, seed_of
from tests.support.servers import cloned

WAYS: Mapping[str, Execute] = {"planned": execute, "level by level": partial(execute, composes=False)}
_KINDS = ("course", "module", "lesson", "block", "theme")
_ALL = "{ %s }" % " ".join(  # noqa: UP031 - full of braces
    f"{kind}s(first: 60) {{ edges {{ cursor node {{ id {'slug' if kind in ('course', 'theme') else ''} }} }} }}"
    for kind in _KINDS
)
_NOT_FOR = {
    "anonymous": ("Query.trash", "Query.friendships"),
    "learner": ("Query.trash",),
    "editor": (),
}
_BROKEN_IDS = ("", "course_", "nobody", "course_00000000000000000000000000", "7")
_BROKEN_CURSORS = ("", "x", "bm90IG91cnM", "MTIz")
_SIZES = (1, 2, 2, 3, 3, 4, 5, 9)
_BUDGET = 5_000


@dataclass(frozen=True)
class Known:
    """What can be asked for: ids and cursors by kind, slugs."""

    ids: Mapping[str, list[str]]
    cursors: Mapping[str, list[str]]
    slugs: list[str]

    def id(self, kind: str, random: Random) -> str:
        """Mostly an id of this kind, else one of another, or none at all."""
        chosen = random.randint(0, 19)
        if chosen == 0:
            return random.choice(_BROKEN_IDS)
        return random.choice(self.ids[kind if kind in self.ids and chosen > 1 else random.choice(list(self.ids))])

    def cursor(self, kind: str, random: Random) -> str:
        """Mostly a cursor of this kind of list, else one of another, or none at all."""
        chosen = random.randint(0, 19)
        if chosen == 0:
            return random.choice(_BROKEN_CURSORS)
        return random.choice(self.cursors[kind if kind in self.cursors and chosen > 1 else random.choice(_KINDS)])


class House:
    """A database with the demo content in it, and somebody of each kind who asks."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.Runner()
        self._database = Database(url, pool_size=4)
        self.schema = schema()._schema
        self.viewers: dict[str, Viewer] = {"anonymous": ANONYMOUS}
        self._loop.run(self._furnish())
        self.known = self._loop.run(self._look())

    def close(self) -> None:
        """Closes the database."""
        self._loop.run(self._database.close())
        self._loop.close()

    def answer(self, way: Execute, who: str, document: DocumentNode, variables: Mapping[str, Any]) -> Outcome | None:
        """What this way of running answers; None where more was asked for than one answer may hold."""
        return self._loop.run(self._answer(way, who, document, variables))

    async def _answer(self, way: Execute, who: str, document: DocumentNode, variables: Any) -> Outcome | None:
        context = Context(self._database, self.viewers[who], budget=Budget(objects=_BUDGET, statements=_BUDGET))
        try:
            await context.renew(DRAFT if who == "editor" else LIVE)
            found = way(self.schema, document, context_value=context, variable_values=variables)
            result = await found if isawaitable(found) else found
        finally:
            await context.close()
        if context.budget.is_spent:
            return None
        for error in result.errors or ():
            # Nothing may go wrong but what was asked wrongly.
            assert error.path is None or isinstance(error.original_error, RequestError), error
        return outcome_of(result)

    async def _furnish(self) -> None:
        await self._database.open()
        await loading.load(self._database)
        async with transaction(self._database, SERVICE) as tx:
            for role in (Role.LEARNER, Role.EDITOR):
                user_id = await identity.ensure_user(tx, f"{role.value}@example.org", role.value, role)
                viewer = await identity.viewer_of_user(tx, user_id)
                assert viewer is not None
                self.viewers[role.value] = viewer
            lesson = table_of(Lesson)
            drafts = sa.select(lesson.c.id).where(lesson.c.stage == "draft").order_by(lesson.c.id).limit(1)
            row = await tx.row(drafts)
            assert row is not None
            await curriculum.trash(tx, Lesson, row.id)

    async def _look(self) -> Known:
        found = await self._answer(execute, "editor", parse(_ALL), {})
        assert found is not None
        edges = {kind: found.data[f"{kind}s"]["edges"] for kind in _KINDS}
        ids = {kind: [each["node"]["id"] for each in edges[kind]] for kind in _KINDS}
        cursors = {kind: [each["cursor"] for each in edges[kind]] for kind in _KINDS}
        ids["user"] = [str(each.user_id) for each in self.viewers.values() if each.user_id]
        slugs = [each["node"]["slug"] for kind in ("course", "theme") for each in edges[kind]]
        return Known(ids, cursors, slugs)


@pytest.fixture(scope="module")
def house(database_server: tuple[str, str]) -> Iterator[House]:
    """The house, in a database of its own."""
    with cloned(*database_server) as url:
        made = House(url)
        try:
            yield made
        finally:
            made.close()


@pytest.mark.parametrize("part", PARTS)
def test_whatever_is_asked_all_ways_to_run_it_answer_the_same(house: House, part: int) -> None:
    @generated()
    @given(chance)
    def holds(random: Random) -> None:
        who = random.choice(list(house.viewers))
        made = written(house, who, random)
        document = parse(made.text)
        assert validate(house.schema, document) == [], made.text
        check(house, who, document, made)

    seed(seed_of(part))(holds)()


def written(house: House, who: str, random: Random) -> Document:
    """A document for somebody, who mostly asks for what they may see."""
    avoid = () if random.randint(0, 9) == 0 else _NOT_FOR[who]
    depth = random.randint(2, 5)
    return Writer(house.schema, random, depth, 3, avoid, _chooser(house), _together).write()


def check(house: House, who: str, document: DocumentNode, made: Document) -> None:
    """Runs it in every way; raises where the answers differ."""
    text, variables = made.text, made.variables
    theirs = house.answer(reference_execute, who, document, variables)
    for name, way in WAYS.items():
        ours = house.answer(way, who, document, variables)
        # What an answer costs is counted as it is written, which each way does in its own order.
        if theirs is None or ours is None or (theirs.text == ours.text and _told(theirs) == _told(ours)):
            continue
        never_null: set[Place] = set()
        to_their_end = partial(reference_execute, executor_class=to_the_end(never_null))
        whole = house.answer(to_their_end, who, keeping_all_errors(document), variables)
        assert whole is not None
        found = differences(theirs, ours, all_of(whole, never_null))
        told = [*found, f"{name}, asked by {who}:", text, f"variables: {variables}"]
        told += ["graphql-core: " + theirs.text, *map(str, theirs.problems), "ours: " + ours.text]
        assert not found, "\n".join([*told, *map(str, ours.problems)])


def _told(outcome: Outcome) -> list[str]:
    return sorted(map(str, outcome.problems))


def _together(declared: Collection[str], chosen: list[str], random: Random) -> list[str]:
    """Mostly what may be given together: one of id and slug, paging in one direction."""
    if random.randint(0, 11) == 0:
        return chosen
    if {"id", "slug"} <= set(declared):
        return [random.choice(("id", "slug"))]
    other_way = ("last", "before") if random.randint(0, 2) else ("first", "after")
    return [each for each in chosen if each not in other_way]


def _chooser(house: House) -> Callable[[str, str, str, Random], Any]:
    """Values that hit: what there is to ask for, and what there is not."""

    def choose(type_name: str, field_name: str, argument: str, random: Random) -> Any:
        kind = field_name.removesuffix("s")
        if argument in ("first", "last"):
            return random.choice((*_SIZES, random.choice((0, 101, -1, None))))
        if argument in ("after", "before"):
            return house.known.cursor(kind, random)
        if argument == "id":
            return house.known.id(kind, random)
        if argument == "ids":
            return [house.known.id(kind, random) for _ in range(random.randint(0, 4))]
        if argument == "slug":
            return random.choice((*house.known.slugs, "no-such-slug"))
        if argument == "filter":
            declared = house.schema.type_map[type_name].fields[field_name].args["filter"]  # type: ignore[attr-defined]
            return _filter(get_named_type(declared.type), house, random)
        return Undefined

    return choose


def _filter(kind: Any, house: House, random: Random) -> Any:
    assert isinstance(kind, GraphQLInputObjectType)
    chosen: dict[str, Any] = {}
    for name, field in kind.fields.items():
        named = get_named_type(field.type)
        if random.randint(0, 2):
            continue
        if named.name == "ID":
            chosen[name] = house.known.id(name, random)
        elif isinstance(named, GraphQLEnumType):
            chosen[name] = random.choice(list(named.values))
        elif named.name == "Boolean":
            chosen[name] = random.choice((True, False, None))
        elif named.name == "DateTime":
            chosen[name] = random.choice(("2026-01-01T00:00:00Z", "2101-06-30T23:59:59+02:00", None))
        else:
            chosen[name] = random.choice(("a", "the", "zzz", "", "%", None))
    return chosen
