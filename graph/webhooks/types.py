"""Webhooks, their deliveries and attempts, for those who look after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import strawberry

import models.webhooks as models
from core.errors import RequestError
from core.expressions import text_in_words
from graph.engine import BatchInfo
from graph.fields import batched, column, described, entity, related
from graph.node import Node, by_id
from graph.paging import Connection, connection, sort_enum
from graph.scalars import JSON, Long
from models.events import FactType
from models.identity import Scope
from models.webhooks import AttemptOutcome, DeliveryState, WebhookState
from resolvers.webhooks import vectors, visible
from resolvers.webhooks.kit import Unpayable

described(
    WebhookState,
    active="What happens is sent.",
    paused="Nothing is sent; what happens is kept for it until it is resumed.",
    disabled="The receiver said that it is gone for good; what happens is not kept for it.",
)
described(
    DeliveryState,
    pending="It waits for its turn, or to be tried again.",
    delivered="The receiver took it.",
    skipped="The query is not about this; nothing was sent.",
    parked="It was tried in vain to the end, or cannot be made: somebody has to look at it.",
)
described(
    AttemptOutcome,
    delivered="The receiver answered with a status from 200 to 299.",
    refused="The receiver answered with another status.",
    redirected="The receiver answered that it is elsewhere; nobody looked there.",
    timed_out="There was no whole answer in time.",
    unreachable="There was no connection, or it broke.",
    forbidden="The address is not one that may be sent to.",
    not_made="There was nothing to send: the query failed, or was not about this.",
    lost="Whoever sent it was lost, so that nobody knows whether it arrived.",
)


@entity(models.DeliveryAttempt)
class DeliveryAttempt:
    """One try of a delivery."""

    number: int
    outcome: AttemptOutcome
    created_at: datetime = column("When it was over.")
    url: str
    address: str | None
    status: int | None
    reason: str | None
    answer: str | None = column("The beginning of the answer's body as text: 16 KB at most.")
    duration_ms: int
    body_bytes: int
    body_sha256: str | None


@entity(models.WebhookDelivery)
class WebhookDelivery(Node):
    """One fact for one webhook."""

    id: strawberry.ID = column("Its own id, which receivers find in the header `webhook-id`.")
    webhook_id: strawberry.ID
    fact_id: strawberry.ID | None
    type: str
    subject_id: strawberry.ID
    position: Long | None
    sequence: Long
    occurred_at: datetime
    state: DeliveryState
    reason: str | None
    attempts: int = column("How often it was tried.")
    max_attempts: int
    next_at: datetime | None
    finished_at: datetime | None
    log: list[DeliveryAttempt] = related(visible.ATTEMPTS_OF_DELIVERY, "Its attempts, the first one first.")


@strawberry.input(description="Which deliveries.")
class WebhookDeliveryFilter:
    """All conditions must hold."""

    state: DeliveryState | None = strawberry.field(default=None, description="Those that stand so.")
    type: FactType | None = strawberry.field(default=None, description="Of facts of this type.")
    subject: strawberry.ID | None = strawberry.field(default=None, description="About this object.")


WebhookDeliverySort = sort_enum("WebhookDeliverySort", visible.DELIVERIES_OF_WEBHOOK)


def _described(make: Callable[[Sequence[str], Any], Any]) -> Callable[..., Any]:
    """A batch that says something about what the query of each webhook selects."""

    def batch(webhooks: Sequence[Any], info: BatchInfo) -> list[Any]:
        hooks = info.context.hooks
        if hooks is None:
            raise RequestError("There are no webhooks here.", "UNAVAILABLE")
        found: list[Any] = []
        for each in webhooks:
            try:
                found.append(make(each.events, hooks.payloads.json_schema(each.query)))
            except Unpayable as error:
                found.append(RequestError(f"The query does not run any more: {error}"))
        return found

    return batch


@entity(models.Webhook)
class Webhook(Node):
    """An address elsewhere that is told what happens here."""

    id: strawberry.ID = column("The webhook's own id.")
    owner_id: strawberry.ID | None
    name: str
    url: str
    events: list[FactType]
    query: str
    filter: str | None
    filter_in_words: str | None = batched(
        lambda webhooks, _info: [text_in_words(each.filter) for each in webhooks],
        "The filter in plain words.",
        needs=("filter",),
    )
    about: list[strawberry.ID]
    scopes: list[Scope]
    state: WebhookState
    reason: str | None
    failing_since: datetime | None
    not_before: datetime | None
    revision: int
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it last changed.")
    deliveries: Connection[WebhookDelivery] = connection(
        visible.DELIVERIES_OF_WEBHOOK,
        "What it was told, the newest first.",
        sort=WebhookDeliverySort,
        filter=WebhookDeliveryFilter,
    )
    payload_schema: JSON | None = batched(
        _described(vectors.body_schema),
        "The JSON Schema of the bodies that it sends, for whoever builds the receiver.",
        needs=("events", "query"),
    )
    test_vectors: JSON | None = batched(
        _described(vectors.vectors),
        "Messages of the shape that it sends, with headers, a secret that everybody knows, and whether to take them.",
        needs=("events", "query"),
    )


@strawberry.input(description="Which webhooks.")
class WebhookFilter:
    """All conditions must hold."""

    state: WebhookState | None = strawberry.field(default=None, description="Those that stand so.")


WebhookSort = sort_enum("WebhookSort", visible.WEBHOOKS)


@strawberry.type
class WebhooksQuery:
    """Root fields about webhooks."""

    webhooks: Connection[Webhook] = connection(
        visible.WEBHOOKS,
        "All webhooks, by name.",
        sort=WebhookSort,
        filter=WebhookFilter,
        scope=Scope.WEBHOOKS_MANAGE,
    )
    webhook: Webhook | None = by_id(visible.WEBHOOK_BY_ID, "A webhook; null for who does not look after them.")
    webhook_delivery: WebhookDelivery | None = by_id(
        visible.DELIVERY_BY_ID, "One delivery; null for who does not look after webhooks."
    )
