"""Reading: one snapshot per request, one statement per level.

A `Reader` belongs to one request. Its first statement opens a read-only transaction as the viewer; all that follow see
the same snapshot. It chooses the stage, so that no batch ever does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from core.composing import Levels, Request, readers_of
from core.database import Compiled, Database, compiled
from core.errors import RequestError
from core.paging import Page, PageOf, require_key
from core.pipeline import Statement, numbered
from core.proving import Proof, Unproven
from core.relations import Perspective, Relation, children_sql, count_sql, page_sql, parameters
from core.rows import Row, maker, row_class
from core.tables import table_of
from core.viewer import Viewer

TOO_LARGE = "The answer would be too large. Ask for less at a time."


@dataclass
class Budget:
    """What one request may still read: objects handed out (each time to each parent), and statements."""

    objects: int = 10_000
    statements: int = 200
    objects_used: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether the request asked for more than there was."""
        return self.objects < 0 or self.statements < 0

    def spend(self, *, objects: int = 0, statements: int = 0) -> None:
        """Counts down; raises `RequestError` once there is nothing left."""
        self.objects -= objects
        self.objects_used += objects
        self.statements -= statements
        if self.is_spent:
            raise RequestError(TOO_LARGE, "ANSWER_TOO_LARGE")


class Reader:
    """Fetches rows for one viewer from one perspective, all from one snapshot.

    With a `proof` the viewer is who they are taken for only when it holds: all is read in its round trip, or nothing.
    """

    def __init__(
        self,
        database: Database,
        viewer: Viewer,
        perspective: Perspective,
        budget: Budget | None = None,
        proof: Proof | None = None,
    ) -> None:
        self._budget = budget or Budget()
        self.viewer = viewer
        self.perspective = perspective
        self._database = database
        self._snapshot = database.snapshot(viewer)
        self._proof = proof
        self._closed = False
        # psycopg runs one statement at a time on a connection; concurrent resolvers queue here.
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Ends the snapshot and returns the connection; a statement under way is waited for, later ones are refused.

        When one field fails, others of the same answer may still be reading: they must not take the connection along.
        """
        self._closed = True
        if self._snapshot.is_open or self._lock.locked():
            async with self._lock:
                await self._snapshot.close()

    async def rows(
        self, statement: Compiled, values: Mapping[str, Any], entity: type | None = None, *, is_last: bool = False
    ) -> list[Row]:
        """Runs one statement; rows of an `entity` know their model. With `is_last`, nothing may be read after it."""
        async with self._lock:
            self._require_open()
            self._budget.spend(statements=1)
            sent = _sent(self._database, statement, values)
            return (await self._snapshot.rows([sent], partial(_objects, entity), is_last=is_last))[0]

    def may_read(self, levels: Levels) -> bool:
        """Whether the viewer's role is let near the tables of all levels."""
        return self.viewer.database_role.value in levels.readers

    async def fetch(
        self, levels: Levels, requests: Sequence[Request], is_last: Callable[[], bool]
    ) -> tuple[list[list[Any]], list[dict[str | None, int] | None]]:
        """Several levels in one round trip: each one's rows `(what it belongs to, *columns, [sort key])`, and counts.

        Where it is the first and the last that the request reads, the transaction begins and ends in it.
        """
        texts, counts = levels.composed(requests, self.perspective)
        values: dict[str, Any] = {"stage": self.perspective.stage}
        for number, request in enumerate(requests):
            values.update(request.values(number))
        statements = [
            Statement(text.sql, [values[name] if name in values else text.constants[name] for name in text.names])
            for text in (*texts, *filter(None, counts))
        ]
        results = await self._at_once(statements, is_last)
        rows = results[: len(texts)]
        counted = iter(results[len(texts) :])
        return rows, [dict(next(counted)) if each is not None else None for each in counts]

    async def _at_once(self, statements: Sequence[Statement], is_last: Callable[[], bool]) -> list[list[Any]]:
        if not self._closed and not self._snapshot.is_open and is_last():
            if self._proof is not None:
                self._count([self._proof.statement, *statements])
                return await self._database.read_proven(self.viewer, self._proof, statements)
            self._count(statements)
            return await self._database.read_at_once(self.viewer, statements)
        async with self._lock:
            self._require_open()
            self._count(statements)
            return await self._snapshot.rows(statements)

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError("The answer was given without this statement.")
        if self._proof is not None:
            raise Unproven

    def _count(self, statements: Sequence[Statement]) -> None:
        self._budget.spend(statements=len(statements))
        self._database.note(statements)

    def spend(self, objects: int) -> None:
        """Counts objects that are handed out; raises `RequestError` once there were too many."""
        self._budget.spend(objects=objects)

    async def select(
        self, statement: sa.sql.ClauseElement, values: Mapping[str, Any] | None = None, entity: type | None = None
    ) -> list[Row]:
        """Runs a hand-written SQLAlchemy statement."""
        return await self.rows(compiled(statement), values or {}, entity)

    async def children(
        self, relation: Relation, parents: Sequence[Any], columns: tuple[str, ...], *, is_last: bool = False
    ) -> list[list[Row]]:
        """The children of each parent, in order, in one statement. With `is_last`, nothing may be read after it."""
        keys = list(map(attrgetter(relation.parent_key), parents))
        wanted = sorted(set(keys) - {None})
        if not wanted or not self._may_read(relation):
            return [[] for _ in parents]
        statement = children_sql(relation, columns, self._staged(relation))
        found = await self.rows(statement, {"parents": wanted, **self._stage()}, relation.child, is_last=is_last)
        groups = _grouped(found, str(relation.key))
        answers = [groups.get(key, []) for key in keys]
        # A row that many parents share is written out for each of them: what counts is the answer, not the rows.
        self._budget.spend(objects=sum(map(len, answers)))
        return answers

    async def pages(
        self,
        relation: Relation,
        parents: Sequence[Any],
        columns: tuple[str, ...],
        page: Page,
        filters: Mapping[str, Any],
        sort: str,
        *,
        is_last: bool = False,
    ) -> list[PageOf]:
        """One page of children per parent, in one statement; a relation without a key has one page for all.

        With `is_last`, nothing may be read after it.
        """
        if not self._may_read(relation):
            return [page_of([], page, sort, relation) for _ in parents]
        names = tuple(sorted(filters))
        statement = page_sql(
            relation, columns, self._staged(relation), names, sort, page.cursor is not None, page.backward
        )
        require_key(page, table_of(relation.child).c[relation.sorts[sort].column].type)
        values = parameters(page, {name: (relation.filters[name], filters[name]) for name in names})
        if relation.key is not None:
            values["parents"] = _distinct(parents, relation)
        found = await self.rows(statement, {**values, **self._stage()}, relation.child, is_last=is_last)
        if relation.key is None:
            self._budget.spend(objects=len(found) * len(parents))
            return [page_of(found, page, sort, relation)] * len(parents)
        groups = _grouped(found, "parent_id")
        answers = [page_of(groups.get(_key_of(parent, relation), []), page, sort, relation) for parent in parents]
        self._budget.spend(objects=sum(len(answer.rows) for answer in answers))
        return answers

    async def counts(self, relation: Relation, parents: Sequence[Any], filters: Mapping[str, Any]) -> list[int]:
        """How many children each parent has in all, in one statement."""
        if not self._may_read(relation):
            return [0] * len(parents)
        names = tuple(sorted(filters))
        values = {f"filter_{name}": relation.filters[name].prepare(filters[name]) for name in names}
        if relation.key is not None:
            values["parents"] = _distinct(parents, relation)
        found = await self.rows(count_sql(relation, self._staged(relation), names), {**values, **self._stage()})
        if relation.key is None:
            return [found[0].total] * len(parents)
        totals = {row.parent_id: row.total for row in found}
        return [totals.get(_key_of(parent, relation), 0) for parent in parents]

    def _may_read(self, relation: Relation) -> bool:
        """Whether the viewer's role is let near the table at all; where it is not, there is nothing to be seen."""
        return self.viewer.database_role.value in readers_of(relation.child)

    def _stage(self) -> dict[str, str]:
        return {"stage": self.perspective.stage}

    def _staged(self, relation: Relation) -> Perspective | None:
        return self.perspective if "stage" in table_of(relation.child).c else None


async def read_at_once(
    database: Database, viewer: Viewer, statement: Compiled, values: Mapping[str, Any], entity: type | None = None
) -> list[Row]:
    """The rows of one statement in a snapshot of its own, in one round trip; rows of an `entity` know their model."""
    return (await database.read_at_once(viewer, [_sent(database, statement, values)], partial(_objects, entity)))[0]


async def look_up(database: Database, viewer: Viewer, statement: Compiled, values: Mapping[str, Any]) -> list[Row]:
    """The same for few rows that are found by an index, all the time: `Database.look_up` says how."""
    return await database.look_up(viewer, _sent(database, statement, values), partial(_objects, None))


def _sent(database: Database, statement: Compiled, values: Mapping[str, Any]) -> Statement:
    database.noted(statement.text)
    return filled(statement, values)


def filled(statement: Compiled, values: Mapping[str, Any]) -> Statement:
    """A statement with its values, as it is sent in a pipeline."""
    text, names = numbered(statement.text)
    given = {**statement.constants, **values}
    return Statement(text, [given[name] for name in names])


def _objects(entity: type | None, rows: list[tuple[Any, ...]], names: Callable[[], tuple[str, ...]]) -> list[Row]:
    """Makes rows of a result: plain ones, or such that know their model."""
    return maker(Row if entity is None else row_class(entity), names())(rows)


def _grouped(rows: Sequence[Row], column: str) -> dict[str, list[Row]]:
    """Rows by a column; those of one value stand together, as statements for several parents order them."""
    return {key: list(found) for key, found in groupby(rows, attrgetter(column))}


def _key_of(parent: Any, relation: Relation) -> str:
    key: str = getattr(parent, relation.parent_key)
    return key


def _distinct(parents: Sequence[Any], relation: Relation) -> list[str]:
    return list(dict.fromkeys(_key_of(parent, relation) for parent in parents))


def page_of(found: list[Row], page: Page, sort: str, relation: Relation) -> PageOf:
    """The page that these rows make, of which there is one more than asked where more follows."""
    rows, more = found[: page.size], len(found) > page.size
    if page.backward:
        rows = rows[::-1]
    inside = page.cursor is not None
    return PageOf(
        rows,
        has_next=inside if page.backward else more,
        has_previous=more if page.backward else inside,
        list_name=relation.list_name(sort),
        sort_column=relation.sorts[sort].column,
    )
