"""A worker: Dramatiq's threads do jobs, and beside them goes on what keeps facts and jobs moving.

Everything asynchronous runs in one event loop in a thread of its own: jobs, the relay, the clock, the sweep for lost
leases, the sealing of the audit log, and the ear for wake-ups. All of it may run in any number of processes at once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import dramatiq
import psycopg
from dramatiq.asyncio import EventLoopThread
from psycopg_pool import PoolTimeout

from core.connection import Connection
from core.database import Database
from core.errors import DomainError, RequestError
from core.viewer import SERVICE
from core.writing import transaction
from models.jobs import JobOutcome
from resolvers import events, jobs, releases
from resolvers.jobs import LEASE, Claimed
from resolvers.webhooks import placing
from resolvers.webhooks.sending import QUEUE as WEBHOOKS
from workers import relay
from workers.actors import Actor, Held, Tools, carry_out
from workers.bells import rung
from workers.broker import PostgresBroker, Slots, call_name, call_to, outside_broker, unheard
from workers.leases import Leases
from workers.patience import DRAIN_SECONDS, LET_GO_SECONDS
from workers.registry import ACTORS, REACTIONS
from workers.sealing import seal_all
from workers.tallies import Tallies
from workers.webhooks import Dispatcher

POLL_SECONDS = 1.0
# How often a thread that has nothing to do looks up whether it is to stop.
LOOK_UP_SECONDS = 0.1
UPKEEP_SECONDS = 2.0
# How often one says which release of the code this is.
SAY_SECONDS = 60.0
# What is gathered before the next placing: longer for each fact that came by the last one, up to a tenth of a second.
GATHER_SECONDS, LONGEST_GATHER_SECONDS = 0.02, 0.1
SEAL_SECONDS = 1.0
CANCEL_AGAIN_SECONDS = 0.5
# How many calls to a queue stand in a broker at most, for each process, and how long one waits at least until one
# looks again whether there are enough.
MOST_CALLS, LOOK_SECONDS = 64, 0.05
# The ear asks every so often whether the line is still there, and takes it for dead after so long a silence.
PING_SECONDS, SILENCE_SECONDS = 2.0, 5.0
AWAY = (psycopg.Error, OSError, RequestError, PoolTimeout)
log = logging.getLogger("cairn.workers")


class Worker:
    """One process's worker. `queues` are those it works on, all when there are none named."""

    def __init__(
        self,
        url: str,
        tools: Tools,
        *,
        broker_url: str = "postgres",
        queues: Sequence[str] = (),
        threads: int = 8,
        actors: Sequence[Actor] = ACTORS,
    ) -> None:
        self.owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.actors = {each.kind.name: each for each in (*actors, *map(relay.actor_of, REACTIONS))}
        self._kinds = [each.kind for each in self.actors.values()]
        self._reactions = REACTIONS
        self._queues = sorted(set(queues) or {kind.queue for kind in self._kinds})
        self._tools, self._threads, self._url = tools, threads, url
        self._loop = EventLoopThread(log, interrupt_check_ival=1.0)
        self._leases = Leases(url, self.owner, self._lost)
        self._is_outside = broker_url != "postgres"
        self._broker = (
            outside_broker(broker_url)
            if self._is_outside
            else PostgresBroker(self._claim, self._release, Slots(threads), POLL_SECONDS)
        )
        # With a broker of others it is also how often that is asked.
        look_up = POLL_SECONDS if self._is_outside else LOOK_UP_SECONDS
        self._worker = dramatiq.Worker(self._broker, worker_threads=threads, worker_timeout=int(look_up * 1000))
        self._tallies = Tallies()
        self._beside: list[asyncio.Task[None]] = []
        self._sends = tools.hooks is not None and (not queues or WEBHOOKS in queues)
        self._dispatcher: Dispatcher | None = None

    # Starting and stopping -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts everything; raises what the database raises when it cannot be reached."""
        self._loop.start(timeout=10)
        try:
            self._loop.run_coroutine(self._open())
        except BaseException:
            self._loop.stop()  # type: ignore[no-untyped-call]
            raise
        self._leases.start()
        if self._is_outside:
            for queue in self._queues:
                self._declare(call_name(queue), queue, partial(self._answer, queue))
        else:
            for each in self.actors.values():
                if each.kind.queue in self._queues:
                    self._declare(each.kind.name, each.kind.queue, partial(self._perform, each))
        self._worker.start()

    def _declare(self, name: str, queue: str, do: Callable[..., None]) -> None:
        dramatiq.Actor(do, broker=self._broker, actor_name=name, queue_name=queue, priority=0, options={})

    async def _open(self) -> None:
        # One connection per job in hand, and some for what goes on beside them.
        self._database = Database(self._url, pool_size=self._threads + 4)
        await self._database.open()
        async with transaction(self._database, SERVICE) as tx:
            await jobs.settle_schedules(tx, self._kinds)
        await relay.settle(self._database, self._reactions)
        await self._say_release()
        self._recorded, self._due = asyncio.Event(), asyncio.Event()
        self._placed = [asyncio.Event(), asyncio.Event()]
        self._beside = [
            asyncio.create_task(_for_ever("relay", self._relay)),
            asyncio.create_task(_for_ever("reactions", self._react)),
            asyncio.create_task(_for_ever("deliveries", self._line_up)),
            asyncio.create_task(_for_ever("upkeep", self._upkeep)),
            asyncio.create_task(_for_ever("ear", self._listen)),
            asyncio.create_task(_for_ever("sealing", self._seal)),
        ]
        if self._is_outside:
            self._beside.append(asyncio.create_task(_for_ever("telling", self._tell)))
        if self._tools.hooks is not None and self._sends:
            self._dispatcher = Dispatcher(self._database, self._tools.hooks, self.owner, self._tallies)
            self._beside.append(asyncio.create_task(_for_ever("webhooks", self._dispatcher.step)))

    def stop(self) -> None:
        """Takes no more jobs, finishes those in hand, gives back what is not done in time."""
        if isinstance(self._broker, PostgresBroker):
            self._broker.drain()
        ending = None
        if self._dispatcher is not None:
            ending = asyncio.run_coroutine_threadsafe(self._dispatcher.stop(DRAIN_SECONDS), self._loop.loop)
        self._worker.stop(timeout=int(DRAIN_SECONDS * 1000))
        if ending is not None:
            with suppress(Exception):
                ending.result(DRAIN_SECONDS + LET_GO_SECONDS)
        self._loop.run_coroutine(self._close())
        self._leases.stop()
        self._broker.close()
        self._loop.stop()  # type: ignore[no-untyped-call]

    async def _close(self) -> None:
        doing = {held.task for held in self._leases.all() if held.task is not None}
        await _cancel({*doing, *self._beside}, LET_GO_SECONDS)
        # All at once: with the database away, each would wait for it.
        await asyncio.gather(*(self._give_back(held.job) for held in self._leases.all()))
        with suppress(*AWAY):
            await self._tallies.tell(self._database)
        await self._database.close()

    # Jobs ------------------------------------------------------------------------------------------------------------

    def _claim(self, queue: str, most: int) -> list[Claimed]:
        return self._loop.run_coroutine(self._claimed(queue, most))

    async def _claimed(self, queue: str, most: int) -> list[Claimed]:
        try:
            found = await jobs.claim(self._database, self.owner, queue, list(self.actors), most)
        except AWAY as error:
            log.warning("no jobs can be had: %s", error)
            return []
        for each in found:
            self._leases.hold(Held(each, time.monotonic() + LEASE.total_seconds()))
        return found

    def _release(self, job_id: str) -> None:
        held = self._leases.drop(job_id)
        if held is not None:
            self._loop.run_coroutine(self._give_back(held.job))

    def _perform(self, actor: Actor, job_id: str) -> None:
        """Does a job, in a thread of Dramatiq's that waits for the event loop."""
        self._loop.run_coroutine(self._do(actor, job_id))

    def _answer(self, queue: str) -> None:
        """Does the most urgent job of a queue, called by a message, and calls again for what may be behind it."""
        if self._loop.run_coroutine(self._do_next(queue)):
            self._call(queue, 1)

    async def _do_next(self, queue: str) -> bool:
        """Whether there was anything to do."""
        found = await self._claimed(queue, 1)
        for job in found:
            await self._do(self.actors[job.actor], job.id)
        return bool(found)

    def _call(self, queue: str, times: int) -> None:
        """Sends calls; those that cannot be sent now are missed, and sent, when somebody looks next."""
        try:
            for _ in range(times):
                self._broker.enqueue(call_to(queue))
        except Exception as error:
            # Each library has errors of its own for a broker that is away.
            log.warning("the broker is away: %s: %s", type(error).__name__, error)

    async def _do(self, actor: Actor, job_id: str) -> None:
        held = self._leases.find(job_id)
        if held is None:
            return
        held.deadline = time.monotonic() + actor.kind.time_limit + LEASE.total_seconds()
        held.task = asyncio.current_task()
        self._leases.hold(held)
        began = time.monotonic()
        try:
            outcome = await carry_out(self._database, self._tools, actor, held)
            if outcome is not None:
                self._tallies.count(held.job.queue, held.job.actor, outcome.value, time.monotonic() - began)
        except AWAY as error:
            # Nothing can be noted: the lease runs out, and somebody else tries again.
            log.warning("job %s (%s): %s", job_id, held.job.actor, error)
        except asyncio.CancelledError:
            await self._give_back(held.job)
        finally:
            self._leases.drop(job_id)

    async def _give_back(self, job: Claimed) -> None:
        """Where the lease is not ours any more, nothing changes."""
        try:
            async with transaction(self._database, SERVICE) as tx:
                await jobs.release(tx, job)
        except AWAY as error:
            log.warning("job %s (%s) will be taken up when its lease runs out: %s", job.id, job.actor, error)

    def _lost(self, held: Held) -> None:
        """Stops what cannot be committed any more; called by the thread that renews leases."""
        if held.task is not None:
            self._loop.loop.call_soon_threadsafe(held.task.cancel)

    # Beside them -----------------------------------------------------------------------------------------------------

    async def _relay(self) -> None:
        self._recorded.clear()
        placed = await relay.place(self._database, self._reactions)
        behind = await relay.pass_over(self._database, self._reactions)
        reacting, lining_up = self._placed
        if behind - {placing.FOLLOWER}:
            reacting.set()
        if placing.FOLLOWER in behind:
            lining_up.set()
        if len(placed) < relay.BATCH:
            # The first does not wait; to place those that come close behind it together costs little more than one.
            await asyncio.sleep(min(len(placed) * GATHER_SECONDS, LONGEST_GATHER_SECONDS))
            await rung(self._recorded, POLL_SECONDS)

    async def _react(self) -> None:
        bell, _ = self._placed
        bell.clear()
        if not await relay.react(self._database, self._reactions):
            await rung(bell, POLL_SECONDS)

    async def _line_up(self) -> None:
        """In a step of its own: whoever holds what webhooks stand in holds up neither the order nor the reactions."""
        _, bell = self._placed
        bell.clear()
        try:
            is_more = await relay.tell(self._database)
        except DomainError as error:
            log.info("deliveries are lined up a moment later: %s", error)
            is_more = False
        if not is_more:
            await rung(bell, POLL_SECONDS)

    async def _upkeep(self) -> None:
        async with transaction(self._database, SERVICE) as tx:
            swept = await jobs.sweep(tx)
        for each in swept:
            self._tallies.count(each.queue, each.actor, JobOutcome.LOST.value)
        async with transaction(self._database, SERVICE) as tx:
            await jobs.tick(tx, self._kinds)
        await self._tallies.tell(self._database)
        if time.monotonic() - self._said_at > SAY_SECONDS:
            await self._say_release()
        await asyncio.sleep(UPKEEP_SECONDS)

    async def _say_release(self) -> None:
        if self._tools.hooks is not None:
            async with transaction(self._database, SERVICE) as tx:
                await releases.note(tx, self._tools.hooks.payloads.release)
        self._said_at = time.monotonic()

    async def _seal(self) -> None:
        await seal_all(self._database)
        await asyncio.sleep(SEAL_SECONDS)

    async def _tell(self) -> None:
        """Sees to it that there are calls for what is due, so many that everybody has enough to do, and no more."""
        self._due.clear()
        async with transaction(self._database, SERVICE) as tx:
            due = await jobs.due(tx, self._queues, list(self.actors), MOST_CALLS)
        for queue, number in due.items():
            await asyncio.to_thread(self._call_for, queue, min(number, MOST_CALLS))
        await asyncio.sleep(LOOK_SECONDS)
        await rung(self._due, POLL_SECONDS)

    def _call_for(self, queue: str, wanted: int) -> None:
        try:
            there = unheard(self._broker, queue)
        except Exception as error:
            log.warning("the broker is away: %s: %s", type(error).__name__, error)
            return
        self._call(queue, wanted - there)

    async def _listen(self) -> None:
        """Hears wake-ups, until the connection breaks. Whoever listens looks by themselves too, once a second."""
        async with await Connection.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            connection.patience = SILENCE_SECONDS
            await connection.execute("SET ROLE cairn_service")
            await connection.execute(f"LISTEN {events.RECORDED}")
            await connection.execute(f"LISTEN {jobs.DUE}")
            await connection.execute(f"LISTEN {placing.DUE}")
            self._wake(events.RECORDED)
            self._wake(jobs.DUE)
            self._wake(placing.DUE)
            while True:
                async for heard in connection.notifies(timeout=PING_SECONDS):
                    self._wake(heard.channel)
                # A line that nothing was heard on may be dead.
                await connection.execute("SELECT 1")

    def _wake(self, channel: str) -> None:
        if channel == events.RECORDED:
            self._recorded.set()
        elif channel == placing.DUE:
            if self._dispatcher is not None:
                self._dispatcher.ring()
        elif isinstance(self._broker, PostgresBroker):
            self._broker.ring()
        else:
            self._due.set()


async def _cancel(tasks: set[asyncio.Task[Any]], seconds: float) -> None:
    """Cancels tasks until they end, for so long. Once is not enough: the pool of connections may swallow it."""
    deadline = time.monotonic() + seconds
    while tasks and time.monotonic() < deadline:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=CANCEL_AGAIN_SECONDS)


async def _for_ever(name: str, step: Callable[[], Awaitable[None]]) -> None:
    """Repeats a step until cancelled; what fails is tried again soon."""
    while True:
        try:
            await step()
        except AWAY as error:
            log.warning("%s: %s", name, error)
            await asyncio.sleep(POLL_SECONDS)
        except Exception:
            log.exception("%s failed and goes on", name)
            await asyncio.sleep(POLL_SECONDS)
