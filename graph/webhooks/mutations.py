"""What can be done with webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry

import models.events as facts
from core.errors import DomainError
from graph.door import Act, Done, described_as, mutation
from graph.scalars import Long
from graph.webhooks.types import Webhook
from models.events import FactType
from models.identity import Scope
from resolvers.requests import limits
from resolvers.webhooks import actions, rehearsing
from resolvers.webhooks.kit import Hooks

MANAGE = Scope.WEBHOOKS_MANAGE
# What no caller can send: that an argument was not given, where null says something.
_ABSENT: Any = object()

Id = Annotated[strawberry.ID, described_as("The webhook's id.")]
Name = Annotated[str, described_as("A word to recognise it by.")]
Url = Annotated[str, described_as("Where deliveries are sent: an https address on the open internet.")]
Events = Annotated[list[FactType], described_as("The types of facts that it is told of.")]
Query = Annotated[
    str, described_as("A subscription to facts, without variables: what it selects of each fact is the payload.")
]
About = Annotated[
    list[strawberry.ID] | None,
    described_as("Only what happens to these objects, or to parts of these courses; everything when null."),
]
Filter = Annotated[
    str | None,
    described_as(
        "A condition over what the fact says, by the names of its payload, such as `revision > 1`; all when null."
    ),
]
Scopes = Annotated[
    list[Scope],
    described_as(
        "The permissions with which the query reads: none that you do not have yourself. "
        "Without any, it reads what everybody may."
    ),
]
Revision = Annotated[int, described_as("The revision that you started from.")]
Overlap = Annotated[int, described_as("For how many hours the secret before this one signs as well.")]
DeliveryIds = Annotated[list[strawberry.ID] | None, described_as("These deliveries, whether they arrived or not.")]
FailedSince = Annotated[datetime | None, described_as("All that were parked since this instant.")]
_SECRET = {"secret": (str, "The signing secret, as receivers' libraries take it. It is never shown again.")}


@strawberry.input(description="From one place in the log to another.")
class PositionRange:
    """Both ends belong to it."""

    first: Long = strawberry.field(description="The first place.")
    last: Long = strawberry.field(description="The last place.")


Positions = Annotated[
    PositionRange | None,
    described_as("All about facts from one place in the log to another, whether they arrived or not."),
]


@strawberry.type(description="A header of a message.")
class WebhookHeader:
    """Name and value."""

    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")


@mutation(MANAGE, Webhook, records=(facts.WebhookCreated,), extra=_SECRET)
async def webhook_create(
    act: Act,
    name: Name,
    url: Url,
    events: Events,
    query: Query,
    filter: Filter = None,
    about: About = None,
    scopes: Scopes = (),  # type: ignore[assignment]
) -> Done:
    """Has what happens here sent to an address elsewhere, signed by Standard Webhooks.

    What is sent is what the query selects of each fact, read when it is sent. Try it with webhookDryRun before.
    """
    fields = {"name": name, "url": url, "query": query, "filter": filter, "about": about or []}
    fields |= _values(events=events, scopes=scopes)
    webhook_id, secret = await actions.create(act.tx, _hooks(act), fields)
    return Done(webhook_id, {"secret": secret})


@mutation(MANAGE, Webhook, records=(facts.WebhookUpdated,))
async def webhook_update(
    act: Act,
    id: Id,
    expected_revision: Revision,
    name: Name = _ABSENT,
    url: Url = _ABSENT,
    events: Events = _ABSENT,
    query: Query = _ABSENT,
    filter: Filter = _ABSENT,
    about: About = _ABSENT,
    scopes: Scopes = _ABSENT,
) -> str:
    """Changes a webhook; what waits already is sent by the new rules, too.

    Whoever changes more than its name answers for it from then on.
    """
    given = {"name": name, "url": url, "events": events, "query": query, "scopes": scopes}
    fields = _values(**{each: value for each, value in given.items() if value not in (_ABSENT, None)})
    if about is not _ABSENT:
        fields["about"] = about or []
    if filter is not _ABSENT:
        fields["filter"] = filter
    await actions.update(act.tx, _hooks(act), id, expected_revision, fields)
    return id


@mutation(MANAGE, Webhook, records=(facts.WebhookDeleted,))
async def webhook_delete(act: Act, id: Id) -> Done:
    """Removes a webhook, with the log of its deliveries. What is under way at the moment may still arrive."""
    await actions.delete(act.tx, id)
    return Done(None, subject=id)


@mutation(MANAGE, Webhook, records=(facts.WebhookPaused,))
async def webhook_pause(act: Act, id: Id) -> str:
    """Has a webhook send nothing until it is resumed. What happens meanwhile is kept for it."""
    await actions.pause(act.tx, id)
    return id


@mutation(MANAGE, Webhook, records=(facts.WebhookResumed,))
async def webhook_resume(act: Act, id: Id) -> str:
    """Has a webhook send again, what waited first. Whoever resumes it answers for it from then on."""
    await actions.resume(act.tx, id)
    return id


@mutation(MANAGE, Webhook, records=(facts.WebhookSecretRotated,), extra=_SECRET)
async def webhook_rotate_secret(act: Act, id: Id, overlap_hours: Overlap = 24) -> Done:
    """Gives a webhook a new signing secret. For a while messages carry two signatures, one by each."""
    return Done(id, {"secret": await actions.rotate_secret(act.tx, _hooks(act), id, overlap_hours)})


@mutation(
    MANAGE,
    Webhook,
    limit=limits.WEBHOOK,
    extra={"delivery_id": (strawberry.ID, "The delivery, whose log tells what came of it soon.")},
)
async def webhook_test(act: Act, id: Id) -> Done:
    """Sends a message of the type `webhook.trial`, once, to see whether it arrives; to a paused webhook, too."""
    return Done(id, {"delivery_id": await actions.test(act.tx, id)})


@mutation(MANAGE, Webhook, extra={"count": (int, "How many deliveries are sent again.")})
async def webhook_redeliver(
    act: Act,
    id: Id,
    delivery_ids: DeliveryIds = None,
    positions: Positions = None,
    failed_since: FailedSince = None,
) -> Done:
    """Has deliveries that are over sent again, with the same ids and all their tries before them.

    Choose them in one of three ways. At most 10,000 at a time.
    """
    places = None if positions is None else (positions.first, positions.last)
    return Done(id, {"count": await actions.redeliver(act.tx, id, delivery_ids, places, failed_since)})


@mutation(
    MANAGE,
    Webhook,
    trusted=True,
    limit=limits.WEBHOOK,
    extra={
        "fact_id": (strawberry.ID, "The fact of which this would be told."),
        "body": (str, "The body, as it would be sent."),
        "headers": (list[WebhookHeader], "The headers, signed with the secret below."),
        "secret": (str, "A secret that everybody knows: no message of a webhook is signed with it."),
    },
)
async def webhook_dry_run(
    act: Act,
    id: Annotated[strawberry.ID | None, described_as("A webhook; what is not given is taken from it.")] = None,
    query: Annotated[str | None, described_as("The query to try.")] = None,
    events: Annotated[list[FactType] | None, described_as("Facts of these types; all when not given.")] = None,
    scopes: Annotated[list[Scope] | None, described_as("The permissions with which the query reads.")] = None,
    about_id: Annotated[
        strawberry.ID | None, described_as("The object to try it with; the one of the newest fact when not given.")
    ] = None,
) -> Done:
    """Shows what would be sent of the newest fact that fits, about a real object; nothing is sent.

    It reads with the permissions that the webhook would have, of which you need every one yourself.
    """
    given = _values(events=events, scopes=scopes)
    tried = rehearsing.Tried(id, query, given.get("events"), given.get("scopes"), about_id)
    found = await rehearsing.dry_run(act.tx, act.viewer, _hooks(act), tried)
    headers = [WebhookHeader(name=name, value=value) for name, value in found.headers.items()]
    shown = {"fact_id": found.fact_id, "body": found.body, "headers": headers, "secret": found.secret}
    return Done(id, shown, subject=id)


def _values(**given: Any) -> dict[str, Any]:
    """Enum values by what is stored of them; what is None is left out."""
    plain = {name: value for name, value in given.items() if value is not None}
    return {
        name: [getattr(each, "value", each) for each in value] if isinstance(value, (list, tuple)) else value
        for name, value in plain.items()
    }


def _hooks(act: Act) -> Hooks:
    if act.hooks is None:
        raise DomainError("There are no webhooks here.", "UNAVAILABLE")
    return act.hooks


MUTATIONS = (
    webhook_create,
    webhook_update,
    webhook_delete,
    webhook_pause,
    webhook_resume,
    webhook_rotate_secret,
    webhook_test,
    webhook_redeliver,
    webhook_dry_run,
)
