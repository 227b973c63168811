"""What was held back is shown when it is due, however late that comes to be so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.identity import Role
from tests.assessment.taking import CHOICE, Taker, quiz
from tests.assessment.test_regrading import NO, YES, taken
from tests.events.logs import sql
from tests.support.clients import Client, Data

Takers = Callable[[], Taker]
Staff = Callable[[Role], tuple[str, Client]]


def marks(somebody: Taker, attempt: Data) -> list[Data]:
    """The marks of an attempt that its owner sees."""
    found: list[Data] = (somebody.look(attempt) or {})["marks"]
    return found


@pytest.mark.usefixtures("grader")
def test_a_failed_attempt_is_shown_to_somebody_who_has_passed_before(author: Client, taker: Takers) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE}, feedbackMode="AFTER_PASS")
    somebody, other = taker(), taker()
    assert marks(other, taken(other, made, (choice, NO))) == []
    assert len(marks(somebody, taken(somebody, made, (choice, YES)))) == 1
    failed = taken(somebody, made, (choice, NO))
    assert (failed["passed"], [each["explanation"] for each in marks(somebody, failed)]) == (False, ["It is."])


@pytest.mark.usefixtures("grader")
def test_what_waits_for_the_last_attempt_is_shown_when_no_more_is_given(
    author: Client, taker: Takers, staff: Staff, database_url: str
) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE}, maxAttempts=2, feedbackMode="AFTER_CLOSE")
    somebody, other, coach = taker(), taker(), staff(Role.COACH)[1]
    given = {"assessmentId": made, "userId": other.client.ask("{ viewer { id } }")["viewer"]["id"], "reason": "So"}
    more = coach.do("accommodationGrant", "accommodation { id }", **given, extraAttempts=1)["accommodation"]
    once = taken(somebody, made, (choice, NO))
    both = [taken(other, made, (choice, NO)) for _ in range(2)]
    assert [marks(somebody, once), *(marks(other, each) for each in both)] == [[], [], []]
    # One attempt fewer for all: whoever had one has none left; the other still has one.
    document = "query($id: ID!) @perspective(stage: DRAFT) { assessment(id: $id) { revision } }"
    revision = author.ask(document, id=made)["assessment"]["revision"]
    author.do("assessmentUpdate", "__typename", id=made, expectedRevision=revision, maxAttempts=1)
    author.do("assessmentPublish", "__typename", id=made)
    assert len(marks(somebody, once)) == 1
    sql(database_url, "UPDATE assessment SET max_attempts = 2 WHERE id = %s", made)
    assert [len(marks(other, each)) for each in both] == [0, 0]
    coach.do("accommodationRevoke", "__typename", id=more["id"])
    assert [len(marks(other, each)) for each in both] == [1, 1]
    again = taken(somebody, made, (choice, YES))
    assert len(marks(somebody, again)) == 1
