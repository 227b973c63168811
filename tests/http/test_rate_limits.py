"""What may be tried only so often: exactly so often, by whatever way, and nobody learns anything from it."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cairn.http.budgets import RequestBudget
from core.database import Database
from core.errors import RequestError
from gateways.redis import RedisTallies
from gateways.tallies import Check, Tallies
from models.identity import Role
from resolvers.requests import limits
from resolvers.requests.limits import PostgresTallies
from tests.support.clients import Client

from .asking import GRAPHQL_JSON, refusal
from .conftest import Serve
from .doorkeeper import Doorkeeper

REDIS = "redis://127.0.0.1:6379/9"
CROWD = 64
RESET = 'mutation { accountPasswordResetRequest(input: {email: "%s"}) { errors { code } } }'
SIGN_IN = """sessionStart(input: {email: "%s", password: "not the right one"}) {
    errors { code message ... on RateLimited { retryAfter } } }"""


# Counting ------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def in_postgres(url: str, prefix: str) -> AsyncIterator[list[Tallies]]:
    """Two processes that count in one database."""
    databases = [Database(url, pool_size=8) for _ in range(2)]
    for each in databases:
        await each.open()
    try:
        yield [PostgresTallies(each) for each in databases]
    finally:
        for each in databases:
            await each.close()


@asynccontextmanager
async def in_redis(url: str, prefix: str) -> AsyncIterator[list[Tallies]]:
    """Two processes that count in one Redis."""
    redis = Redis.from_url(REDIS)
    tallies = [RedisTallies(REDIS, prefix) for _ in range(2)]
    try:
        yield list(tallies)
    finally:
        keys = [key async for key in redis.scan_iter(f"{prefix}*")]
        if keys:
            await redis.delete(*keys)
        await redis.aclose()
        for each in tallies:
            await each.close()


def has_redis() -> bool:
    """Whether a Redis answers on this machine."""

    async def ask() -> bool:
        redis = Redis.from_url(REDIS, socket_connect_timeout=1)
        try:
            return bool(await redis.ping())
        except (OSError, RedisError):
            return False
        finally:
            await redis.aclose()

    return asyncio.run(ask())


PLACES = [
    pytest.param(in_postgres, id="postgres"),
    pytest.param(
        in_redis,
        id="redis",
        marks=pytest.mark.skipif(not has_redis(), reason="NOT TESTED: no Redis answers at 127.0.0.1:6379"),
    ),
]
Work = Callable[[list[Tallies]], Awaitable[None]]


def run(place: Callable[[str, str], object], url: str, work: Work) -> None:
    """Runs something over the tallies of a place, with keys of its own."""

    async def inside() -> None:
        async with place(url, f"cairn-test-{secrets.token_hex(6)}") as tallies:  # type: ignore[attr-defined]
            await work(tallies)

    asyncio.run(inside())


@pytest.mark.parametrize("place", PLACES)
def test_of_a_crowd_just_as_many_get_through_as_are_allowed(
    place: Callable[[str, str], object], doorkeeper: Doorkeeper, database_url: str
) -> None:
    async def crowd(tallies: list[Tallies]) -> None:
        check = Check(f"crowd:{secrets.token_hex(4)}", 7, 600)
        waits = await asyncio.gather(*(tallies[number % 2].hit([check]) for number in range(CROWD)))
        assert waits.count(None) == 7
        assert all(590 <= wait <= 600 for wait in waits if wait is not None)

    run(place, database_url, crowd)


@pytest.mark.parametrize("place", PLACES)
def test_a_try_that_one_check_stops_is_not_counted_by_the_next(
    place: Callable[[str, str], object], doorkeeper: Doorkeeper, database_url: str
) -> None:
    async def tries(tallies: list[Tallies]) -> None:
        narrow, wide = (Check(f"{name}:{secrets.token_hex(4)}", most, 600) for name, most in (("a", 1), ("b", 2)))
        assert [await tallies[0].hit([narrow, wide]) is None for _ in range(5)] == [True, False, False, False, False]
        assert [await tallies[1].hit([wide]) is None for _ in range(2)] == [True, False]

    run(place, database_url, tries)


@pytest.mark.parametrize("place", PLACES)
def test_when_the_window_is_over_it_may_be_tried_again(
    place: Callable[[str, str], object], doorkeeper: Doorkeeper, database_url: str
) -> None:
    async def tries(tallies: list[Tallies]) -> None:
        check = Check(f"window:{secrets.token_hex(4)}", 1, 1)
        assert await tallies[0].hit([check]) is None
        assert await tallies[0].hit([check]) == 1
        async with asyncio.timeout(10):
            while await tallies[0].hit([check]) is not None:  # noqa: ASYNC110 - a window rings no bell
                await asyncio.sleep(0.05)

    run(place, database_url, tries)


def test_where_redis_is_away_nothing_limited_is_done() -> None:
    async def try_it() -> None:
        tallies = RedisTallies("redis://127.0.0.1:1/0")
        with pytest.raises(RequestError):
            await tallies.hit([Check("x", 1, 1)])
        await tallies.close()

    asyncio.run(try_it())


# By the front door ---------------------------------------------------------------------------------------------------


def test_of_a_crowd_that_asks_for_mail_to_one_address_three_get_one(address: str, doorkeeper: Doorkeeper) -> None:
    def ask(number: int) -> tuple[str, str | None]:
        document = RESET % ("victim@example.org" if number % 2 else "Victim@Example.ORG ")
        answer = httpx.post(f"{address}/graphql", json={"query": document}, timeout=60)
        errors = answer.json()["data"]["accountPasswordResetRequest"]["errors"]
        return (errors[0]["code"] if errors else "DONE"), answer.headers.get("retry-after")

    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(ask, range(CROWD)))
    assert Counter(code for code, _ in answers) == {"DONE": 3, "RATE_LIMITED": CROWD - 3}
    waits = [int(wait) for code, wait in answers if code != "DONE" and wait]
    # What one address may ask for in an hour is used up by the last few.
    assert all(1700 < wait <= 1800 or 3500 < wait <= 3600 for wait in waits)
    assert all((wait is None) == (code == "DONE") for code, wait in answers)
    assert len(doorkeeper.sql("SELECT 1 FROM outgoing_mail WHERE lower(recipient) = 'victim@example.org'")) == 3


@pytest.mark.parametrize("email", ["editor@example.org", "nobody@example.org"])
def test_a_hundred_aliases_are_a_hundred_tries_whether_or_not_there_is_an_account(
    database_url: str, serve: Serve, doorkeeper: Doorkeeper, email: str
) -> None:
    url = serve(database_url, graphql={"max_root_fields": 100, "max_tokens": 10_000, "max_cost": 1_000_000})
    aliases = " ".join(f"a{number}: {SIGN_IN % email}" for number in range(100))
    answer = httpx.post(f"{url}/graphql", json={"query": f"mutation {{ {aliases} }}"}, timeout=60)
    errors = [payload["errors"][0] for payload in answer.json()["data"].values()]
    assert Counter(error["code"] for error in errors) == {"WRONG_CREDENTIALS": 10, "RATE_LIMITED": 90}
    assert {error["code"] for error in errors[:10]} == {"WRONG_CREDENTIALS"}
    assert all(800 < error["retryAfter"] <= 900 for error in errors[10:])
    assert 800 < int(answer.headers["retry-after"]) <= 900


def behind_a_proxy(url: str, client: str, document: str) -> httpx.Response:
    """A request as a trusted proxy on this machine hands it on."""
    headers = {"x-forwarded-for": client, "accept": GRAPHQL_JSON}
    return httpx.post(f"{url}/graphql", json={"query": document}, headers=headers, timeout=60)


def test_a_stranger_who_tries_does_not_lock_the_owner_out(
    database_url: str, serve: Serve, doorkeeper: Doorkeeper
) -> None:
    url = serve(database_url, http={"trusted_proxies": ["127.0.0.0/8"]})
    aliases = " ".join(f"a{number}: {SIGN_IN % 'maya@example.org'}" for number in range(20))

    def last(client: str) -> str:
        found: str = behind_a_proxy(url, client, f"mutation {{ {aliases} }}").json()["data"]["a19"]["errors"][0]["code"]
        return found

    assert last("203.0.113.1") == "RATE_LIMITED"
    one = behind_a_proxy(url, "198.51.100.7", f"mutation {{ {SIGN_IN % 'maya@example.org'} }}").json()
    assert one["data"]["sessionStart"]["errors"][0]["code"] == "WRONG_CREDENTIALS"


def asked(url: str, client: str, act: str) -> str | None:
    """Asks for a mail to one account from an address; answers the code of the refusal, if any."""
    document = f'mutation {{ {act}(input: {{email: "maya@example.org"}}) {{ errors {{ code }} }} }}'
    errors = behind_a_proxy(url, client, document).json()["data"][act]["errors"]
    return errors[0]["code"] if errors else None


def test_a_stranger_who_asks_for_links_keeps_the_owner_from_none(
    database_url: str, serve: Serve, doorkeeper: Doorkeeper
) -> None:
    url = serve(database_url, http={"trusted_proxies": ["127.0.0.0/8"]})
    for act in ("accountPasswordResetRequest", "accountSignInLinkRequest"):
        tries = [asked(url, "203.0.113.1", act) for _ in range(10)]
        assert tries == [None] * 3 + ["RATE_LIMITED"] * 7
        assert asked(url, "198.51.100.7", act) is None


def test_strangers_who_use_up_the_resets_leave_the_links(
    database_url: str, serve: Serve, doorkeeper: Doorkeeper
) -> None:
    url = serve(database_url, http={"trusted_proxies": ["127.0.0.0/8"]})
    for number in range(9):
        asked(url, f"203.0.113.{number}", "accountPasswordResetRequest")
    assert asked(url, "198.51.100.7", "accountPasswordResetRequest") == "RATE_LIMITED"
    assert asked(url, "198.51.100.7", "accountSignInLinkRequest") is None


def test_addresses_of_one_ipv6_customer_are_one(database_url: str, serve: Serve, doorkeeper: Doorkeeper) -> None:
    url = serve(database_url, http={"trusted_proxies": ["127.0.0.0/8"]})
    found = []
    for number in range(12):
        document = f"mutation {{ {SIGN_IN % 'maya@example.org'} }}"
        answer = behind_a_proxy(url, f"2001:db8:1:2::{number + 1:x}", document).json()
        found.append(answer["data"]["sessionStart"]["errors"][0]["code"])
    assert found == ["WRONG_CREDENTIALS"] * 10 + ["RATE_LIMITED"] * 2


def test_a_client_that_forges_the_header_of_a_proxy_stays_who_it_is(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    found = []
    for number in range(12):
        body = {"query": f"mutation {{ {SIGN_IN % 'maya@example.org'} }}"}
        answer = http.post("/graphql", json=body, headers={"x-forwarded-for": f"203.0.113.{number}"})
        found.append(answer.json()["data"]["sessionStart"]["errors"][0]["code"])
    assert found == ["WRONG_CREDENTIALS"] * 10 + ["RATE_LIMITED"] * 2


def test_links_are_tried_only_so_often(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    statuses = Counter(http.get("/sign-in?token=guess").status_code for _ in range(65))
    assert statuses == {400: 60, 429: 5}
    answer = http.get("/sign-in?token=guess")
    assert int(answer.headers["retry-after"]) > 0
    # The same secret by the other way is the same thing tried.
    document = 'mutation { sessionStartByLink(input: {token: "guess"}) { errors { code } } }'
    (error,) = http.post("/graphql", json={"query": document}).json()["data"]["sessionStartByLink"]["errors"]
    assert error["code"] == "RATE_LIMITED"


def test_one_persons_tries_are_not_anothers(address: str, doorkeeper: Doorkeeper) -> None:
    people = [doorkeeper.person(Role.LEARNER) for _ in range(2)]
    document = "mutation($id: ID!) { friendshipRequest(input: {userId: $id}) { errors { code } } }"
    codes = []
    for person, tries in zip(people, (61, 1), strict=True):
        browser = httpx.Client(base_url=address, verify=False)
        with browser:
            browser.get(doorkeeper.link(person))
            for _ in range(tries):
                body = {"query": document, "variables": {"id": person}}
                codes.append(
                    browser.post("/graphql", json=body).json()["data"]["friendshipRequest"]["errors"][0]["code"]
                )
    assert codes[59] != "RATE_LIMITED"
    assert (codes[60], codes[61] != "RATE_LIMITED") == ("RATE_LIMITED", True)


def test_no_count_says_whom_it_is_about(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    http.post("/graphql", json={"query": f"mutation {{ {SIGN_IN % 'maya@example.org'} }}"})
    keys = [key for (key,) in doorkeeper.sql("SELECT key FROM rate_limit")]
    assert len(keys) == 3
    assert not [key for key in keys if "maya" in key or "127" in key]


def test_every_limit_says_something() -> None:
    declared = [each for each in vars(limits).values() if isinstance(each, limits.Limit)]
    assert len({each.name for each in declared}) == len(declared) > 5
    assert all(each.address or each.here or each.account or each.viewer for each in declared)


# Budgets of requests --------------------------------------------------------------------------------------------------


def test_a_budget_lets_a_burst_through_and_then_so_many_a_second() -> None:
    now = [1000.0]
    budget = RequestBudget(per_second=2, burst=5, clock=lambda: now[0])
    assert [budget.spend("a") for _ in range(7)] == [None] * 5 + [1, 1]
    assert budget.spend("b") is None
    now[0] += 0.5
    assert [budget.spend("a"), budget.spend("a")] == [None, 1]
    now[0] += 1000
    assert [budget.spend("a") for _ in range(6)] == [None] * 5 + [1]


def test_a_client_that_asks_for_too_much_is_told_when_to_come_back(database_url: str, serve: Serve) -> None:
    url = serve(database_url, http={"trusted_proxies": ["127.0.0.0/8"]}, rate_limits={"per_second": 1, "burst": 3})
    headers = {"x-forwarded-for": "203.0.113.1"}
    assert [httpx.get(f"{url}/healthz", headers=headers).status_code for _ in range(3)] == [200] * 3
    # On a slow machine one more may be earned meanwhile.
    answers = iter(lambda: behind_a_proxy(url, "203.0.113.1", "{ __typename }"), None)
    refused = next(each for each in itertools.islice(answers, 100) if each.status_code == 429)
    (error,) = refused.json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert error["extensions"]["retryAfter"] == int(refused.headers["retry-after"]) == 1
    assert "x-content-type-options" in refused.headers
    assert behind_a_proxy(url, "203.0.113.2", "{ __typename }").status_code == 200


def test_a_person_has_one_budget_wherever_they_ask_from(
    database_url: str, serve: Serve, doorkeeper: Doorkeeper
) -> None:
    url = serve(database_url, rate_limits={"per_second": 1, "burst": 3})
    token = doorkeeper.token(doorkeeper.person())
    client = Client(url, token)
    statuses = [client.post("{ __typename }").status_code for _ in range(3)]
    last = client.http.post(
        f"{url}/graphql",
        json={"query": "{ __typename }"},
        headers={"authorization": f"Bearer {token}", "accept": GRAPHQL_JSON},
    )
    client.http.close()
    assert statuses == [200] * 3
    assert refusal(last, 429) == "RATE_LIMITED"
    assert last.headers["retry-after"] == "1"
    assert httpx.post(f"{url}/graphql", json={"query": "{ __typename }"}, timeout=60).status_code == 200


def test_a_request_without_credentials_is_counted_without_a_word_to_the_database(
    statements: Callable[[], object], http: httpx.Client
) -> None:
    with statements() as sent:  # type: ignore[attr-defined]
        http.post("/graphql", json={"query": "{ __typename }"})
    assert sent == []
