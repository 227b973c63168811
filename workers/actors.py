"""Actors: the functions that do jobs, and the one transaction in which each does its work and completes.

    @actor(JobKind("send_report", time_limit=120))
    async def send_report(work: Work, report_id: str) -> None:
        await reports.mark_sent(work.tx, report_id)

An actor takes ids and small values, as they stand in the job's `arguments`. What it does with `work.tx` is committed
together with the completion of the job, or not at all. What takes long and needs no transaction, such as speaking to
somebody outside, is done before by `prepare`; it has to be safe to repeat.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

from core.database import Database
from core.errors import DomainError, SeveralErrors
from core.jobs import JobKind
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from gateways.mail import Mail
from models.jobs import JobOutcome, JobState
from resolvers import jobs
from resolvers.jobs import Claimed, LeaseLost
from resolvers.uploads import Files
from resolvers.webhooks.kit import Hooks

# How an attempt ended that left the job standing so.
_OUTCOMES = {JobState.QUEUED.value: JobOutcome.FAILED, JobState.PARKED.value: JobOutcome.PARKED}
log = logging.getLogger("cairn.jobs")


@dataclass(frozen=True)
class Tools:
    """What actors work with besides the database."""

    mail: Mail
    app_url: str
    imports: Path
    fact_days: int
    job_days: int
    event_days: int = 30
    hooks: Hooks | None = None
    files: Files | None = None


@dataclass
class Held:
    """A job that this process does: its lease is renewed until the deadline, and its progress told along with that."""

    job: Claimed
    deadline: float
    progress: int = 0
    note: str | None = None
    task: asyncio.Task[Any] | None = None


@dataclass(frozen=True)
class Work:
    """What an actor finds: the open transaction, what `prepare` answered, the tools, and where to tell its progress."""

    database: Database
    tools: Tools
    held: Held
    prepared: Any = None
    _tx: list[Transaction] = field(default_factory=list)

    @property
    def job(self) -> Claimed:
        """The job that is done."""
        return self.held.job

    @property
    def tx(self) -> Transaction:
        """The open transaction; there is none yet in `prepare`."""
        return self._tx[0]

    def progress(self, percent: int, note: str | None = None) -> None:
        """Tells how far the job is. It is seen within a second or two, and costs the job nothing."""
        # What cannot be kept would keep the leases of all jobs here from being renewed.
        kept = note and note.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")[:200]
        self.held.progress, self.held.note = max(0, min(int(percent), 99)), kept


Act = Callable[..., Awaitable[None]]
Prepare = Callable[..., Awaitable[Any]]
# (tools, **arguments): tidies up once all is committed, as far as it comes to that.
Afterwards = Callable[..., None]


@dataclass(frozen=True)
class Actor:
    """A kind of job with the function that does it."""

    kind: JobKind
    act: Act
    prepare: Prepare | None = None
    afterwards: Afterwards | None = None


def actor(
    kind: JobKind, *, prepare: Prepare | None = None, afterwards: Afterwards | None = None
) -> Callable[[Act], Actor]:
    """Makes an async function `(work, **arguments)` the actor of a kind of job."""
    return lambda act: Actor(kind, act, prepare, afterwards)


async def carry_out(database: Database, tools: Tools, found: Actor, held: Held) -> JobOutcome | None:
    """Does one job: its effect and its completion are committed together. What fails is tried later, or parked.

    A refusal (`DomainError`) is final, but for one that says that somebody else is at it, or that comes from a
    constraint of the database, where another may just have been faster. Answers how the attempt ended; None where the
    job was cancelled, or is somebody else's by now.
    """
    job, began = held.job, time.monotonic()
    try:
        async with asyncio.timeout(found.kind.time_limit):
            await _do(database, tools, found, held)
    except LeaseLost:
        log.warning("job %s (%s) was cancelled or taken over; nothing of it was kept", job.id, job.actor)
        return None
    except TimeoutError:
        return await _failed(database, job, f"It took longer than {found.kind.time_limit:g} seconds.")
    except (DomainError, SeveralErrors) as error:
        is_busy = isinstance(error, DomainError) and error.code == "BUSY"
        is_raced = isinstance(error.__cause__, psycopg.IntegrityError)
        return await _failed(database, job, str(error), final=not (is_busy or is_raced))
    except Exception as error:
        log.warning("job %s (%s) failed", job.id, job.actor, exc_info=True)
        return await _failed(database, job, f"{type(error).__name__}: {error}")
    log.debug("job %s (%s) done in %.0f ms", job.id, job.actor, (time.monotonic() - began) * 1000)
    return JobOutcome.DONE


async def _do(database: Database, tools: Tools, found: Actor, held: Held) -> None:
    job, work = held.job, Work(database, tools, held)
    if found.prepare is not None:
        work = replace(work, prepared=await found.prepare(work, **job.arguments))
    # In the name of whoever called for it, with the rights of the service: what they may was settled when they did.
    whose = replace(SERVICE, user_id=job.requested_by, actor_id=job.acted_by)
    async with transaction(database, whose) as tx:
        work._tx.append(tx)
        await found.act(work, **job.arguments)
        await jobs.complete(tx, job, held.note)
    if found.afterwards is not None:
        try:
            found.afterwards(tools, **job.arguments)
        except OSError as error:
            log.warning("job %s (%s) is done, but not all is tidied up: %s", job.id, job.actor, error)


async def _failed(database: Database, job: Claimed, reason: str, *, final: bool = False) -> JobOutcome | None:
    async with transaction(database, SERVICE) as tx:
        state = await jobs.fail(tx, job, reason, final=final)
    outcome = f"it is {state}" if state else "it was done all the same, or is not ours any more"
    log.warning("job %s (%s), attempt %d: %s; %s", job.id, job.actor, job.attempt, reason, outcome)
    return _OUTCOMES.get(state or "")
