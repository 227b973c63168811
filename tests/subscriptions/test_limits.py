"""How many, how large, how slow: what is refused, and what is cut off with a word on why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, InvalidStatus

from cairn import connections
from cairn.http.streams.caps import Caps, Place
from cairn.http.streams.websocket import CLOSE_SECONDS
from cairn.settings import HttpSettings, RateLimitSettings, Settings, StreamSettings
from models.identity import Role
from tests.events.logs import sql
from tests.http.doorkeeper import Doorkeeper
from tests.jobs.crews import until
from tests.support.clients import Client, Data, People
from tests.support.servers import RunningApplication

from .conftest import Serve
from .sockets import Socket, cursor_now, opened, signed_in, socket
from .test_delivery import EVENTS, record

STREAM = {"accept": "text/event-stream"}
BEHIND_PROXY = HttpSettings(trusted_proxies=("127.0.0.1/32",))  # type: ignore[arg-type]


@pytest.fixture
def doorkeeper(database_url: str) -> Iterator[Doorkeeper]:
    """Whoever hands out credentials."""
    with Doorkeeper(database_url).closing_time() as keeper:
        yield keeper


def refused(address: str, **headers: str) -> int:
    """The status with which a WebSocket is refused, or 101 where it is not."""
    try:
        with socket(address, additional_headers=headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def test_a_process_takes_so_many_connections(database_url: str, serve: Serve) -> None:
    address = serve(database_url, streams=StreamSettings(max_connections=2))
    with socket(address), socket(address):
        assert refused(address) == 503
        answer = httpx.get(f"{address}/graphql/stream", params={"query": "{ __typename }"}, headers=STREAM)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    with socket(address), socket(address):
        pass


def test_an_address_has_so_many_connections(database_url: str, serve: Serve) -> None:
    address = serve(database_url, http=BEHIND_PROXY, streams=StreamSettings(max_per_address=2))
    here, there = {"x-forwarded-for": "198.51.100.1"}, {"x-forwarded-for": "198.51.100.2"}
    with socket(address, additional_headers=here), socket(address, additional_headers=here):
        assert refused(address, **here) == 429
        assert refused(address, **there) == 101
        answer = httpx.put(f"{address}/graphql/stream", headers=here)
        assert answer.status_code == 429
        # One customer's addresses are one.
        with ExitStack() as stack:
            for number in range(2):
                own = {"x-forwarded-for": f"2001:db8:1:2::{number}"}
                stack.enter_context(socket(address, additional_headers=own))
            assert refused(address, **{"x-forwarded-for": "2001:db8:1:2::9"}) == 429
    assert refused(address, **here) == 101


def test_a_person_has_so_many_connections(
    people: People, database_url: str, serve: Serve, doorkeeper: Doorkeeper
) -> None:
    address = serve(database_url, streams=StreamSettings(max_per_user=1))
    user = doorkeeper.person(Role.EDITOR)
    one, other = (Client(address, doorkeeper.token(user)) for _ in range(2))
    with signed_in(one):
        with socket(address) as second:
            second.say("connection_init", payload={"authorization": f"Bearer {other.token}"})
            assert second.end() == (4429, "You have too many connections open.")
        headers = {**STREAM, "authorization": f"Bearer {other.token}"}
        answer = httpx.get(f"{address}/graphql/stream", params={"query": "{ __typename }"}, headers=headers)
        assert answer.status_code == 429
        with signed_in(Client(address)):
            pass
    with signed_in(other):
        pass


def test_a_connection_has_so_many_operations(database_url: str, serve: Serve) -> None:
    address = serve(database_url, streams=StreamSettings(max_operations=2))
    document = "subscription { contentPublished { cursor } }"
    with socket(address) as client:
        client.sign_in()
        for each in "ab":
            client.subscribe(document, each)
        client.subscribe(document, "c")
        assert client.refusal("c") == "TOO_MANY_OPERATIONS"
        client.say("complete", id="a")
        client.subscribe("{ __typename }", "c")
        assert client.answer("c") == {"__typename": "Query"}
    shared = Client(address)
    token = shared.http.put(f"{address}/graphql/stream").text
    statuses = []
    with opened(shared, "GET", params={"token": token}):
        for each in "abc":
            body = {"query": document, "extensions": {"operationId": each}}
            headers = {"x-graphql-event-stream-token": token}
            statuses.append(shared.http.post(f"{address}/graphql/stream", json=body, headers=headers).status_code)
    assert statuses == [202, 202, 429]
    shared.http.close()


def _chat(client: Socket) -> None:
    for _ in range(100):
        client.say("ping")
        assert client.hear() == {"type": "pong"}


def test_messages_come_out_of_a_budget(database_url: str, serve: Serve, people: People) -> None:
    limits = RateLimitSettings(per_second=1, burst=5)
    address = serve(database_url, http=BEHIND_PROXY, rate_limits=limits)
    here = {"x-forwarded-for": "198.51.100.3"}
    with socket(address, additional_headers=here) as client:
        client.sign_in()
        # Word for word: of what is still under way when a socket is closed, TCP may say nothing but "reset".
        with pytest.raises(ConnectionClosed) as closed:
            _chat(client)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Too many messages in a short time.")
    assert refused(address, **here) == 429
    with signed_in(Client(address, people.editor.token)) as client:
        codes = []
        for _ in range(8):
            client.subscribe("{ __typename }")
            message = client.hear()
            if message["type"] == "next":
                client.hear()
            else:
                codes.append(message["payload"][0]["extensions"]["code"])
        assert codes
        assert set(codes) == {"RATE_LIMITED"}


def test_who_takes_nothing_any_more_is_dropped_with_a_word_and_may_go_on(
    people: People, database_url: str, serve: Serve
) -> None:
    address = serve(database_url, streams=StreamSettings(slow_seconds=0.2))
    record(database_url, 1)
    after = cursor_now(people.admin, database_url)
    # Each event holds much, so that what the machine keeps on the way is soon full.
    fields = " ".join(f"a{number}: payload" for number in range(190))
    padded = EVENTS.replace("{ position type }", f"{{ position {fields} }}")
    record(database_url, 1_500)
    with socket(address, ping_interval=None) as client:
        client.sign_in(people.admin.token)
        client.subscribe(padded, after=after)
        # Nothing is read until nothing runs for this client any more.
        listening = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
        until(lambda: sql(database_url, listening), "a stream")
        until(lambda: not sql(database_url, listening), "no stream")
        taken, (code, reason) = _rest(client)
        assert (code, reason) == (1013, "Events were not taken in time. Go on after the last cursor.")
        assert [each["fact"]["position"] for each in taken] == list(range(2, len(taken) + 2))
        assert len(taken) < 1_500
    with signed_in(people.admin) as client:
        client.subscribe(EVENTS, after=taken[-1]["cursor"])
        assert client.answer()["events"]["fact"]["position"] == len(taken) + 2


def test_who_reads_nothing_at_all_is_forgotten(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "UNREAD_SECONDS", 1)
    application = RunningApplication(
        Settings(DATABASE_URL=SecretStr(database_url), streams=StreamSettings(slow_seconds=0.2))
    )
    address = application.start()
    record(database_url, 1)
    after = cursor_now(people.admin, database_url)
    record(database_url, 1_500)
    fields = " ".join(f"a{number}: payload" for number in range(190))
    padded = EVENTS.replace("{ position type }", f"{{ position {fields} }}")
    with socket(address, ping_interval=None) as client:
        client.sign_in(people.admin.token)
        client.subscribe(padded, after=after)
        # The client stands there as before: it is the server that lets go of it, long before its word is given up.
        until(lambda: application.connections == 0, "nobody that is waited for", seconds=CLOSE_SECONDS * 2 / 3)
    application.stop()


def test_who_sends_too_much_at_once_is_told_so(database_url: str, serve: Serve) -> None:
    address = serve(database_url, streams=StreamSettings(max_message_bytes=1_000))
    for _ in range(10):
        with socket(address) as client:
            client.sign_in()
            # Of what is still on its way when a socket is closed, TCP may say nothing but "reset".
            with suppress(ConnectionClosed):
                client.connection.send("x" * 4_000_000)
            assert client.end()[0] == 1009


def _rest(client: Socket) -> tuple[list[Data], tuple[int, str]]:
    """All events that are still to be read, and how the connection is closed then."""
    found: list[Data] = []
    while True:
        try:
            found.append(client.answer()["events"])
        except ConnectionClosed:
            return found, client.end()


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["x", "y", None])), max_size=30), st.data()
)
def test_places_are_counted_and_given_back(asked: list[tuple[str | None, str | None]], data: Any) -> None:
    caps = Caps(most=10, most_per_address=3, most_per_user=2)
    addresses = {"a": "198.51.100.1", "b": "198.51.100.2", None: None}
    held: list[Place] = []
    for address, user in asked:
        place = caps.take(addresses[address])
        from_there = [each for each in held if address is not None and each.address == addresses[address]]
        assert (place is None) == (address is not None and len(from_there) >= 3)
        if place is None:
            continue
        theirs = [each for each in held if user is not None and each.user_id == user]
        assert caps.is_persons(place, user) == (user is None or len(theirs) < 2)
        held.append(place)
        if data.draw(st.booleans()):
            caps.give_back(held.pop(data.draw(st.integers(0, len(held) - 1))))
        assert caps.count == len(held)
    for each in held:
        caps.give_back(each)
    assert (caps.count, caps._by_address, caps._by_user) == (0, {}, {})
