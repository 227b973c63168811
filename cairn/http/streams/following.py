"""One subscription as it runs: event after event, each in its place, each judged by what its subscriber may then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import orjson

from cairn.http.streams.answers import Answers, Delivery, alike
from cairn.http.streams.endings import EXPIRED, SHUTTING_DOWN, TOO_SLOW, Ended, Ending
from cairn.http.streams.jobs import JobWatch
from cairn.http.streams.log import Log
from cairn.http.streams.patience import patiently
from core.database import Database
from core.errors import DomainError, RequestError
from core.viewer import ANONYMOUS, Viewer
from graph.running import Operations
from graph.subscribing import Subscription, admit
from graph.subscriptions import FollowsFacts
from models.events import BY_TYPE
from resolvers import events
from resolvers.events import place_of
from resolvers.identity import Origin
from resolvers.releases import is_overtaken

# Who somebody is, asked after events were read, holds for what of these is delivered right away.
FRESH_SECONDS = 0.05
# Where the answer itself takes this long, it is asked again before that goes out.
LATE_SECONDS = 1.0


class Subscriber(Protocol):
    """Whoever is behind a connection."""

    origin: Origin

    async def standing(self) -> Viewer:
        """Who that is at this instant; raises `Ended` when what they signed in with is over."""


@dataclass(frozen=True)
class Sources:
    """What subscriptions are fed from, in this process."""

    database: Database
    operations: Operations
    log: Log
    jobs: JobWatch
    answers: Answers
    lag_seconds: float


def going_on_after(subscription: Subscription, cursor: str | None) -> Subscription:
    """The subscription, from a cursor on that came beside it; raises `RequestError` where that is none of ours."""
    if not cursor or not isinstance(subscription.follows, FollowsFacts):
        return subscription
    return replace(subscription, follows=replace(subscription.follows, after=place_of(cursor)))


def deliveries(sources: Sources, subscription: Subscription, subscriber: Subscriber) -> AsyncGenerator[Delivery]:
    """The answers to all events that are followed, for as long as there may be more.

    Raises `Ended` where they are cut off.
    """
    if isinstance(subscription.follows, FollowsFacts):
        return _facts(sources, subscription, subscription.follows, subscriber)
    return _job(sources, subscription, subscription.follows.job_id, subscriber)


async def _facts(
    sources: Sources, subscription: Subscription, follows: FollowsFacts, subscriber: Subscriber
) -> AsyncGenerator[Delivery]:
    known_by, pace, log, wanted = alike(subscription), Pace(sources.lag_seconds), sources.log, follows.wanted
    viewer: Viewer = ANONYMOUS
    admitted: Viewer | None = None
    async with log.used():
        position = await _beginning(sources, follows)
        while True:
            coming = log.following(position, wanted)
            if coming is None:
                try:
                    facts, seen = await patiently(partial(log.behind, position, wanted))
                except events.CursorExpired as error:
                    raise Ended(EXPIRED) from error
                pace.is_behind()
            else:
                pace.is_up_to_date()
                try:
                    facts, seen = await coming
                except asyncio.CancelledError:
                    log.give_up(coming, wanted)
                    raise
            asked_at = 0.0
            for fact in facts:
                if time.monotonic() - asked_at >= FRESH_SECONDS:
                    asked_at = time.monotonic()
                    viewer = await subscriber.standing()
                    if viewer != admitted:
                        require_admitted(sources.operations, subscription, viewer)
                        admitted = viewer
                if fact.type not in BY_TYPE:
                    await _leave_to_newer(sources)
                    continue
                while follows.concerns(viewer, fact):
                    asked = viewer
                    answer = await sources.answers.answer(subscription, known_by, fact, asked)
                    if time.monotonic() - asked_at >= LATE_SECONDS:
                        # It had to wait: whoever was asked for may be nobody any more, or somebody who may do less.
                        asked_at = time.monotonic()
                        viewer = await subscriber.standing()
                    if viewer == asked:
                        yield answer if coming is None else answer._replace(happened_at=fact.created_at)
                        break
                    require_admitted(sources.operations, subscription, viewer)
                    admitted = viewer
            position = seen


async def _leave_to_newer(sources: Sources) -> None:
    """Ends what came to a fact that only a newer release of the code knows: whoever subscribes again finds that one.

    Where none runs, it was taken back, and nobody can say what the fact was.
    """
    if await patiently(lambda: is_overtaken(sources.database, sources.operations.release)):
        raise Ended(SHUTTING_DOWN)


async def _beginning(sources: Sources, follows: FollowsFacts) -> int:
    """The place after which a subscription begins: the one it names, or the end of the log."""
    if follows.after is None:
        return await patiently(lambda: events.last_position(sources.database))
    position, fact_id = follows.after
    try:
        await patiently(lambda: events.require_stands(sources.database, position, fact_id))
    except events.CursorExpired as error:
        raise Ended(EXPIRED) from error
    return position


async def _job(
    sources: Sources, subscription: Subscription, job_id: str, subscriber: Subscriber
) -> AsyncGenerator[Delivery]:
    seen = None
    while True:
        standing = await sources.jobs.changed(job_id, seen)
        viewer = await subscriber.standing()
        require_admitted(sources.operations, subscription, viewer)
        response = await sources.answers.alone(subscription, None, viewer, subscriber.origin)
        yield Delivery(orjson.dumps(response, default=str).decode(), None)
        if standing is None or standing.is_over or response.get("data") is None:
            return
        seen = standing


def require_admitted(operations: Operations, subscription: Subscription, viewer: Viewer) -> None:
    """Raises `Ended` unless the viewer may subscribe to this."""
    try:
        admit(operations, subscription, viewer)
    except (RequestError, DomainError) as error:
        raise Ended(Ending(error.code, str(error))) from error


class Pace:
    """Whether a stream that was up to date once keeps up: one that comes back may take its time to get there."""

    def __init__(self, lag_seconds: float) -> None:
        self._lag = lag_seconds
        self._was_live = False
        self._behind_since: float | None = None

    def is_up_to_date(self) -> None:
        """Notes that there is nothing to catch up with."""
        self._was_live, self._behind_since = True, None

    def is_behind(self) -> None:
        """Notes that there was; raises `Ended` when that goes on for too long."""
        if self._behind_since is None:
            self._behind_since = time.monotonic()
        elif self._was_live and time.monotonic() - self._behind_since > self._lag:
            raise Ended(TOO_SLOW)
