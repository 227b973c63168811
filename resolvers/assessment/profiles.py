"""Profiles: how a person stands on the scales of an assessment, and what has changed between its phases.

Who may read them is row-level security's business: scores that are not there for the viewer are not there here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from core.reading import Reader
from core.rows import Row
from models.assessment import AttemptPhase
from models.curriculum import ScaleRole
from resolvers.assessment.scales import scales_of_papers
from resolvers.assessment.visible import SCORE
from resolvers.curriculum.measuring import Measure, ScoreBand, measure_of

# Two-sided, at five percent: Jacobson and Truax 1991.
CRITICAL = Fraction(196, 100)
# The phases in the order in which they come; what has none stands by itself.
PHASES = tuple(AttemptPhase)


@dataclass(frozen=True)
class Point:
    """A score in one phase."""

    phase: AttemptPhase
    score: Fraction
    band: ScoreBand | None
    measured_at: Any


@dataclass(frozen=True)
class ProfileScale:
    """How a person stands on one scale, in every phase in which that was measured."""

    measure: Measure
    description: str
    points: tuple[Point, ...]
    latest: Point | None

    def score(self, phase: AttemptPhase) -> Fraction | None:
        """The score in a phase."""
        return next((each.score for each in self.points if each.phase is phase), None)

    @property
    def change(self) -> Fraction | None:
        """The score after, less the score before; None where one of them is missing."""
        before, after = self.score(AttemptPhase.PRE), self.score(AttemptPhase.POST)
        return None if before is None or after is None else after - before

    @property
    def changed(self) -> bool | None:
        """Whether the change is as large as its author says it has to be to count; None where nobody says."""
        if self.change is None or self.measure.change_threshold is None:
            return None
        return abs(self.change) >= self.measure.change_threshold

    @property
    def is_better(self) -> bool | None:
        """Whether the change is for the better; None without a change."""
        return None if not self.change else (self.change > 0) is self.measure.higher_is_better

    @property
    def is_reliable(self) -> bool | None:
        """Whether the change is larger than errors of measurement make likely; None where that cannot be said."""
        spread = self._variance_of_difference
        return None if self.change is None or spread is None else self.change**2 > CRITICAL**2 * spread

    @property
    def reliable_change(self) -> float | None:
        """The change in standard errors of a difference: the reliable change index of Jacobson and Truax."""
        spread = self._variance_of_difference
        return None if self.change is None or spread is None else float(self.change) / float(spread) ** 0.5

    @property
    def _variance_of_difference(self) -> Fraction | None:
        """Twice the squared standard error of measurement, which is SD² (1 - r)."""
        deviation, reliability = self.measure.norm_deviation, self.measure.reliability
        return None if deviation is None or reliability is None else 2 * deviation**2 * (1 - reliability)

    def placed(self, score: Fraction) -> Fraction:
        """Where a score is between the worst, which is 0, and the best, which is 1."""
        share = (score - self.measure.minimum) / (self.measure.maximum - self.measure.minimum)
        return share if self.measure.higher_is_better else 1 - share


@dataclass(frozen=True)
class Profile:
    """A person's scales, in the order of the assessment."""

    assessment_id: str
    user_id: str
    scales: tuple[ProfileScale, ...]

    @property
    def phases(self) -> list[AttemptPhase]:
        """The phases in which anything was measured, in order."""
        return [phase for phase in PHASES if any(each.score(phase) is not None for each in self.scales)]

    @property
    def overall(self) -> ProfileScale | None:
        """The scale of all together, where there is one."""
        return next((each for each in self.scales if each.measure.role is ScaleRole.OVERALL), None)

    @property
    def main_mover(self) -> ProfileScale | None:
        """The part that has changed most between before and after, whichever way, as a share of its width."""
        moved = [each for each in self._parts if each.change]
        return max(moved, key=_movement, default=None)

    @property
    def priority(self) -> ProfileScale | None:
        """The part that stands worst by its newest score; of several, the first."""
        known = [(each.placed(each.latest.score), each) for each in self._parts if each.latest is not None]
        return min(known, key=lambda each: each[0])[1] if known else None

    @property
    def _parts(self) -> list[ProfileScale]:
        return [each for each in self.scales if each.measure.role is ScaleRole.PART]


def _movement(scale: ProfileScale) -> Fraction:
    return abs(scale.change or Fraction(0)) / (scale.measure.maximum - scale.measure.minimum)


async def profile(reader: Reader, user_id: str, assessment_id: str) -> Profile | None:
    """A person's profile, as far as the viewer may see it; None where nothing is to be seen."""
    mine = sa.and_(SCORE.c.user_id == sa.bindparam("user"), SCORE.c.assessment_id == sa.bindparam("assessment"))
    rows = await reader.select(
        sa.select(SCORE).where(mine).order_by(SCORE.c.submitted_at, SCORE.c.attempt_id),
        {"user": user_id, "assessment": assessment_id},
    )
    if not rows:
        return None
    papers = await scales_of_papers(reader, {row.paper_id for row in rows})
    return Profile(assessment_id, user_id, profile_scales(rows, papers))


def profile_scales(rows: Sequence[Row], papers: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[ProfileScale, ...]:
    """The scales of the newest paper with all scores that compare with it; `rows` are scores, the oldest first."""
    newest = [(measure_of(each), each["description"]) for each in papers[rows[-1].paper_id] if _is_shown(each)]
    before = {(paper, each["id"]): measure_of(each) for paper, scales in papers.items() for each in scales}
    found = []
    for measure, description in newest:
        mine = [
            _point(row, before[row.paper_id, row.scale_id])
            for row in rows
            if row.scale_id == measure.id
            and row.exact is not None
            and before[row.paper_id, row.scale_id].is_alike(measure)
        ]
        found.append(ProfileScale(measure, description, _by_phase(mine), mine[-1] if mine else None))
    return tuple(found)


def _is_shown(scale: Mapping[str, Any]) -> bool:
    return bool(scale["role"] != ScaleRole.LEAD.value)


def _point(row: Row, measure: Measure) -> Point:
    band = next((each for each in measure.bands if each.key == row.band), None)
    return Point(AttemptPhase(row.phase), Fraction(row.exact), band, row.submitted_at)


def _by_phase(points: Sequence[Point]) -> tuple[Point, ...]:
    """One score for each phase: before, the first that there was; otherwise the newest."""
    found: dict[AttemptPhase, Point] = {}
    for point in points:
        if point.phase is not AttemptPhase.PRE or point.phase not in found:
            found[point.phase] = point
    return tuple(found[phase] for phase in PHASES if phase in found)
