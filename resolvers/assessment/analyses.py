"""How the questions of an assessment did: difficulty, discrimination, and what was chosen, over many people.

It works with the rights of the service, and asks for the permission to have results, of which this is a summary.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.rows import Row
from core.tables import id_type
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from resolvers.assessment.results import Asked, table_for
from resolvers.assessment.visible import ANSWER, ATTEMPT, MARK
from resolvers.assessment.walking import question_of
from resolvers.formats.analysis import (
    OptionAnalysis,
    Sample,
    difficulty,
    discrimination,
    discrimination_of_groups,
    options,
)
from resolvers.formats.base import QuestionFormat

# Standard errors of shares are below two percent by then, and it is read within a moment.
MOST_PEOPLE = 1_000
_MOST_TYPED = 20


@dataclass(frozen=True)
class Option:
    """How often one of the options was chosen; `is_right` is None where nothing is right or wrong."""

    words: str
    is_right: bool | None
    found: OptionAnalysis


@dataclass(frozen=True)
class QuestionAnalysis:
    """How one question did. Measures are None where too little was answered, or nothing is scored."""

    question: Asked
    asked: int
    answers: int
    difficulty: float | None
    discrimination: float | None
    discrimination_of_groups: float | None
    options: Sequence[Option]


@dataclass(frozen=True)
class Analysis:
    """How the questions of an assessment did, by the first attempts of so many people."""

    people: int
    questions: Sequence[QuestionAnalysis]


async def analysis(database: Database, assessment_id: str) -> Analysis:
    """How its questions did. Raises `NotFound`, or `DomainError` for an assessment whose answers are private."""
    async with transaction(database, SERVICE) as tx:
        asked = (await table_for(tx, assessment_id, has_names=False)).questions
        attempts = await tx.rows(_first_attempts(assessment_id))
        ids = sa.any_(sa.literal([each.id for each in attempts], ARRAY(id_type())))
        marks = await tx.rows(
            sa.select(MARK.c.attempt_id, MARK.c.block_id, MARK.c.share, MARK.c.points).where(MARK.c.attempt_id == ids)
        )
        values = await _values(tx, ids)
    return await asyncio.to_thread(_analysed, asked, attempts, marks, values)


def _first_attempts(assessment_id: str) -> sa.Select[Any]:
    """What is graded of people's first attempts, the newest; later ones know the questions already."""
    graded = ATTEMPT.c.max_score.is_not(None)
    return (
        sa.select(ATTEMPT.c.id)
        .where(ATTEMPT.c.assessment_id == assessment_id, ATTEMPT.c.number == 1, graded)
        .order_by(ATTEMPT.c.id.desc())
        .limit(MOST_PEOPLE)
    )


async def _values(tx: Transaction, ids: sa.ColumnElement[Any]) -> dict[tuple[str, str], Any]:
    chosen = sa.select(ANSWER.c.attempt_id, ANSWER.c.block_id, ANSWER.c.value).where(ANSWER.c.attempt_id == ids)
    return {(row.attempt_id, row.block_id): row.value for row in await tx.rows(chosen)}


# Sums ----------------------------------------------------------------------------------------------------------------


def _analysed(
    asked: Sequence[Asked], attempts: Sequence[Row], marks: Sequence[Row], values: Mapping[tuple[str, str], Any]
) -> Analysis:
    earned: dict[str, Fraction] = defaultdict(Fraction)
    by_block: dict[str, list[tuple[str, Fraction | None, int]]] = defaultdict(list)
    for mark in marks:
        share = None if mark.share is None else Fraction(mark.share)
        earned[mark.attempt_id] += (share or 0) * mark.points
        by_block[mark.block_id].append((mark.attempt_id, share, mark.points))
    questions = []
    for each in asked:
        question = question_of(each.entry)
        samples, is_scored = [], False
        for attempt_id, share, points in by_block[each.id]:
            value = values.get((attempt_id, each.id))
            is_scored = is_scored or (share is not None and points > 0)
            rest = earned[attempt_id] - (share or 0) * points
            samples.append(Sample(share or Fraction(0), rest, _chosen(question, value)))
        answers = sum((attempt_id, each.id) in values for attempt_id, _, _ in by_block[each.id])
        questions.append(_question(each, answers, samples, question, is_scored=is_scored))
    return Analysis(len(attempts), questions)


def _chosen(question: QuestionFormat, value: Any) -> frozenset[str]:
    """Which options an answer chose; none where it fits the question as it is asked now no longer."""
    if value is None:
        return frozenset()
    try:
        return frozenset(question.chosen(question.response_model.model_validate(value)))
    except ValidationError:
        return frozenset()


def _question(
    block: Asked, answers: int, samples: Sequence[Sample], question: QuestionFormat, *, is_scored: bool
) -> QuestionAnalysis:
    measured = samples if is_scored else []
    of_groups = discrimination_of_groups(measured)
    hard = difficulty(measured)
    return QuestionAnalysis(
        question=block,
        asked=len(samples),
        answers=answers,
        difficulty=None if hard is None else float(hard),
        discrimination=discrimination(measured),
        discrimination_of_groups=None if of_groups is None else float(of_groups),
        options=_options(samples, question),
    )


def _options(samples: Sequence[Sample], question: QuestionFormat) -> list[Option]:
    right_response = question.right_response()
    right = None if right_response is None else question.chosen(right_response)
    found = options(samples, question.options() or _often_typed(samples))
    return [
        Option(question.worded(each.option), None if right is None else each.option in right, each) for each in found
    ]


def _often_typed(samples: Sequence[Sample]) -> list[str]:
    """What was typed most often, where there is no list to choose from."""
    counted = Counter(name for each in samples for name in each.chosen)
    return [name for name, _ in sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:_MOST_TYPED]]
