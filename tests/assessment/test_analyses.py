"""How questions did, as editors are told: by first attempts, in words, and never of what is private."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.identity import Role
from tests.assessment.conftest import Staff
from tests.assessment.taking import CHOICE, NUMBER, Taker, quiz
from tests.support.clients import Client, Data

Takers = Callable[[], Taker]
ANALYSIS = """query($id: ID!) { assessmentAnalysis(assessmentId: $id) { people questions { blockId heading format asked
    answers difficulty discrimination discriminationOfGroups
    options { option text isRight count proportion upper lower correlation } } } }"""


@pytest.fixture
def admin(staff: Staff, empty: None) -> Client:
    """Somebody who may have results."""
    return staff(Role.ADMIN)[1]


def take(taker: Taker, made: str, **answers: Data) -> None:
    """Answers, hands in and waits for the grading; keys are the ids of blocks."""
    begun = taker.start(made)
    for block, answer in answers.items():
        taker.answer(begun, block, **answer)
    taker.submit(begun)
    taker.graded(begun)


@pytest.mark.usefixtures("grader")
def test_questions_are_measured_by_what_people_did_when_they_saw_them_first(
    author: Client, taker: Takers, admin: Client
) -> None:
    private: Data = {"reflection": {"markdown": "For yourself alone."}}
    made, (choice, number, kept) = quiz(author, {"multipleChoice": CHOICE}, {"numeric": NUMBER}, private)
    right: dict[str, Data] = {"multipleChoice": {"choiceId": "yes"}}
    wrong: dict[str, Data] = {"multipleChoice": {"choiceId": "no"}}
    good, bad = {"numeric": {"number": "90"}}, {"numeric": {"number": "5"}}
    takers = [taker() for _ in range(4)]
    for each, chosen, typed in zip(takers, (right, right, wrong, wrong), (good, good, bad, good), strict=True):
        take(each, made, **{choice: chosen, number: typed, kept: {"reflection": {"text": "a secret"}}})
    take(takers[2], made, **{choice: right, number: good})

    answer = admin.ask(ANALYSIS, id=made)
    assert "a secret" not in str(answer)
    found = answer["assessmentAnalysis"]
    assert found["people"] == 4
    first, second = found["questions"]
    assert (first["blockId"], first["format"], first["asked"], first["answers"]) == (choice, "MULTIPLE_CHOICE", 4, 4)
    assert first["difficulty"] == pytest.approx((1 + 1 - 0.5 - 0.5) / 4)
    # The rest is the other question: 1, 1, 0, 1 points beside shares of 1, 1, -1/2, -1/2.
    assert first["discrimination"] == pytest.approx(1 / 3**0.5)
    assert first["discriminationOfGroups"] == pytest.approx(1.5)
    yes, no = first["options"]
    assert (yes["text"], yes["isRight"], yes["count"], yes["upper"], yes["lower"]) == ("Right", True, 2, 1, 0)
    assert (no["text"], no["isRight"], no["count"], no["correlation"]) == ("Wrong", False, 2, pytest.approx(-(3**-0.5)))
    assert second["difficulty"] == pytest.approx(3 / 4)
    assert [(each["option"], each["count"]) for each in second["options"]] == [("90", 3), ("5", 1)]


def test_before_anybody_has_answered_there_is_nothing_to_say(author: Client, admin: Client) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    assert admin.ask(ANALYSIS, id=made)["assessmentAnalysis"]["people"] == 0
    assert admin.ask(ANALYSIS, id=made)["assessmentAnalysis"]["questions"] == []
    assert choice


@pytest.mark.parametrize("kind", ["learner", "editor", "coach"])
def test_who_may_not_have_results_may_not_have_their_analysis(author: Client, staff: Staff, kind: str) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE})
    other = staff(Role(kind))[1]
    assert other.fails(ANALYSIS, id=made) == "FORBIDDEN"


def test_what_people_say_of_their_wellbeing_is_not_analysed(author: Client, admin: Client) -> None:
    made, _ = quiz(author, {"scale": {"markdown": "How are you?", "minimum": 1, "maximum": 5}}, kind="WELLBEING")
    assert admin.fails(ANALYSIS, id=made) == "PRIVATE"
