"""Results in the API: what staff are told of many people together."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import date
from typing import Any

import strawberry

from core.rows import Row
from core.viewer import require
from graph.assessment import AttemptPhase
from graph.declaring import argument, batch_field
from graph.engine import BatchInfo
from graph.node import require_kind
from models.curriculum import BlockFormat
from models.identity import Scope
from resolvers import curriculum
from resolvers.assessment import aggregates, analyses

NEEDS = "Needs the permission `aggregates:read`, for this course or everywhere."
_ASSESSMENT = argument("assessment_id", strawberry.ID, "The assessment.", default=inspect.Parameter.empty)


@strawberry.type(description="About how many people are in a band.")
class BandShare:
    """One part of a distribution."""

    key: str = strawberry.field(description="The band's key.")
    label: str = strawberry.field(description="What it is called.")
    people: int = strawberry.field(description="About how many people are in it, rounded to fives.")


@strawberry.type(description="How people stand on a scale, all together.")
class ScaleAggregate:
    """Whole tens of people, each by their first score."""

    key: str = strawberry.field(description="The scale's key.")
    label: str = strawberry.field(description="What it measures.")
    phase: AttemptPhase = strawberry.field(description="The phase of the attempts.")
    people: int = strawberry.field(description="How many people it speaks of: ten, or a multiple of ten.")
    mean: float = strawberry.field(description="Their mean, rounded to a fiftieth of the scale's width.")
    bands: list[BandShare] = strawberry.field(description="How they are spread over the bands, from the lowest.")


@strawberry.type(description="How an assessment was taken by those who began it on one day.")
class FunnelDay:
    """Days are those of UTC."""

    day: date = strawberry.field(description="The day.")
    started: int = strawberry.field(description="How many attempts were begun.")
    submitted: int = strawberry.field(description="How many of these were handed in by now, or timed out.")
    completion_percent: float = strawberry.field(description="The same in percent of those that were begun.")


@strawberry.type(description="How often an option was chosen, and by whom.")
class OptionAnalysis:
    """A wrong one that the best take more often than the worst may be right after all."""

    option: str = strawberry.field(description="The option, by its id; of typed answers one that was given often.")
    text: str = strawberry.field(description="The same in words.")
    is_right: bool | None = strawberry.field(
        description="Whether it is part of a right answer; null where nothing is right."
    )
    count: int = strawberry.field(description="How many people chose it.")
    proportion: float = strawberry.field(description="Which share of those who were asked chose it.")
    upper: float = strawberry.field(description="The same among the best 27 percent of the whole assessment.")
    lower: float = strawberry.field(description="The same among the worst 27 percent.")
    correlation: float | None = strawberry.field(
        description="How choosing it goes with the points in the rest of the assessment, from -1 to 1."
    )


@strawberry.type(description="How a question did.")
class QuestionAnalysis:
    """Measures are null where nothing is scored, or too few have answered."""

    block_id: strawberry.ID = strawberry.field(description="The question.")
    heading: str = strawberry.field(description="A word to recognise it by.")
    format: BlockFormat = strawberry.field(description="Its format.")
    asked: int = strawberry.field(description="How many people it was shown to.")
    answers: int = strawberry.field(description="How many of them answered it.")
    difficulty: float | None = strawberry.field(
        description="The facility index: the mean share of the points, 1 where everybody was right."
    )
    discrimination: float | None = strawberry.field(
        description="How its points go with those in the rest, from -1 to 1: near 0 or below, look at it."
    )
    discrimination_of_groups: float | None = strawberry.field(
        description="The mean share of the best 27 percent less that of the worst."
    )
    options: list[OptionAnalysis] = strawberry.field(
        description="What was chosen, in the order of the question; of typed answers the most frequent ones."
    )


@strawberry.type(description="How the questions of an assessment did.")
class AssessmentAnalysis:
    """By each person's first attempt."""

    people: int = strawberry.field(description="How many people's first attempts it is reckoned from.")
    questions: list[QuestionAnalysis] = strawberry.field(
        description="The questions, those of the newest revision first."
    )


async def _analysis(parents: Sequence[Any], info: BatchInfo, assessment_id: str) -> Sequence[AssessmentAnalysis]:
    require(info.context.viewer, Scope.RESULTS_READ)
    found = await analyses.analysis(info.context.database, assessment_id)
    return [AssessmentAnalysis(people=found.people, questions=list(map(_question, found.questions)))] * len(parents)


def _question(found: analyses.QuestionAnalysis) -> QuestionAnalysis:
    same = ("asked", "answers", "difficulty", "discrimination", "discrimination_of_groups")
    return QuestionAnalysis(
        block_id=strawberry.ID(found.question.id),
        heading=found.question.heading,
        format=BlockFormat(found.question.entry["format"]),
        options=[_option(each) for each in found.options],
        **{name: getattr(found, name) for name in same},
    )


def _option(option: analyses.Option) -> OptionAnalysis:
    found = option.found
    return OptionAnalysis(
        option=found.option,
        text=option.words,
        is_right=option.is_right,
        count=found.count,
        proportion=float(found.proportion),
        upper=float(found.upper),
        lower=float(found.lower),
        correlation=found.correlation,
    )


async def _aggregates(
    parents: Sequence[Any], info: BatchInfo, assessment_id: str, phase: AttemptPhase
) -> Sequence[list[ScaleAggregate]]:
    require(info.context.viewer, Scope.AGGREGATES_READ, somewhere=True)
    require_kind(curriculum.ASSESSMENT_BY_ID, assessment_id)
    found = await aggregates.aggregates(info.context.reader, assessment_id, phase)
    return [[_aggregate(row) for row in found]] * len(parents)


def _aggregate(row: Row) -> ScaleAggregate:
    bands = [BandShare(**each) for each in row.bands]
    own = {name: getattr(row, name) for name in ("key", "label", "people", "mean")}
    return ScaleAggregate(**own, phase=AttemptPhase(row.phase), bands=bands)


async def _funnel(parents: Sequence[Any], info: BatchInfo, assessment_id: str) -> Sequence[list[FunnelDay]]:
    require(info.context.viewer, Scope.AGGREGATES_READ, somewhere=True)
    require_kind(curriculum.ASSESSMENT_BY_ID, assessment_id)
    found = await aggregates.days(info.context.reader, assessment_id)
    return [[_day(row) for row in found]] * len(parents)


def _day(row: Row) -> FunnelDay:
    percent = round(100 * row.submitted / row.started, 1) if row.started else 0.0
    return FunnelDay(day=row.day, started=row.started, submitted=row.submitted, completion_percent=percent)


@strawberry.type
class ResultsQuery:
    """Root fields about what many people did together."""

    assessment_aggregate: list[ScaleAggregate] = batch_field(
        _aggregates,
        "How people stand on the scales of an assessment, all together: nothing where they are fewer than ten, and "
        f"always whole tens of them. It is brought up to date every few minutes.\n\n{NEEDS}",
        [
            _ASSESSMENT,
            argument("phase", AttemptPhase, "In which phase; none when absent.", default=AttemptPhase.NONE),
        ],
    )
    assessment_analysis: AssessmentAnalysis | None = batch_field(
        _analysis,
        "How the questions of an assessment did: their difficulty, how well they tell people apart, and what was "
        f"chosen, by the first attempts of the {analyses.MOST_PEOPLE:,} people who began last. Private "
        "answers are never in it.\n\nNeeds the permission `results:read`.",
        [_ASSESSMENT],
        weight=100,
    )
    assessment_funnel: list[FunnelDay] = batch_field(
        _funnel,
        "How many began an assessment and handed it in, day by day, the newest first. It is brought up to date every "
        f"few minutes.\n\n{NEEDS}",
        [_ASSESSMENT],
    )
