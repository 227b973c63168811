"""People who have not said yet who they are, and say it later: once, keeping their id."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.identity.guests import PASSWORD, Guest, Post, code, who
from tests.support.clients import Client, Data

Visitor = Callable[[], Client]
Newcomer = Callable[[], Guest]


def begin(client: Client) -> str:
    """Starts anonymously; answers the id."""
    made = client.do("accountStartAnonymously", "account { id isAnonymous }", displayName="Somebody")
    assert made["account"]["isAnonymous"] is True
    user_id: str = made["account"]["id"]
    return user_id


def ask_to_claim(client: Client, email: str) -> str | None:
    """Asks to be the owner by a mail to this address; answers the code of the refusal, if any."""
    return code(client.mutate("accountClaim", "account { id }", email=email, password=PASSWORD))


def confirm(client: Client, token: str, **more: str) -> Data:
    """Follows the link of the mail; answers the payload."""
    return client.mutate("accountConfirm", "account { id } hasPassword", token=token, **more)


def test_an_anonymous_account_is_claimed_with_its_id_and_all_that_was_done(visitor: Visitor, post: Post) -> None:
    client = visitor()
    user_id = begin(client)
    client.do("settingsUpdate", "settings { nickname }", expectedRevision=1, nickname="Mo")
    assert ask_to_claim(client, "claimed@example.org") is None
    assert who(client)["account"] == {"id": user_id, "email": None, "isAnonymous": True}
    client.do("accountConfirm", "account { id }", token=post.secret("claimed@example.org", "confirm"))
    assert who(client)["account"] == {"id": user_id, "email": "claimed@example.org", "isAnonymous": False}
    assert code(Guest(visitor(), post, "claimed@example.org").sign_in()) is None
    assert client.ask("{ viewer { settings { nickname } } }")["viewer"]["settings"] == {"nickname": "Mo"}


def test_an_account_with_an_owner_is_not_claimed_again(newcomer: Newcomer) -> None:
    assert ask_to_claim(newcomer().client, "second@example.org") == "ALREADY_CLAIMED"


def test_of_many_links_for_one_anonymous_account_one_claims_it(visitor: Visitor, post: Post) -> None:
    client = visitor()
    begin(client)
    emails = [f"race{number}@example.org" for number in range(8)]
    for email in emails:
        assert ask_to_claim(client, email) is None
    tokens = [post.secret(email, "confirm") for email in emails]
    racers = [(visitor(), token) for token in tokens]
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda each: code(confirm(*each, password=PASSWORD)), racers))
    assert codes.count(None) == 1
    assert set(codes) - {None} <= {"ALREADY_CLAIMED", "LINK_EXPIRED"}


def test_whoever_else_used_the_anonymous_account_is_out_once_it_has_an_owner(visitor: Visitor, post: Post) -> None:
    client, shared = visitor(), visitor()
    begin(client)
    shared.http.cookies.update(dict(client.http.cookies))
    ask_to_claim(client, "mine@example.org")
    client.do("accountConfirm", "account { id }", token=post.secret("mine@example.org", "confirm"))
    assert (who(client)["kind"], who(shared)["kind"]) == ("USER", "ANONYMOUS")


def test_an_address_that_has_an_account_claims_nothing(newcomer: Newcomer, visitor: Visitor, post: Post) -> None:
    guest, client = newcomer(), visitor()
    begin(client)
    assert ask_to_claim(client, guest.email) is None
    assert "already have an account" in post.newest(guest.email).subject
    assert who(client)["account"]["isAnonymous"] is True


def test_whoever_claims_an_account_in_somebody_elses_name_does_not_make_it_theirs(visitor: Visitor, post: Post) -> None:
    stranger, victim = visitor(), visitor()
    begin(stranger)
    ask_to_claim(stranger, "victim@example.org")
    token = post.secret("victim@example.org", "confirm")
    assert code(confirm(victim, token)) == "REQUIRED"
    assert code(confirm(victim, token, password="what the victim chose")) == "WRONG_CREDENTIALS"
    assert who(victim)["kind"] == "ANONYMOUS"
    assert code(Guest(visitor(), post, "victim@example.org").sign_in()) == "WRONG_CREDENTIALS"


def test_an_account_is_claimed_from_elsewhere_by_whoever_knows_the_password_that_was_chosen(
    visitor: Visitor, post: Post
) -> None:
    client, phone = visitor(), visitor()
    user_id = begin(client)
    ask_to_claim(client, "phone@example.org")
    confirmed = confirm(phone, post.secret("phone@example.org", "confirm"), password=PASSWORD)
    assert (confirmed["account"], confirmed["hasPassword"]) == ({"id": user_id}, True)


def test_an_anonymous_account_makes_no_api_tokens(visitor: Visitor) -> None:
    client = visitor()
    begin(client)
    assert client.refused("apiTokenCreate", name="mine", scopes=[])["code"] == "ANONYMOUS"
