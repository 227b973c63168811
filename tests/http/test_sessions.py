"""Signing in by link: a cookie that scripts cannot read, good until it ends or is ended."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlsplit

import httpx
import pytest

from models.identity import Role
from resolvers.identity import SESSION_LIFE

from .asking import ask
from .conftest import Serve
from .doorkeeper import Doorkeeper


def cookie_of(answer: httpx.Response) -> Morsel[str]:
    """The one cookie that an answer sets."""
    (header,) = answer.headers.get_list("set-cookie")
    (cookie,) = SimpleCookie(header).values()
    return cookie


def kind(http: httpx.Client) -> str:
    """What sort of viewer the client is now."""
    viewer: str = http.get("/session").json()["viewer"]["kind"]
    return viewer


def test_the_link_signs_in_and_leads_to_the_ide(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    answer = http.get(doorkeeper.link(doorkeeper.person()))
    assert (answer.status_code, answer.headers["location"]) == (303, "/ide/")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert ask(http, "{ viewer { kind canEdit } }").json()["data"] == {"viewer": {"kind": "USER", "canEdit": True}}


def test_scripts_and_other_sites_cannot_use_the_cookie(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    cookie = cookie_of(http.get(doorkeeper.link(doorkeeper.person())))
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "lax", "/")
    assert int(cookie["max-age"]) == SESSION_LIFE.total_seconds()
    assert not cookie["domain"]


def test_two_servers_on_one_machine_do_not_share_a_cookie(
    http: httpx.Client, doorkeeper: Doorkeeper, database_url: str, serve: Serve
) -> None:
    other = serve(database_url)
    person = doorkeeper.person()
    names = {
        cookie_of(httpx.get(f"{at}{doorkeeper.link(person)}")).key for at in (str(http.base_url).rstrip("/"), other)
    }
    assert names == {f"cairn_session_{urlsplit(str(at)).port}" for at in (http.base_url, other)}


def test_behind_https_the_cookie_belongs_to_the_host_alone(
    doorkeeper: Doorkeeper, database_url: str, serve: Serve
) -> None:
    address = serve(database_url, http={"public_url": "https://cairn.example"})
    cookie = cookie_of(httpx.get(f"{address}{doorkeeper.link(doorkeeper.person())}"))
    assert (cookie.key, cookie["secure"], cookie["path"]) == ("__Host-cairn_session", True, "/")


@pytest.mark.parametrize("follow_up", ["the same browser", "another browser"])
def test_the_link_works_once(http: httpx.Client, address: str, doorkeeper: Doorkeeper, follow_up: str) -> None:
    link = doorkeeper.link(doorkeeper.person())
    assert http.get(link).status_code == 303
    again = http.get(link) if follow_up == "the same browser" else httpx.get(f"{address}{link}")
    assert again.status_code == 400
    assert "used already" in again.text
    assert "set-cookie" not in again.headers
    assert kind(http) == "USER"


def test_of_many_who_use_the_link_at_once_one_gets_in(address: str, doorkeeper: Doorkeeper) -> None:
    link = f"{address}{doorkeeper.link(doorkeeper.person())}"
    with ThreadPoolExecutor(8) as pool:
        answers = Counter(each.status_code for each in pool.map(lambda _: httpx.get(link), range(8)))
    assert answers == {303: 1, 400: 7}


def test_looking_at_the_link_does_not_use_it_up(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    link = doorkeeper.link(doorkeeper.person())
    assert "set-cookie" not in http.head(link).headers
    assert http.get(link).status_code == 303


def test_a_link_that_is_too_old_is_refused(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    person = doorkeeper.person()
    link = doorkeeper.link(person)
    doorkeeper.sql("UPDATE login_token SET expires_at = now() - interval '1 second' WHERE user_id = %s", person)
    assert http.get(link).status_code == 400
    assert kind(http) == "ANONYMOUS"


@pytest.mark.parametrize("query", ["", "?token=", "?token=nonsense", "?token=%00", "?token=%ff", "?token=%27--"])
def test_what_is_no_link_of_ours_is_refused(http: httpx.Client, query: str) -> None:
    answer = http.get(f"/sign-in{query}")
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


def test_an_api_token_is_no_link_and_no_cookie(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    token = doorkeeper.token(doorkeeper.person())
    assert http.get(f"/sign-in?token={token}").status_code == 400
    http.cookies.set(f"cairn_session_{http.base_url.port}", token)
    assert kind(http) == "ANONYMOUS"


def test_signing_out_ends_the_session_and_not_only_in_this_browser(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    http.get(doorkeeper.link(doorkeeper.person()))
    kept = dict(http.cookies)
    answer = http.post("/sign-out", headers={"x-cairn-client": "tests"})
    assert (answer.status_code, dict(http.cookies)) == (204, {})
    http.cookies.update(kept)
    assert kind(http) == "ANONYMOUS"


def test_signing_out_twice_is_the_same_as_once(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    http.get(doorkeeper.link(doorkeeper.person()))
    assert [http.post("/sign-out", headers={"x-cairn-client": "tests"}).status_code for _ in range(2)] == [204, 204]


def test_signing_out_takes_more_than_a_link_on_a_page(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    http.get(doorkeeper.link(doorkeeper.person()))
    assert http.get("/sign-out").status_code == 405
    assert kind(http) == "USER"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE auth_session SET expires_at = now() - interval '1 second' WHERE user_id = %s",
        "UPDATE auth_session SET revoked_at = now() WHERE user_id = %s",
        "UPDATE \"user\" SET status = 'suspended' WHERE id = %s",
    ],
    ids=["too old", "revoked", "its person suspended"],
)
def test_a_session_that_is_over_makes_one_nobody(http: httpx.Client, doorkeeper: Doorkeeper, change: str) -> None:
    person = doorkeeper.person()
    http.get(doorkeeper.link(person))
    assert kind(http) == "USER"
    doorkeeper.sql(change, person)
    assert kind(http) == "ANONYMOUS"
    assert ask(http, "{ viewer { kind } }").json()["data"] == {"viewer": {"kind": "ANONYMOUS"}}


@pytest.mark.parametrize("value", ["", "nonsense", "'--", "cairn_x00000000", "x" * 4000])
def test_a_made_up_cookie_makes_one_nobody(http: httpx.Client, value: str) -> None:
    http.cookies.set(f"cairn_session_{http.base_url.port}", value)
    assert kind(http) == "ANONYMOUS"


def test_the_session_says_who_is_signed_in(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    assert http.get("/session").json() == {"viewer": {"kind": "ANONYMOUS", "name": None, "scopes": [], "within": []}}
    http.get(doorkeeper.link(doorkeeper.person()))
    viewer = http.get("/session").json()["viewer"]
    assert viewer["name"].startswith("Guest")
    assert "content:edit" in viewer["scopes"]
    assert http.get("/session").headers["cache-control"] == "no-store"


def test_the_session_says_what_holds_within_single_courses_only(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    person = doorkeeper.person(Role.LEARNER)
    doorkeeper.sql(
        "INSERT INTO role_grant (id, user_id, role, scope_type, scope_id)"
        " VALUES (gen_random_uuid(), %s, 'editor', 'course', gen_random_uuid())",
        person,
    )
    http.get(doorkeeper.link(person))
    viewer = http.get("/session").json()["viewer"]
    assert (viewer["scopes"], viewer["within"]) == ([], ["aggregates:read", "content:edit", "content:publish"])


def test_only_hashes_of_links_and_cookies_are_kept(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    person = doorkeeper.person()
    link = doorkeeper.link(person)
    cookie = cookie_of(http.get(link)).value
    rows = doorkeeper.sql(
        "SELECT to_jsonb(t)::text FROM login_token t WHERE user_id = %s"
        " UNION ALL SELECT to_jsonb(t)::text FROM auth_session t WHERE user_id = %s",
        person,
        person,
    )
    assert len(rows) == 2
    for secret in (link.rpartition("=")[2], cookie):
        assert all(secret.removeprefix("cairn_")[:20] not in row for (row,) in rows)
