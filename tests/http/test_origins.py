"""What pages of other sites can make a browser do here: nothing, and nothing in anybody's name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx
import pytest

from models.identity import Role

from .asking import GRAPHQL_JSON, JSON, refusal
from .conftest import Serve
from .doorkeeper import Doorkeeper

APP, EVIL = "https://app.example", "https://evil.example"
WHO = "{ viewer { kind } }"
# Any value of a column that a row does not name will do. The first row that fits gives the verdict.
MATRIX: list[tuple[dict[str, tuple[str, ...]], str]] = [
    # No form and no page without leave can send JSON; all else is refused, whoever sends it.
    ({"method": ("POST",), "content_type": ("none", "form", "text", "multipart")}, "415"),
    # A POST of another site's page is refused, even if it is JSON.
    ({"method": ("POST",), "origin": ("evil", "null", "own with another port")}, "403"),
    ({"method": ("POST",), "origin": ("none",), "site": ("cross-site", "same-site")}, "403"),
    # A GET reads and does nothing. What another site's page asks for is answered as to nobody: cookies do not count,
    ({"method": ("GET",), "origin": ("evil", "null", "own with another port"), "credential": ("cookie",)}, "ANONYMOUS"),
    (
        {"method": ("GET",), "origin": ("none",), "site": ("cross-site", "same-site"), "credential": ("cookie",)},
        "ANONYMOUS",
    ),
    # and a token, which no browser adds by itself, counts.
    ({"credential": ("token",)}, "API_TOKEN"),
    ({"credential": ("cookie",)}, "USER"),
    ({"credential": ("none",)}, "ANONYMOUS"),
]
COLUMNS: dict[str, tuple[str, ...]] = {
    "method": ("GET", "POST"),
    "content_type": ("json", "none", "form", "text", "multipart"),
    "origin": ("none", "own", "allowed", "evil", "null", "own with another port"),
    "site": ("none", "same-origin", "same-site", "cross-site"),
    "credential": ("none", "cookie", "token"),
}
CONTENT_TYPES = {
    "json": f"{JSON}; charset=utf-8",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain;application/json",
    "multipart": "multipart/form-data; boundary=x",
}


@pytest.fixture
def place(database_url: str, serve: Serve) -> Iterator[httpx.Client]:
    """A client of an application that allows one other origin."""
    address = serve(database_url, http={"allowed_origins": [APP]})
    with httpx.Client(base_url=address, timeout=60, verify=False) as client:
        yield client


def expected(case: dict[str, str]) -> str:
    """The verdict of the first row that fits."""
    return next(verdict for row, verdict in MATRIX if all(case[name] in values for name, values in row.items()))


def send(place: httpx.Client, case: dict[str, str], credentials: dict[str, dict[str, str]]) -> str:
    """Sends the request of a case; answers the kind of viewer it was answered as, or the status of the refusal."""
    own = str(place.base_url).rstrip("/")
    origins = {"own": own, "allowed": APP, "evil": EVIL, "null": "null", "own with another port": f"{own}1"}
    headers = {"accept": GRAPHQL_JSON, **credentials[case["credential"]]}
    if case["origin"] != "none":
        headers["origin"] = origins[case["origin"]]
    if case["site"] != "none":
        headers["sec-fetch-site"] = case["site"]
    if case["content_type"] != "none":
        headers["content-type"] = CONTENT_TYPES[case["content_type"]]
    sent: Any = {"params": {"query": WHO}} if case["method"] == "GET" else {"content": f'{{"query": "{WHO}"}}'}
    answer = place.request(case["method"], "/graphql", headers=headers, **sent)
    return str(answer.json()["data"]["viewer"]["kind"]) if answer.status_code == 200 else str(answer.status_code)


def test_every_way_to_ask_ends_as_the_table_says(place: httpx.Client, doorkeeper: Doorkeeper) -> None:
    person = doorkeeper.person()
    cookie = f"cairn_session_{place.base_url.port}={doorkeeper.session(person)}"
    token = f"Bearer {doorkeeper.token(person)}"
    credentials: dict[str, dict[str, str]] = {
        "none": {},
        "cookie": {"cookie": cookie},
        "token": {"authorization": token},
    }
    wrong = []
    for values in product(*COLUMNS.values()):
        case = dict(zip(COLUMNS, values, strict=True))
        found = send(place, case, credentials)
        if found != expected(case):
            wrong.append((case, found, expected(case)))
    assert wrong == []


def test_behind_https_the_same_host_over_http_is_foreign(database_url: str, serve: Serve) -> None:
    address = serve(database_url, http={"public_url": "https://cairn.example/"})
    found = {
        origin: httpx.post(f"{address}/graphql", json={"query": WHO}, headers={"origin": origin}).status_code
        for origin in ("https://cairn.example", "http://cairn.example", address, "https://cairn.example:8443")
    }
    assert found == {
        "https://cairn.example": 200,
        "http://cairn.example": 403,
        address: 403,
        "https://cairn.example:8443": 403,
    }


# Asking before a request ---------------------------------------------------------------------------------------------


def preflight(place: httpx.Client, origin: str, headers: str = "content-type,authorization") -> httpx.Response:
    """What a browser asks before it sends a page's request."""
    return place.options(
        "/graphql",
        headers={
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": headers,
        },
    )


def test_an_origin_that_is_allowed_may_call_with_credentials_and_read_what_helps(place: httpx.Client) -> None:
    answer = preflight(place, APP, "content-type,authorization,idempotency-key,x-cairn-client")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == APP
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "origin" in answer.headers["vary"].lower()
    called = place.post("/graphql", json={"query": WHO}, headers={"origin": APP})
    assert called.headers["access-control-allow-origin"] == APP
    assert {"x-request-id", "retry-after"} <= set(called.headers["access-control-expose-headers"].split(", "))
    assert "origin" in called.headers["vary"].lower()


@pytest.mark.parametrize("origin", [EVIL, "null", "https://app.example.evil.example", "http://app.example", f"{APP}:1"])
def test_any_other_origin_is_told_nothing(place: httpx.Client, origin: str) -> None:
    assert "access-control-allow-origin" not in preflight(place, origin).headers
    assert preflight(place, origin).status_code == 400
    called = place.post("/graphql", json={"query": WHO}, headers={"origin": origin, "accept": GRAPHQL_JSON})
    assert refusal(called, 403) == "FOREIGN_ORIGIN"
    assert "access-control-allow-origin" not in called.headers


def test_a_header_that_is_not_named_may_not_be_sent(place: httpx.Client) -> None:
    assert preflight(place, APP, "x-forwarded-for").status_code == 400


@pytest.mark.parametrize("method", ["PATCH", "TRACE"])
def test_no_other_method_is_allowed(place: httpx.Client, method: str) -> None:
    headers = {"origin": APP, "access-control-request-method": method}
    assert place.options("/graphql", headers=headers).status_code == 400


# Signing in and out --------------------------------------------------------------------------------------------------


def is_signed_in(http: httpx.Client) -> bool:
    """Whether the browser is signed in."""
    kind: str = http.get("/session").json()["viewer"]["kind"]
    return kind == "USER"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": EVIL},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"origin": EVIL, "content-type": JSON},
        {"origin": EVIL, "x-cairn-client": "ide"},
    ],
    ids=str,
)
def test_another_site_cannot_sign_anybody_out(
    http: httpx.Client, doorkeeper: Doorkeeper, headers: dict[str, str]
) -> None:
    http.get(doorkeeper.link(doorkeeper.person(Role.LEARNER)))
    answer = http.post("/sign-out", headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert is_signed_in(http)


def test_ones_own_page_and_a_program_can(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    own = str(http.base_url).rstrip("/")
    for headers in (
        {"origin": own},
        {"sec-fetch-site": "same-origin"},
        {"content-type": JSON},
        {"x-cairn-client": "x"},
    ):
        http.get(doorkeeper.link(doorkeeper.person(Role.LEARNER)))
        assert http.post("/sign-out", headers=headers).status_code == 204
        assert not is_signed_in(http)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-dest": "image", "sec-fetch-site": "cross-site"},
        {"sec-fetch-dest": "iframe", "sec-fetch-site": "same-origin"},
        {"sec-fetch-dest": "empty"},
        {"sec-fetch-dest": "document", "sec-purpose": "prefetch;prerender"},
    ],
    ids=str,
)
def test_nothing_but_a_page_that_a_person_opens_uses_a_link_up(
    http: httpx.Client, doorkeeper: Doorkeeper, headers: dict[str, str]
) -> None:
    link = doorkeeper.link(doorkeeper.person())
    assert "set-cookie" not in http.get(link, headers=headers).headers
    assert http.get(link, headers={"sec-fetch-dest": "document", "sec-fetch-site": "none"}).status_code == 303


def test_who_is_signed_in_is_no_other_sites_business(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    http.get(doorkeeper.link(doorkeeper.person()))
    answer = http.get("/session", headers={"sec-fetch-site": "cross-site"})
    assert answer.json()["viewer"]["kind"] == "ANONYMOUS"


def test_a_link_to_sign_in_on_a_foreign_page_takes_one_click_more(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    link = doorkeeper.link(doorkeeper.person())
    asked = http.get(link, headers={"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"})
    assert (asked.status_code, "set-cookie" in asked.headers) == (200, False)
    assert f'<a href="{link}">Sign in</a>' in asked.text
    clicked = http.get(link, headers={"sec-fetch-site": "same-origin", "sec-fetch-dest": "document"})
    assert (clicked.status_code, "set-cookie" in clicked.headers) == (303, True)


def test_a_link_to_sign_in_brings_no_markup_of_its_own(http: httpx.Client) -> None:
    cruel = http.get('/sign-in?token="><script>alert(1)</script>', headers={"sec-fetch-site": "cross-site"})
    assert "<script" not in cruel.text
