"""Sending webhooks: what is due is claimed, composed, signed, sent, and written down, many at a time.

This is no job. A job holds a thread, and one receiver that answers nothing for fifteen seconds would hold one for each
of its deliveries. So deliveries are sent in the event loop, each receiver a few at a time, and those that fail one.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from core.database import Database
from core.errors import DomainError, RequestError
from core.sealing import Unreadable
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from gateways.webhooks import Answer, NotSent
from models.webhooks import AttemptOutcome, DeliveryState
from resolvers.releases import is_overtaken
from resolvers.webhooks import messages, sending
from resolvers.webhooks.kit import Away, Hooks, Overdue, Unpayable
from resolvers.webhooks.messages import Message
from resolvers.webhooks.principal import problem_of
from resolvers.webhooks.schedule import wish_of
from resolvers.webhooks.sending import DELIVER, QUEUE, Claimed, Result
from workers.bells import rung
from workers.tallies import Tallies

POLL_SECONDS = 1.0
_UNAVAILABLE = (psycopg.Error, OSError, RequestError, PoolTimeout, DomainError)
_COMPOSE_SECONDS = 20
# For writing down what came of it, when there is no more time.
LAST_WORDS_SECONDS = 2.5
_SETTLE_AGAIN_SECONDS = (0.5, 2, 5)
# What is decided without anything being sent.
_FOR_GOOD = (DeliveryState.SKIPPED, DeliveryState.PARKED)
_OUTCOME = {False: AttemptOutcome.REFUSED, True: AttemptOutcome.REDIRECTED}
log = logging.getLogger("cairn.webhooks")


class CutOff(Exception):
    """Whoever sends had to stop before there was an answer; what was `sent` may have arrived."""

    def __init__(self, sent: dict[str, Any]) -> None:
        super().__init__()
        self.sent = sent


class Dispatcher:
    """Sends what is due, until cancelled. Any number of processes may do it at once."""

    def __init__(self, database: Database, hooks: Hooks, owner: str, tallies: Tallies) -> None:
        self._database, self._hooks, self._owner, self._tallies = database, hooks, owner, tallies
        self._bell = asyncio.Event()
        self._claiming, self._is_stopping = asyncio.Lock(), False
        self._doing: dict[asyncio.Task[None], Claimed] = {}

    def ring(self) -> None:
        """Has it look at once."""
        self._bell.set()

    async def step(self) -> None:
        """Claims as much as may be sent at once, begins with it, and waits until there may be more."""
        self._bell.clear()
        rules = self._hooks.rules
        most = rules.at_once - len(self._doing)
        # However many receivers fail, half of the room is for those that do not.
        failing = sum(each.is_failing for each in self._doing.values())
        found: list[Claimed] = []
        async with self._claiming:
            if most > 0 and not self._is_stopping:
                async with transaction(self._database, SERVICE) as tx:
                    found = await sending.claim(
                        tx, self._owner, most, max(rules.at_once // 2 - failing, 0), rules.per_endpoint
                    )
            for each in found:
                task = asyncio.create_task(self._do(each))
                self._doing[task] = each
                task.add_done_callback(self._done)
        if not found:
            await rung(self._bell, POLL_SECONDS)

    async def stop(self, seconds: float) -> None:
        """Claims no more, and waits so long for what is being sent. What is cut off then is written down as that."""
        self._is_stopping = True
        async with self._claiming:
            doing = tuple(self._doing)
        if doing:
            await asyncio.wait(doing, timeout=seconds)
        for task in (left := tuple(self._doing)):
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=LAST_WORDS_SECONDS)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._doing[task]
        self._bell.set()

    async def _do(self, claimed: Claimed) -> None:
        try:
            began = time.monotonic()
            result = await deliver(self._database, self._hooks, claimed)
            if result is not None:
                self._tallies.count(QUEUE, DELIVER, result.entry["outcome"], time.monotonic() - began)
        except CutOff as cut:
            sent = cut.sent
            await self._in_the_end(claimed, lambda tx: sending.cut_off(tx, claimed, sent))
        except asyncio.CancelledError:
            await self._in_the_end(claimed, lambda tx: sending.give_back(tx, claimed))
        except _UNAVAILABLE as error:
            # Nothing can be written down: the lease runs out, and somebody tries again.
            log.warning("delivery %s: %s", claimed.delivery.id, error)
        except Exception:
            log.exception("delivery %s failed", claimed.delivery.id)

    async def _in_the_end(self, claimed: Claimed, write: Callable[[Transaction], Awaitable[None]]) -> None:
        try:
            async with transaction(self._database, SERVICE) as tx:
                await write(tx)
        except _UNAVAILABLE as error:
            log.warning("delivery %s will be taken up when its lease runs out: %s", claimed.delivery.id, error)


async def deliver(database: Database, hooks: Hooks, claimed: Claimed) -> Result | None:
    """Sends one delivery and writes down what came of it; None where it did not come to an attempt that counts."""
    if claimed.viewer is None:
        async with transaction(database, SERVICE) as tx:
            await sending.stop(tx, claimed, problem_of(claimed.webhook) or "")
        return None
    result = await _result(database, hooks, claimed)
    if result is None:
        async with transaction(database, SERVICE) as tx:
            await sending.give_back(tx, claimed)
        return None
    if not result.is_receivers and result.state in _FOR_GOOD and await is_overtaken(database, hooks.payloads.release):
        log.info("delivery %s is left to a newer release: %s", claimed.delivery.id, result.reason)
        async with transaction(database, SERVICE) as tx:
            await sending.leave(tx, claimed)
        return None
    settling = asyncio.create_task(_settle(database, claimed, result, hooks.rules.pause_after_hours))
    try:
        is_settled = await asyncio.shield(settling)
    except asyncio.CancelledError:
        # What came of it is known, and is not to be forgotten on the way out.
        await asyncio.wait((settling,), timeout=LAST_WORDS_SECONDS)
        return None
    return result if is_settled else None


async def _settle(database: Database, claimed: Claimed, result: Result, pause_after_hours: int) -> bool:
    """Writes it down; while the database is away some times, for what is not written down is sent once more."""
    for pause in (*_SETTLE_AGAIN_SECONDS, None):
        try:
            async with transaction(database, SERVICE) as tx:
                is_settled = await sending.settle(tx, claimed, result, pause_after_hours)
            return is_settled
        except _UNAVAILABLE:
            if pause is None:
                raise
            await asyncio.sleep(pause)
    raise AssertionError("the last time either settles or raises")


async def _result(database: Database, hooks: Hooks, claimed: Claimed) -> Result | None:
    """What came of it; None where it could not even be composed at the moment."""
    began = time.monotonic()
    try:
        secrets = [hooks.sealer.open(each) for each in claimed.sealed]
        async with asyncio.timeout(_COMPOSE_SECONDS):
            message = await _message(database, hooks, claimed)
    except Away as error:
        log.warning("delivery %s cannot be composed at the moment: %s", claimed.delivery.id, error)
        await asyncio.sleep(POLL_SECONDS)
        return None
    except (Unpayable, Unreadable) as error:
        return _not_made(DeliveryState.PARKED, str(error), began)
    except Overdue as error:
        return _not_made(DeliveryState.PENDING, str(error), began)
    except TimeoutError:
        return _not_made(DeliveryState.PENDING, f"The query took longer than {_COMPOSE_SECONDS} seconds.", began)
    if message is None:
        return _not_made(DeliveryState.SKIPPED, "The query is not about this.", began)
    sent = {"body_bytes": len(message.body), "body_sha256": hashlib.sha256(message.body).hexdigest()}
    try:
        answer = await hooks.sender.send(
            claimed.webhook.url, message.headers(secrets, claimed.clock.now()), message.body
        )
    except asyncio.CancelledError as error:
        raise CutOff(sent) from error
    except NotSent as error:
        entry = {
            "outcome": AttemptOutcome(error.refusal.value).value,
            "address": error.address,
            "duration_ms": error.duration_ms,
        }
        return Result(DeliveryState.PENDING, error.reason, entry={**sent, **entry})
    return _judged(answer, sent, claimed.clock.now())


async def _message(database: Database, hooks: Hooks, claimed: Claimed) -> Message | None:
    delivery, webhook = claimed.delivery, claimed.webhook
    if claimed.is_trial:
        return messages.trial(delivery.id, webhook.id, delivery.occurred_at)
    if claimed.fact is None:
        raise Unpayable("What happened is not in the log any more.")
    assert claimed.viewer is not None
    return await messages.told(
        hooks.payloads, database, webhook.query, claimed.fact, claimed.viewer, delivery.id, delivery.sequence
    )


def _judged(answer: Answer, sent: dict[str, Any], now: datetime) -> Result:
    """2xx is a yes. All else is none: a redirect too, for nobody has looked at where it leads."""
    entry = {
        **sent,
        "status": answer.status,
        "address": answer.address,
        "duration_ms": answer.duration_ms,
        "answer": _text(answer.body),
    }
    if 200 <= answer.status < 300:
        return Result(DeliveryState.DELIVERED, entry={**entry, "outcome": AttemptOutcome.DELIVERED.value})
    entry["outcome"] = _OUTCOME[300 <= answer.status < 400].value
    is_gone = answer.status == HTTPStatus.GONE
    wish = wish_of(answer.status, answer.headers, now)
    state = DeliveryState.PARKED if is_gone else DeliveryState.PENDING
    return Result(state, f"The receiver answered {answer.status}.", wish, is_gone=is_gone, entry=entry)


def _not_made(state: DeliveryState, reason: str, began: float) -> Result:
    spent = int((time.monotonic() - began) * 1000)
    entry = {"outcome": AttemptOutcome.NOT_MADE.value, "duration_ms": spent}
    return Result(state, reason, is_receivers=False, entry=entry)


def _text(body: bytes) -> str:
    """What can be kept of a foreign body."""
    return body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
