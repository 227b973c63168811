"""What is visible of webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.relations import Relation, Sort, equals
from core.tables import id_type, table_of
from models.webhooks import DeliveryAttempt, Webhook, WebhookDelivery, WebhookLane, WebhookSecret

WEBHOOK, SECRET, LANE = table_of(Webhook), table_of(WebhookSecret), table_of(WebhookLane)
DELIVERY, ATTEMPT = table_of(WebhookDelivery), table_of(DeliveryAttempt)

WEBHOOKS = Relation(
    Webhook,
    sorts={"NAME": Sort("name"), "NEWEST": Sort("id", descending=True)},
    filters={"state": equals(WEBHOOK.c.state)},
)
WEBHOOK_BY_ID = Relation(Webhook, "id")
WEBHOOK_OF_DELIVERY = Relation(Webhook, "id", "webhook_id")
_NEWEST = {"NEWEST": Sort("id", descending=True), "OLDEST": Sort("id")}
_FILTERS = {
    "state": equals(DELIVERY.c.state),
    "type": equals(DELIVERY.c.type),
    "subject": equals(DELIVERY.c.subject_id),
}
DELIVERIES_OF_WEBHOOK = Relation(WebhookDelivery, "webhook_id", sorts=_NEWEST, filters=_FILTERS)
DELIVERY_BY_ID = Relation(WebhookDelivery, "id")
ATTEMPTS_OF_DELIVERY = Relation(DeliveryAttempt, "delivery_id", sorts={"NUMBER": Sort("number")})


def array_of(ids: Sequence[str]) -> Any:
    """Ids as one value of SQL."""
    return sa.literal(list(ids), ARRAY(id_type()))
