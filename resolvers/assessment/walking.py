"""Walking through the questions of an attempt with given answers: which are shown, and what they are worth.

Pure functions over a paper's questions; an attempt is graded by them, and an editor's dry run may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from core.expressions import ExpressionError, Value, holds, parse
from models.curriculum import BlockFormat
from resolvers.formats import BY_KIND
from resolvers.formats.answering import Outcome, answered, outcome
from resolvers.formats.base import QuestionFormat, Response, join, validated


@dataclass(frozen=True)
class Step:
    """One question that is shown, and what was answered to it, if anything."""

    block_id: str
    question: QuestionFormat
    points: int
    is_required: bool
    response: Response | None
    # What somebody who read the answer says it is worth, where that is for people to say.
    given_share: Fraction | None = None

    @property
    def outcome(self) -> Outcome:
        """What the answer is worth. What was left out earns nothing, whoever would have graded it."""
        found = outcome(self.question, self.response)
        if not self.is_for_people:
            return found
        return replace(found, share=Fraction(0) if self.response is None else self.given_share)

    @property
    def is_for_people(self) -> bool:
        """Whether somebody has to say what an answer to this is worth."""
        return self.question.is_graded_by_people and self.points > 0

    @property
    def awaits_a_person(self) -> bool:
        """Whether somebody has yet to say what the answer is worth."""
        return self.is_for_people and self.response is not None and self.given_share is None


@dataclass(frozen=True)
class Result:
    """What an attempt comes to: exact points. Without any points there is nothing to pass."""

    score: Fraction
    max_score: int

    @property
    def percentage(self) -> Fraction | None:
        """The score in percent, never below nothing; None where nothing has points."""
        return max(self.score, Fraction(0)) * 100 / self.max_score if self.max_score else None

    def passed(self, passing_score: int) -> bool | None:
        """Whether the percentage, not rounded, is enough; None where nothing has points."""
        return None if self.percentage is None else self.percentage >= passing_score


def question_of(entry: Mapping[str, Any]) -> QuestionFormat:
    """The question as its paper has it, key included."""
    made = validated(BY_KIND[BlockFormat(entry["format"])], join(entry["settings"], entry["answer_key"]))
    assert isinstance(made, QuestionFormat)
    return made


def walk(entries: Sequence[Mapping[str, Any]], answers: Mapping[str, Mapping[str, Any]]) -> list[Step]:
    """The questions that are shown, in order. A condition speaks of what was answered before it, and was shown."""
    known: dict[str, Value] = {}
    steps: list[Step] = []
    for entry in entries:
        if not is_shown(entry["show_if"], known):
            continue
        question, given = question_of(entry), answers.get(entry["id"])
        response = None if given is None else answered(question, given)
        steps.append(Step(entry["id"], question, entry["points"], entry["is_required"], response))
        if entry["key"] is not None and response is not None:
            values = question.values(response).items()
            known |= {f"{entry['key']}.{part}" if part else entry["key"]: value for part, value in values}
    return steps


def is_shown(condition: str | None, known: Mapping[str, Value]) -> bool:
    """Whether something with this condition is shown; one that cannot be read any more hides nothing."""
    if condition is None:
        return True
    try:
        return holds(parse(condition), known)
    except ExpressionError:
        return True


def result_of(steps: Sequence[Step]) -> Result:
    """The sum over all questions that are scored, as far as that was done."""
    scored = [(step.outcome.score(step.points), step.points) for step in steps]
    earned = sum((score for score, _ in scored if score is not None), Fraction(0))
    return Result(earned, sum(points for score, points in scored if score is not None))
