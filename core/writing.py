"""Writing: the one open transaction of a mutation or a job, and database refusals turned into words.

A `Transaction` is handed to actions; they never open, commit or roll back. Constraint names say which field broke
which rule, by the naming convention of `core.tables`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import errors as pg
from pydantic import ValidationError

from core import telemetry
from core.clock import Clock
from core.connection import Connection
from core.database import Compiled, Database, compiled
from core.errors import DomainError, InvalidInput, SeveralErrors
from core.pipeline import Statement
from core.rows import Row
from core.tables import Table, field_adapter, metadata, table_of
from core.viewer import Viewer
from core.watching import Change, Watch

# A statement, or one that was compiled once because it is sent all the time. A watch does not see the latter: they
# change nothing that is watched.
Sendable = sa.sql.ClauseElement | Compiled


class Transaction:
    """The open transaction of one act of one viewer."""

    def __init__(self, database: Database, connection: Connection, viewer: Viewer) -> None:
        self.viewer = viewer
        self.database = database
        self._connection = connection
        self._collected: dict[Keep, list[Any]] = {}
        self._woken: set[str] = set()
        # Who wants to know how rows stood before they were changed, if anybody does.
        self.watch: Watch | None = None

    def collect(self, keep: Keep, item: Any) -> None:
        """Puts an item aside; when the act is over, `keep` makes one statement of all that it was given, which is sent
        together with COMMIT."""
        self._collected.setdefault(keep, []).append(item)

    def collected(self, keep: Keep) -> Sequence[Any]:
        """What was put aside for `keep` so far."""
        return self._collected.get(keep, ())

    def wake(self, channel: str) -> None:
        """Wakes whoever listens to this channel of the database, once the act is committed."""
        self._woken.add(channel)

    async def changes(self, object_id: str) -> list[Change]:
        """What this transaction has made of an object, as far as it is watched."""
        return [] if self.watch is None else await self.watch.changes(object_id, self.rows)

    async def rows(
        self, statement: sa.sql.ClauseElement | Compiled, values: Mapping[str, Any] | None = None
    ) -> list[Row]:
        """Runs a statement that returns rows."""
        cursor = await self._run(statement, values)
        found: list[Row] = await cursor.fetchall()
        return found

    async def row(self, statement: Sendable, values: Mapping[str, Any] | None = None) -> Row | None:
        """The first row of a statement, or None."""
        found = await self.rows(statement, values)
        return found[0] if found else None

    async def execute(self, statement: Sendable, values: Mapping[str, Any] | None = None) -> int:
        """Runs a statement that returns none; answers how many rows it touched."""
        return (await self._run(statement, values)).rowcount

    async def clock(self) -> Clock:
        """The database's clock, by which everybody goes."""
        (found,) = await self.rows(sa.select(sa.func.clock_timestamp().label("now")))
        return Clock(found.now)

    async def insert(self, model: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
        """Inserts rows of one model in one statement; columns that are left out get the model's default."""
        table = table_of(model)
        defaults = {
            column.name: column.default.arg for column in table.c if isinstance(column.default, sa.ColumnDefault)
        }
        whole = [{**defaults, **row} for row in rows]
        if len(whole) == 1:
            # The shape of a single row is cached; that of many is not worth it.
            await self.execute(sa.insert(table).values(whole[0]))
        elif whole:
            await self.execute(sa.insert(table).values(whole))

    async def finish(self, *last: Statement) -> None:
        """Keeps what was put aside, runs last statements and commits, all in one round trip.

        Where one of them fails, nothing is committed. After it nothing more can be done. Where there is nothing of the
        kind, it is left to the end of the transaction to commit.
        """
        kept = [keep(items) for keep, items in self._collected.items()]
        self._collected = {}
        if kept or last:
            connection, self._connection = self._connection, _OVER
            await self.database.commit_with(connection, [*kept, *last])

    def announce(self) -> None:
        """Wakes those who were to be woken, now that all is committed."""
        for channel in self._woken:
            self.database.wake(channel)

    async def expect_many_rows(self) -> None:
        """Has the rest of the transaction planned for many rows, for acts on whole trees.

        Statistics of a table that has just grown are old. A join that the planner takes for one row by one row may be
        thousands by thousands and run for minutes; by hash or by merge it takes what its rows take.
        """
        await self._connection.execute(self.database.noted("SET LOCAL enable_nestloop = off"))

    @asynccontextmanager
    async def however_long(self) -> AsyncIterator[None]:
        """A statement in this block may take as long as it takes, such as waiting for somebody else to be done."""
        (usual,) = await self.rows(sa.select(sa.func.current_setting("statement_timeout").label("value")))
        await self.rows(_statement_timeout("0"))
        async with self._connection.however_long():
            yield
        await self.rows(_statement_timeout(usual.value))

    async def check_deferred(self) -> None:
        """Makes deferred constraints speak now, for an act that will not be committed."""
        await self._connection.execute(self.database.noted("SET CONSTRAINTS ALL IMMEDIATE"))

    async def _run(self, statement: Sendable, values: Mapping[str, Any] | None) -> psycopg.AsyncCursor[Any]:
        if isinstance(statement, Compiled):
            prepared = statement
        else:
            if self.watch is not None and statement.is_dml:
                await self.watch.see(statement, values, self.rows)
            prepared = compiled(statement)
        began = perf_counter()
        cursor = await self._connection.execute(
            self.database.noted(prepared.text), {**prepared.constants, **(values or {})}
        )
        telemetry.took("sql", began, max(cursor.rowcount, 0))
        return cursor


def _statement_timeout(value: str) -> sa.Select[Any]:
    return sa.select(sa.func.set_config("statement_timeout", value, True))


Keep = Callable[[list[Any]], Statement]
# In place of the connection of a transaction that is over: statements would be committed one by one.
_OVER: Any = None


@asynccontextmanager
async def transaction(database: Database, viewer: Viewer) -> AsyncIterator[Transaction]:
    """The one transaction of an act. Only the door, the worker's actor decorator and the command line open one.

    Raises `DomainError` in place of the database's own refusals of bad values.
    """
    try:
        async with database.transaction(viewer) as connection:
            opened = Transaction(database, connection, viewer)
            yield opened
            await opened.finish()
        opened.announce()
    except pg.IntegrityError as error:
        raise refusal(error) from error
    except (pg.LockNotAvailable, pg.QueryCanceled, pg.DeadlockDetected, pg.SerializationFailure) as error:
        raise DomainError("Somebody else is saving this at the moment. Try again.", "BUSY") from error


def refusal(error: pg.IntegrityError) -> DomainError:
    """The user error behind a broken constraint: field by the constraint's name, code by its kind."""
    constraint, table = error.diag.constraint_name or "", error.diag.table_name or ""
    column = _field_of(constraint, table)
    field = camel(column) if column else None
    path = (field,) if field else ()
    if isinstance(error, pg.UniqueViolation):
        return InvalidInput(f"This {field or 'value'} is already taken.", "TAKEN", path)
    if isinstance(error, pg.ForeignKeyViolation):
        return InvalidInput(f"There is nothing with this {field or 'id'}.", "NOT_FOUND", path)
    return InvalidInput(f"This {field or 'value'} is not allowed here.", "INVALID", path)


def checked(model: type[Table], values: Mapping[str, Any], path: Sequence[str | int] = ()) -> dict[str, Any]:
    """The values by the field rules of the model; raises `SeveralErrors` with one error per field that breaks one.

    None stands for the field's default where the column cannot be empty.
    """
    accepted: dict[str, Any] = {}
    errors: list[DomainError] = []
    for name, given in values.items():
        value = given if given is not None else _cleared(model, name)
        if isinstance(value, str) and "\0" in value:
            errors.append(InvalidInput("This text holds a NUL character.", "INVALID", (*path, camel(name))))
            continue
        try:
            accepted[name] = field_adapter(model, name).validate_python(value)
        except ValidationError as error:
            errors += [InvalidInput(_sentence(each["msg"]), "INVALID", (*path, camel(name))) for each in error.errors()]
    if errors:
        raise SeveralErrors(errors)
    return accepted


def _cleared(model: type[Table], name: str) -> Any:
    info = model.model_fields[name]
    empty = table_of(model).c[name].nullable or info.is_required()
    return None if empty else info.get_default(call_default_factory=True)


def _field_of(constraint: str, table: str) -> str | None:
    prefix, _, rest = constraint.partition("_")
    if prefix not in {"uq", "ck", "fk"} or not rest.startswith(f"{table}_"):
        return None
    rest = rest.removeprefix(f"{table}_")
    columns = metadata.tables[table].c.keys() if table in metadata.tables else []
    named = [name for name in columns if rest == name or rest.startswith(f"{name}_")]
    return max(named, key=len) if named else None


def camel(name: str) -> str:
    """snake_case to the name that the API uses."""
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
