"""Assessments open and close at set times, and what was right is shown from the close on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.assessment.taking import CHOICE, Taker, quiz
from tests.events.logs import sql
from tests.support import factories
from tests.support.clients import Client

Takers = Callable[[], Taker]
LATER, SOONER = "2099-01-01T08:00:00Z", "2020-01-01T08:00:00Z"


def close(database_url: str, made: str, instant: str = "now() - interval '1 second'") -> None:
    """The assessment closes at this instant, as if the clock had come to it."""
    sql(database_url, f"UPDATE assessment SET closes_at = {instant} WHERE id = %s", made)


@pytest.mark.parametrize(
    ("when", "code"), [({"opensAt": LATER}, "NOT_OPEN_YET"), ({"closesAt": SOONER}, "CLOSED")], ids=["early", "late"]
)
def test_nothing_is_begun_before_it_opens_or_after_it_closes(
    author: Client, taker: Takers, when: dict[str, str], code: str
) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE}, **when)
    error = taker().client.refused("attemptStart", assessmentId=made)
    assert (error["code"], error["path"]) == (code, ["assessmentId"])


def test_it_is_open_in_between_and_an_attempt_ends_when_all_closes(
    author: Client, taker: Takers, database_url: str
) -> None:
    closes = (datetime.now(UTC) + timedelta(minutes=7)).replace(microsecond=0)
    made, (choice,) = quiz(
        author, {"multipleChoice": CHOICE}, opensAt=SOONER, closesAt=closes.isoformat(), timeLimitMinutes=30
    )
    somebody = taker()
    begun = somebody.start(made)
    assert datetime.fromisoformat(begun["deadlineAt"]) == closes
    without_limit, _ = quiz(author, {"multipleChoice": CHOICE}, closesAt=LATER)
    assert somebody.start(without_limit)["deadlineAt"].startswith("2099-01-01T08:00:00")
    # Whoever has begun goes on while there is time, whatever is published meanwhile.
    close(database_url, made)
    assert somebody.start(made)["id"] == begun["id"]
    assert len(somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})["answers"]) == 1


@pytest.mark.usefixtures("grader")
def test_what_was_right_is_shown_from_the_close_on_without_anybody_coming_round(
    author: Client, taker: Takers, database_url: str
) -> None:
    made, (choice,) = quiz(
        author, {"multipleChoice": CHOICE}, closesAt=LATER, feedbackMode="AFTER_CLOSE", maxAttempts=1
    )
    somebody, other = taker(), taker()
    begun = somebody.start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})
    somebody.submit(begun)
    done = somebody.graded(begun)
    # It was their last attempt; others are still at theirs.
    assert (done["score"], done["marks"]) == (3.0, [])
    close(database_url, made)
    assert [each["share"] for each in (somebody.look(begun) or {})["marks"]] == ["1"]
    assert other.look(begun) is None
    # Put off, it is held back again until then.
    close(database_url, made, "now() + interval '1 hour'")
    assert (somebody.look(begun) or {})["marks"] == []


@pytest.mark.usefixtures("grader")
def test_what_was_not_to_be_shown_is_not_shown_at_the_close(author: Client, taker: Takers, database_url: str) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE}, closesAt=LATER, feedbackMode="AFTER_PASS")
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": "no"})
    somebody.submit(begun)
    close(database_url, made)
    assert somebody.graded(begun)["marks"] == []


def test_it_closes_after_it_opens_and_instants_have_an_offset(author: Client) -> None:
    backwards = author.refused("assessmentCreate", title="Backwards", opensAt=LATER, closesAt=SOONER)
    assert (backwards["code"], backwards["path"]) == ("INVALID", ["closesAt"])
    made = factories.assessment(author, questions=1)
    naive = author.refused("assessmentUpdate", id=made, expectedRevision=1, opensAt="2099-01-01T08:00:00")
    assert naive["path"] == ["opensAt"]


def test_one_that_stands_by_itself_is_published_and_taken_away_at_a_set_time(author: Client, database_url: str) -> None:
    from resolvers.curriculum import scheduling
    from tests.events.logs import as_service

    made = factories.assessment(author, questions=1)
    document = "query($id: ID!) { assessment(id: $id) { title } }"
    for action, is_seen in (("PUBLISH", True), ("UNPUBLISH", False)):
        planned = {"rootId": made, "action": action, "runAt": LATER}
        plan = author.do("scheduleCreate", "schedule { id }", **planned)["schedule"]["id"]
        sql(database_url, "UPDATE schedule SET run_at = now() WHERE id = %s", plan)
        as_service(database_url, lambda tx, plan=plan: scheduling.run(tx, plan))  # type: ignore[misc]
        assert (author.ask(document, id=made)["assessment"] is not None) == is_seen
    empty = factories.assessment(author)
    refused = author.refused("scheduleCreate", rootId=empty, action="PUBLISH", runAt=LATER)
    assert refused["code"] == "EMPTY"
    lesson = factories.tree(author, modules=1, lessons=1, blocks=0)["lessons"][0]
    inside = factories.assessment(author, lesson, questions=1)
    refused = author.refused("scheduleCreate", rootId=inside, action="PUBLISH", runAt=LATER)
    assert (refused["code"], refused["path"]) == ("NOT_A_ROOT", ["rootId"])
