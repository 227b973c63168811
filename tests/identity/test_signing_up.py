"""Making an account: by a mail that only its recipient reads, and nothing told to anybody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import PASSWORD, Guest, Post, code, who
from tests.support.clients import Client

Visitor = Callable[[], Client]
Newcomer = Callable[[], Guest]


def test_an_account_is_made_by_the_link_that_was_mailed(visitor: Visitor, post: Post) -> None:
    guest = Guest(visitor(), post, "Maya@Example.org", name="Maya")
    guest.ask_for_account()
    assert who(guest.client)["kind"] == "ANONYMOUS"
    guest.client.do("accountConfirm", "account { id }", token=post.secret(guest.email, "confirm"))
    viewer = who(guest.client)
    assert (viewer["kind"], viewer["name"], viewer["account"]["email"]) == ("USER", "Maya", "Maya@Example.org")


def test_before_the_address_is_confirmed_there_is_no_account(
    visitor: Visitor, post: Post, doorkeeper: Doorkeeper
) -> None:
    guest = Guest(visitor(), post, "nobody@example.org")
    guest.ask_for_account()
    assert post.mails(guest.email)
    assert doorkeeper.sql('SELECT 1 FROM "user" WHERE email = %s', guest.email) == []
    assert code(guest.sign_in()) == "WRONG_CREDENTIALS"


def test_the_answer_does_not_say_that_there_is_an_account_but_the_mail_does(
    newcomer: Newcomer, visitor: Visitor, post: Post
) -> None:
    there = newcomer()
    again, new = Guest(visitor(), post, there.email.upper()), Guest(visitor(), post, "fresh@example.org")
    assert again.ask_for_account() == new.ask_for_account() == {"account": None, "errors": []}
    assert "already have an account" in post.newest(there.email).subject
    assert "token=" not in post.newest(there.email).text


def test_of_two_links_to_one_address_the_second_finds_the_account_there(visitor: Visitor, post: Post) -> None:
    guest = Guest(visitor(), post, "twice@example.org")
    tokens = []
    for _ in range(2):
        guest.ask_for_account()
        tokens.append(post.secret(guest.email, "confirm"))
    assert code(guest.client.mutate("accountConfirm", "account { id }", token=tokens[0])) is None
    assert code(visitor().mutate("accountConfirm", "account { id }", token=tokens[1])) == "TAKEN"


def test_a_link_that_is_too_old_makes_nothing(visitor: Visitor, post: Post, doorkeeper: Doorkeeper) -> None:
    guest = Guest(visitor(), post, "late@example.org")
    guest.ask_for_account()
    token = post.secret(guest.email, "confirm")
    doorkeeper.sql("UPDATE login_token SET expires_at = now() - interval '1 second'")
    assert code(guest.client.mutate("accountConfirm", "account { id }", token=token)) == "LINK_EXPIRED"


def test_a_link_for_one_purpose_is_worth_nothing_for_another(newcomer: Newcomer, visitor: Visitor, post: Post) -> None:
    guest = newcomer()
    stranger = visitor()
    stranger.do("accountSignInLinkRequest", "account { id }", email=guest.email)
    link = post.secret(guest.email, "sign-in")
    for name, more in (
        ("accountConfirm", {}),
        ("accountEmailChangeConfirm", {}),
        ("accountPasswordReset", {"password": PASSWORD}),
    ):
        assert code(stranger.mutate(name, "account { id }", token=link, **more)) == "LINK_EXPIRED"
    assert code(stranger.mutate("sessionStartByLink", "session { id }", token=link)) is None


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("email", "no address", "INVALID"),
        ("email", "a@b", "INVALID"),
        ("email", "a@example.org\nBcc: b@example.org", "INVALID"),
        ("email", f"{'a' * 250}@example.org", "INVALID"),
        ("email", "a..b@example.org", "INVALID"),
        ("email", ".a@example.org", "INVALID"),
        ("email", "ü@example.org", "INVALID"),
        ("password", "short", "TOO_WEAK"),
        ("password", "aaaaaaaaaaaaaaaa", "TOO_WEAK"),
        ("password", "x" * 100 + "abcdefghij" * 20, "INVALID"),
        ("password", "somebody@example.org", "TOO_WEAK"),
        ("displayName", "", "INVALID"),
        ("displayName", "x" * 51, "INVALID"),
        ("timezone", "Middle/Earth", "INVALID"),
        ("locale", "../../etc", "INVALID"),
    ],
)
def test_what_makes_no_account_is_refused_by_field(
    visitor: Visitor, post: Post, field: str, value: str, word: str
) -> None:
    good = {"email": "somebody@example.org", "password": PASSWORD, "displayName": "Somebody"}
    refusal = visitor().refused("accountCreate", **{**good, field: value})
    assert (refusal["code"], refusal["path"]) == (word, [field])
    assert post.mails("somebody@example.org") == []


def test_secrets_stand_in_no_table_and_in_no_log(newcomer: Newcomer, post: Post, doorkeeper: Doorkeeper) -> None:
    guest = newcomer()
    guest.client.do("accountSignInLinkRequest", "account { id }", email=guest.email)
    link = post.secret(guest.email, "sign-in")
    for table in ("auth_identity", "login_token", "auth_session", "outgoing_mail", "audit_log"):
        rows = doorkeeper.sql(f"SELECT to_jsonb(t)::text FROM {table} t")
        assert rows, table
        for secret in (PASSWORD, link):
            assert not [row for (row,) in rows if secret in row], table
    acts = doorkeeper.sql("SELECT actor_id::text, actor_kind FROM audit_log WHERE action = 'account_confirm'")
    assert (guest.id, "user") in acts
    actions = {action for (action,) in doorkeeper.sql("SELECT DISTINCT action FROM audit_log")}
    assert {"account_create", "account_confirm", "account_sign_in_link_request"} <= actions


def test_a_new_account_has_a_milestone_that_is_written_once(newcomer: Newcomer, doorkeeper: Doorkeeper) -> None:
    guest = newcomer()
    assert guest.client.ask("{ viewer { account { milestones { key } } } }") == {
        "viewer": {"account": {"milestones": [{"key": "account_confirmed"}]}}
    }


def test_a_stranger_who_asks_for_an_account_in_somebodys_name_does_not_choose_its_password(
    visitor: Visitor, post: Post
) -> None:
    maya, mallory = Guest(visitor(), post, "maya2@example.org"), Guest(visitor(), post, "maya2@example.org")
    mallory.password = "chosen by the stranger"
    maya.ask_for_account()
    mallory.ask_for_account()
    his = post.secret("maya2@example.org", "confirm")
    with_hers = maya.client.mutate("accountConfirm", "account { id }", token=his, password=maya.password)
    assert code(with_hers) == "WRONG_CREDENTIALS"
    followed = maya.client.do("accountConfirm", "account { id } hasPassword", token=his)
    assert (who(maya.client)["kind"], followed["hasPassword"]) == ("USER", False)
    assert code(mallory.sign_in()) == "WRONG_CREDENTIALS"


def test_a_wrong_password_does_not_use_the_link_up(visitor: Visitor, post: Post) -> None:
    guest = Guest(visitor(), post, "forgetful@example.org")
    guest.ask_for_account()
    token = post.secret(guest.email, "confirm")
    wrong = guest.client.mutate("accountConfirm", "account { id }", token=token, password="not the one I chose")
    assert (code(wrong), wrong["errors"][0]["path"]) == ("WRONG_CREDENTIALS", ["password"])
    guest.client.do("accountConfirm", "account { id }", token=token, password=PASSWORD)
    assert code(guest.sign_in(visitor())) is None
