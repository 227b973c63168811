"""A server that is killed in the middle of its work: what clients ask for again is done once, and nothing is lost."""

from __future__ import annotations

import itertools
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.http.doorkeeper import Doorkeeper
from tests.jobs.crews import until

from .conftest import Start

ACTS, CLIENTS = 60, 8
PING = "{ viewer { kind } }"
CREATE = "mutation($title: String!) { themeCreate(input: {title: $title}) { theme { id title } errors { code } } }"


def test_what_is_asked_for_again_under_its_key_is_done_once(start: Start, fresh_database: str) -> None:
    keeper = Doorkeeper(fresh_database)
    headers = {"authorization": f"Bearer {keeper.token(keeper.person())}"}
    answered = itertools.count(1)
    enough = threading.Event()

    def create(address: str, number: int) -> httpx.Response | None:
        body = {"query": CREATE, "variables": {"title": f"Theme {number}"}}
        try:
            keyed = {**headers, "idempotency-key": f"act-{number}"}
            answer = httpx.post(f"{address}/graphql", json=body, headers=keyed, timeout=60)
        except httpx.TransportError:
            return None
        if next(answered) == ACTS // 3:
            enough.set()
        return answer

    def create_all(address: str) -> list[httpx.Response | None]:
        with ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(create, itertools.repeat(address), range(ACTS)))

    server = start("serve", DATABASE_URL=fresh_database, PORT="0")
    address = server.says(r"running on (http://\S+)")[1]
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(create_all, address)
        assert enough.wait(60)
        server.send(signal.SIGKILL)
        before = first.result()
    another = start("serve", DATABASE_URL=fresh_database, PORT="0")
    after = create_all(another.says(r"running on (http://\S+)")[1])
    assert None in before
    assert all(answer is not None and answer.status_code == 200 for answer in after)
    # Who had an answer gets the same one; of who had none, nobody can say whether it was done, and it was done once.
    answers = [(one.content, two.content) for one, two in zip(before, after, strict=True) if one and two]
    assert [pair for pair in answers if pair[0] != pair[1]] == []
    titles = [title for (title,) in keeper.sql("SELECT title FROM theme")]
    assert sorted(titles) == sorted(f"Theme {number}" for number in range(ACTS))


def test_no_server_outlives_the_one_that_supervises_it(start: Start, database_url: str) -> None:
    supervisor = start("serve", "--workers", "2", DATABASE_URL=database_url, PORT="0")
    address = supervisor.says(r"running on (http://\S+)")[1]
    supervisor.says("Application startup complete", times=2)
    assert httpx.post(f"{address}/graphql", json={"query": PING}).status_code == 200
    supervisor.send(signal.SIGKILL)

    def is_gone() -> bool:
        try:
            httpx.post(f"{address}/graphql", json={"query": PING}, timeout=5)
        except httpx.TransportError:
            return True
        return False

    until(is_gone, "the end of all servers")
