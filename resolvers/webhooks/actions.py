"""What managers do with webhooks: make, change, stop, resume and remove them, and have deliveries repeated.

Whoever changes where a webhook sends to, what, or how much it may read, answers for it from then on; and nobody gives
it more than they may do themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.errors import DomainError, InvalidInput, NotFound, SeveralErrors
from core.ids import tag_of
from core.jobs import JobKind, Priority
from core.revisions import require_revision
from core.rows import Row
from core.sealing import Unreadable
from core.viewer import refuse_acting_as
from core.writing import Transaction, checked
from gateways.webhooks import new_secret
from models.events import (
    BY_TYPE,
    WebhookCreated,
    WebhookDeleted,
    WebhookPaused,
    WebhookResumed,
    WebhookSecretRotated,
    WebhookUpdated,
)
from models.identity import Scope
from models.webhooks import DeliveryState, Webhook, WebhookDelivery, WebhookSecret, WebhookState
from resolvers import events, jobs
from resolvers.webhooks import filters
from resolvers.webhooks.kit import Hooks
from resolvers.webhooks.messages import TRIAL
from resolvers.webhooks.placing import DUE, lanes
from resolvers.webhooks.principal import reading_as, require_no_more, set_up_by
from resolvers.webhooks.schedule import TRIES
from resolvers.webhooks.sending import next_of_lane
from resolvers.webhooks.visible import DELIVERY, LANE, WEBHOOK, array_of

MOST_WEBHOOKS = 100
MOST_ABOUT = 100
MOST_REPEATED = 10_000
LONGEST_OVERLAP_HOURS = 24 * 7
# What goes on after a webhook was removed, or resumed: a batch at a time.
REMOVE_REST = JobKind("remove_rest_of_webhook", priority=Priority.LOW, time_limit=1800)
HURRY = JobKind("hurry_webhook", time_limit=600)
# Whoever makes webhooks waits for whoever is at it, so that there are never more than there may be.
_LOCK = 0x686F_6F6C
ACTIVE, PAUSED = WebhookState.ACTIVE.value, WebhookState.PAUSED.value
PENDING, PARKED = DeliveryState.PENDING.value, DeliveryState.PARKED.value
# With any of these in other hands, the webhook is another one.
_DECISIVE = frozenset({"url", "query", "events", "filter", "about", "scopes"})

# Actions: the webhooks themselves ------------------------------------------------------------------------------------


async def create(tx: Transaction, hooks: Hooks, fields: Mapping[str, Any]) -> tuple[str, str]:
    """A new webhook of the viewer's; answers its id, and its signing secret for the only time."""
    refuse_acting_as(tx.viewer)
    if tx.viewer.user_id is None:
        raise DomainError("Somebody has to answer for a webhook.", "FORBIDDEN")
    values = _checked(hooks, fields, None)
    require_no_more(tx.viewer, values["scopes"])
    await _require_room(tx)
    webhook_id = Webhook.new_id()
    await tx.insert(Webhook, [{"id": webhook_id, "about": [], **set_up_by(tx.viewer), **values}])
    secret = await _add_secret(tx, hooks, webhook_id, None)
    events.record(tx, WebhookCreated(subject_id=webhook_id))
    return webhook_id, secret


async def update(
    tx: Transaction, hooks: Hooks, webhook_id: str, expected_revision: int, fields: Mapping[str, Any]
) -> None:
    """Saves changed fields. What is sent from then on, and what waits already, goes by the new ones."""
    refuse_acting_as(tx.viewer)
    found = await _locked(tx, webhook_id)
    values = _checked(hooks, fields, found)
    require_revision(found, expected_revision, values)
    if not values:
        return
    if _DECISIVE & values.keys():
        # Also what is kept: a lesser manager must not send elsewhere what only the maker may read.
        require_no_more(tx.viewer, values.get("scopes", found.scopes))
        values |= set_up_by(tx.viewer)
    await _set(tx, webhook_id, **values, revision=WEBHOOK.c.revision + 1)
    events.record(tx, WebhookUpdated(subject_id=webhook_id, fields=sorted(fields)))


async def delete(tx: Transaction, webhook_id: str) -> None:
    """Removes a webhook; what was kept of it goes soon. What is being sent at the moment may still arrive."""
    await _locked(tx, webhook_id)
    await tx.execute(sa.delete(WEBHOOK).where(WEBHOOK.c.id == webhook_id))
    await jobs.enqueue(tx, REMOVE_REST, {"webhook_id": webhook_id})
    events.record(tx, WebhookDeleted(subject_id=webhook_id))


async def pause(tx: Transaction, webhook_id: str) -> None:
    """Has a webhook send nothing until it is resumed."""
    if (await _locked(tx, webhook_id)).state != ACTIVE:
        raise DomainError("Only an active webhook can be paused.", "WRONG_STATE", ("id",))
    await _set(tx, webhook_id, state=PAUSED, reason="It was paused by hand.")
    events.record(tx, WebhookPaused(subject_id=webhook_id, cause="by_hand"))


async def resume(tx: Transaction, webhook_id: str) -> None:
    """Has a webhook send again, at once what waited. Who resumes it answers for it, and may not be less than it."""
    refuse_acting_as(tx.viewer)
    found = await _locked(tx, webhook_id)
    if found.state == ACTIVE:
        raise DomainError("This webhook is active already.", "WRONG_STATE", ("id",))
    if tx.viewer.user_id is not None and found.owner_id != tx.viewer.user_id:
        require_no_more(tx.viewer, found.scopes)
    await _set(tx, webhook_id, state=ACTIVE, reason=None, failing_since=None, not_before=None, **set_up_by(tx.viewer))
    if await hurry(tx, webhook_id):
        await jobs.enqueue(tx, HURRY, {"webhook_id": webhook_id})
    events.record(tx, WebhookResumed(subject_id=webhook_id))


async def hurry(tx: Transaction, webhook_id: str, most: int = 1_000) -> bool:
    """Has what waits to be tried again tried now, at most so much of it; answers whether there may be more.

    What somebody else is at has its turn anyway, or a moment later.
    """
    waits = sa.select(LANE.c.id).where(LANE.c.webhook_id == webhook_id, LANE.c.next_at > sa.func.now())
    found = await tx.rows(waits.limit(most).with_for_update(skip_locked=True))
    ids = array_of([each.id for each in found])
    later = sa.and_(DELIVERY.c.lane_id == sa.any_(ids), DELIVERY.c.state == PENDING, DELIVERY.c.next_at.is_not(None))
    await tx.execute(sa.update(DELIVERY).where(later).values(next_at=None))
    await tx.execute(sa.update(LANE).where(LANE.c.id == sa.any_(ids)).values(next_at=sa.func.now()))
    tx.wake(DUE)
    return len(found) == most


async def rotate_secret(tx: Transaction, hooks: Hooks, webhook_id: str, overlap_hours: int) -> str:
    """A new signing secret, shown once; the one before it signs along with it for so many hours."""
    refuse_acting_as(tx.viewer)
    if not 0 <= overlap_hours <= LONGEST_OVERLAP_HOURS:
        raise InvalidInput(f"Between 0 and {LONGEST_OVERLAP_HOURS} hours.", "INVALID", ("overlapHours",))
    await _locked(tx, webhook_id)
    secret = await _add_secret(tx, hooks, webhook_id, timedelta(hours=overlap_hours))
    events.record(tx, WebhookSecretRotated(subject_id=webhook_id))
    return secret


# Actions: deliveries -------------------------------------------------------------------------------------------------


async def test(tx: Transaction, webhook_id: str) -> str:
    """Has a message sent that tells of nothing, even where the webhook is paused; answers the delivery's id."""
    await _locked(tx, webhook_id)
    delivery_id = WebhookDelivery.new_id()
    made = await lanes(tx, {(webhook_id, delivery_id): 1}, is_trial=True)
    row = {
        "id": delivery_id,
        "webhook_id": webhook_id,
        "lane_id": made[webhook_id, delivery_id].id,
        "fact_id": None,
        "type": TRIAL,
        "subject_id": webhook_id,
        "position": None,
        "sequence": 1,
        "occurred_at": sa.func.now(),
        "max_attempts": 1,
    }
    await tx.insert(WebhookDelivery, [row])
    tx.wake(DUE)
    return delivery_id


async def redeliver(
    tx: Transaction,
    webhook_id: str,
    delivery_ids: Sequence[str] | None = None,
    positions: tuple[int, int] | None = None,
    failed_since: datetime | None = None,
) -> int:
    """Has deliveries sent once more, with all their tries before them and the same ids; answers how many.

    Chosen are some by their ids, or all from one place in the log to another, or all that were parked since an instant.
    """
    await _locked(tx, webhook_id)
    chosen = _chosen(delivery_ids, positions, failed_since)
    over = sa.and_(DELIVERY.c.webhook_id == webhook_id, DELIVERY.c.state != PENDING, DELIVERY.c.fact_id.is_not(None))
    picked = sa.select(DELIVERY.c.id, DELIVERY.c.lane_id).where(over, chosen).order_by(DELIVERY.c.id)
    found = await tx.rows(picked.limit(MOST_REPEATED + 1))
    if len(found) > MOST_REPEATED:
        raise InvalidInput(f"These are more than {MOST_REPEATED}. Choose fewer at a time.", "TOO_MANY", ())
    if delivery_ids is not None and len(found) < len(set(delivery_ids)):
        raise InvalidInput("Some are no deliveries of this webhook, or not over yet.", "INVALID", ("deliveryIds",))
    if not found:
        return 0
    # Whoever is sending something of these lanes is waited for.
    lane_ids = array_of(sorted({each.lane_id for each in found}))
    await tx.rows(sa.select(LANE.c.id).where(LANE.c.id == sa.any_(lane_ids)).order_by(LANE.c.id).with_for_update())
    again = {
        "state": PENDING,
        "max_attempts": DELIVERY.c.attempts + TRIES,
        "next_at": None,
        "reason": None,
        "finished_at": None,
        "updated_at": sa.func.now(),
    }
    ids = DELIVERY.c.id == sa.any_(array_of([each.id for each in found]))
    number = await tx.execute(sa.update(DELIVERY).where(ids, DELIVERY.c.state != PENDING).values(**again))
    await tx.execute(sa.update(LANE).where(LANE.c.id == sa.any_(lane_ids)).values(next_at=next_of_lane()))
    tx.wake(DUE)
    return number


def _chosen(
    delivery_ids: Sequence[str] | None, positions: tuple[int, int] | None, failed_since: datetime | None
) -> sa.ColumnElement[bool]:
    given = [each for each in (delivery_ids, positions, failed_since) if each is not None]
    if len(given) != 1:
        raise InvalidInput("Choose by deliveryIds, by positions, or by failedSince.", "INVALID", ())
    if delivery_ids is not None:
        if not 1 <= len(delivery_ids) <= MOST_ABOUT or any(tag_of(each) is None for each in delivery_ids):
            raise InvalidInput(f"Give up to {MOST_ABOUT} ids of deliveries.", "INVALID", ("deliveryIds",))
        return DELIVERY.c.id == sa.any_(array_of(delivery_ids))
    if positions is not None:
        first, last = positions
        if not 1 <= first <= last < 1 << 53:
            raise InvalidInput("Give the first and the last place in the log.", "INVALID", ("positions",))
        return DELIVERY.c.position.between(first, last)
    assert failed_since is not None
    if failed_since.tzinfo is None:
        raise InvalidInput("Give the instant with its offset from UTC.", "INVALID", ("failedSince",))
    return sa.and_(DELIVERY.c.state == PARKED, DELIVERY.c.finished_at >= failed_since)


# Their rules ---------------------------------------------------------------------------------------------------------


def _checked(hooks: Hooks, fields: Mapping[str, Any], known: Row | None) -> dict[str, Any]:
    """The values by their rules; raises all that is wrong at once. `known` is how the webhook stands, if it does."""
    values = checked(Webhook, fields)
    errors: list[DomainError] = []

    def refuse(field: str, words: str) -> None:
        errors.append(InvalidInput(words, "INVALID", (field,)))

    if "url" in values and (problem := hooks.sender.problem(values["url"])):
        refuse("url", problem)
    if {"query", "scopes"} & values.keys():
        query, scopes = (values[name] if name in values else getattr(known, name) for name in ("query", "scopes"))
        for problem in hooks.payloads.problems(query, reading_as(scopes)):
            refuse("query", problem)
    for name, there in (("events", set(BY_TYPE)), ("scopes", {each.value for each in Scope})):
        if name in values:
            values[name] = sorted(set(values[name]))
            if unknown := sorted(set(values[name]) - there):
                refuse(name, f"There is no such thing: {', '.join(unknown)}.")
    if "events" in values and not values["events"]:
        refuse("events", "Choose at least one type of facts.")
    if {"filter", "events"} & values.keys() and not errors:
        text, events = (values[name] if name in values else getattr(known, name, None) for name in ("filter", "events"))
        for each in () if text is None else filters.problems_of(text, events or ()):
            refuse("filter", f"Character {each.position}: {each.message}")
    if "about" in values:
        values["about"] = sorted(set(values["about"]))
        if len(values["about"]) > MOST_ABOUT or any(tag_of(each) is None for each in values["about"]):
            refuse("about", f"Give up to {MOST_ABOUT} ids of ours.")
    if errors:
        raise SeveralErrors(errors)
    return values


async def _require_room(tx: Transaction) -> None:
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    count = await tx.row(sa.select(sa.func.count().label("number")).select_from(WEBHOOK))
    if count is not None and count.number >= MOST_WEBHOOKS:
        raise DomainError(f"There are {MOST_WEBHOOKS} webhooks already, which is the most.", "TOO_MANY")


async def _add_secret(tx: Transaction, hooks: Hooks, webhook_id: str, overlap: timedelta | None) -> str:
    secret = new_secret()
    try:
        sealed = hooks.sealer.seal(secret)
    except Unreadable as error:
        raise DomainError("Webhooks need a key to keep secrets under: set CAIRN_WEBHOOKS__KEYS.", "NO_KEY") from error
    row: dict[str, Any] = {"id": WebhookSecret.new_id(), "webhook_id": webhook_id, "sealed": sealed}
    # Not when the transaction began: of two at once, the one that waited for the other is the later.
    row["created_at"] = sa.func.clock_timestamp()
    await tx.insert(WebhookSecret, [{**row, "overlap_until": None if overlap is None else sa.func.now() + overlap}])
    return secret


async def _locked(tx: Transaction, webhook_id: str) -> Row:
    found = None
    if tag_of(webhook_id) == Webhook.__tag__:
        found = await tx.row(sa.select(WEBHOOK).where(WEBHOOK.c.id == webhook_id).with_for_update(key_share=True))
    if found is None:
        raise NotFound("webhook")
    return found


async def _set(tx: Transaction, webhook_id: str, **values: Any) -> None:
    await tx.execute(sa.update(WEBHOOK).where(WEBHOOK.c.id == webhook_id).values(**values, updated_at=sa.func.now()))
