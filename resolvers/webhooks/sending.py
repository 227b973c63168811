"""Sending: what is due is claimed, and what came of it is written down.

Who sends a delivery holds its lane for a while, so that nothing else about the same object goes out meanwhile. When the
lease has run out, the sender was lost: somebody else tries again, with the same id. A claim is an attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.clock import Clock
from core.rows import Row, row_class
from core.viewer import Viewer
from core.writing import Transaction
from models.events import FactEntry, WebhookDisabled, WebhookPaused
from models.webhooks import AttemptOutcome, DeliveryAttempt, DeliveryState, WebhookState
from resolvers import events
from resolvers.webhooks.notices import tell_owner
from resolvers.webhooks.principal import OWNER_COLUMNS, owner_of, viewer_of
from resolvers.webhooks.schedule import LONGEST_PAUSE, pause_after
from resolvers.webhooks.visible import ATTEMPT, DELIVERY, LANE, SECRET, WEBHOOK, array_of

# As which attempts are counted beside those at jobs.
QUEUE, DELIVER = "webhooks", "deliver"
# Longer than composing and sending may take together.
LEASE = timedelta(seconds=60)
# For how long one leaves to a newer release what only that may know.
LEFT_FOR = timedelta(seconds=20)
# One claims at a time, so that nobody exceeds what one receiver is sent at once.
_LOCK = 0x686F_6F6B
# A receiver that fails gets one delivery at a time.
_PER_FAILING = 1
# So many attempts of which nothing was heard are put down to senders, and not to what they sent.
_LOSSES = 10
# After the newest secrets, nobody asks for older ones.
_SECRETS = 2
ACTIVE, PAUSED, DISABLED = WebhookState.ACTIVE.value, WebhookState.PAUSED.value, WebhookState.DISABLED.value
PENDING, PARKED = DeliveryState.PENDING.value, DeliveryState.PARKED.value
DONE = DeliveryState.DELIVERED
_NOT_RECEIVERS = sa.literal([AttemptOutcome.NOT_MADE.value, AttemptOutcome.LOST.value], ARRAY(sa.Text))


@dataclass(frozen=True)
class Claimed:
    """A delivery that is somebody's to send, with all that it takes. Without a viewer nobody answers for it."""

    lane_id: str
    owner: str
    delivery: Row
    webhook: Row
    viewer: Viewer | None
    sealed: tuple[str, ...]
    fact: Row | None
    clock: Clock

    @property
    def is_trial(self) -> bool:
        """Whether no fact stands behind it."""
        return self.delivery.fact_id is None

    @property
    def is_failing(self) -> bool:
        """Whether its receiver did not take anything lately."""
        return self.webhook.failing_since is not None


@dataclass(frozen=True)
class Result:
    """What came of an attempt: how the delivery stands now, and the entry in the log."""

    state: DeliveryState
    reason: str | None = None
    wish: timedelta | None = None
    is_gone: bool = False
    is_receivers: bool = True
    entry: dict[str, Any] = field(default_factory=dict)


# Claiming ------------------------------------------------------------------------------------------------------------


async def claim(tx: Transaction, owner: str, most: int, most_failing: int, per_endpoint: int) -> list[Claimed]:
    """Takes due deliveries, each the first of its lane: at most so many, of these so many to receivers that fail."""
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    held = await tx.rows(_claims(owner, most, most_failing, per_endpoint))
    if not held:
        return []
    lost = {each.id for each in held if each.was_lost}
    first = {each.lane_id: each for each in await tx.rows(_first_of([each.id for each in held]))}
    # Nothing was pending after all, or only what is not due yet: one that was claimed has its time, or its lane has.
    due = [each for each in first.values() if each.is_due]
    idle = [each.id for each in held if each.id not in {one.lane_id for one in due}]
    await _settle_lanes(tx, idle)
    due = [await _noted_lost(tx, each) if each.lane_id in lost and each.attempts > 0 else each for each in due]
    over = [each for each in due if each.attempts >= each.max_attempts]
    for each in over:
        await _finish(tx, each.id, PARKED, "Whoever sent it was lost time and again.")
    await _settle_lanes(tx, [each.lane_id for each in over])
    return await _claimed(tx, owner, [each for each in due if each.attempts < each.max_attempts])


def _claims(owner: str, most: int, most_failing: int, per_endpoint: int) -> sa.Update:
    """Takes lanes: of each webhook those that wait longest, and the first of each before the second of any."""
    found = sa.union_all(_waiting(per_endpoint), _trials(per_endpoint)).subquery("found")
    turn = sa.func.row_number().over(partition_by=found.c.webhook_id, order_by=found.c.next_at).label("turn")
    turns = sa.select(found, turn).subquery("turns")
    place = sa.func.row_number().over(partition_by=turns.c.is_failing, order_by=(turns.c.turn, turns.c.next_at))
    ranked = sa.select(turns, place.label("place")).subquery("ranked")
    chosen = (
        sa.select(ranked.c.id, ranked.c.was_lost)
        .where(ranked.c.place <= sa.case((ranked.c.is_failing, most_failing), else_=most))
        .order_by(ranked.c.is_failing, ranked.c.turn, ranked.c.next_at)
        .limit(most)
        .cte("chosen")
    )
    taken = sa.update(LANE).where(LANE.c.id == chosen.c.id)
    values = {"lease_until": sa.func.now() + LEASE, "lease_owner": owner}
    return taken.values(**values).returning(LANE.c.id, chosen.c.was_lost)


_IS_FAILING = WEBHOOK.c.failing_since.is_not(None)
_IS_OPEN = sa.and_(
    WEBHOOK.c.state == ACTIVE, sa.or_(WEBHOOK.c.not_before.is_(None), WEBHOOK.c.not_before <= sa.func.now())
)
_IS_DUE = sa.and_(
    LANE.c.next_at <= sa.func.now(), sa.or_(LANE.c.lease_until.is_(None), LANE.c.lease_until <= sa.func.now())
)
_LANE = (LANE.c.id, LANE.c.next_at, LANE.c.lease_until.is_not(None).label("was_lost"))


def _waiting(per_endpoint: int) -> sa.Select[Any]:
    """Due lanes of webhooks that may be sent to, as many of each as there is room for."""
    busy = (
        sa.select(LANE.c.webhook_id, sa.func.count().label("number"))
        .where(LANE.c.lease_until > sa.func.now())
        .group_by(LANE.c.webhook_id)
        .subquery("busy")
    )
    most_here = sa.case((~_IS_OPEN, 0), (_IS_FAILING, _PER_FAILING), else_=per_endpoint)
    # Where there is room for none, none is looked at, however many wait.
    waiting = (
        sa.select(*_LANE)
        .where(LANE.c.webhook_id == WEBHOOK.c.id, _IS_DUE)
        .order_by(LANE.c.next_at)
        .limit(sa.func.greatest(most_here - sa.func.coalesce(busy.c.number, 0), 0))
        .with_for_update(skip_locked=True, of=LANE)
        .lateral("waiting")
    )
    webhooks = sa.join(WEBHOOK, busy, busy.c.webhook_id == WEBHOOK.c.id, isouter=True)
    return sa.select(
        WEBHOOK.c.id.label("webhook_id"), _IS_FAILING.label("is_failing"), waiting.c.id, waiting.c.next_at,
        waiting.c.was_lost,
    ).select_from(webhooks.join(waiting, sa.true()))  # fmt: skip


def _trials(most: int) -> sa.Select[Any]:
    """Due trials of webhooks that are not sent anything else at the moment."""
    trials = (
        sa.select(*_LANE)
        .where(LANE.c.webhook_id == WEBHOOK.c.id, LANE.c.is_trial, _IS_DUE)
        .order_by(LANE.c.next_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=LANE)
        .lateral("trials")
    )
    return (
        sa.select(
            WEBHOOK.c.id.label("webhook_id"), _IS_FAILING.label("is_failing"), trials.c.id, trials.c.next_at,
            trials.c.was_lost,
        )
        .select_from(sa.join(WEBHOOK, trials, sa.true()))
        .where(~_IS_OPEN)
    )  # fmt: skip


def _first_of(lane_ids: Sequence[str]) -> sa.Select[Any]:
    """The first pending delivery of each lane, without a look at those behind it."""
    held = sa.func.unnest(array_of(lane_ids)).table_valued("id", name="held").render_derived()
    is_due = sa.or_(DELIVERY.c.next_at.is_(None), DELIVERY.c.next_at <= sa.func.now()).label("is_due")
    first = (
        sa.select(DELIVERY, is_due)
        .where(DELIVERY.c.lane_id == held.c.id, DELIVERY.c.state == PENDING)
        .order_by(DELIVERY.c.sequence)
        .limit(1)
        .lateral("first")
    )
    return sa.select(first).select_from(sa.join(held, first, sa.true()))


async def _noted_lost(tx: Transaction, delivery: Row) -> Row:
    """Writes down the attempt whose sender was not heard of again; whether it got through, nobody knows.

    It costs the receiver none of its tries, as long as it may not be the message that brings its senders down.
    """
    lost = {
        "id": DeliveryAttempt.new_id(),
        "delivery_id": delivery.id,
        "number": delivery.attempts,
        "outcome": AttemptOutcome.LOST.value,
        "url": "",
        "reason": "Whoever sent it was lost. It may have arrived.",
        "duration_ms": 0,
        "body_bytes": 0,
    }
    await tx.execute(insert(ATTEMPT).values(**lost).on_conflict_do_nothing())
    is_lost = sa.and_(ATTEMPT.c.delivery_id == delivery.id, ATTEMPT.c.outcome == AttemptOutcome.LOST.value)
    losses = sa.select(sa.func.count()).where(is_lost).scalar_subquery()
    one_more = sa.update(DELIVERY).where(DELIVERY.c.id == delivery.id, losses <= _LOSSES)
    gained = await tx.execute(one_more.values(max_attempts=DELIVERY.c.max_attempts + 1))
    return Row({**vars(delivery), "max_attempts": delivery.max_attempts + gained})


async def _claimed(tx: Transaction, owner: str, due: Sequence[Row]) -> list[Claimed]:
    if not due:
        return []
    counted = sa.update(DELIVERY).where(DELIVERY.c.id == sa.any_(array_of([each.id for each in due])))
    await tx.execute(counted.values(attempts=DELIVERY.c.attempts + 1))
    webhook_ids = array_of(sorted({each.webhook_id for each in due}))
    rows = sa.select(WEBHOOK, *OWNER_COLUMNS).select_from(owner_of(WEBHOOK)).where(WEBHOOK.c.id == sa.any_(webhook_ids))
    clock = await tx.clock()
    webhooks = {each.id: each for each in await tx.rows(rows)}
    secrets: dict[str, list[Row]] = {}
    newest_first = sa.select(
        SECRET.c.webhook_id, SECRET.c.sealed, (SECRET.c.overlap_until > sa.func.now()).label("overlaps")
    ).order_by(SECRET.c.webhook_id, SECRET.c.created_at.desc(), SECRET.c.id.desc())
    for each in await tx.rows(newest_first.where(SECRET.c.webhook_id == sa.any_(webhook_ids))):
        secrets.setdefault(each.webhook_id, []).append(each)
    facts = await facts_by_id(tx, [each.fact_id for each in due if each.fact_id is not None])
    made = []
    for each in due:
        webhook = webhooks[each.webhook_id]
        sealed = _valid(secrets.get(webhook.id, []))
        again = Row({**vars(each), "attempts": each.attempts + 1})
        fact = facts.get(each.fact_id)
        made.append(Claimed(each.lane_id, owner, again, webhook, viewer_of(webhook), sealed, fact, clock))
    return made


def _valid(newest_first: Sequence[Row]) -> tuple[str, ...]:
    """The newest secret, and the one before it for as long as they overlap."""
    if not newest_first:
        return ()
    number = _SECRETS if newest_first[0].overlaps else 1
    return tuple(each.sealed for each in newest_first[:number])


async def facts_by_id(tx: Transaction, fact_ids: Sequence[str]) -> dict[str, Row]:
    """Facts that are still in the log, as subscriptions read them."""
    if not fact_ids:
        return {}
    made = row_class(FactEntry)
    columns = [column for column in events.FACT.c if column.name != "recorded"]
    found = await tx.rows(sa.select(*columns).where(events.FACT.c.id == sa.any_(array_of(fact_ids))))
    return {row.id: made(vars(row)) for row in found}


# What came of it -----------------------------------------------------------------------------------------------------


async def settle(tx: Transaction, claimed: Claimed, result: Result, pause_after_hours: int) -> bool:
    """Writes down what came of an attempt; False, and nothing is changed, where it is somebody else's by now."""
    is_news = result.is_receivers and not claimed.is_trial
    is_done = result.state is DONE
    if not await _is_held(tx, claimed, changes=is_news and not is_done, mends=is_news and is_done):
        return False
    await tx.insert(DeliveryAttempt, [_entry(claimed, result)])
    delivery = claimed.delivery
    if result.state is DeliveryState.PENDING and delivery.attempts < delivery.max_attempts:
        tried = delivery.attempts - (delivery.max_attempts - 10)
        await _try_again(tx, delivery.id, pause_after(tried, result.wish), result.reason)
    else:
        state = PARKED if result.state is DeliveryState.PENDING else result.state.value
        await _finish(tx, delivery.id, state, result.reason)
    if is_news:
        await _note_health(tx, claimed, result, pause_after_hours)
    await _settle_lanes(tx, [claimed.lane_id])
    return True


async def give_back(tx: Transaction, claimed: Claimed) -> None:
    """Lets go of what was claimed and not begun, or stopped in the middle: that is no attempt."""
    if await _is_held(tx, claimed):
        chosen = sa.update(DELIVERY).where(DELIVERY.c.id == claimed.delivery.id)
        await tx.execute(chosen.values(attempts=DELIVERY.c.attempts - 1))
        await _settle_lanes(tx, [claimed.lane_id])


async def leave(tx: Transaction, claimed: Claimed) -> None:
    """Lets go of what this release of the code cannot send, and a newer one perhaps can. That is no attempt."""
    if await _is_held(tx, claimed):
        chosen = sa.update(DELIVERY).where(DELIVERY.c.id == claimed.delivery.id)
        later = sa.func.now() + LEFT_FOR
        await tx.execute(chosen.values(attempts=DELIVERY.c.attempts - 1, next_at=later))
        await _settle_lanes(tx, [claimed.lane_id])


async def cut_off(tx: Transaction, claimed: Claimed, sent: dict[str, Any]) -> None:
    """Writes down an attempt whose sender had to stop before there was an answer. It is one more than there may be."""
    if await _is_held(tx, claimed):
        entry = {**sent, "outcome": AttemptOutcome.LOST.value, "duration_ms": 0}
        reason = "Whoever sent it had to stop before there was an answer. It may have arrived."
        await tx.insert(DeliveryAttempt, [_entry(claimed, Result(DeliveryState.PENDING, reason, entry=entry))])
        chosen = sa.update(DELIVERY).where(DELIVERY.c.id == claimed.delivery.id)
        await tx.execute(chosen.values(max_attempts=DELIVERY.c.max_attempts + 1, next_at=None))
        await _settle_lanes(tx, [claimed.lane_id])


async def stop(tx: Transaction, claimed: Claimed, reason: str) -> None:
    """Pauses a webhook for which nobody answers any more, tells its owner, and lets go of the delivery."""
    if await _is_held(tx, claimed, changes=True):
        chosen = sa.update(DELIVERY).where(DELIVERY.c.id == claimed.delivery.id)
        await tx.execute(chosen.values(attempts=DELIVERY.c.attempts - 1))
        await _settle_lanes(tx, [claimed.lane_id])
        if await _change_state(tx, claimed.webhook.id, PAUSED, reason):
            events.record(tx, WebhookPaused(subject_id=claimed.webhook.id, cause="owner"))
            await tell_owner(tx, claimed.webhook, reason)


async def _is_held(tx: Transaction, claimed: Claimed, *, changes: bool = False, mends: bool = False) -> bool:
    """Whether the lease still stands; if so, lane and webhook stay until the transaction ends, which may change both:
    the webhook if it `changes` it, or `mends` one that fails.

    First the webhook and then the lane, as whoever resumes or removes a webhook does, so that none waits for the other.
    """
    kept = sa.select(WEBHOOK.c.failing_since).where(WEBHOOK.c.id == claimed.webhook.id)
    found = await tx.row(kept.with_for_update(key_share=True, read=not changes))
    if found is None:
        return False
    if mends and found.failing_since is not None:
        await tx.row(kept.with_for_update(key_share=True))
    lane = sa.select(LANE.c.id).where(LANE.c.id == claimed.lane_id, LANE.c.lease_owner == claimed.owner)
    if await tx.row(lane.with_for_update()) is None:
        return False
    same = (DELIVERY.c.id == claimed.delivery.id, DELIVERY.c.attempts == claimed.delivery.attempts)
    return await tx.row(sa.select(DELIVERY.c.id).where(*same, DELIVERY.c.state == PENDING)) is not None


def _entry(claimed: Claimed, result: Result) -> dict[str, Any]:
    return {
        "id": DeliveryAttempt.new_id(),
        "delivery_id": claimed.delivery.id,
        "number": claimed.delivery.attempts,
        "url": claimed.webhook.url,
        "reason": result.reason and result.reason[:2000],
        **result.entry,
    }


async def _try_again(tx: Transaction, delivery_id: str, pause: timedelta, reason: str | None) -> None:
    values = {"next_at": sa.func.now() + pause, "reason": reason and reason[:2000], "updated_at": sa.func.now()}
    await tx.execute(sa.update(DELIVERY).where(DELIVERY.c.id == delivery_id).values(**values))


async def _finish(tx: Transaction, delivery_id: str, state: str, reason: str | None) -> None:
    values = {"state": state, "reason": reason and reason[:2000], "next_at": None, "finished_at": sa.func.now()}
    await tx.execute(sa.update(DELIVERY).where(DELIVERY.c.id == delivery_id).values(**values, updated_at=sa.func.now()))


async def _settle_lanes(tx: Transaction, lane_ids: Sequence[str]) -> None:
    """Lets go of lanes; each is due when the first of its pending deliveries is."""
    if lane_ids:
        chosen = sa.update(LANE).where(LANE.c.id == sa.any_(array_of(lane_ids)))
        await tx.execute(chosen.values(next_at=next_of_lane(), lease_until=None, lease_owner=None))


def next_of_lane() -> Any:
    """When a lane is due, for an UPDATE of lanes; null where nothing is pending."""
    return (
        sa.select(sa.func.coalesce(DELIVERY.c.next_at, sa.func.now()))
        .where(DELIVERY.c.lane_id == LANE.c.id, DELIVERY.c.state == PENDING)
        .order_by(DELIVERY.c.sequence)
        .limit(1)
        .scalar_subquery()
    )


# How receivers are doing ---------------------------------------------------------------------------------------------


async def _note_health(tx: Transaction, claimed: Claimed, result: Result, pause_after_hours: int) -> None:
    webhook_id, is_well = claimed.webhook.id, result.state is DONE
    chosen = sa.update(WEBHOOK).where(WEBHOOK.c.id == webhook_id)
    if is_well:
        # It may have begun to fail since this was claimed.
        is_failing = sa.or_(WEBHOOK.c.failing_since.is_not(None), WEBHOOK.c.not_before.is_not(None))
        await tx.execute(chosen.where(is_failing).values(failing_since=None, not_before=None))
        return
    if result.is_gone:
        reason = "The receiver answered 410: it is gone for good."
        if await _change_state(tx, webhook_id, DISABLED, reason):
            events.record(tx, WebhookDisabled(subject_id=webhook_id))
            await tell_owner(tx, claimed.webhook, reason)
        return
    wish = (
        {}
        if result.wish is None
        else {"not_before": sa.func.greatest(WEBHOOK.c.not_before, sa.func.now() + result.wish)}
    )
    since = sa.func.coalesce(WEBHOOK.c.failing_since, sa.func.now())
    is_long = (since < sa.func.now() - timedelta(hours=pause_after_hours)).label("is_long")
    found = await tx.row(chosen.values(failing_since=since, **wish).returning(is_long))
    if found is None or not found.is_long:
        return
    if await _was_tried(tx, webhook_id):
        reason = f"Nothing got through for {pause_after_hours} hours. The last time: {result.reason}"
        if await _change_state(tx, webhook_id, PAUSED, reason):
            events.record(tx, WebhookPaused(subject_id=webhook_id, cause="failing"))
            await tell_owner(tx, claimed.webhook, reason)
    else:
        # Nothing was sent in between: it may have been well all the while.
        await tx.execute(chosen.values(failing_since=sa.func.now()))


async def _was_tried(tx: Transaction, webhook_id: str) -> bool:
    """Whether it failed before this lately: within the longest time that passes between two tries."""
    attempts = sa.join(ATTEMPT, DELIVERY, ATTEMPT.c.delivery_id == DELIVERY.c.id)
    here = sa.and_(DELIVERY.c.webhook_id == webhook_id, ATTEMPT.c.outcome != sa.all_(_NOT_RECEIVERS))
    lately = sa.and_(ATTEMPT.c.created_at > sa.func.now() - LONGEST_PAUSE, ATTEMPT.c.created_at < sa.func.now())
    return await tx.row(sa.select(ATTEMPT.c.id).select_from(attempts).where(here, lately).limit(1)) is not None


async def _change_state(tx: Transaction, webhook_id: str, state: str, reason: str) -> bool:
    """Whether it was active until now."""
    active = sa.update(WEBHOOK).where(WEBHOOK.c.id == webhook_id, WEBHOOK.c.state == ACTIVE)
    return bool(await tx.execute(active.values(state=state, reason=reason[:1000], updated_at=sa.func.now())))


async def figures(tx: Transaction) -> Row:
    """How many webhooks are `active`, `failing` (but active), `paused`, `disabled`; how many deliveries `pending` and
    `parked`; how many could be sent right now (`due`) to receivers that take what they are sent, and the `age` of the
    oldest of these, in seconds."""
    state, is_failing = WEBHOOK.c.state, WEBHOOK.c.failing_since.is_not(None)
    is_active = state == ACTIVE
    counted: dict[str, sa.ColumnElement[bool]] = {"active": is_active & ~is_failing, "failing": is_active & is_failing}
    counted |= {"paused": state == PAUSED, "disabled": state == DISABLED}
    overdue = (
        sa.select(sa.func.count(), sa.func.max(sa.func.extract("epoch", sa.func.now() - LANE.c.next_at)).label("age"))
        .select_from(sa.join(LANE, WEBHOOK, LANE.c.webhook_id == WEBHOOK.c.id))
        .where(LANE.c.next_at <= sa.func.now(), LANE.c.lease_until.is_(None), _IS_OPEN, ~is_failing)
        .cte("overdue")
    )

    def deliveries(stands: str) -> Any:
        # What a webhook that is gone has left behind, nobody has to look after.
        there = sa.select(WEBHOOK.c.id).where(WEBHOOK.c.id == DELIVERY.c.webhook_id).exists()
        chosen = sa.select(sa.func.count()).select_from(DELIVERY).where(DELIVERY.c.state == stands, there)
        return chosen.correlate(None).scalar_subquery()

    found = await tx.row(
        sa.select(
            *(sa.func.count().filter(condition).label(name) for name, condition in counted.items()),
            deliveries(PENDING).label("pending"),
            deliveries(PARKED).label("parked"),
            sa.select(overdue.c.count).scalar_subquery().label("due"),
            sa.cast(sa.func.coalesce(sa.select(overdue.c.age).scalar_subquery(), 0), sa.Float).label("age"),
        ).select_from(WEBHOOK)
    )
    assert found is not None
    return found
