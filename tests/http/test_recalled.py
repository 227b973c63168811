"""Whoever asked a moment ago is taken at their word, together with the proof: in the round trip of what they read."""

from __future__ import annotations

import threading

import httpx
import psycopg
import pytest

from core import database as sending
from core.pipeline import Statement
from core.proving import Proof, Unproven
from core.viewer import Viewer, ViewerKind
from models.identity import Role
from tests.support.databases import with_database

from .asking import ask, refusal
from .doorkeeper import Doorkeeper

# One program fetches either whole.
LIVE = "{ themes(first: 1) { nodes { id } } }"
DRAFTS = "query @perspective(stage: DRAFT) { themes(first: 1) { nodes { id } } }"
SEEN = 'UPDATE "user" SET last_active_at = now() WHERE id = %s'


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each round trip of a reader has had since."""
    found: list[int] = []
    run = sending.run_pipeline

    async def counted(connection: object, statements: list[Statement], *rest: object) -> object:
        if not statements[0].text.startswith("SET ROLE"):
            found.append(len(statements))
        return await run(connection, statements, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(sending, "run_pipeline", counted)
    return found


def _known(http: httpx.Client, doorkeeper: Doorkeeper, role: Role = Role.EDITOR) -> str:
    """Somebody who has just asked, with their token; answers their id."""
    person = doorkeeper.person(role)
    http.headers["authorization"] = f"Bearer {doorkeeper.token(person)}"
    assert "errors" not in ask(http, LIVE).json()
    return person


def test_who_is_known_and_what_they_read_are_asked_in_one_round_trip(
    http: httpx.Client, doorkeeper: Doorkeeper, round_trips: list[int]
) -> None:
    _known(http, doorkeeper)
    del round_trips[:]
    first, second = ask(http, LIVE).json(), ask(http, DRAFTS).json()
    assert "errors" not in first
    assert "errors" not in second
    # To become the service, to look the credential up, to become the reader; and the page.
    assert round_trips == [4, 4]


def test_somebody_at_a_browser_is_known_as_well(
    http: httpx.Client, doorkeeper: Doorkeeper, round_trips: list[int]
) -> None:
    person = doorkeeper.person()
    assert http.get(doorkeeper.link(person)).status_code == 303
    ask(http, LIVE)
    del round_trips[:]
    assert "errors" not in ask(http, DRAFTS).json()
    assert round_trips == [4]
    doorkeeper.sql("UPDATE auth_session SET revoked_at = now() WHERE user_id = %s", person)
    assert refusal(ask(http, DRAFTS, accept="application/json"), 200) == "UNAUTHENTICATED"
    assert "errors" not in ask(http, LIVE).json()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE api_token SET expires_at = now() - interval '1 second' WHERE user_id = %s",
        "UPDATE api_token SET revoked_at = now() WHERE user_id = %s",
        "UPDATE \"user\" SET status = 'suspended' WHERE id = %s",
        "DELETE FROM api_token WHERE user_id = %s",
    ],
    ids=["expired", "revoked", "its owner suspended", "deleted"],
)
def test_what_ends_ends_at_once_however_well_it_was_known(
    http: httpx.Client, doorkeeper: Doorkeeper, change: str
) -> None:
    person = _known(http, doorkeeper)
    doorkeeper.sql(change, person)
    assert refusal(ask(http, LIVE), 401) == "UNAUTHENTICATED"


def test_a_permission_that_comes_and_goes_counts_from_then_on(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    person = _known(http, doorkeeper)
    for role, is_let_in in (("learner", False), ("editor", True), ("learner", False)):
        doorkeeper.sql("UPDATE role_grant SET role = %s WHERE user_id = %s", role, person)
        for _ in range(2):
            assert ("errors" not in ask(http, DRAFTS).json()) is is_let_in


def test_what_is_no_single_program_is_asked_by_somebody_who_was_looked_up(
    http: httpx.Client, doorkeeper: Doorkeeper, round_trips: list[int]
) -> None:
    _known(http, doorkeeper)
    del round_trips[:]
    answer = ask(http, "{ viewer { name } themes(first: 1) { nodes { id } } }").json()
    assert answer["data"]["viewer"]["name"].startswith("Guest")
    # The look-up has a round trip to itself.
    assert round_trips == [2, 2]


def test_nobody_who_was_sent_away_is_answered_afterwards(http: httpx.Client, doorkeeper: Doorkeeper) -> None:
    person = _known(http, doorkeeper)
    gone, late = threading.Event(), []

    def ask_on() -> None:
        with httpx.Client(base_url=http.base_url, headers=http.headers, timeout=60, verify=False) as mine:
            for _ in range(10_000):
                was_gone = gone.is_set()
                status = ask(mine, LIVE).status_code
                if was_gone and status == 200:
                    late.append(status)
                if status != 200:
                    return

    crowd = [threading.Thread(target=ask_on) for _ in range(4)]
    for each in crowd:
        each.start()
    doorkeeper.sql("UPDATE api_token SET revoked_at = now() WHERE user_id = %s", person)
    gone.set()
    for each in crowd:
        each.join()
    assert late == []


WHERE = Statement(
    "SELECT current_user::text, current_setting('enable_seqscan'), current_setting('cairn.viewer_id', true)"
)
LEARNER = Viewer(ViewerKind.USER, "00000000-0000-7000-8000-000000000001")


def test_the_service_only_looks_the_credential_up(database_url: str) -> None:
    async def work(database: sending.Database) -> list[object]:
        found: list[object] = []
        proof = Proof(WHERE, ("cairn_service", "off", None))
        found += await database.read_proven(LEARNER, proof, [WHERE, WHERE])
        with pytest.raises(Unproven):
            await database.read_proven(LEARNER, Proof(WHERE, ("cairn_api", "off", None)), [WHERE])
        with pytest.raises(psycopg.errors.DivisionByZero):
            await database.read_proven(LEARNER, Proof(Statement("SELECT 1 / 0"), (1,)), [WHERE])
        return [*found, *await database.read_at_once(LEARNER, [WHERE])]

    expected = [("cairn_api", "on", LEARNER.user_id)]
    assert with_database(database_url, work, pool_size=1) == [expected] * 3


def test_of_whoever_was_sent_away_nothing_is_told_or_charged(
    http: httpx.Client, doorkeeper: Doorkeeper, caplog: pytest.LogCaptureFixture
) -> None:
    person = _known(http, doorkeeper)
    before = ask(http, LIVE)
    assert "server-timing" in before.headers
    doorkeeper.sql("UPDATE api_token SET revoked_at = now() WHERE user_id = %s", person)
    caplog.clear()
    answers = [ask(http, LIVE) for _ in range(3)]
    assert [refusal(each, 401) for each in answers] == ["UNAUTHENTICATED"] * 3
    assert not any("server-timing" in each.headers for each in answers)
    assert person not in caplog.text


def test_who_was_found_not_to_be_there_is_not_asked_for_again(
    http: httpx.Client, doorkeeper: Doorkeeper, round_trips: list[int]
) -> None:
    person = _known(http, doorkeeper)
    doorkeeper.sql("UPDATE api_token SET revoked_at = now() WHERE user_id = %s", person)
    del round_trips[:]
    for _ in range(3):
        refusal(ask(http, LIVE), 401)
    # Only the first comes with a page; from then on nobody is known by this token.
    assert round_trips == [4, 2, 2, 2]


def test_what_fails_for_somebody_who_is_known_fails_once(
    http: httpx.Client, doorkeeper: Doorkeeper, database_url: str, round_trips: list[int]
) -> None:
    _known(http, doorkeeper)
    del round_trips[:]
    with psycopg.connect(database_url) as someone:
        someone.execute("LOCK TABLE theme IN ACCESS EXCLUSIVE MODE")
        (error,) = ask(http, LIVE).json()["errors"]
    assert error["path"] == ["themes"]
    # The page that failed, and the look-up that says whom it failed for.
    assert round_trips == [4, 2]
