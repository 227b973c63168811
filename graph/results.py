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
from models.identity import Scope
from resolvers import curriculum
from resolvers.assessment import aggregates

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
    assessment_funnel: list[FunnelDay] = batch_field(
        _funnel,
        "How many began an assessment and handed it in, day by day, the newest first. It is brought up to date every "
        f"few minutes.\n\n{NEEDS}",
        [_ASSESSMENT],
    )
