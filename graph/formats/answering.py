"""Answers as the API takes and shows them: one input that holds exactly one format's answer, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry

from core.errors import InvalidInput, SeveralErrors
from graph.errors import InputError, user_errors
from graph.formats import FORMATS
from graph.formats.base import Response
from graph.outcomes import plain
from models.curriculum import BlockFormat
from resolvers.formats import answering
from resolvers.formats.base import QuestionFormat
from resolvers.formats.base import Response as Given

_BY_KIND = {each.kind: each for each in FORMATS if each.response is not None}


def _one_of() -> Any:
    """A `@oneOf` input with one field per format of question, made from the registry."""
    generic: Any = strawberry.Maybe
    values = {
        kind.value: strawberry.field(default=None, description=f"To a {kind.value.replace('_', ' ')} question.")
        for kind in _BY_KIND
    }
    annotations = {kind.value: generic[each.response_input] for kind, each in _BY_KIND.items()}
    made = type("AnswerInput", (), {**values, "__annotations__": annotations})
    return strawberry.input(made, one_of=True, description="What is answered: exactly one format's answer.")


AnswerInput = _one_of()


def given_answer(answer: Any) -> tuple[BlockFormat, dict[str, Any]]:
    """The format that was answered, and the plain values of the answer."""
    name, value = next((name, value) for name, value in vars(answer).items() if value is not None)
    return BlockFormat(name), plain(value)


def shown_answer(kind: BlockFormat, response: Given) -> Response:
    """An answer as the API shows it."""
    make: Any = _BY_KIND[kind].response
    shown: Response = make(format=kind, **dict(response))
    return shown


@strawberry.type(description="What its author has to say to an answer.")
class AnswerRemark:
    """A piece of feedback."""

    text: str = strawberry.field(description="The words (Markdown).")
    part: str | None = strawberry.field(
        description="The id of the choice or gap that it is about; null for the whole answer."
    )


@strawberry.type(description="What an answer would come to.")
class AnswerPreview:
    """For authors, who try their questions."""

    errors: list[InputError] = strawberry.field(
        description="Why the answer would not be taken; empty when it would. Nothing else is told then."
    )
    answer: Response | None = strawberry.field(description="The answer as it would be kept.")
    share: str | None = strawberry.field(
        description='What it earns of the points, exactly, such as "2/3" or "-1/4"; null where a machine cannot say.'
    )
    score: float | None = strawberry.field(description="The same in points.")
    remarks: list[AnswerRemark] = strawberry.field(description="The feedback on it.")
    explanation: str | None = strawberry.field(description="Why the right answer is right (Markdown).")
    right_answer: Response | None = strawberry.field(
        description="An answer that earns all points; null where none can be written down."
    )


def preview(question: QuestionFormat, points: int, answer: Any) -> AnswerPreview:
    """What an answer to a question that is worth so many points would come to."""
    kind, values = given_answer(answer)
    try:
        if kind is not question.format:
            word = question.format.value.replace("_", " ")
            raise SeveralErrors([InvalidInput(f"This is a {word} question.", "WRONG_FORMAT")])
        response = answering.answered(question, values)
    except SeveralErrors as error:
        return _refused(user_errors(error))
    result = answering.outcome(question, response)
    score = result.score(points)
    right = result.right_response
    return AnswerPreview(
        errors=[],
        answer=shown_answer(kind, response),
        share=None if result.share is None else str(result.share),
        score=None if score is None else float(score),
        remarks=[AnswerRemark(text=each.text, part=each.part) for each in result.remarks],
        explanation=result.explanation,
        right_answer=None if right is None else shown_answer(kind, right),
    )


def _refused(errors: Sequence[Any]) -> AnswerPreview:
    return AnswerPreview(
        errors=list(errors), answer=None, share=None, score=None, remarks=[], explanation=None, right_answer=None
    )
