"""Signing in and out, with a password or a link, in a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import HttpUrl, SecretStr

from cairn.settings import HttpSettings, Settings
from resolvers.identity import passwords
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import PASSWORD, Guest, Post, code, who
from tests.support.clients import Client
from tests.support.servers import RunningApplication

Visitor = Callable[[], Client]
Newcomer = Callable[[], Guest]


def test_the_right_password_signs_a_browser_in_with_a_cookie(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, browser = newcomer(), visitor()
    payload = guest.sign_in(browser)
    assert (code(payload), payload["accessToken"], payload["refreshToken"]) == (None, None, None)
    assert who(browser)["id"] == guest.id


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, browser = newcomer(), visitor()
    document = """mutation($email: String!, $password: String!) {
        sessionStart(input: { email: $email, password: $password }) { errors { code } } }"""
    answer = browser.post(document, {"email": guest.email, "password": PASSWORD})
    header = answer.headers["set-cookie"]
    assert "HttpOnly" in header
    assert "SameSite=lax" in header
    assert "Path=/" in header


def test_over_https_the_cookie_belongs_to_this_host_alone(newcomer: Newcomer, database_url: str) -> None:
    guest = newcomer()
    http = HttpSettings(public_url=HttpUrl("https://cairn.example"))
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), http=http))
    client = Client(running.start())
    document = """mutation($email: String!, $password: String!) {
        sessionStart(input: { email: $email, password: $password }) { errors { code } } }"""
    try:
        header = client.post(document, {"email": guest.email, "password": PASSWORD}).headers["set-cookie"]
    finally:
        client.http.close()
        running.stop()
    assert header.startswith("__Host-cairn_session=cairn_ses_")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(header.split("; "))
    assert "Domain" not in header


def test_a_queue_of_passwords_that_is_too_long_is_turned_away(
    newcomer: Newcomer, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, browser = newcomer(), visitor()
    monkeypatch.setattr(passwords, "MOST_WAITING", 0)
    document = """mutation($email: String!, $password: String!) {
        sessionStart(input: { email: $email, password: $password }) { errors { code } } }"""
    assert browser.fails(document, email=guest.email, password=PASSWORD) == "UNAVAILABLE"
    assert who(guest.client)["kind"] == "USER"


def test_the_address_may_be_written_in_any_case(newcomer: Newcomer, visitor: Visitor, post: Post) -> None:
    guest = newcomer()
    assert code(Guest(visitor(), post, f" {guest.email.upper()} ").sign_in()) is None


def test_a_wrong_password_and_no_account_are_the_same_from_outside(
    newcomer: Newcomer, visitor: Visitor, post: Post
) -> None:
    guest = newcomer()
    wrong = Guest(visitor(), post, guest.email, password="not this one at all").sign_in()
    unknown = Guest(visitor(), post, "unknown@example.org").sign_in()
    assert wrong == unknown
    assert code(wrong) == "WRONG_CREDENTIALS"


def test_a_suspended_account_is_told_so_only_to_who_knows_its_password(
    newcomer: Newcomer, visitor: Visitor, post: Post, doorkeeper: Doorkeeper
) -> None:
    guest = newcomer()
    doorkeeper.sql("UPDATE \"user\" SET status = 'suspended' WHERE id = %s", guest.id)
    assert code(guest.sign_in(visitor())) == "ACCOUNT_CLOSED"
    assert code(Guest(visitor(), post, guest.email, password="not this one").sign_in()) == "WRONG_CREDENTIALS"
    visitor().do("accountSignInLinkRequest", "account { id }", email=guest.email)
    assert "link to sign in" not in post.newest(guest.email).subject


def test_whoever_signs_in_acts_from_there_on_in_the_same_request(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, browser = newcomer(), visitor()
    document = """mutation($email: String!, $password: String!) {
        sessionStart(input: { email: $email, password: $password }) { session { kind isCurrent } errors { code } }
        settingsUpdate(input: { expectedRevision: 1, nickname: "Mo" }) { settings { nickname } errors { code } } }"""
    assert browser.ask(document, email=guest.email, password=PASSWORD) == {
        "sessionStart": {"session": {"kind": "BROWSER", "isCurrent": True}, "errors": []},
        "settingsUpdate": {"settings": {"nickname": "Mo"}, "errors": []},
    }


def test_a_link_signs_in_once(newcomer: Newcomer, visitor: Visitor, post: Post) -> None:
    guest, browser = newcomer(), visitor()
    browser.do("accountSignInLinkRequest", "account { id }", email=guest.email)
    token = post.secret(guest.email, "sign-in")
    assert code(browser.mutate("sessionStartByLink", "session { id }", token=token)) is None
    assert who(browser)["id"] == guest.id
    assert code(visitor().mutate("sessionStartByLink", "session { id }", token=token)) == "LINK_EXPIRED"


def test_nobody_gets_a_link_who_has_no_account_and_the_answer_is_the_same(
    newcomer: Newcomer, visitor: Visitor, post: Post
) -> None:
    guest, browser = newcomer(), visitor()
    for name in ("accountSignInLinkRequest", "accountPasswordResetRequest"):
        answers = [browser.mutate(name, "account { id }", email=each) for each in (guest.email, "none@example.org")]
        assert answers[0] == answers[1] == {"account": None, "errors": []}
    assert post.mails("none@example.org") == []
    assert len(post.mails(guest.email)) == 3


def test_signing_out_ends_this_session_only(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, other = newcomer(), visitor()
    guest.sign_in(other)
    kept = dict(other.http.cookies)
    assert code(other.mutate("sessionEnd", "session { id }")) is None
    assert dict(other.http.cookies) == {}
    other.http.cookies.update(kept)
    assert (who(other)["kind"], who(guest.client)["kind"]) == ("ANONYMOUS", "USER")


def test_another_session_is_ended_by_its_id_and_a_strangers_is_not(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, other, stranger = newcomer(), visitor(), newcomer()
    session = guest.sign_in(other)["session"]["id"]
    assert code(stranger.client.mutate("sessionEnd", "session { id }", id=session)) == "NOT_FOUND"
    assert who(other)["kind"] == "USER"
    assert code(guest.client.mutate("sessionEnd", "session { id }", id=session)) is None
    assert (who(other)["kind"], who(guest.client)["kind"]) == ("ANONYMOUS", "USER")


def test_signing_out_everywhere_may_leave_out_this_place(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, other = newcomer(), visitor()
    guest.sign_in(other)
    guest.client.do("sessionEndAll", "session { id }", keepThis=True)
    assert (who(other)["kind"], who(guest.client)["kind"]) == ("ANONYMOUS", "USER")
    guest.client.do("sessionEndAll", "session { id }")
    assert who(guest.client)["kind"] == "ANONYMOUS"


def test_one_sees_where_one_is_signed_in(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, other = newcomer(), visitor()
    other.http.headers["user-agent"] = "Telephone"
    guest.sign_in(other)
    found = guest.client.ask("{ viewer { account { sessions { kind userAgent isCurrent ip } } } }")
    sessions = found["viewer"]["account"]["sessions"]
    assert [(each["userAgent"] == "Telephone", each["isCurrent"]) for each in sessions] == [
        (True, False),
        (False, True),
    ]
    assert {each["ip"] for each in sessions} == {"127.0.0.1"}


def test_a_crowd_at_the_door_is_let_in_one_by_one(newcomer: Newcomer, visitor: Visitor) -> None:
    # No account may be tried more than ten times in a row from one address.
    guests = [newcomer() for _ in range(8)]
    clients = [visitor() for _ in range(64)]
    with ThreadPoolExecutor(64) as threads:
        payloads = list(threads.map(lambda number: guests[number % 8].sign_in(clients[number]), range(64)))
    assert {code(each) for each in payloads} == {None}
    assert len({each["session"]["id"] for each in payloads}) == 64


def test_a_password_of_marks_upon_marks_keeps_nobody_waiting(visitor: Visitor) -> None:
    browser = visitor()
    cruel = "a" + "\u0300" * 60_000 + "\u0323" * 60_000
    before = time.process_time()
    assert code(browser.mutate("sessionStart", "session { id }", email="a@example.org", password=cruel)) == (
        "WRONG_CREDENTIALS"
    )
    made = browser.mutate("accountCreate", "account { id }", email="a@example.org", password=cruel, displayName="A")
    assert code(made) == "INVALID"
    assert time.process_time() - before < 5
    assert browser.fails("query($slug: String!) { course(slug: $slug) { id } }", slug="x" * 250_001) == "TEXT_TOO_LONG"
