"""Every event once and in order: from any process, after any restart, however far behind one comes back."""

from __future__ import annotations

import itertools
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import conninfo
from pydantic import SecretStr

from cairn.embedded import EmbeddedPostgres
from cairn.settings import DatabaseSettings, Settings
from core.database import Database
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from migrations import running
from models.events import CourseCreated
from models.identity import Role
from resolvers import events as log
from resolvers import identity
from tests.events.logs import as_service, sql
from tests.jobs.crews import WRITE, ask, prepared, until, working, write
from tests.support import factories
from tests.support.clients import Client, People
from tests.support.databases import with_database
from tests.support.servers import RunningApplication

from .conftest import Serve
from .sockets import PATIENCE_SECONDS, Socket, cursor_now, events, place_all, signed_in

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
MANY = 100_000 if IS_LONG else 2_000
EVENTS = """subscription($after: String, $types: [FactType!], $about: [ID!]) {
    events(after: $after, types: $types, about: $about) { cursor fact { position type } } }"""


def record(url: str, number: int) -> None:
    """Adds facts to the log, in one transaction, and has them placed."""

    async def act(tx: Transaction) -> None:
        for _ in range(number):
            course = f"01a21bb1-2226-8033-854a-{random.getrandbits(48):012x}"
            log.record(tx, CourseCreated(subject_id=course, root_id=course))

    as_service(url, act)
    place_all(url)


def positions(client: Socket, number: int) -> list[int]:
    """The places of the next events."""
    return [client.answer()["events"]["fact"]["position"] for _ in range(number)]


def test_events_come_in_the_order_of_the_log_and_none_is_missing(people: People, database_url: str) -> None:
    record(database_url, 1)
    after = cursor_now(people.admin, database_url)
    with signed_in(people.admin) as client:
        client.subscribe(EVENTS, after=after)
        for number in (1, 5, 40):
            record(database_url, number)
        assert positions(client, 46) == list(range(2, 48))


def test_without_a_cursor_a_subscription_begins_at_the_end_of_the_log(people: People, database_url: str) -> None:
    record(database_url, 5)
    with signed_in(people.admin) as client:
        client.subscribe(EVENTS)
        # Until the subscription stands, what happens may or may not be in it; from then on all of it is.
        for number in itertools.count():
            record(database_url, 1)
            try:
                first = client.hear(seconds=0.5)["payload"]["data"]["events"]["fact"]["position"]
            except TimeoutError:
                assert number < PATIENCE_SECONDS
                continue
            break
        assert first > 5
        record(database_url, 3)
        assert positions(client, number + 5 + 1 + 3 - first) == list(range(first + 1, number + 5 + 1 + 3 + 1))


def test_who_comes_back_far_behind_reads_the_log_and_then_follows_it(people: People, database_url: str) -> None:
    record(database_url, 1)
    after = cursor_now(people.admin, database_url)
    record(database_url, MANY // 10)
    with signed_in(people.admin) as client:
        client.subscribe(EVENTS, after=after)
        assert positions(client, 10) == list(range(2, 12))
        record(database_url, 10)
        last = 1 + MANY // 10 + 10
        assert positions(client, last - 11) == list(range(12, last + 1))


def test_what_is_wanted_is_found_among_what_is_not(people: People, database_url: str) -> None:
    theme = factories.theme(people.editor)
    course = factories.course(people.editor, themeId=theme)
    after = cursor_now(people.admin, database_url)
    module = factories.module(people.editor, course)
    record(database_url, 600)
    with signed_in(people.admin) as client:
        client.subscribe(EVENTS, "types", types=["MODULE_CREATED", "LESSON_CREATED"], after=after)
        assert client.answer("types")["events"]["fact"]["type"] == "MODULE_CREATED"
        client.subscribe(EVENTS, "about", about=[course], after=after)
        assert client.answer("about")["events"]["fact"]["type"] == "MODULE_CREATED"
        factories.theme(people.editor)
        factories.lesson(people.editor, module)
        place_all(database_url)
        heard = {client.hear()["id"] for _ in range(2)}
        assert heard == {"types", "about"}


def test_a_cursor_that_the_log_does_not_reach_back_to_is_said_to_be_too_old(people: People, database_url: str) -> None:
    record(database_url, 3)
    after = cursor_now(people.admin, database_url)
    record(database_url, 1)
    sql(database_url, "DELETE FROM fact WHERE position = 3")
    with signed_in(people.admin) as client:
        client.subscribe(EVENTS, after=after)
        assert client.refusal() == "CURSOR_EXPIRED"


def test_all_processes_tell_of_what_happens_in_any(people: People, database_url: str, serve: Serve) -> None:
    record(database_url, 1)
    after = cursor_now(people.admin, database_url)
    other = Client(serve(database_url), people.admin.token)
    with signed_in(people.admin) as here, signed_in(other) as there:
        for client in (here, there):
            client.subscribe(EVENTS, after=after)
        elsewhere = Client(other.url, people.editor.token)
        factories.theme(elsewhere)
        elsewhere.http.close()
        factories.theme(people.editor)
        place_all(database_url)
        assert positions(here, 2) == positions(there, 2) == [2, 3]


def test_followers_who_join_while_events_arrive_each_get_each_event_once(people: People, database_url: str) -> None:
    record(database_url, 1)
    after, last = cursor_now(people.admin, database_url), 1 + 60

    def follow(number: int) -> list[int]:
        """Comes and goes, each follower with a pace of its own, so that all stand at different places."""
        seen, cursor = [], after
        while seen[-1:] != [last]:
            with signed_in(people.admin) as client:
                client.subscribe(EVENTS, after=cursor)
                for _ in range(min(7 * (number + 1), last - (seen or [1])[-1])):
                    event = client.answer()["events"]
                    seen.append(event["fact"]["position"])
                    cursor = event["cursor"]
        return seen

    with ThreadPoolExecutor() as pool:
        following = [pool.submit(follow, number) for number in range(3)]
        for _ in range(12):
            record(database_url, 5)
        for each in following:
            assert each.result() == list(range(2, last + 1))


def test_a_stream_goes_on_where_it_was_over_any_transport_and_any_server(
    people: People, database_url: str, serve: Serve
) -> None:
    record(database_url, 1)
    cursor, seen = cursor_now(people.admin, database_url), []
    for round_ in range(4):
        record(database_url, 3)
        other = Client(serve(database_url), people.admin.token)
        if round_ % 2:
            with signed_in(other) as client:
                client.subscribe(EVENTS, after=cursor)
                answers = [client.answer()["events"] for _ in range(2)]
        else:
            with events(other, EVENTS, after=cursor) as stream:
                answers = [stream.answer()["events"] for _ in range(2)]
        seen += [answer["fact"]["position"] for answer in answers]
        cursor = answers[-1]["cursor"]
    assert seen == list(range(2, 10))


def test_streams_end_with_a_word_when_their_server_stops(people: People, database_url: str) -> None:
    application = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url)))
    client = Client(application.start(), people.admin.token)
    with signed_in(client) as open_socket, events(client, EVENTS) as stream:
        open_socket.subscribe(EVENTS)
        open_socket.say("ping")
        assert open_socket.hear() == {"type": "pong"}
        application.stop()
        assert open_socket.end() == (1012, "The server restarts. Go on after the last cursor.")
        assert stream.refusal() == "RESTARTING"


class OwnServer:
    """A PostgreSQL for one test alone, which stands at the same address after a restart."""

    def __init__(self, folder: Path) -> None:
        self._door = folder / "door"
        self._server = EmbeddedPostgres(folder / "pg", durable=False)

    def start(self) -> str:
        """Starts it, or starts it again; answers its address."""
        self._server.start()
        self._server.create_database_if_missing()
        given = conninfo.conninfo_to_dict(self._server.url())
        self._door.unlink(missing_ok=True)
        self._door.symlink_to(str(given["host"]))
        return conninfo.make_conninfo(self._server.url(), host=str(self._door))

    def stop(self) -> None:
        """Stops it."""
        self._server.stop()


def test_streams_outlive_a_restart_of_the_database(tmp_path: Path) -> None:
    server = OwnServer(tmp_path)
    url = server.start()
    try:
        running.upgrade(url)
        application = RunningApplication(Settings(DATABASE_URL=SecretStr(url)))
        client = Client(application.start(), _admin(url))
        place_all(url)
        after = cursor_now(client, url)
        ((last,),) = sql(url, "SELECT last_position FROM fact_counter")
        with signed_in(client) as live, events(client, EVENTS, after=after) as stream:
            live.subscribe(EVENTS, after=after)
            record(url, 2)
            assert positions(live, 2) == [last + 1, last + 2]
            server.stop()
            assert server.start() == url
            record(url, 3)
            assert positions(live, 3) == [last + 3, last + 4, last + 5]
            assert [stream.answer()["events"]["fact"]["position"] - last for _ in range(5)] == [1, 2, 3, 4, 5]
        client.http.close()
        application.stop()
    finally:
        server.stop()


def _admin(url: str) -> str:
    async def make(database: Database) -> str:
        async with transaction(database, SERVICE) as tx:
            user_id = await identity.ensure_user(tx, "admin@example.org", "Admin", Role.ADMIN)
            return await identity.create_api_token(tx, user_id, "tests", identity.scopes_of([Role.ADMIN]), 1)

    token: str = with_database(url, make)
    return token


def test_nothing_is_lost_or_doubled_while_clients_and_servers_come_and_go(
    people: People, database_url: str, serve: Serve
) -> None:
    record(database_url, 1)
    cursor = cursor_now(people.admin, database_url)
    seen: list[int] = []
    chance = random.Random(7)
    written = 1
    address = people.admin.url
    while written < MANY or seen[-1:] != [written]:
        if written < MANY:
            record(database_url, min(500, MANY - written))
            written = min(written + 500, MANY)
        if chance.random() < 0.1:
            address = serve(database_url)
        with signed_in(Client(address, people.admin.token)) as client:
            client.subscribe(EVENTS, after=cursor)
            for _ in range(min(chance.randrange(1, 1_500), written - (seen or [1])[-1])):
                event = client.answer()["events"]
                seen.append(event["fact"]["position"])
                cursor = event["cursor"]
    assert seen == list(range(2, MANY + 1))


def test_a_job_is_followed_from_how_it_stands_until_it_is_done(fresh_database: str, serve: Serve) -> None:
    url = prepared(fresh_database)
    client = Client(serve(url), _admin(url))
    job_id = ask(url, WRITE, name="followed")
    document = "subscription($id: ID!) { jobProgress(id: $id) { state progress } }"
    client.http.close()
    with signed_in(client) as live, events(client, document, id=job_id) as stream:
        live.subscribe(document, id=job_id)
        assert live.answer() == {"jobProgress": {"state": "QUEUED", "progress": 0}}
        assert stream.answer() == {"jobProgress": {"state": "QUEUED", "progress": 0}}
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE job SET progress = 40 WHERE id = %s", (job_id,))
        assert live.answer() == {"jobProgress": {"state": "QUEUED", "progress": 40}}
        with working(url, write):
            while (answer := live.answer()["jobProgress"])["state"] != "DONE":
                pass
        assert answer == {"state": "DONE", "progress": 100}
        assert live.hear() == {"id": "1", "type": "complete"}
        # Whoever comes when all is over is told that.
        live.subscribe(document, "2", id=job_id)
        assert live.answer("2") == {"jobProgress": {"state": "DONE", "progress": 100}}
        assert live.hear() == {"id": "2", "type": "complete"}


def test_a_job_of_somebody_else_is_not_there(people: People, database_url: str) -> None:
    job_id = ask(database_url, WRITE, name="hidden")
    document = "subscription($id: ID!) { jobProgress(id: $id) { state } }"
    with signed_in(people.learner) as client:
        client.subscribe(document, id=job_id)
        message = client.hear()
        assert message["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert message["payload"]["data"] is None
        assert client.hear() == {"id": "1", "type": "complete"}
    with signed_in(people.anonymous) as client:
        client.subscribe(document, id=job_id)
        assert client.refusal() == "UNAUTHENTICATED"


def test_a_server_on_which_nobody_follows_asks_the_database_nothing(people: People, database_url: str) -> None:
    listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
    record(database_url, 1)
    after = cursor_now(people.admin, database_url)
    with signed_in(people.admin) as client:
        for each in "abc":
            client.subscribe(EVENTS, each, after=after)
        until(lambda: sql(database_url, listening) == [(1,)], "one ear for three")
    until(lambda: sql(database_url, listening) == [(0,)], "no ear for nobody")


@pytest.mark.parametrize(("alias", "expected"), [("", 1), ("a%d: type", 5)], ids=["alike", "different"])
def test_who_asks_alike_shares_the_work(
    people: People, database_url: str, statements: Any, alias: str, expected: int
) -> None:
    theme = factories.theme(people.editor, publish=True)
    after = cursor_now(people.admin, database_url)
    asked = "subscription($after: String) { contentPublished(after: $after) { %s subject { ... on Theme { title } } } }"
    with signed_in(people.anonymous) as client:
        for number in range(5):
            client.subscribe(asked % (alias and alias % number), str(number), after=after)
        with statements() as sent:
            # The first event finds some of them behind, and the second all of them waiting.
            for _ in range(2):
                sent.clear()
                people.editor.do("themePublish", "theme { id }", id=theme)
                place_all(database_url)
                assert {client.hear()["id"] for _ in range(5)} == set("01234")
        read = [each for each in sent if each.startswith("SELECT theme.") and "ANY" in each and "title" in each]
        assert len(read) == expected, sent


def test_an_event_whose_query_takes_too_long_is_told_with_an_error_and_holds_up_nobody(
    people: People, database_url: str, serve: Serve
) -> None:
    address = serve(database_url, database=DatabaseSettings(statement_timeout_ms=500))
    titles = """subscription($after: String) {
        contentPublished(after: $after) { cursor subject { ... on Theme { title } } } }"""
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    factories.theme(people.editor, publish=True)
    place_all(database_url)
    with signed_in(Client(address, people.admin.token)) as client:
        with psycopg.connect(database_url) as other:
            other.execute("LOCK TABLE theme IN ACCESS EXCLUSIVE MODE")
            client.subscribe(titles, after=after)
            told = client.hear()
        (error,) = told["payload"]["errors"]
        assert (told["type"], error["extensions"]["code"]) == ("next", "TIMEOUT")
        factories.theme(people.editor, title="The next", publish=True)
        place_all(database_url)
        assert client.answer()["contentPublished"]["subject"] == {"title": "The next"}
