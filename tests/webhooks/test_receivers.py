"""Receivers that refuse, stall, drip, redirect, break off and lie: nobody else waits, and nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.identity import Role
from resolvers.webhooks.schedule import LONGEST_WISH, PAUSES, TRIES, pause_after, wish_of
from tests.events.logs import sql
from tests.jobs.crews import until
from tests.support import factories
from tests.support.clients import Data, People
from tests.webhooks.receivers import FAILED, TAKEN, Received, Receiver, Reply, receiver
from tests.webhooks.senders import deliveries, send, sending, standing, time_passes, until_sent, webhook

QUICK = 0.4


@pytest.fixture
def there() -> Iterator[Receiver]:
    """A receiver."""
    with receiver() as made:
        yield made


def _one(people: People, database_url: str, there: Receiver, **given: Any) -> Data:
    """The one delivery of a published theme, after one attempt."""
    hook, _ = webhook(people.admin, there.url)
    factories.theme(people.editor, publish=True)
    send(database_url, **given)
    (delivery,) = deliveries(people.admin, hook)
    return delivery


def test_what_is_refused_is_sent_again_with_the_same_id_and_a_newer_timestamp(
    people: People, database_url: str, there: Receiver
) -> None:
    there.behave = lambda _received: FAILED if len(there.received) == 1 else TAKEN
    hook, secret = webhook(people.admin, there.url)
    theme = factories.theme(people.editor, publish=True)
    other = factories.theme(people.editor)
    send(database_url)
    people.editor.do("themePublish", "__typename", id=theme)
    people.editor.do("themePublish", "__typename", id=other)
    send(database_url)
    # The second of the same object waits for the first; the other object does not.
    assert [each.headers["cairn-subject"] for each in there.received] == [theme, other]
    for _ in range(2):
        time_passes(database_url)
        send(database_url)
    assert [each.sequence for each in there.received if each.headers["cairn-subject"] == theme] == [1, 1, 2]
    first, _, again, last = there.received
    assert first.id == again.id != last.id
    for each in there.received:
        each.verified(secret)
    found = deliveries(people.admin, hook)
    assert {each["state"] for each in found} == {"DELIVERED"}
    assert [each["attempts"] for each in found] == [2, 1, 1]


def test_after_ten_tries_over_days_it_is_parked_and_the_next_one_goes_out(
    people: People, database_url: str, there: Receiver
) -> None:
    there.behave = lambda received: FAILED if received.sequence == 1 else TAKEN
    hook, _ = webhook(people.admin, there.url)
    theme = factories.theme(people.editor, publish=True)
    people.editor.do("themePublish", "__typename", id=theme)
    for _ in range(TRIES + 1):
        send(database_url)
        time_passes(database_url)
    parked, delivered = deliveries(people.admin, hook)
    assert (parked["state"], parked["attempts"], parked["reason"]) == ("PARKED", 10, "The receiver answered 500.")
    assert [each["number"] for each in parked["log"]] == list(range(1, 11))
    assert {each["answer"] for each in parked["log"]} == {"not today"}
    assert delivered["state"] == "DELIVERED"
    assert [each.sequence for each in there.received] == [1] * 10 + [2]


def test_the_schedule_is_that_of_the_standard_and_never_quite_the_same() -> None:
    assert len(PAUSES) == TRIES - 1
    assert sum(PAUSES, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    for tried, usual in enumerate(PAUSES, 1):
        drawn = {pause_after(tried) for _ in range(50)}
        assert len(drawn) > 10
        assert all(usual * 0.9 <= each <= usual * 1.1 for each in drawn)


@given(st.integers(1, 30), st.timedeltas(timedelta(), LONGEST_WISH))
def test_a_receiver_is_never_tried_sooner_than_it_wishes(tried: int, wish: timedelta) -> None:
    assert pause_after(tried, wish) >= wish


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "said", "wish"),
    [
        (429, "120", timedelta(minutes=2)),
        (503, "120", timedelta(minutes=2)),
        (500, "120", None),
        (200, "120", None),
        (429, None, None),
        (429, "soon", None),
        (429, "-5", None),
        (429, "1e9", None),
        (429, "9" * 400, LONGEST_WISH),
        (429, format_datetime(NOW + timedelta(hours=1), usegmt=True), timedelta(hours=1)),
        (429, format_datetime(NOW - timedelta(hours=1), usegmt=True), timedelta()),
        (429, "Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WISH),
        (429, "٣", None),
    ],
)
def test_what_retry_after_asks_for_is_done_within_reason(status: int, said: str | None, wish: timedelta | None) -> None:
    assert wish_of(status, {} if said is None else {"retry-after": said}, NOW) == wish


def test_a_date_to_come_back_at_is_one_by_the_clock_of_who_says_it() -> None:
    theirs = NOW + timedelta(days=3)
    said = {"retry-after": format_datetime(theirs + timedelta(hours=1)), "date": format_datetime(theirs)}
    assert wish_of(503, said, NOW) == timedelta(hours=1)


@given(st.text(max_size=60))
def test_no_retry_after_is_too_strange(said: str) -> None:
    wish = wish_of(503, {"retry-after": said}, NOW)
    assert wish is None or timedelta() <= wish <= LONGEST_WISH


@pytest.mark.parametrize("status", [429, 503])
def test_whoever_asks_for_time_is_left_alone_with_everything(
    people: People, database_url: str, there: Receiver, status: int
) -> None:
    there.behave = lambda _received: Reply(status, {"retry-after": "3600"})
    hook, _ = webhook(people.admin, there.url)
    factories.theme(people.editor, publish=True)
    send(database_url)
    factories.theme(people.editor, publish=True)
    assert send(database_url) == 0
    assert len(there.received) == 1
    waits = "SELECT next_at - now() BETWEEN interval '59 minutes' AND interval '61 minutes' FROM webhook_delivery"
    assert sql(database_url, f"{waits} WHERE attempts = 1") == [(True,)]
    assert people.admin.ask("query($id: ID!) { webhook(id: $id) { notBefore } }", id=hook)["webhook"]["notBefore"]
    there.behave = lambda _received: TAKEN
    time_passes(database_url)
    send(database_url)
    assert standing(database_url) == ["delivered", "delivered"]


def test_whoever_is_gone_for_good_is_told_nothing_more_and_the_owner_learns_of_it(
    people: People, database_url: str, there: Receiver
) -> None:
    there.behave = lambda _received: Reply(410)
    hook, _ = webhook(people.admin, there.url)
    factories.theme(people.editor, publish=True)
    send(database_url)
    factories.theme(people.editor, publish=True)
    send(database_url)
    assert len(there.received) == 1
    shown = people.admin.ask("query($id: ID!) { webhook(id: $id) { state reason } }", id=hook)["webhook"]
    assert (shown["state"], "410" in shown["reason"]) == ("DISABLED", True)
    assert standing(database_url) == ["parked"]
    assert sql(database_url, "SELECT count(*) FROM fact WHERE type = 'webhook.disabled'") == [(1,)]
    # What it says is forgotten once it is out, which may be by now.
    mails = sql(database_url, "SELECT kind, recipient FROM outgoing_mail")
    assert mails == [("webhook_stopped", "admin@example.org")]
    there.behave = lambda _received: TAKEN
    people.admin.do("webhookResume", "__typename", id=hook)
    factories.theme(people.editor, publish=True)
    send(database_url)
    assert standing(database_url) == ["parked", "delivered"]


@pytest.mark.parametrize("status", [301, 303, 308])
def test_a_redirect_is_a_failure_and_leads_nowhere(
    people: People, database_url: str, there: Receiver, status: int
) -> None:
    with receiver() as elsewhere:
        there.behave = lambda _received: Reply(status, {"location": elsewhere.url})
        delivery = _one(people, database_url, there)
        assert elsewhere.received == []
    (attempt,) = delivery["log"]
    assert (delivery["state"], attempt["outcome"], attempt["status"]) == ("PENDING", "REDIRECTED", status)


@pytest.mark.parametrize(
    "reply",
    [Reply(stall=30), Reply(200, body=b"drop by drop" * 50, drip=0.1)],
    ids=["stalls", "drips"],
)
def test_whoever_takes_too_long_has_not_answered(
    people: People, database_url: str, there: Receiver, reply: Reply
) -> None:
    there.behave = lambda _received: reply
    began = time.monotonic()
    delivery = _one(people, database_url, there, seconds=QUICK)
    assert time.monotonic() - began < 10
    (attempt,) = delivery["log"]
    assert (delivery["state"], attempt["outcome"], attempt["status"]) == ("PENDING", "TIMED_OUT", None)
    assert attempt["durationMs"] >= QUICK * 1000 - 50


def test_of_a_huge_answer_the_beginning_is_kept(people: People, database_url: str, there: Receiver) -> None:
    there.behave = lambda _received: Reply(200, body=b"\0\xff" + b"x" * 50_000_000)
    delivery = _one(people, database_url, there)
    (attempt,) = delivery["log"]
    assert delivery["state"] == "DELIVERED"
    assert len(attempt["answer"]) == 16 * 1024
    assert attempt["answer"].startswith("\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}x")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(breaks_off=True), "UNREACHABLE"),
        (Reply(200, {"content-length": "100"}, b"less"), "UNREACHABLE"),
        (Reply(200, {"x": "y" * 200_000}), "UNREACHABLE"),
        (Reply(404), "REFUSED"),
        (Reply(100), "UNREACHABLE"),
    ],
    ids=["breaks off", "promises more", "endless headers", "not there", "goes on and on"],
)
def test_whoever_does_not_keep_to_the_protocol_is_tried_again(
    people: People, database_url: str, there: Receiver, reply: Reply, outcome: str
) -> None:
    there.behave = lambda _received: reply
    delivery = _one(people, database_url, there, seconds=2)
    assert (delivery["state"], delivery["log"][0]["outcome"]) == ("PENDING", outcome)
    there.behave = lambda _received: TAKEN
    time_passes(database_url)
    send(database_url)
    assert standing(database_url) == ["delivered"]


def test_where_nobody_listens_it_is_tried_again(people: People, database_url: str) -> None:
    with receiver() as there:
        url = there.url
    hook, _ = webhook(people.admin, url)
    factories.theme(people.editor, publish=True)
    send(database_url)
    (delivery,) = deliveries(people.admin, hook)
    assert (delivery["state"], delivery["log"][0]["outcome"]) == ("PENDING", "UNREACHABLE")


def test_after_long_failure_a_webhook_is_paused_with_a_notice_and_goes_on_where_it_was(
    people: People, database_url: str, there: Receiver, users: dict[Role, str]
) -> None:
    there.behave = lambda _received: FAILED
    hook, _ = webhook(people.admin, there.url)
    first, second = (factories.theme(people.editor, publish=True) for _ in range(2))
    send(database_url)
    sql(database_url, "UPDATE webhook SET failing_since = failing_since - interval '73 hours'")
    time_passes(database_url)
    send(database_url)
    shown = people.admin.ask("query($id: ID!) { webhook(id: $id) { state reason } }", id=hook)["webhook"]
    assert shown["state"] == "PAUSED"
    assert shown["reason"] == "Nothing got through for 72 hours. The last time: The receiver answered 500."
    assert sql(database_url, "SELECT payload FROM fact WHERE type = 'webhook.paused'") == [({"cause": "failing"},)]
    assert sql(database_url, "SELECT count(*) FROM outgoing_mail WHERE kind = 'webhook_stopped'") == [(1,)]
    count = len(there.received)
    third = factories.theme(people.editor, publish=True)
    time_passes(database_url)
    send(database_url)
    assert len(there.received) == count
    there.behave = lambda _received: TAKEN
    people.admin.do("webhookResume", "__typename", id=hook)
    send(database_url)
    assert standing(database_url) == ["delivered"] * 3
    assert {each.headers["cairn-subject"] for each in there.received[count:]} == {first, second, third}


def _meanwhile(behave: Callable[[Received], Reply]) -> tuple[Callable[[Received], Reply], list[int]]:
    """The same behaviour, and how many were at it at once, the most last."""
    lock, here, most = threading.Lock(), [0], [0]

    def counting(received: Received) -> Reply:
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        try:
            time.sleep(0.05)
            return behave(received)
        finally:
            with lock:
                here[0] -= 1

    return counting, most


def test_one_bad_receiver_delays_no_other_and_gets_one_at_a_time(people: People, database_url: str) -> None:
    with receiver() as bad, receiver() as good, sending(database_url, seconds=30, at_once=10):
        bad.behave = lambda _received: Reply(stall=30)
        webhook(people.admin, bad.url)
        webhook(people.admin, good.url)
        sql(database_url, "UPDATE webhook SET failing_since = now() WHERE url = %s", bad.url)
        for _ in range(8):
            factories.theme(people.editor, publish=True)
        until(lambda: len(good.received) == 8, seconds=20)
        assert len(bad.received) == 1
        bad.ended.set()


def test_no_receiver_gets_more_at_once_than_is_set_however_many_send(people: People, database_url: str) -> None:
    with receiver() as there:
        there.behave, most = _meanwhile(lambda _received: TAKEN)
        webhook(people.admin, there.url)
        for _ in range(12):
            factories.theme(people.editor, publish=True)
        with sending(database_url, per_endpoint=2), sending(database_url, per_endpoint=2):
            until(lambda: len(there.received) == 12)
            until_sent(database_url)
    assert most[0] == 2
    assert len(set(there.ids)) == 12
