"""Facts in the API: which mutation records which, and the log of them for those who follow along."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry.schema_directive import Location

import core.events as kinds
from core.paging import Page
from core.writing import Transaction
from graph.engine import BatchInfo
from graph.fields import column, described, entity
from graph.node import Node
from graph.paging import Connection, connection, sort_enum
from graph.scalars import JSON, Long
from models.events import FACTS, FactEntry, FactType
from models.identity import Scope
from resolvers import events

FactType.__doc__ = "What can happen, as the log names it."
described(FactType, **{each.type.replace(".", "_"): inspect.cleandoc(each.description()) for each in FACTS})


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="Which facts a mutation may record. It records them in the transaction of what it does.",
)
class Records:
    """On every mutation that records something."""

    facts: list[FactType] = strawberry.directive_field(name="facts")


def require_declared(tx: Transaction, act: str, declared: Sequence[type[kinds.Fact]]) -> None:
    """Raises unless the act recorded none but those facts that it says it may record."""
    beyond = {fact.type for fact in events.recorded(tx)} - {fact.type for fact in declared}
    if beyond:
        raise TypeError(f"{act} records what it does not declare: {', '.join(sorted(beyond))}.")


@entity(FactEntry)
class Fact(Node):
    """Something that happened, at its place in the one order."""

    id: strawberry.ID = column("The fact's own id.")
    position: Long
    type: FactType
    version: int
    subject_id: strawberry.ID
    actor_id: strawberry.ID | None
    acted_as_id: strawberry.ID | None
    payload: JSON
    created_at: datetime = column("When it happened.")


@strawberry.input(description="Which facts of the log.")
class FactFilter:
    """All conditions must hold."""

    types: list[FactType] | None = strawberry.field(default=None, description="Of these types.")
    subject: strawberry.ID | None = strawberry.field(default=None, description="What happened to this object.")


FactSort = sort_enum("FactSort", events.LOG)


async def _goes_on(info: BatchInfo, page: Page, sort: str) -> None:
    """Raises `CursorExpired` for who goes on after a place of which the log has forgotten what came next."""
    if sort == "POSITION" and not page.backward and page.cursor is not None:
        await events.require_remembered(info.context.database, int(page.cursor[0]))


@strawberry.type
class EventsQuery:
    """Root fields of the log."""

    events: Connection[Fact] = connection(
        events.LOG,
        "All that happened, in one order without gaps. Go on after the last cursor you saw, and you miss nothing: "
        "where the log has forgotten what came next, that is refused with the code CURSOR_EXPIRED.",
        sort=FactSort,
        filter=FactFilter,
        scope=Scope.EVENTS_READ,
        is_whole=_goes_on,
    )
