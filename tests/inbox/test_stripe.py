"""Stripe's events: taken once, answered once they are kept, handled once by whoever handles their type."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from cairn.settings import InboxSettings, Settings
from core.errors import DomainError
from core.writing import Transaction
from resolvers.inbox import events
from resolvers.inbox.events import Received, handles
from tests.events.logs import as_service, sql
from tests.inbox.senders import OLD_SECRET, SECRET, Sender, signed, stripe_event
from tests.jobs.crews import EFFECT, mark, prepared, until_idle, working
from tests.support.servers import RunningApplication
from workers.inbox import handling

CROWD = 64


def test_an_event_is_kept_and_answered_at_once(sender: Sender) -> None:
    event = stripe_event(id="evt_1")
    answer = sender.stripe(event)
    assert (answer.status_code, answer.json()) == (200, {"received": True, "duplicate": False})
    sender.settle()
    assert sender.events() == [("stripe", "evt_1", "invoice.paid", "ignored", "Nobody handles this type.")]


def test_the_age_of_an_event_is_told_by_the_databases_clock(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    at = int(time.time())

    class Mistaken(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(hours=1)

    with monkeypatch.context() as here:
        here.setattr("core.clock.datetime", Mistaken)
        answer = sender.stripe(stripe_event(), at=at)
    assert answer.status_code == 200, answer.text


def test_an_event_that_is_sent_again_is_answered_alike_and_does_nothing(sender: Sender) -> None:
    event = stripe_event()
    sender.stripe(event)
    again = sender.stripe(event, at=int(time.time()) - 60, secret=OLD_SECRET)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert len(sender.events()) == 1
    assert len(sql(sender.url, "SELECT 1 FROM job WHERE actor = 'handle_provider_event'")) == 1


def test_of_a_crowd_that_sends_the_same_event_one_is_the_first(sender: Sender) -> None:
    event = stripe_event()
    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(lambda _: sender.stripe(event), range(CROWD)))
    assert {each.status_code for each in answers} == {200}
    assert [each.json()["duplicate"] for each in answers].count(False) == 1
    assert len(sender.events()) == 1
    assert len(sql(sender.url, "SELECT 1 FROM job WHERE actor = 'handle_provider_event'")) == 1


@pytest.mark.parametrize(
    ("signing", "says"),
    [
        ({"secret": "whsec_of-somebody-else"}, "No signature fits"),
        ({"at": int(time.time()) - 400}, "seconds away"),
        ({"at": int(time.time()) + 4000}, "seconds away"),
    ],
)
def test_what_is_not_stripes_or_not_of_now_is_refused(sender: Sender, signing: dict[str, object], says: str) -> None:
    answer = sender.stripe(stripe_event(), **signing)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BAD_SIGNATURE"
    assert says in answer.json()["error"]["message"]
    assert sender.events() == []


def _post(sender: Sender, body: bytes, **headers: str) -> httpx.Response:
    given = {"content-type": "application/json", "stripe-signature": signed(body.decode())}
    given.update({name.replace("_", "-"): value for name, value in headers.items()})
    return sender.http.post("/hooks/stripe", content=body, headers=given)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"id": "evt_1", "type": "a.b"}', {"stripe_signature": ""}, 400),
        (b'{"id": "evt_1", "type": "a.b"}', {"content_type": "text/plain"}, 415),
        (b'{"id": "evt_1", "type": "a.b"}', {"content_type": "application/x-www-form-urlencoded"}, 415),
        (b'{"id": "evt_1", "type": "a.b"}', {"content_encoding": "gzip"}, 415),
        (b'{"id": "evt_1", "type": "a.b", "x": "' + b"x" * 5_000 + b'"}', {}, 413),
        (b"no json", {}, 400),
        (b"[]", {}, 400),
        (b'{"id": 5, "type": "a.b"}', {}, 400),
        (b'{"id": "evt_1"}', {}, 400),
        (b'{"id": "evt 1", "type": "a.b"}', {}, 400),
        (b'{"id": "evt_1", "type": "a.b", "x": ' + b"[" * 100 + b"]" * 100 + b"}", {}, 400),
    ],
)
def test_what_is_no_event_is_refused_and_not_kept(
    sender: Sender, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = _post(sender, body, **headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"]
    assert sender.events() == []


def test_whatever_json_can_hold_is_kept_as_it_was_sent(sender: Sender) -> None:
    body = b'{"id": "evt_x", "type": "a.b", "x": "\\u0000 \xc3\xa9", "n": 1e400, "d": 1, "d": 2}'
    answer = _post(sender, body)
    # What our reader of JSON takes is kept, and what it does not take is refused: nothing is changed on the way.
    assert answer.status_code in (200, 400)
    body = body.replace(b"1e400", b"1e40")
    assert _post(sender, body).status_code == 200
    assert sql(sender.url, "SELECT body FROM provider_event WHERE external_id = 'evt_x'") == [(body,)]


def test_it_takes_a_post(sender: Sender) -> None:
    assert [sender.http.request(verb, "/hooks/stripe").status_code for verb in ("GET", "PUT", "DELETE")] == [405] * 3


def test_without_secrets_there_is_no_such_address(address: str) -> None:
    assert httpx.post(f"{address}/hooks/stripe", json={}).status_code == 404


# Handling -------------------------------------------------------------------------------------------------------------


@handles("stripe", "invoice.paid")
async def settle(tx: Transaction, event: Received) -> None:
    """Leaves its mark."""
    await mark(tx, f"{event.type} {event.payload['data']['object']['number']}")


@handles("stripe", "invoice.voided")
async def void(tx: Transaction, event: Received) -> None:
    """Cannot be done until its mark is there."""
    if not await tx.rows(sa.select(EFFECT)):
        raise DomainError("There is no such invoice yet.", "NOT_FOUND")


@pytest.fixture
def shop(fresh_database: str) -> Iterator[Sender]:
    """An application with a table for effects, and nobody at work."""
    prepared(fresh_database)
    inbox = InboxSettings(stripe_secrets=(SecretStr(SECRET),))
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(fresh_database), inbox=inbox))
    with httpx.Client(base_url=running.start(), timeout=60, verify=False) as http:
        yield Sender(http, fresh_database)
    running.stop()


def _numbers(shop: Sender) -> list[str]:
    return [name for (name,) in sql(shop.url, "SELECT name FROM effect ORDER BY name")]


def test_each_event_is_handled_once_by_whoever_handles_its_type(shop: Sender) -> None:
    events_sent = [stripe_event(data={"object": {"number": number}}) for number in range(5)]
    for each in (*events_sent, *events_sent, stripe_event(type="customer.created")):
        assert shop.stripe(each).status_code == 200
    with working(shop.url, handling((settle, void))):
        until_idle(shop.url)
    assert _numbers(shop) == [f"invoice.paid {number}" for number in range(5)]
    states = sql(shop.url, "SELECT type, state, handled_at IS NOT NULL FROM provider_event ORDER BY type DESC")
    assert states == [("invoice.paid", "handled", True)] * 5 + [("customer.created", "ignored", True)]


def test_what_cannot_be_handled_is_replayed_when_it_can(shop: Sender) -> None:
    shop.stripe(stripe_event(type="invoice.voided"))
    ((event_id,),) = sql(shop.url, "SELECT id::text FROM provider_event")
    with working(shop.url, handling((settle, void))):
        until_idle(shop.url)
        query = "SELECT e.state, j.state, j.parked_reason FROM provider_event e JOIN job j ON j.id = e.job_id"
        assert sql(shop.url, query) == [("received", "parked", "There is no such invoice yet.")]
        sql(shop.url, "INSERT INTO effect (name) VALUES ('an invoice')")
        as_service(shop.url, lambda tx: events.replay(tx, event_id))
        until_idle(shop.url)
        assert sql(shop.url, query) == [("handled", "done", None)]
        # And once more, from the beginning, with a job of its own.
        as_service(shop.url, lambda tx: events.replay(tx, event_id))
        until_idle(shop.url)
    assert sql(shop.url, "SELECT state FROM provider_event") == [("handled",)]
    assert sql(shop.url, "SELECT state FROM job") == [("done",)] * 2


def test_an_event_is_replayed_by_one_at_a_time(shop: Sender) -> None:
    shop.stripe(stripe_event())
    ((event_id,),) = sql(shop.url, "SELECT id::text FROM provider_event")
    with pytest.raises(DomainError, match="still being handled"):
        as_service(shop.url, lambda tx: events.replay(tx, event_id))
    assert sql(shop.url, "SELECT state FROM job") == [("queued",)]


def test_what_was_handled_long_ago_goes_and_what_was_not_stays(shop: Sender) -> None:
    for number in range(3):
        shop.stripe(stripe_event(id=f"evt_{number}"))
    sql(shop.url, "UPDATE provider_event SET created_at = now() - interval '40 days' WHERE external_id < 'evt_2'")
    sql(shop.url, "UPDATE provider_event SET state = 'handled' WHERE external_id > 'evt_0'")
    assert as_service(shop.url, lambda tx: events.delete_old(tx, 30)) == 1
    assert sql(shop.url, "SELECT external_id FROM provider_event ORDER BY 1") == [("evt_0",), ("evt_2",)]
