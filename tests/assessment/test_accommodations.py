"""Some have more time or more attempts than others: from the next attempt on, and in the one that is under way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.identity import Role
from resolvers.assessment.allowances import Allowance
from tests.assessment.taking import CHOICE, Taker, quiz
from tests.events.logs import sql
from tests.support import factories
from tests.support.clients import Client, Data, People

Takers = Callable[[], Taker]
Staff = Callable[[Role], tuple[str, Client]]
MORE = "accommodation { id extraMinutes extraPercent extraAttempts reason assessmentId userId }"


@pytest.fixture
def coach(staff: Staff, empty: None) -> Client:
    """Somebody who may give people more."""
    return staff(Role.COACH)[1]


@pytest.fixture
def learner(staff: Staff, empty: None) -> tuple[str, Taker]:
    """(id, somebody who takes assessments)."""
    user_id, client = staff(Role.LEARNER)
    return user_id, Taker(client)


def give(coach: Client, made: str, user_id: str, **more: Any) -> Data:
    """Gives somebody more."""
    given = {"assessmentId": made, "userId": user_id, "reason": "A broken arm", **more}
    found: Data = coach.do("accommodationGrant", MORE, **given)["accommodation"]
    return found


def minutes(attempt: Data) -> float:
    """How long an attempt may take."""
    began, ends = (datetime.fromisoformat(attempt[name]) for name in ("startedAt", "deadlineAt"))
    return (ends - began) / timedelta(minutes=1)


def test_whoever_has_more_time_has_it_from_the_beginning(
    author: Client, coach: Client, learner: tuple[str, Taker], taker: Takers
) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE}, timeLimitMinutes=30)
    user_id, somebody = learner
    assert give(coach, made, user_id, extraPercent=25, extraMinutes=5)["extraPercent"] == 25
    assert minutes(somebody.start(made)) == 30 + 8 + 5
    assert minutes(taker().start(made)) == 30


def test_an_attempt_under_way_gets_its_time_at_once_and_none_is_taken_from_it(
    author: Client, coach: Client, learner: tuple[str, Taker]
) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE}, timeLimitMinutes=30)
    user_id, somebody = learner
    begun = somebody.start(made)
    given = give(coach, made, user_id, extraMinutes=20)
    assert minutes(somebody.look(begun) or {}) == 50
    assert give(coach, made, user_id, extraMinutes=1)["id"] == given["id"]
    assert minutes(somebody.look(begun) or {}) == 50
    coach.do("accommodationRevoke", "__typename", id=given["id"])
    assert minutes(somebody.look(begun) or {}) == 50


def test_what_is_over_stays_over(author: Client, coach: Client, learner: tuple[str, Taker], database_url: str) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE}, timeLimitMinutes=30)
    user_id, somebody = learner
    begun = somebody.start(made)
    sql(database_url, "UPDATE attempt SET deadline_at = now() - interval '1 second'")
    give(coach, made, user_id, extraMinutes=20)
    assert somebody.refused(begun, choice, multipleChoice={"choiceId": "yes"})["code"] == "TIME_IS_UP"


def test_whoever_has_more_attempts_begins_once_more(author: Client, coach: Client, learner: tuple[str, Taker]) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE}, maxAttempts=1)
    user_id, somebody = learner
    somebody.submit(somebody.start(made))
    assert somebody.client.refused("attemptStart", assessmentId=made)["code"] == "NO_ATTEMPT_LEFT"
    given = give(coach, made, user_id, extraAttempts=1)
    second = somebody.start(made)
    assert second["number"] == 2
    somebody.submit(second)
    coach.do("accommodationRevoke", "__typename", id=given["id"])
    assert somebody.client.refused("attemptStart", assessmentId=made)["code"] == "NO_ATTEMPT_LEFT"


def test_the_person_sees_what_they_have_and_why_and_nobody_else_who_may_not(
    author: Client, coach: Client, learner: tuple[str, Taker], taker: Takers, people: People, database_url: str
) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE})
    user_id, somebody = learner
    given = give(coach, made, user_id, extraAttempts=2)
    document = "query { accommodations { nodes { id reason extraAttempts assessment { title } } } }"
    for who in (somebody.client, coach, people.admin):
        (seen,) = who.ask(document)["accommodations"]["nodes"]
        assert (seen["id"], seen["reason"]) == (given["id"], "A broken arm")
    for who in (taker().client, author, people.anonymous):
        assert who.ask(document) == {"accommodations": {"nodes": []}}
    assert sql(database_url, "SELECT 1 FROM audit_log WHERE row(audit_log)::text LIKE %s", "%broken%") == []
    assert sql(database_url, "SELECT 1 FROM fact WHERE payload::text LIKE %s", "%broken%") == []


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({}, "extraMinutes"),
        ({"extraMinutes": -1}, "extraMinutes"),
        ({"extraMinutes": 10_081}, "extraMinutes"),
        ({"extraPercent": 901}, "extraPercent"),
        ({"extraAttempts": 101}, "extraAttempts"),
        ({"extraAttempts": 1, "reason": ""}, "reason"),
        ({"extraAttempts": 1, "userId": "nobody"}, "userId"),
    ],
)
def test_what_will_not_do_is_refused_by_its_field(
    author: Client, coach: Client, learner: tuple[str, Taker], more: Data, path: str
) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE})
    given = {"assessmentId": made, "userId": learner[0], "reason": "So", **more}
    assert coach.refused("accommodationGrant", **given)["path"] == [path]


def test_a_coach_within_a_course_gives_more_there_and_nowhere_else(
    author: Client, staff: Staff, learner: tuple[str, Taker]
) -> None:
    made, courses = [], []
    for _ in range(2):
        tree = factories.tree(author, modules=1, lessons=1, blocks=0)
        made.append(quiz(author, {"multipleChoice": CHOICE}, lesson_id=tree["lessons"][0])[0])
        courses.append(tree["course"])
    user_id, client = staff(Role.LEARNER)
    scope = {"scopeType": "COURSE", "scopeId": courses[0]}
    staff(Role.ADMIN)[1].do("roleGrant", "__typename", userId=user_id, role="COACH", **scope)
    give(client, made[0], learner[0], extraAttempts=1)
    given = {"userId": learner[0], "reason": "So", "extraAttempts": 1}
    assert client.refused("accommodationGrant", assessmentId=made[1], **given)["code"] == "NOT_FOUND"
    other = give(staff(Role.COACH)[1], made[1], learner[0], extraAttempts=1)
    assert client.refused("accommodationRevoke", id=other["id"])["code"] == "NOT_FOUND"
    assert len(client.ask("{ accommodations { nodes { id } } }")["accommodations"]["nodes"]) == 1


@settings(max_examples=60, deadline=None, derandomize=True)
@given(limit=st.integers(1, 10_080), extra=st.integers(0, 10_080), percent=st.integers(0, 900))
def test_more_time_is_never_less_and_is_rounded_up_to_a_minute(limit: int, extra: int, percent: int) -> None:
    found = Allowance(extra, percent).minutes(limit)
    assert found is not None
    assert 0 <= found - (limit + extra + limit * percent / 100) < 1
    assert (Allowance(extra, percent).minutes(None), Allowance(0, 0, 3).attempts(None)) == (None, None)
