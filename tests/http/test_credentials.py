"""Bearer tokens: who they speak for, and when they no longer do."""

from __future__ import annotations

import httpx
import pytest

from models.identity import Role
from resolvers.identity import new_token

from .asking import ask, refusal
from .doorkeeper import Doorkeeper

VIEWER = "{ viewer { kind id name canEdit scopes } }"


def bearing(http: httpx.Client, token: str) -> httpx.Response:
    """The answer to somebody with this token."""
    http.headers["authorization"] = f"Bearer {token}"
    return ask(http, VIEWER)


def test_without_a_token_one_is_nobody(http: httpx.Client) -> None:
    nobody = {"kind": "ANONYMOUS", "id": None, "name": None, "canEdit": False, "scopes": []}
    assert ask(http, VIEWER).json()["data"] == {"viewer": nobody}


def test_a_token_speaks_for_its_owner(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    person = doorkeeper.person()
    viewer = bearing(http, doorkeeper.token(person)).json()["data"]["viewer"]
    assert (viewer["kind"], viewer["id"], viewer["canEdit"]) == ("API_TOKEN", person, True)
    assert viewer["name"].startswith("Guest")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
def test_the_word_bearer_may_be_written_in_any_way(http: httpx.Client, doorkeeper: Doorkeeper, scheme: str) -> None:
    http.headers["authorization"] = f"{scheme} {doorkeeper.token(doorkeeper.person())}"
    assert ask(http, VIEWER).json()["data"]["viewer"]["kind"] == "API_TOKEN"


def test_a_token_may_no_more_than_its_owner(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    token = doorkeeper.token(doorkeeper.person(Role.LEARNER), Role.ADMIN)
    assert bearing(http, token).json()["data"]["viewer"]["scopes"] == []


def test_a_token_may_no_more_than_it_was_made_for(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    token = doorkeeper.token(doorkeeper.person(Role.ADMIN), Role.LEARNER)
    assert bearing(http, token).json()["data"]["viewer"]["scopes"] == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE api_token SET expires_at = now() - interval '1 second' WHERE user_id = %s",
        "UPDATE api_token SET revoked_at = now() WHERE user_id = %s",
        "UPDATE \"user\" SET status = 'suspended' WHERE id = %s",
        "UPDATE \"user\" SET status = 'erased' WHERE id = %s",
        "DELETE FROM api_token WHERE user_id = %s",
    ],
    ids=["expired", "revoked", "its owner suspended", "its owner erased", "deleted"],
)
def test_a_token_ends_at_once(http: httpx.Client, doorkeeper: Doorkeeper, change: str) -> None:
    person = doorkeeper.person()
    token = doorkeeper.token(person)
    assert bearing(http, token).status_code == 200
    doorkeeper.sql(change, person)
    answer = bearing(http, token)
    assert refusal(answer, 401) == "UNAUTHENTICATED"
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_role_that_ended_takes_its_scopes_along(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    person = doorkeeper.person()
    token = doorkeeper.token(person)
    doorkeeper.sql("UPDATE role_grant SET expires_at = now() - interval '1 second' WHERE user_id = %s", person)
    assert bearing(http, token).json()["data"]["viewer"]["scopes"] == []


NOT_TOKENS = {
    "nothing": "",
    "no token": "Bearer",
    "a word": "Bearer x",
    "a prefix alone": "Bearer cairn_",
    "a wrong checksum": "Bearer cairn_x00000000",
    "an unknown token": f"Bearer {new_token()}",
    "a token cut short": f"Bearer {new_token()[:-1]}",
    "two tokens": f"Bearer {new_token()} {new_token()}",
    "a flood": f"Bearer {'x' * 10_000}",
    "a piece of SQL": "Bearer ' OR true --",
    "another scheme": f"Basic {new_token()}",
    "no scheme": new_token(),
}


@pytest.mark.parametrize("what", NOT_TOKENS)
def test_what_is_no_token_of_ours_is_refused(http: httpx.Client, what: str) -> None:
    http.headers["authorization"] = NOT_TOKENS[what]
    assert refusal(ask(http, VIEWER), 401) == "UNAUTHENTICATED"


def test_a_token_that_is_not_even_ascii_is_refused(http: httpx.Client) -> None:
    headers = [(b"authorization", b"Bearer cairn_\xff\xc3\xbc"), (b"content-type", b"application/json")]
    answer = http.post("/graphql", content=b'{"query": "{ __typename }"}', headers=headers)
    assert refusal(answer, 401) == "UNAUTHENTICATED"


def test_a_wrong_token_beside_a_good_session_is_still_refused(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    http.get(doorkeeper.link(doorkeeper.person()))
    assert refusal(bearing(http, new_token()), 401) == "UNAUTHENTICATED"


def test_only_the_hash_of_a_token_is_kept(doorkeeper: Doorkeeper) -> None:
    person = doorkeeper.person()
    token = doorkeeper.token(person)
    ((row,),) = doorkeeper.sql("SELECT to_jsonb(t)::text FROM api_token t WHERE user_id = %s", person)
    assert token[-4:] in row
    assert token.removeprefix("cairn_")[:20] not in row
