"""Handling what came in."""

from __future__ import annotations

from collections.abc import Sequence

from resolvers.inbox import events
from resolvers.inbox.events import Handler
from workers.actors import Actor, Work, actor

# Every handler of every domain: `*payments.HANDLERS`, and so on.
HANDLERS: tuple[Handler, ...] = ()


def handling(handlers: Sequence[Handler]) -> Actor:
    """The actor that handles events with these handlers."""

    @actor(events.HANDLE)
    async def handle(work: Work, event_id: str) -> None:
        work.progress(99, await events.handle(work.tx, event_id, handlers))

    return handle


handle_provider_event = handling(HANDLERS)
