"""A learner's quiz through GraphQL alone, from signing up to the feedback; and another learner who would see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.assessment.taking import CHOICE, NUMBER, Taker, quiz
from tests.identity.guests import Guest
from tests.support import factories
from tests.support.clients import Client

Newcomer = Callable[[], Guest]
pytestmark = pytest.mark.usefixtures("grader")
# Every way in which somebody might come to somebody else's attempt, answers and marks, or to the key.
WAYS = """query($attempt: ID!, $block: ID!, $assessment: ID!) {
    node(id: $attempt) { id }
    nodes(ids: [$attempt]) { id }
    attempt(id: $attempt) { id status score answers { blockId } marks { share } }
    attempts(filter: {assessment: $assessment}) { totalCount nodes { id } }
    accommodations { totalCount }
    block(id: $block) { ... on MultipleChoiceQuestion { explanation choices { isCorrect feedback } } }
}"""


def test_a_quiz_is_taken_from_signing_up_to_the_feedback_and_nobody_else_sees_it(
    author: Client, newcomer: Newcomer
) -> None:
    course = factories.tree(author, modules=1, lessons=1, blocks=0)
    _, (choice, number) = quiz(
        author, {"multipleChoice": CHOICE}, {"numeric": NUMBER}, lesson_id=course["lessons"][0], passingScore=70
    )
    factories.publish(author, course["course"])
    guest, other = newcomer(), newcomer()
    learner = Taker(guest.client)

    # They find it in the course, without what is right.
    lesson = """query($id: ID!) { course(id: $id) { modules { lessons { assessments { id passingScore
        blocks { id ... on QuestionBlock { explanation } ... on MultipleChoiceQuestion { choices { isCorrect } } }
        } } } } }"""
    (found,) = guest.client.ask(lesson, id=course["course"])["course"]["modules"][0]["lessons"][0]["assessments"]
    assert [each["id"] for each in found["blocks"]] == [choice, number]
    assert found["blocks"][0] == {"id": choice, "explanation": None, "choices": [{"isCorrect": None}] * 2}

    begun = learner.start(found["id"])
    learner.answer(begun, choice, multipleChoice={"choiceId": "yes"})
    learner.answer(begun, number, numeric={"number": "95"})
    asked = {"attempt": begun["id"], "block": choice, "assessment": found["id"]}
    _require_closed(other, asked)
    learner.submit(begun)
    done = learner.graded(begun)
    assert (done["status"], done["score"], done["percentage"], done["passed"]) == ("GRADED", 4.0, 100.0, True)
    assert [(each["share"], each["explanation"]) for each in done["marks"]] == [("1", "It is."), ("1", None)]
    assert done["marks"][0]["remarks"] == [{"text": "Well done", "part": "yes"}]
    _require_closed(other, asked)
    assert guest.client.ask("{ attempts { nodes { id } } }")["attempts"]["nodes"] == [{"id": begun["id"]}]

    # Whoever signs out sees nothing any more, and the same again once they are back.
    guest.client.do("sessionEnd", "__typename")
    assert guest.client.ask("query($id: ID!) { attempt(id: $id) { id } }", id=begun["id"]) == {"attempt": None}
    guest.sign_in()
    assert (learner.look(begun) or {})["score"] == 4.0


def _require_closed(other: Guest, asked: dict[str, str]) -> None:
    """Another learner finds nothing of it, changes nothing of it, and follows nothing of it."""
    seen = other.client.ask(WAYS, **asked)
    assert (seen["node"], seen["nodes"], seen["attempt"]) == (None, [None], None)
    assert seen["attempts"] == {"totalCount": 0, "nodes": []}
    assert seen["accommodations"] == {"totalCount": 0}
    assert seen["block"] == {"explanation": None, "choices": [{"isCorrect": None, "feedback": None}] * 2}
    place, answer = {"id": asked["attempt"], "blockId": asked["block"]}, {"multipleChoice": {"choiceId": "no"}}
    assert other.client.refused("attemptAnswerSave", **place, answer=answer)["code"] == "NOT_FOUND"
    assert other.client.refused("attemptAnswerSave", **place, answer=None)["code"] == "NOT_FOUND"
    assert other.client.refused("attemptSubmit", id=asked["attempt"])["code"] == "NOT_FOUND"
    for field in ("gradingQueue", "gradings", "regrades", "auditLog", "events"):
        assert other.client.fails(f"{{ {field} {{ totalCount }} }}") == "FORBIDDEN"
