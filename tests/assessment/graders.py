"""Somebody who grades, through GraphQL alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.jobs.crews import until
from tests.support.clients import Client, Data

GRADING = """id attemptId blockId submittedAt points rubric sampleAnswer state score comment gradedAt revision
    question { id plainText } answer { value { __typename ... on FreeformResponse { text } } }"""
ESSAY: Data = {"markdown": "Why?", "points": 5, "rubric": "Two reasons at least."}


@dataclass
class Grader:
    """Somebody who reads what others wrote."""

    client: Client

    def queue(self, assessment: str | None = None, field: str = "gradingQueue") -> list[Data]:
        """What waits for somebody to grade it."""
        document = f"query($chosen: GradingFilter) {{ {field}(filter: $chosen) {{ nodes {{ {GRADING} }} }} }}"
        chosen = {} if assessment is None else {"assessment": assessment}
        found: list[Data] = self.client.ask(document, chosen=chosen)[field]["nodes"]
        return found

    def awaited(self, assessment: str, number: int = 1) -> list[Data]:
        """What waits at an assessment, once it is so much."""
        until(lambda: len(self.queue(assessment)) >= number, "something to grade")
        return self.queue(assessment)

    def give(self, entry: Data, score: float, comment: str | None = None) -> Data:
        """Grades an answer; how it stands then."""
        found: Data = self.client.do("gradingSave", f"grading {{ {GRADING} }}", **word(entry, score, comment))[
            "grading"
        ]
        return found

    def refused(self, entry: Data, score: float, comment: str | None = None, **other: Any) -> Data:
        """Why a grading is not taken."""
        return self.client.refused("gradingSave", **{**word(entry, score, comment), **other})


def word(entry: Data, score: float, comment: str | None = None) -> Data:
    """What a grader has to say to an entry of the queue, as they saw it."""
    place = {"attemptId": entry["attemptId"], "blockId": entry["blockId"], "expectedRevision": entry["revision"]}
    return {**place, "score": score, "comment": comment}
