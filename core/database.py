"""Connections: one psycopg pool per database role, ids as text, JSON through orjson.

A pool's connections act as their role from the first statement on (`SET ROLE` when the connection is made), so that a
forgotten setting can only ever lead to less access. What a signed-in viewer may do travels as transaction-local
settings, which PostgreSQL itself forgets at the end of the transaction.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any, NamedTuple

import orjson
import psycopg
import sqlalchemy as sa
from psycopg import errors as pg
from psycopg import pq, sql
from psycopg.types.json import JsonbDumper, set_json_dumps, set_json_loads
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.util import LRUCache

from core import telemetry
from core.connection import Connection as Connection
from core.errors import RequestError
from core.pipeline import Rows, Statement, as_tuples, numbered, run_pipeline
from core.proving import Proof
from core.rows import row_factory
from core.viewer import DatabaseRole, Viewer

# A server that answers at all answers this much later than a statement may run; silence beyond that is a broken line.
_GRACE_SECONDS = 5.0
_CONNECT_SECONDS = 5
# A pool that cannot connect tries about once a second, however long the database has been away.
_GIVE_UP_SECONDS = 1.5
_DIALECT: Any = dialect.dialect()  # type: ignore[no-untyped-call]
_COMPILED: LRUCache[Any, Any] = LRUCache(1000)
_LOCK_WAIT_MS = 3000
_NOTABLE_SECONDS = 0.0002
_BEGIN = Statement("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
_COMMIT = Statement("COMMIT")
# Until the end of the transaction, which is the pipeline that this is sent in.
_KEEP_PLANS = Statement("SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'off', true)")
_BEGIN_WRITING = Statement("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
_SET_VIEWER = (
    "SELECT set_config('cairn.viewer_id', $1::text, true), set_config('cairn.scopes', $2::text, true),"
    " set_config('cairn.within', $3::text, true)"
)
_SET_VIEWER_AND_ACTOR = f"{_SET_VIEWER}, set_config('cairn.actor_id', $4::text, true)"
# How long wake-ups are gathered, so that many commits cost one.
_WAKE_SECONDS = 0.01
_NOTIFY = "SELECT pg_notify(channel, '') FROM unnest($1::text[]) AS channel"
_SET_ROLE = {role: Statement(f'SET ROLE "{role.value}"') for role in DatabaseRole}
log = logging.getLogger("cairn.database")


class Database:
    """Pools for the three roles, each with so many connections from the start, and with `pool_size` at most.

    `on_statement`, where set, hears every statement sent (tests count them).
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        ready: int = 1,
        statement_timeout_ms: int = 15_000,
        wait_seconds: float = 10,
    ) -> None:
        self.url = url
        self._ready = ready
        self._timeout = statement_timeout_ms
        self._wait = wait_seconds
        self.on_statement: Callable[[str], None] | None = None
        self._pools = {role: self._pool(role, pool_size) for role in DatabaseRole}
        self._to_wake: set[str] = set()
        self._waking: asyncio.Task[None] | None = None
        self._trying: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Opens the pools and waits until each has a working connection; raises `PoolTimeout` after 10 s."""
        for pool in self._pools.values():
            await pool.open(wait=True, timeout=10)

    async def close(self) -> None:
        """Sends the last wake-ups, and closes every connection."""
        while self._waking is not None:
            await self._waking
        for task in self._trying:
            task.cancel()
        for pool in self._pools.values():
            await pool.close()

    @asynccontextmanager
    async def transaction(self, viewer: Viewer) -> AsyncIterator[Connection]:
        """One transaction as the viewer; commits on a clean exit, rolls back on an exception.

        It begins in one round trip with what makes sure that the connection answers and acts as its role.
        """
        first = [_BEGIN_WRITING, *_set_viewer(viewer)]
        async with self._connection(viewer.database_role, first) as (connection, _):
            try:
                yield connection
                await self._commit(connection)
            except BaseException:
                await _roll_back(connection)
                raise

    async def _commit(self, connection: Connection) -> None:
        if connection.info.transaction_status is pq.TransactionStatus.INERROR:
            # COMMIT would say nothing of it.
            raise pg.InFailedSqlTransaction("A statement failed, and what it was part of cannot be committed.")
        began = perf_counter()
        await connection.commit()
        telemetry.took("sql", began)

    async def commit_with(self, connection: Connection, last: Sequence[Statement]) -> None:
        """Runs the last statements of a transaction and commits, in one round trip; where one fails nothing is
        committed.

        The end of `transaction` then finds nothing left to do.
        """
        self.note(last)
        await run_pipeline(connection, [*last, _COMMIT])

    async def run(self, viewer: Viewer, *statements: Statement) -> list[list[Any]]:
        """The rows of each of these statements, which are one transaction together, in one round trip.

        It has to be safe to repeat: it is sent again when the connection breaks.
        """
        self.note(statements)
        async with self._connection(viewer.database_role, statements) as (_, found):
            return found

    def wake(self, channel: str) -> None:
        """Wakes whoever listens to this channel, soon and without anybody waiting for it.

        NOTIFY makes commits queue for a lock of the whole server, until each is on disk. So it is sent apart from what
        it tells of, in a transaction that writes nothing, for all that happened within some milliseconds. One that is
        lost costs a second: listeners also look by themselves.
        """
        self._to_wake.add(channel)
        if self._waking is None:
            self._waking = asyncio.create_task(self._wake())

    async def _wake(self) -> None:
        try:
            while self._to_wake:
                await asyncio.sleep(_WAKE_SECONDS)
                channels, self._to_wake = sorted(self._to_wake), set()
                async with self._connection(DatabaseRole.SERVICE, [Statement(_NOTIFY, [channels])]):
                    pass
        except (psycopg.Error, RequestError) as error:
            log.warning("nobody was woken: %s", error)
        finally:
            self._waking = None

    def snapshot(self, viewer: Viewer) -> Snapshot:
        """A reading transaction as the viewer, begun with its first statements."""
        return Snapshot(self, viewer)

    async def read_at_once(
        self, viewer: Viewer, statements: Sequence[Statement], rows: Rows = as_tuples
    ) -> list[list[Any]]:
        """The rows of each statement, all from one snapshot, as the viewer, in one round trip.

        To PostgreSQL, what comes in one pipeline is one transaction. As a reader that is read-only and has one
        snapshot, so that nothing has to be begun and ended; as the service it has to be asked for.
        """
        if viewer.database_role is DatabaseRole.SERVICE and len(statements) > 1:
            connection, found = await self.begun(viewer, [*statements, _COMMIT], rows)
            found = found[:-1]
        else:
            connection, found = await self._asked(viewer, _set_viewer(viewer), statements, rows)
        await self.give_back(viewer, connection)
        return found

    async def read_proven(self, viewer: Viewer, proof: Proof, statements: Sequence[Statement]) -> list[list[Any]]:
        """The same for somebody who is signed in, with the proof that they are; raises `Unproven` where it fails."""
        before = proof.before(*_set_viewer(viewer))
        connection, found = await self._asked(viewer, [], [*before, *statements], as_tuples)
        await self.give_back(viewer, connection)
        proof.check(found)
        return found[len(before) :]

    async def look_up(self, viewer: Viewer, statement: Statement, rows: Rows = as_tuples) -> list[Any]:
        """The rows of one statement that finds few by an index, in one round trip: its plan is made once and kept.

        To plan it each time, as everything else of the service is, takes PostgreSQL several times as long as to run it.
        A plan that is kept may be from a time when the tables were nearly empty: it uses the indices even then.
        """
        connection, found = await self._asked(viewer, [_KEEP_PLANS, *_set_viewer(viewer)], [statement], rows)
        await self.give_back(viewer, connection)
        return found[0]

    async def begun(
        self, viewer: Viewer, statements: Sequence[Statement], rows: Rows
    ) -> tuple[Connection, list[list[Any]]]:
        """A connection whose reading transaction begins with these statements, in one round trip; and their rows."""
        return await self._asked(viewer, [_BEGIN, *_set_viewer(viewer)], statements, rows)

    async def _asked(
        self, viewer: Viewer, before: Sequence[Statement], statements: Sequence[Statement], rows: Rows
    ) -> tuple[Connection, list[list[Any]]]:
        """A connection and the rows of these statements.

        It acts as its role since it was made. Whether it still answers shows when it is used, and reading again on
        another does no harm.
        """
        pool = self._pools[viewer.database_role]
        for again in range(pool.max_size + 1):
            connection = await self._taken(pool)
            try:
                found = await run_pipeline(connection, [*before, *statements], rows)
            except pg.FeatureNotSupported:
                await pool.putconn(connection)
                # So PostgreSQL calls a statement whose columns have been changed since it was prepared.
                if again:
                    raise
            except psycopg.OperationalError:
                await pool.putconn(connection)
                if not (connection.closed or connection.broken):
                    raise
            except BaseException:
                await pool.putconn(connection)
                raise
            else:
                return connection, found[len(before) :]
        raise psycopg.OperationalError("The database breaks every connection at once.")

    async def give_back(self, viewer: Viewer, connection: Connection) -> None:
        """Returns what `begun` gave."""
        await self._pools[viewer.database_role].putconn(connection)

    async def _taken(self, pool: AsyncConnectionPool[Connection]) -> Connection:
        began = perf_counter()
        try:
            return await pool.getconn()
        except PoolTimeout as error:
            raise RequestError("The server is busy. Try again in a moment.", "UNAVAILABLE") from error
        finally:
            # Mostly one is free; only waiting is worth a note.
            if perf_counter() - began > _NOTABLE_SECONDS:
                telemetry.took("sql", began)

    @asynccontextmanager
    async def _connection(
        self, role: DatabaseRole, first: Sequence[Statement] = ()
    ) -> AsyncIterator[tuple[Connection, list[list[Any]]]]:
        """A connection that answers and acts as the role, and what the first statements on it found: one round trip.

        Connections that a restart has broken are replaced on the way. The pool could check by itself, but takes a
        round trip more for it, and waits after each broken one, longer every time.
        """
        pool = self._pools[role]
        for _ in range(pool.max_size + 1):
            async with _returned(pool, await self._taken(pool)) as connection:
                try:
                    _, *found = await run_pipeline(connection, [_SET_ROLE[role], *first])
                except psycopg.OperationalError:
                    if connection.closed or connection.broken:
                        continue
                    raise
                except BaseException:
                    await _roll_back(connection)
                    raise
                yield connection, found
                return
        raise psycopg.OperationalError("The database breaks every connection at once.")

    def pools(self) -> dict[DatabaseRole, dict[str, int]]:
        """How each role's pool is doing, in psycopg's words: `pool_size`, `pool_available`, `requests_waiting` …"""
        return {role: pool.get_stats() for role, pool in self._pools.items()}

    def noted(self, text: str) -> str:
        """Tells the listener about a statement that is about to be sent, and counts it for the request."""
        telemetry.sent()
        if self.on_statement is not None:
            self.on_statement(text)
        return text

    def note(self, statements: Sequence[Statement]) -> None:
        """The same for several."""
        telemetry.sent(len(statements))
        if self.on_statement is not None:
            for each in statements:
                self.on_statement(each.text)

    def _session_settings(self, role: DatabaseRole) -> dict[str, str]:
        """What the code relies on, whatever the server's own defaults are."""
        found = {
            "statement_timeout": f"{self._timeout}ms",
            "idle_in_transaction_session_timeout": f"{self._timeout * 4}ms",
            "datestyle": "ISO",
            "timezone": "UTC",
        }
        if role is DatabaseRole.SERVICE:
            # A plan that was made while a queue was empty, and kept, would walk through all of it once it is full.
            found["plan_cache_mode"] = "force_custom_plan"
            # What is sent at once relies on them: each statement sees what was committed before it, and may write.
            found["default_transaction_isolation"] = "read committed"
            found["default_transaction_read_only"] = "off"
        else:
            # A person is told to try again; a command or a worker may wait for its turn.
            found["lock_timeout"] = f"{_LOCK_WAIT_MS}ms"
            # What is sent at once is one transaction without being begun: it has one snapshot and writes nothing.
            found["default_transaction_isolation"] = "repeatable read"
            found["default_transaction_read_only"] = "on"
        return found

    def _pool(self, role: DatabaseRole, size: int) -> AsyncConnectionPool[Connection]:
        async def configure(connection: Connection) -> None:
            connection.row_factory = row_factory
            # psycopg deallocates every prepared statement at each rollback, those of the pipelines too.
            connection.prepare_threshold = None
            connection.patience = self._timeout / 1000 + _GRACE_SECONDS
            connection.adapters.register_loader("uuid", TextLoader)
            set_json_loads(orjson.loads, connection)
            set_json_dumps(orjson.dumps, connection)
            connection.adapters.register_dumper(dict, JsonbDumper)
            await connection.set_autocommit(True)
            for name, value in self._session_settings(role).items():
                await connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
            await run_pipeline(connection, [_SET_ROLE[role]])

        return AsyncConnectionPool(
            self.url,
            connection_class=Connection,
            kwargs={"connect_timeout": _CONNECT_SECONDS},
            min_size=self._ready,
            max_size=size,
            timeout=self._wait,
            open=False,
            configure=configure,
            name=f"cairn-{role.value}",
            reconnect_timeout=_GIVE_UP_SECONDS,
            reconnect_failed=self._try_again,
        )

    def _try_again(self, pool: AsyncConnectionPool[Connection]) -> None:
        """Has a pool that gave up a connection try for another.

        By itself it would wait twice as long each time, and be back as late after an outage as that had lasted.
        """
        task = asyncio.create_task(_connected(pool))
        self._trying.add(task)
        task.add_done_callback(self._trying.discard)


class Snapshot:
    """All that one answer reads: a read-only transaction, one state of the data from its first statement to its last.

    It begins in the round trip of the first statements. Once a statement has failed it reads nothing more, so that no
    answer mixes two states.
    """

    def __init__(self, database: Database, viewer: Viewer) -> None:
        self._database = database
        self._viewer = viewer
        self._connection: Connection | None = None
        self._failure: BaseException | None = None

    @property
    def is_open(self) -> bool:
        """Whether it holds a connection."""
        return self._connection is not None

    async def rows(
        self, statements: Sequence[Statement], rows: Rows = as_tuples, *, is_last: bool = False
    ) -> list[list[Any]]:
        """The rows of each statement, in one round trip. With `is_last` the snapshot ends in it, too."""
        if self._failure is not None:
            raise self._failure
        if is_last:
            self._failure = RuntimeError("This was to be the last that was read.")
        try:
            if is_last and self._connection is None:
                return await self._database.read_at_once(self._viewer, statements, rows)
            if is_last:
                return await self._read_last(statements, rows)
            if self._connection is not None:
                return await run_pipeline(self._connection, statements, rows)
            self._connection, found = await self._database.begun(self._viewer, statements, rows)
        except asyncio.CancelledError:
            # It ended this transaction, too; whoever reads later was not cancelled.
            self._failure = RequestError("What this answer was read from is gone. Ask again.", "UNAVAILABLE")
            raise
        except BaseException as error:
            self._failure = error
            raise
        return found

    async def _read_last(self, statements: Sequence[Statement], rows: Rows) -> list[list[Any]]:
        assert self._connection is not None
        *found, _ = await run_pipeline(self._connection, [*statements, _COMMIT], rows)
        connection, self._connection = self._connection, None
        await self._database.give_back(self._viewer, connection)
        return found

    async def close(self) -> None:
        """Ends it and returns the connection; safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            # What is given back is settled: after a failure, too, this ends the transaction.
            with suppress(psycopg.Error):
                await run_pipeline(connection, [_COMMIT])
        finally:
            await self._database.give_back(self._viewer, connection)


def _set_viewer(viewer: Viewer) -> list[Statement]:
    """What tells the transaction who the viewer is, and who acts where somebody acts as them.

    Nothing where the role says it all.
    """
    if viewer.database_role is not DatabaseRole.API:
        return []
    settings = viewer.user_id or "", " ".join(sorted(viewer.scopes)), " ".join(sorted(viewer.within))
    if viewer.actor_id is None:
        return [Statement(_SET_VIEWER, settings)]
    return [Statement(_SET_VIEWER_AND_ACTOR, (*settings, viewer.actor_id))]


async def _roll_back(connection: Connection) -> None:
    """Undoes all that was not committed. A connection that is gone has done so by itself."""
    if not connection.closed:
        with suppress(psycopg.OperationalError):
            await connection.rollback()


async def _connected(pool: AsyncConnectionPool[Connection]) -> None:
    """Asks a pool for a connection, which makes it try, and gives that back."""
    with suppress(PoolTimeout, PoolClosed):
        await pool.putconn(await pool.getconn(_CONNECT_SECONDS))


@asynccontextmanager
async def _returned(pool: AsyncConnectionPool[Connection], connection: Connection) -> AsyncIterator[Connection]:
    try:
        yield connection
    finally:
        await pool.putconn(connection)


class Compiled(NamedTuple):
    """SQL text in psycopg's style, and the values that are part of the statement itself."""

    text: str
    constants: dict[str, Any]


def compiled(statement: sa.sql.ClauseElement) -> Compiled:
    """The SQL text of a SQLAlchemy statement; parameters without a value are to be bound by the caller.

    Statements of the same shape are compiled once, by SQLAlchemy's own cache key.
    """
    made: Any
    made, extracted, *_ = statement._compile_w_cache(_DIALECT, compiled_cache=_COMPILED, column_keys=[])
    if made.post_compile_params or made.literal_execute_params:
        raise TypeError("This statement must be expanded for each execution. Write = ANY(array) in place of IN (list).")
    values = made.construct_params(extracted_parameters=extracted, escape_names=False, _check=False)
    processors = made._bind_processors
    bound = {
        name: processors[name](value) if name in processors else value
        for name, value in values.items()
        if not made.binds[name].required
    }
    return Compiled(str(made), bound)


def ready(statement: sa.sql.ClauseElement) -> Callable[..., Statement]:
    """A statement made ready once, for what is sent all the time: called with the values by name, it can be sent."""
    prepared = compiled(statement)
    text, names = numbered(prepared.text)

    def with_values(**values: Any) -> Statement:
        known = {**prepared.constants, **values}
        return Statement(text, [known[name] for name in names])

    return with_values
