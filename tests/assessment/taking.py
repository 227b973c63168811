"""Somebody who takes an assessment, through GraphQL alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.jobs.crews import until
from tests.support import factories
from tests.support.clients import Client, Data

ATTEMPT = """attempt { id number status revision startedAt deadlineAt submittedAt score maxScore percentage passed
    questions { id format plainText } answers { blockId value { __typename } }
    marks { blockId share score points explanation comment remarks { text part }
        rightAnswer { __typename ... on MultipleChoiceResponse { choiceId } ... on NumericResponse { number } } } }"""


@dataclass
class Taker:
    """Somebody with a browser."""

    client: Client

    def start(self, assessment: str) -> Data:
        """Begins, or goes on."""
        found: Data = self.client.do("attemptStart", ATTEMPT, assessmentId=assessment)["attempt"]
        return found

    def answer(self, attempt: Data, block: str, **answer: Any) -> Data:
        """Saves an answer, or takes one back where there is none; how the attempt stands then."""
        given: Data = {"id": attempt["id"], "blockId": block, "answer": answer or None}
        found: Data = self.client.do("attemptAnswerSave", ATTEMPT, **given)["attempt"]
        return found

    def refused(self, attempt: Data, block: str, **answer: Any) -> Data:
        """Why an answer is not taken."""
        return self.client.refused("attemptAnswerSave", id=attempt["id"], blockId=block, answer=answer)

    def submit(self, attempt: Data) -> Data:
        """Hands in; how the attempt stands then."""
        found: Data = self.client.do("attemptSubmit", ATTEMPT, id=attempt["id"])["attempt"]
        return found

    def look(self, attempt: Data) -> Data | None:
        """The attempt as it stands."""
        document = f"query($id: ID!) {{ {ATTEMPT.replace('attempt {', 'attempt(id: $id) {', 1)} }}"
        found: Data | None = self.client.ask(document, id=attempt["id"])["attempt"]
        return found

    def graded(self, attempt: Data) -> Data:
        """The attempt once it is graded."""
        until(lambda: (self.look(attempt) or {})["score"] is not None, "grading")
        found = self.look(attempt)
        assert found is not None
        return found


CHOICE: Data = {
    "markdown": "Which?",
    "points": 3,
    "choices": [
        {"id": "yes", "text": "Right", "isCorrect": True, "feedback": "Well done"},
        {"id": "no", "text": "Wrong", "feedback": "Think again"},
    ],
    "explanation": "It is.",
    "penaltyPercent": 50,
}
NUMBER: Data = {"markdown": "How many?", "answers": [{"value": "90", "tolerance": "10"}], "key": "minutes"}


def quiz(
    author: Client, *blocks: Data, lesson_id: str | None = None, publish: bool = True, **fields: Any
) -> tuple[str, list[str]]:
    """An assessment of these blocks, published if it stands by itself; answers its id and those of the blocks."""
    made = factories.assessment(author, lesson_id, **fields)
    inputs = [{"assessmentId": made, "block": each} for each in blocks]
    ids = [each["block"]["id"] for each in factories.many(author, "blockCreate", "block { id }", inputs)]
    if publish and lesson_id is None:
        author.do("assessmentPublish", "__typename", id=made)
    return made, ids
