"""Many at once, over two servers on one database: limits hold exactly, and what was acknowledged counts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl, SecretStr

from cairn.settings import MailSettings, Settings
from models.identity import Role
from resolvers.assessment import attempts
from tests.assessment.taking import CHOICE, Taker, quiz
from tests.events.logs import sql
from tests.jobs.crews import ask, until_idle
from tests.support.clients import Client, Data
from tests.support.servers import RunningApplication

pytestmark = pytest.mark.usefixtures("grader")
CLIENTS = 64
# How long the last second is.
SECONDS = 5.0 if os.environ.get("CAIRN_TEST_LONG") else 1.0


@pytest.fixture(scope="module")
def second_server(database_url: str, house: tuple[str, RunningApplication]) -> Iterator[str]:
    """The address of a server like the first, over the same database."""
    mail = MailSettings(mailbox=True, app_url=HttpUrl("https://app.example"))
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), mail=mail))
    yield running.start()
    running.stop()


@pytest.fixture
def person(visitor: Callable[[], Client]) -> Taker:
    """Somebody with an app, whose token is good at every server."""
    client = visitor()
    client.token = client.do("accountStartAnonymously", "accessToken", kind="APP")["accessToken"]
    return Taker(client)


@pytest.fixture
def windows(second_server: str) -> Iterator[Callable[[Taker], list[Taker]]]:
    """`windows(somebody)` are many windows of theirs, half of them at each server."""
    with ExitStack() as stack:

        def opened(somebody: Taker) -> list[Taker]:
            made = []
            for number in range(CLIENTS):
                address = second_server if number % 2 else somebody.client.url
                http = stack.enter_context(httpx.Client(timeout=60, verify=False))
                made.append(Taker(Client(address, somebody.client.token, http)))
            return made

        yield opened


def together(act: Callable[[int], Any]) -> list[Any]:
    """What comes of it when all do it at once, each with their number."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(act, range(CLIENTS)))


def test_64_windows_race_for_the_last_attempt_and_there_is_one(
    author: Client, person: Taker, windows: Callable[[Taker], list[Taker]], database_url: str
) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE}, maxAttempts=3)
    somebody = person
    for _ in range(2):
        somebody.submit(somebody.start(made))
    opened = windows(somebody)

    def begins_and_hands_in(number: int) -> str:
        client = opened[number].client
        begun = client.mutate("attemptStart", "attempt { id number }", assessmentId=made)
        if begun["errors"]:
            return str(begun["errors"][0]["code"])
        assert begun["attempt"]["number"] == 3
        handed_in = client.mutate("attemptSubmit", "attempt { id }", id=begun["attempt"]["id"])
        assert handed_in["errors"] == []
        return str(begun["attempt"]["id"])

    came = Counter(together(begins_and_hands_in))
    refused = came.pop("NO_ATTEMPT_LEFT", 0)
    (attempt_id,) = came
    assert came[attempt_id] + refused == CLIENTS
    until_idle(database_url)
    numbers = sql(database_url, "SELECT number, status FROM attempt WHERE assessment_id = %s ORDER BY 1", made)
    assert numbers == [(1, "graded"), (2, "graded"), (3, "graded")]
    told = "SELECT type, count(*) FROM fact WHERE subject_id = %s GROUP BY 1 ORDER BY 1"
    assert sql(database_url, told, attempt_id) == [
        ("attempt.graded", 1), ("attempt.started", 1), ("attempt.submitted", 1),
    ]  # fmt: skip


def test_64_windows_race_for_the_last_second_and_every_acknowledged_answer_counts(
    author: Client, person: Taker, windows: Callable[[Taker], list[Taker]], database_url: str
) -> None:
    question = {"markdown": "How many?", "answers": [{"value": "1000000"}]}
    made, ids = quiz(author, *({"numeric": question} for _ in range(CLIENTS)), timeLimitMinutes=5, maxAttempts=1)
    somebody = person
    begun = somebody.start(made)
    opened = windows(somebody)
    set_deadline = "UPDATE attempt SET deadline_at = clock_timestamp() + make_interval(secs => %s) WHERE id = %s"
    sql(database_url, set_deadline, SECONDS, begun["id"])

    def saves_until_the_time_is_up(number: int) -> int | None:
        """The last number that was acknowledged."""
        acknowledged = None
        for value in range(1_000_000):
            given: Data = {"id": begun["id"], "blockId": ids[number], "answer": {"numeric": {"number": str(value)}}}
            saved = opened[number].client.mutate("attemptAnswerSave", "__typename", **given)
            if saved["errors"]:
                assert saved["errors"][0]["code"] in {"TIME_IS_UP", "NOT_IN_PROGRESS", "BUSY"}
                if saved["errors"][0]["code"] != "BUSY":
                    break
            else:
                acknowledged = value
        if number == 0:
            ask(database_url, attempts.EXPIRE)
        opened[number].client.mutate("attemptSubmit", "__typename", id=begun["id"])
        return acknowledged

    acknowledged = together(saves_until_the_time_is_up)
    until_idle(database_url)
    kept = dict(
        sql(database_url, "SELECT block_id::text, value->>'number' FROM answer WHERE attempt_id = %s", begun["id"])
    )
    assert kept == {ids[number]: str(value) for number, value in enumerate(acknowledged) if value is not None}
    assert len(kept) > 0
    late = "SELECT 1 FROM answer JOIN attempt ON attempt.id = attempt_id WHERE answer.updated_at > deadline_at"
    assert sql(database_url, late) == []
    done = somebody.look(begun) or {}
    assert (done["status"], done["submittedAt"], done["score"]) == ("EXPIRED", done["deadlineAt"], 0.0)
    told = "SELECT type, count(*) FROM fact WHERE subject_id = %s GROUP BY 1 ORDER BY 1"
    assert sql(database_url, told, begun["id"]) == [
        ("attempt.graded", 1), ("attempt.started", 1), ("attempt.submitted", 1),
    ]  # fmt: skip


def test_of_64_who_begin_while_one_more_attempt_is_granted_and_taken_back_none_is_beyond_the_limit(
    author: Client, person: Taker, windows: Callable[[Taker], list[Taker]], database_url: str, staff: Any
) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE}, maxAttempts=1)
    somebody, coach = person, staff(Role.COACH)[1]
    user_id = somebody.client.ask("{ viewer { id } }")["viewer"]["id"]
    somebody.submit(somebody.start(made))
    opened = windows(somebody)
    given = {"assessmentId": made, "userId": user_id, "reason": "So", "extraAttempts": 1}

    def acts(number: int) -> None:
        if number == CLIENTS // 2:
            coach.do("accommodationGrant", "__typename", **given)
        begun = opened[number].client.mutate("attemptStart", "attempt { id }", assessmentId=made)
        if not begun["errors"]:
            opened[number].client.mutate("attemptSubmit", "__typename", id=begun["attempt"]["id"])

    together(acts)
    assert sql(database_url, "SELECT count(*) FROM attempt WHERE assessment_id = %s", made) in ([(1,)], [(2,)])
    until_idle(database_url)
