"""Named places in the code at which a process kills itself: between what is done and what is known of it.

They are put there from outside, in the process that is to die. The product knows nothing of them.
"""

from __future__ import annotations

import inspect
import os
import signal
from collections.abc import Callable
from functools import wraps
from typing import Any

import cairn.http.idempotency
import graph.context
import graph.door
import resolvers.audit
import resolvers.events
import resolvers.jobs
import workers.actors
import workers.leases
import workers.relay
import workers.running

# Name to (what, which function of it): the place is right after that function has returned.
OF_WORKERS: dict[str, tuple[Any, str]] = {
    "claimed, and not yet known to hold it": (workers.running.Worker, "_claimed"),
    "effect there, and not yet complete": (resolvers.events, "record"),
    "complete and committed, and nobody told": (resolvers.jobs, "complete"),
    "told, and not yet let go": (workers.actors, "_do"),
    "leases renewed": (workers.leases.Leases, "_renew"),
    "facts numbered, and no job for them yet": (resolvers.events, "place"),
    "facts placed": (workers.relay, "place"),
    "scheduled jobs made, and not committed": (resolvers.jobs, "tick"),
    "lost jobs taken back, and not committed": (resolvers.jobs, "sweep"),
    "entries sealed, and not committed": (resolvers.audit, "seal"),
}
OF_THE_API: dict[str, tuple[Any, str]] = {
    "done, and nothing written down": (graph.door, "require_declared"),
    "written down, and not committed": (resolvers.audit, "record"),
    "outcome written down, and not committed": (graph.door, "once"),
    "committed, and nobody told": (graph.context.Context, "renew"),
    "answer made, and not kept": (cairn.http.idempotency.Repeats, "keep"),
}
_EVERY = {**OF_WORKERS, **OF_THE_API}


def install(name: str) -> None:
    """This process dies when it gets to that place."""
    owner, attribute = _EVERY[name]
    setattr(owner, attribute, _deadly(getattr(owner, attribute)))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _deadly(found: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(found):

        @wraps(found)
        async def late(*arguments: Any, **named: Any) -> Any:
            answer = await found(*arguments, **named)
            _die()
            return answer

        return late

    @wraps(found)
    def at_once(*arguments: Any, **named: Any) -> Any:
        answer = found(*arguments, **named)
        _die()
        return answer

    return at_once
