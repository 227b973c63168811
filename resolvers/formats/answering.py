"""From what somebody answered to what it is worth: the same few steps for all question formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from core.errors import SeveralErrors
from resolvers.formats.base import NONE, Json, QuestionFormat, Remark, Response, WrongField, user_error, wrong_field


@dataclass(frozen=True)
class Outcome:
    """What an answer came to. `share` is exact, from -1 to 1, and None where a person has to say, or nobody."""

    share: Fraction | None
    remarks: tuple[Remark, ...] = ()
    explanation: str | None = None
    right_response: Response | None = None

    def score(self, points: int) -> Fraction | None:
        """The exact score, where the question is worth so many points."""
        return None if self.share is None else self.share * points


def answered(question: QuestionFormat, values: Mapping[str, Any]) -> Response:
    """The typed answer from plain values; raises `SeveralErrors`, each with the path of its field."""
    try:
        response = question.response_model.model_validate(values)
    except ValidationError as error:
        raise SeveralErrors([user_error(each) for each in error.errors()]) from error
    try:
        question.check(response)
    except WrongField as error:
        raise SeveralErrors([wrong_field(error)]) from error
    return response


def stored(response: Response) -> Json:
    """The answer as plain values, from which `answered` makes it again."""
    return response.model_dump(mode="json")


def outcome(question: QuestionFormat, response: Response | None) -> Outcome:
    """What an answer is worth, and all feedback on it; None is a question that was left out, which earns nothing."""
    if response is None:
        return Outcome(NONE if question.is_scored else None, (), question.explanation, question.right_response())
    told = tuple(question.remarks(response))
    return Outcome(question.share(response), told, question.explanation, question.right_response())


def redacted(result: Outcome, *, feedback_is_due: bool) -> Outcome:
    """The outcome as learners may see it: nothing at all until feedback is due."""
    return result if feedback_is_due else Outcome(None)
