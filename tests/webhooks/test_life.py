"""The life of deliveries, whatever is done in whatever order: each in its turn, none lost, no result counted twice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from core.database import Database
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from models.curriculum import Theme
from models.events import ThemeUnpublished
from models.webhooks import AttemptOutcome, DeliveryState, Webhook
from resolvers import events
from resolvers.webhooks import actions, sending
from resolvers.webhooks.sending import Claimed, Result
from workers import relay

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
THEMES = [Theme.new_id() for _ in range(3)]
T = TypeVar("T")


class Lives(RuleBasedStateMachine):
    """One webhook that is told of what happens to three objects, and those who send."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.database = Database(self.url, pool_size=2)
        self.loop.run_until_complete(self.database.open())
        self.owner = psycopg.connect(self.url, autocommit=True)
        for table in ("webhook", "webhook_lane", "webhook_delivery", "fact", "fact_counter", "follower"):
            self.sql(f"DELETE FROM {table}")
        self.hook = Webhook.new_id()
        self.sql(
            "INSERT INTO webhook (id, name, url, events, query, about, scopes, state, revision) VALUES"
            " (%s, 'n', 'https://u', '{theme.unpublished}', 'q', '{}', '{}', 'active', 1)",
            self.hook,
        )
        self.held: list[Claimed] = []
        self.lost: list[Claimed] = []
        self.happened: dict[str, int] = dict.fromkeys(THEMES, 0)
        self.is_active = True

    def teardown(self) -> None:
        """In the end all goes well, and then everything is over."""
        try:
            if not self.is_active:
                self.resume()
            for claimed in [*self.held]:
                self._settle(claimed, DeliveryState.DELIVERED)
            for _ in range(sum(self.happened.values()) + 1):
                self.time_passes()
                self.claim(9)
                if not self.held:
                    break
                for claimed in [*self.held]:
                    self._settle(claimed, DeliveryState.DELIVERED)
            assert self.sql("SELECT count(*) FROM webhook_delivery WHERE state = 'pending'") == [(0,)]
            self.nothing_is_lost_or_doubled()
            assert self.sql("SELECT 1 FROM webhook_lane WHERE lease_owner IS NOT NULL OR next_at IS NOT NULL") == []
        finally:
            self.owner.close()
            self.loop.run_until_complete(self.database.close())
            self.loop.close()

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement of the owner."""
        cursor = self.owner.execute(statement, values)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []

    def _act(self, act: Callable[[Transaction], Awaitable[T]]) -> T:
        async def run() -> T:
            async with transaction(self.database, SERVICE) as tx:
                return await act(tx)

        return self.loop.run_until_complete(run())

    @rule(theme=st.sampled_from(THEMES), number=st.integers(1, 3))
    def happen(self, theme: str, number: int) -> None:
        """Something happens, and gets its place."""

        async def record(tx: Transaction) -> None:
            for _ in range(number):
                events.record(tx, ThemeUnpublished(subject_id=theme))

        self._act(record)
        while self.sql("SELECT 1 FROM fact WHERE position IS NULL"):
            self.loop.run_until_complete(relay.step(self.database))
        self.happened[theme] += number

    @rule(most=st.integers(1, 4))
    def claim(self, most: int) -> None:
        """Somebody takes what is due: of each object the first that is pending, and only while nobody else is at it."""
        found = self._act(lambda tx: sending.claim(tx, f"worker {len(self.lost)}", most, most, 8))
        busy = {each.lane_id for each in self.held}
        assert len(found) <= most
        assert self.is_active or not found
        for each in found:
            assert each.lane_id not in busy
            busy.add(each.lane_id)
            first = "SELECT min(sequence) FROM webhook_delivery WHERE lane_id = %s AND state = 'pending'"
            assert self.sql(first, each.lane_id) == [(each.delivery.sequence,)]
        self.held += found

    @precondition(lambda self: self.held)
    @rule(data=st.data(), state=st.sampled_from(DeliveryState))
    def settle(self, data: st.DataObject, state: DeliveryState) -> None:
        """Something comes of an attempt."""
        self._settle(data.draw(st.sampled_from(self.held)), state)

    def _settle(self, claimed: Claimed, state: DeliveryState) -> None:
        assert self._result(claimed, state)
        self.held.remove(claimed)

    def _result(self, claimed: Claimed, state: DeliveryState) -> bool:
        is_well = state is DeliveryState.DELIVERED
        outcome = AttemptOutcome.DELIVERED if is_well else AttemptOutcome.REFUSED
        entry = {"outcome": outcome.value, "duration_ms": 1, "body_bytes": 1}
        result = Result(state, None if is_well else "No.", entry=entry)
        return self._act(lambda tx: sending.settle(tx, claimed, result, 72))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        """A worker that is to stop lets go."""
        claimed = data.draw(st.sampled_from(self.held))
        self._act(lambda tx: sending.give_back(tx, claimed))
        self.held.remove(claimed)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """A worker is killed, or stands still for longer than its lease."""
        claimed = data.draw(st.sampled_from(self.held))
        self.sql("UPDATE webhook_lane SET lease_until = now() WHERE id = %s", claimed.lane_id)
        self.held.remove(claimed)
        self.lost.append(claimed)

    @precondition(lambda self: self.lost)
    @rule(data=st.data())
    def come_back(self, data: st.DataObject) -> None:
        """One that stood still tells what came of it: that counts only if nobody else has taken over."""
        claimed = data.draw(st.sampled_from(self.lost))
        before = self.sql("SELECT attempts, state FROM webhook_delivery WHERE id = %s", claimed.delivery.id)
        counted = self._result(claimed, DeliveryState.DELIVERED)
        assert (
            counted
            or self.sql("SELECT attempts, state FROM webhook_delivery WHERE id = %s", claimed.delivery.id) == before
        )
        assert not counted or before == [(claimed.delivery.attempts, "pending")]
        self.lost.remove(claimed)

    @rule()
    def time_passes(self) -> None:
        """What waits to be tried again is due."""
        self.sql("UPDATE webhook_delivery SET next_at = now() WHERE next_at IS NOT NULL")
        self.sql("UPDATE webhook_lane SET next_at = now() WHERE next_at IS NOT NULL")

    @precondition(lambda self: self.is_active)
    @rule()
    def pause(self) -> None:
        """Somebody pauses it."""
        self._act(lambda tx: actions.pause(tx, self.hook))
        self.is_active = False

    @precondition(lambda self: not self.is_active)
    @rule()
    def resume(self) -> None:
        """Somebody resumes it."""
        self._act(lambda tx: actions.resume(tx, self.hook))
        self.is_active = True

    @rule(theme=st.sampled_from(THEMES))
    def repeat(self, theme: str) -> None:
        """Somebody has everything that is over sent again, of an object's first two."""
        over = "SELECT position FROM webhook_delivery WHERE subject_id = %s AND sequence <= 2 ORDER BY position"
        places = [place for (place,) in self.sql(over, theme)]
        if places:
            chosen: tuple[int, int] = (places[0], places[-1])
            self._act(lambda tx: actions.redeliver(tx, self.hook, positions=chosen))

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        """One delivery for each fact, numbered from 1 without gaps; over is what has an end, and nothing else."""
        for theme, number in self.happened.items():
            rows = self.sql("SELECT sequence FROM webhook_delivery WHERE subject_id = %s ORDER BY position", theme)
            assert [sequence for (sequence,) in rows] == list(range(1, number + 1))
        ended = "SELECT 1 FROM webhook_delivery WHERE (state = 'pending') = (finished_at IS NOT NULL)"
        assert self.sql(ended) == []
        idle = """SELECT 1 FROM webhook_lane l WHERE next_at IS NULL AND EXISTS (
            SELECT 1 FROM webhook_delivery d WHERE d.lane_id = l.id AND d.state = 'pending')"""
        assert self.sql(idle) == [], "a lane that nobody will ever look at"


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_whatever_is_done_each_goes_out_in_its_turn_and_nothing_is_lost(fresh_database: str) -> None:
    made: Any = type("LivesHere", (Lives,), {"url": fresh_database})
    examples, steps = (60, 50) if IS_LONG else (6, 20)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        made,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
