"""From facts to deliveries: the log is followed from a place of its own, and each fact becomes exactly one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Compiled, compiled
from core.rows import Row
from core.tables import insert_of_arrays
from core.writing import Transaction
from models.webhooks import WebhookDelivery, WebhookLane, WebhookState
from resolvers import followers
from resolvers.events import FACT
from resolvers.webhooks import filters
from resolvers.webhooks.visible import DELIVERY, LANE, WEBHOOK

# Heard by workers when there is something to send.
DUE = "cairn_webhooks"
# As which this follows the log, and how many facts at once.
FOLLOWER = "webhooks"
_FACTS, _AT_ONCE = 200, 500
# Which types of facts are told to anybody, as `followers.passing` asks for them.
TOLD = sa.select(
    sa.literal_column(f"'{FOLLOWER}'").label("name"), sa.func.unnest(WEBHOOK.c.events).label("type")
).where(WEBHOOK.c.state != WebhookState.DISABLED.value)
_SOON = sa.select(sa.func.set_config("lock_timeout", "1s", True))


async def follow(tx: Transaction) -> bool:
    """Makes a delivery of each of the next facts for each webhook that is told of it, so that each becomes exactly one.

    Answers whether there was anything to follow. Who holds a lane is not waited for long: the rest of the log is not
    theirs to hold up.
    """
    await tx.rows(_SOON)
    found = await followers.behind(tx, [FOLLOWER])
    if not found:
        return False
    position = found[0].position
    until = min(position + _FACTS, found[0].last)
    wanted = await tx.rows(_wanted(), {"position": position, "until": until})
    wanted = [each for each in wanted if each.filter is None or filters.lets_through(each.filter, each)]
    for start in range(0, len(wanted), _AT_ONCE):
        await _line_up(tx, wanted[start : start + _AT_ONCE])
    await followers.move(tx, found, until)
    if wanted:
        tx.wake(DUE)
    return True


@lru_cache(maxsize=1)
def _wanted() -> Compiled:
    """The facts once for each webhook that is told of them, in order."""
    about = sa.cast(WEBHOOK.c.about, ARRAY(sa.Text))
    is_about = sa.or_(
        sa.func.cardinality(WEBHOOK.c.about) == 0,
        sa.cast(FACT.c.subject_id, sa.Text) == sa.any_(about),
        FACT.c.payload["rootId"].astext == sa.any_(about),
    )
    told = sa.and_(FACT.c.type == sa.any_(WEBHOOK.c.events), is_about, WEBHOOK.c.state != WebhookState.DISABLED.value)
    first, until = sa.bindparam("position", type_=sa.BigInteger), sa.bindparam("until", type_=sa.BigInteger)
    facts = (FACT.c.id, FACT.c.type, FACT.c.subject_id, FACT.c.actor_id, FACT.c.position, FACT.c.created_at)
    return compiled(
        sa.select(
            WEBHOOK.c.id.label("webhook_id"),
            WEBHOOK.c.filter,
            *facts,
            # What filters ask about.
            sa.case((WEBHOOK.c.filter.is_not(None), FACT.c.payload)).label("payload"),
        )
        .select_from(sa.join(FACT, WEBHOOK, told))
        .where(FACT.c.position > first, FACT.c.position <= until)
        .order_by(FACT.c.position, WEBHOOK.c.id)
    )


async def _line_up(tx: Transaction, wanted: Sequence[Row]) -> None:
    """Puts deliveries at the ends of their lanes. Whoever sends the last of a lane waits for this, or this for them."""
    numbers = Counter((each.webhook_id, each.subject_id) for each in wanted)
    ends = await lanes(tx, numbers)
    next_of = {key: (lane.id, lane.last_sequence - numbers[key]) for key, lane in ends.items()}
    places = []
    for each in wanted:
        lane_id, before = next_of[each.webhook_id, each.subject_id]
        next_of[each.webhook_id, each.subject_id] = (lane_id, before + 1)
        places.append((lane_id, before + 1))
    values = {
        # Ids of one millisecond sort as they fall: by these, deliveries sort as their facts do.
        "id": sorted(WebhookDelivery.new_id() for _ in wanted),
        "webhook_id": [each.webhook_id for each in wanted],
        "lane_id": [lane_id for lane_id, _ in places],
        "fact_id": [each.id for each in wanted],
        "type": [each.type for each in wanted],
        "subject_id": [each.subject_id for each in wanted],
        "position": [each.position for each in wanted],
        "sequence": [sequence for _, sequence in places],
        "occurred_at": [each.created_at for each in wanted],
    }
    await tx.execute(_DELIVERIES, values)


async def lanes(
    tx: Transaction, numbers: Mapping[tuple[str, str], int], *, is_trial: bool = False
) -> dict[tuple[str, str], Row]:
    """Makes the lanes of (webhook, subject) longer by so many, or makes them; answers each, locked, with its end."""
    keys = sorted(numbers)
    values = {
        "id": [WebhookLane.new_id() for _ in keys],
        "webhook_id": [webhook_id for webhook_id, _ in keys],
        "subject_id": [subject_id for _, subject_id in keys],
        "last_sequence": [numbers[key] for key in keys],
        "is_trial": is_trial,
    }
    found = await tx.rows(_LANES, values)
    return {(each.webhook_id, each.subject_id): each for each in found}


def _lanes() -> Any:
    same = {"next_at": sa.func.now(), "is_trial": sa.bindparam("is_trial", type_=sa.Boolean)}
    statement = insert_of_arrays(LANE, ("id", "webhook_id", "subject_id", "last_sequence"), same)
    longer = statement.on_conflict_do_update(
        index_elements=["webhook_id", "subject_id"],
        set_={
            "last_sequence": LANE.c.last_sequence + statement.excluded.last_sequence,
            "next_at": sa.func.coalesce(LANE.c.next_at, sa.func.now()),
        },
    )
    return longer.returning(LANE.c.id, LANE.c.webhook_id, LANE.c.subject_id, LANE.c.last_sequence)


_GIVEN = ("id", "webhook_id", "lane_id", "fact_id", "type", "subject_id", "position", "sequence", "occurred_at")
_FRESH: dict[str, Any] = {
    "state": sa.literal_column("'pending'"), "attempts": sa.literal_column("0"), "max_attempts": sa.literal_column("10")
}  # fmt: skip
# Made ready once: one text for any number of rows.
_DELIVERIES, _LANES = compiled(insert_of_arrays(DELIVERY, _GIVEN, _FRESH).on_conflict_do_nothing()), compiled(_lanes())
