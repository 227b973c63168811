"""Profiles in the API: how somebody stands on the scales of an assessment, and what has changed."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

from core.relations import own_id
from graph.assessment import AttemptPhase, OnScale
from graph.curriculum.scales import ScoreBand
from graph.declaring import argument, batch_field
from graph.engine import BatchInfo
from graph.node import require_kind
from resolvers import curriculum
from resolvers.assessment import charts, profiles
from resolvers.assessment.profiles import Profile

_P = AttemptPhase


@strawberry.type(description="A score in one phase.")
class ProfilePoint:
    """A mark in the picture."""

    phase: AttemptPhase = strawberry.field(description="The phase.")
    score: float = strawberry.field(description="The score.")
    band: ScoreBand | None = strawberry.field(description="The band that it falls into.")
    measured_at: datetime = strawberry.field(description="When the attempt was handed in.")


@strawberry.type(description="How somebody stands on one scale, in every phase in which that was measured.")
class ProfileScale(OnScale):
    """A line in the picture."""

    bands: list[ScoreBand] = strawberry.field(description="What scores mean, from the lowest.")
    points: list[ProfilePoint] = strawberry.field(description="The scores, in the order of the phases.")
    latest: ProfilePoint | None = strawberry.field(description="The newest of all scores.")
    pre: float | None = strawberry.field(description="The first score before.")
    post: float | None = strawberry.field(description="The newest score after.")
    change: float | None = strawberry.field(description="The score after, less the score before.")
    is_better: bool | None = strawberry.field(description="Whether it is for the better; null without a change.")
    changed: bool | None = strawberry.field(
        description="Whether it is large enough to count; null where nobody says how large that is."
    )
    reliable_change: float | None = strawberry.field(
        description="The change in standard errors of a difference: the index of Jacobson and Truax."
    )
    is_reliable: bool | None = strawberry.field(
        description="Whether it is larger than errors of measurement make likely, at five percent."
    )


@strawberry.type(description="How somebody stands on the scales of an assessment, and what has changed.")
class WellbeingProfile:
    """Ready for a chart, and the chart itself."""

    phases: list[AttemptPhase] = strawberry.field(description="The phases in which anything was measured, in order.")
    scales: list[ProfileScale] = strawberry.field(description="The scales, in the order of the assessment.")
    overall: ProfileScale | None = strawberry.field(description="The one of all together.")
    main_mover: ProfileScale | None = strawberry.field(
        description="The part that has changed most between before and after, as a share of its width."
    )
    priority: ProfileScale | None = strawberry.field(description="The part that stands worst by its newest score.")
    chart_svg: str = strawberry.field(
        description="The same as a picture: an SVG that stands by itself and says in words what it shows."
    )
    chart_table_html: str = strawberry.field(description="The same as an HTML table, for those who see no picture.")


async def _profile(
    parents: Sequence[Any], info: BatchInfo, assessment_id: str, user_id: str | None, title: str | None
) -> Sequence[WellbeingProfile | None]:
    require_kind(curriculum.ASSESSMENT_BY_ID, assessment_id)
    if user_id is not None:
        own_id(user_id)
    whose = user_id or info.context.viewer.user_id
    found = None
    if whose is not None and info.context.viewer.user_id is not None:
        found = await profiles.profile(info.context.reader, whose, assessment_id)
    return [None if found is None else _shown(found, title or "Profile")] * len(parents)


def _shown(profile: Profile, title: str) -> WellbeingProfile:
    scales = {each.measure.key: _scale(each) for each in profile.scales}

    def one(found: profiles.ProfileScale | None) -> ProfileScale | None:
        return None if found is None else scales[found.measure.key]

    return WellbeingProfile(
        phases=profile.phases,
        scales=list(scales.values()),
        overall=one(profile.overall),
        main_mover=one(profile.main_mover),
        priority=one(profile.priority),
        chart_svg=charts.svg(profile, title[:200]),
        chart_table_html=charts.table(profile, title[:200]),
    )


def _scale(scale: profiles.ProfileScale) -> ProfileScale:
    measure = scale.measure
    return ProfileScale(
        key=measure.key,
        label=measure.label,
        description=scale.description,
        role=measure.role,
        minimum=float(measure.minimum),
        maximum=float(measure.maximum),
        higher_is_better=measure.higher_is_better,
        bands=[_band(each) for each in measure.bands],
        points=[_point(each) for each in scale.points],
        latest=None if scale.latest is None else _point(scale.latest),
        pre=_number(scale.score(_P.PRE)),
        post=_number(scale.score(_P.POST)),
        change=_number(scale.change),
        is_better=scale.is_better,
        changed=scale.changed,
        reliable_change=scale.reliable_change,
        is_reliable=scale.is_reliable,
    )


def _point(point: profiles.Point) -> ProfilePoint:
    band = None if point.band is None else _band(point.band)
    return ProfilePoint(phase=point.phase, score=float(point.score), band=band, measured_at=point.measured_at)


def _band(band: Any) -> ScoreBand:
    return ScoreBand(**band.model_dump())


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


@strawberry.type
class ProfileQuery:
    """Root fields about how people stand."""

    wellbeing_profile: WellbeingProfile | None = batch_field(
        _profile,
        "How somebody stands on the scales of an assessment. Null where there is nothing to see: one sees one's own, "
        "and those of people in a course whose coach one is, who agreed to that for this course.",
        [
            argument("assessment_id", strawberry.ID, "The assessment.", default=inspect.Parameter.empty),
            argument("user_id", strawberry.ID | None, "Whose; one's own when absent."),
            argument("title", str | None, "What the picture is called; Profile when absent."),
        ],
    )
