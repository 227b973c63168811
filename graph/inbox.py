"""The inbox in the API: hooks by which others tell us things, and what came in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
import strawberry

import models.events as facts
import models.inbox as models
from graph.door import Act, Done, Fields, described_as, mutation, plain
from graph.fields import column, computed, described, editable, entity, related_one
from graph.jobs import Job
from graph.node import Node, by_id
from graph.paging import Connection, connection, sort_enum
from graph.scalars import JSON
from models.identity import Scope
from models.inbox import InboundKey, InboundKind, InboundOnce, ProviderEventState
from resolvers.inbox import events, hooks

described(InboundKey, id="By their id here.", email="By their e-mail address.")
described(
    InboundOnce,
    delivery="Each delivery counts; one that is repeated under the same `webhook-id` or `idempotency-key` counts once.",
    event="What has the same id counts once.",
    person="What is about the same person counts once.",
    person_and_event="What is about the same person and has the same id counts once.",
)
described(
    InboundKind,
    word="A machine's word: letters, digits and `_.:/-`, up to 100 characters.",
    integer="A whole number of up to 53 bits.",
    number="A number.",
    boolean="True or false.",
    instant="An instant with its offset from UTC, as RFC 3339 writes it.",
)
described(
    ProviderEventState,
    received="It is kept, and will be handled; its job says so if something stands in the way.",
    handled="What there was to be done about it is done.",
    ignored="It is of no interest; the note says why.",
)


@strawberry.type(description="One value of a body that the fact holds.")
class InboundValue:
    """A name, where the value is, and what it has to be."""

    name: str = strawberry.field(description="What the fact calls it.")
    path: str = strawberry.field(description="Where the body has it, as a JSON Pointer.")
    kind: InboundKind = strawberry.field(description="What it has to be.")
    is_required: bool = strawberry.field(description="Whether a body without it does not fit.")


@entity(models.InboundHook)
class InboundHook(Node):
    """An address by which another system tells of something that happened there, and what becomes of it here."""

    id: strawberry.ID = column("The hook's own id.")
    name: str = editable()
    action: str = editable()
    is_enabled: bool = editable()
    type_path: str | None = editable()
    types: list[str] = editable()
    id_path: str | None = editable()
    person_path: str | None = editable()
    person_by: InboundKey = editable()
    once: InboundOnce = editable()
    once_seconds: int = editable()
    per_minute: int = editable()
    hint: str
    previous_until: datetime | None
    revision: int
    created_at: datetime = column("When it was defined.")
    updated_at: datetime

    @computed(("mapping",), "Which values of the body the fact holds.")
    def mapping(self: Any) -> list[InboundValue]:
        """As they were given."""
        kept = (models.InboundValue.model_validate(each) for each in self.mapping)
        return [InboundValue(**each.model_dump()) for each in kept]


@entity(models.ProviderEvent)
class ProviderEvent(Node):
    """Something that a provider or another system told us."""

    id: strawberry.ID = column("The event's own id.")
    source: str
    external_id: str
    type: str
    state: ProviderEventState
    note: str | None
    created_at: datetime = column("When it came in.")
    handled_at: datetime | None
    hook: InboundHook | None = related_one(hooks.HOOK_OF_EVENT, "The hook by which it came in, if by one.")
    job: Job | None = related_one(events.JOB_OF_EVENT, "The job that handles it, for those who look after jobs.")

    @computed(("body",), "What was sent. It may hold personal data.")
    def payload(self: Any) -> JSON:
        """The body as JSON."""
        payload: JSON = orjson.loads(self.body)
        return payload


@strawberry.input(description="Which events.")
class ProviderEventFilter:
    """All conditions must hold."""

    source: str | None = strawberry.field(default=None, description="From this source: stripe, or hook.")
    type: str | None = strawberry.field(default=None, description="Of this type.")
    state: ProviderEventState | None = strawberry.field(default=None, description="Those that stand so.")
    hook: strawberry.ID | None = strawberry.field(default=None, description="That came in by this hook.")
    parked: bool | None = strawberry.field(
        default=None, description="Whether somebody has to look at them, because their job is parked."
    )


InboundHookSort = sort_enum("InboundHookSort", hooks.HOOKS)
ProviderEventSort = sort_enum("ProviderEventSort", events.EVENTS)


@strawberry.type
class InboxQuery:
    """Root fields about what comes in."""

    inbound_hooks: Connection[InboundHook] = connection(
        hooks.HOOKS, "The hooks by which others tell us things.", sort=InboundHookSort, scope=Scope.INBOX_MANAGE
    )
    inbound_hook: InboundHook | None = by_id(hooks.HOOK_BY_ID, "One hook; null for who does not look after the inbox.")
    provider_events: Connection[ProviderEvent] = connection(
        events.EVENTS,
        "What came in, the newest first.",
        sort=ProviderEventSort,
        filter=ProviderEventFilter,
        scope=Scope.INBOX_MANAGE,
    )
    provider_event: ProviderEvent | None = by_id(
        events.EVENT_BY_ID, "One event that came in; null for who does not look after the inbox."
    )


@strawberry.input(description="One value of a body that the fact is to hold. It is no place for what is personal.")
class InboundValueInput:
    """A name, where the value is, and what it has to be."""

    name: str = strawberry.field(description="What the fact calls it: a word such as issueId.")
    path: str = strawberry.field(description="Where the body has it, as a JSON Pointer such as /data/issue/id.")
    kind: InboundKind = strawberry.field(description="What it has to be.")
    is_required: bool = strawberry.field(default=True, description="Whether a body without it does not fit.")


Id = Annotated[strawberry.ID, described_as("The hook's id.")]
EventId = Annotated[strawberry.ID, described_as("The event's id.")]
Expected = Annotated[int, described_as("The revision you started from; another one now is a conflict.")]
Mapping = Annotated[list[InboundValueInput], described_as("Which values the fact holds; none when absent. At most 20.")]
NewMapping = Annotated[
    list[InboundValueInput] | None, described_as("Which values the fact holds, all of them; unchanged when absent.")
]
GraceHours = Annotated[int, described_as("For how many hours the token before is taken, too; 24 when absent.")]
TOKEN = {"token": (str, "The hook's token. It is never shown again.")}


@mutation(Scope.INBOX_MANAGE, InboundHook, creates=True, extra=TOKEN, records=(facts.InboundHookCreated,))
async def inbound_hook_create(act: Act, fields: Fields, mapping: Mapping = ()) -> Done:  # type: ignore[assignment]
    """Defines a hook: what is sent to its address becomes the fact `inbound.received`.

    Send JSON by POST to `/hooks/in`, with the token as bearer token, or to `/hooks/in/<token>`.
    """
    hook_id, token = await hooks.create(act.tx, fields, plain(list(mapping)))
    return Done(hook_id, {"token": token})


@mutation(Scope.INBOX_MANAGE, InboundHook, updates=True, records=(facts.InboundHookUpdated,))
async def inbound_hook_update(
    act: Act, id: Id, expected_revision: Expected, fields: Fields, mapping: NewMapping = None
) -> str:
    """Saves changed fields of a hook. What came in before is mapped as it says now when it is replayed."""
    await hooks.update(act.tx, id, expected_revision, fields, None if mapping is None else plain(mapping))
    return id


# Trusted: nobody but the service reads what is kept of a token.
@mutation(Scope.INBOX_MANAGE, InboundHook, trusted=True, extra=TOKEN, records=(facts.InboundHookRotated,))
async def inbound_hook_rotate(act: Act, id: Id, grace_hours: GraceHours = 24) -> Done:
    """Gives a hook another token. The one before is taken for a while yet, so that nothing is lost meanwhile."""
    return Done(id, {"token": await hooks.rotate(act.tx, act.viewer, id, grace_hours)})


@mutation(Scope.INBOX_MANAGE, InboundHook, records=(facts.InboundHookDeleted,))
async def inbound_hook_delete(act: Act, id: Id) -> Done:
    """Removes a hook, whose tokens are worthless at once. What came in by it stays for a while."""
    await hooks.delete(act.tx, id)
    return Done(None, subject=id)


# Trusted: the job of an event is called for by whoever sent it, and may not be the viewer's to change.
@mutation(Scope.INBOX_MANAGE, ProviderEvent, trusted=True)
async def provider_event_replay(act: Act, id: EventId) -> str:
    """Has an event handled again, from the beginning: after its hook was mended, or what it is about came to be."""
    await events.replay(act.tx, id)
    return id


MUTATIONS = (
    inbound_hook_create,
    inbound_hook_update,
    inbound_hook_rotate,
    inbound_hook_delete,
    provider_event_replay,
)
