"""What may be told of many people together: how they stand on scales, and how many begin and hand in.

Scores are told of whole tens of people only, in the order in which they came, so that two tellings differ by ten people
at least; each person counts once, by their first score. Counts are rounded to fives and means to a fiftieth of the
scale's width. decisions/0045 says against what that stands, and against what it does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.jobs import JobKind
from core.reading import Reader
from core.rows import Row
from core.tables import id_type, table_of
from core.writing import Transaction
from models.assessment import AssessmentDay, AttemptPhase, ScaleAggregate
from models.content import Content, Stage
from models.curriculum import Assessment, Scale, ScaleRole
from resolvers.assessment.visible import AGGREGATE, ATTEMPT, DAY, PAPER, SCORE
from resolvers.curriculum.measuring import Measure, measure_of

SUMMARISE = JobKind("summarise_results", schedule="*/5 * * * *")
LEAST_PEOPLE = 10
_ROUND_TO, _STEPS = 5, 50
# A statement holds at most 65,535 values.
_AT_ONCE = 1000
# Days older than this stand as they are.
_RECENT: sa.ColumnElement[Any] = sa.literal_column("interval '60 days'")
# Longer than workers are ever away.
_NEW: sa.ColumnElement[Any] = sa.literal_column("interval '7 days'")


async def summarise(tx: Transaction) -> None:
    """Brings all that is told of many up to date. Done again, it comes to the same."""
    await _count_days(tx)
    await tx.execute(_told_no_more())
    for paper in await tx.rows(_newest_papers()):
        await _aggregate(tx, paper)


# Days ----------------------------------------------------------------------------------------------------------------


async def _count_days(tx: Transaction) -> None:
    """How many attempts of each recent day were begun, and how many of these are handed in."""
    content, day = table_of(Content), sa.cast(sa.func.timezone("UTC", ATTEMPT.c.started_at), sa.Date)
    counted = await tx.rows(
        sa.select(
            ATTEMPT.c.assessment_id,
            content.c.root_id,
            day.label("day"),
            sa.func.count().label("started"),
            sa.func.count(ATTEMPT.c.submitted_at).label("submitted"),
        )
        .join(content, content.c.id == ATTEMPT.c.assessment_id)
        # Whole days only: what is left of one whose beginning is past would take the place of all of it.
        .where(ATTEMPT.c.started_at >= sa.func.date_trunc("day", sa.func.now(), "UTC") - _RECENT)
        .group_by(ATTEMPT.c.assessment_id, content.c.root_id, day)
    )
    for start in range(0, len(counted), _AT_ONCE):
        await _keep_days(tx, counted[start : start + _AT_ONCE])


async def _keep_days(tx: Transaction, counted: Sequence[Row]) -> None:
    """Notes the counts of some days; those that stand so already are left alone."""
    statement = insert(DAY).values([{"id": AssessmentDay.new_id(), **vars(row)} for row in counted])
    fresh = {name: statement.excluded[name] for name in ("started", "submitted")}
    differs = sa.or_(*(DAY.c[name] != value for name, value in fresh.items()))
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["assessment_id", "day"], set_={**fresh, "updated_at": sa.func.now()}, where=differs
        )
    )


async def days(reader: Reader, assessment_id: str) -> list[Row]:
    """How many began an assessment on each day, and handed it in; the newest first, as far as the viewer may see it."""
    mine = DAY.c.assessment_id == sa.bindparam("assessment")
    return await reader.select(sa.select(DAY).where(mine).order_by(DAY.c.day.desc()), {"assessment": assessment_id})


# Scores --------------------------------------------------------------------------------------------------------------


def _newest_papers() -> sa.Select[Any]:
    """The newest paper of each assessment of which there are new scores."""
    content, other = table_of(Content), PAPER.alias("other")
    newer = sa.select(other.c.id).where(
        other.c.assessment_id == PAPER.c.assessment_id, other.c.revision > PAPER.c.revision
    )
    measured = sa.select(SCORE.c.id).where(
        SCORE.c.assessment_id == PAPER.c.assessment_id, SCORE.c.created_at > sa.func.now() - _NEW
    )
    return (
        sa.select(PAPER.c.assessment_id, PAPER.c.revision, PAPER.c.scales, content.c.root_id)
        .join(content, content.c.id == PAPER.c.assessment_id)
        .where(measured.exists(), ~newer.exists())
        .order_by(PAPER.c.assessment_id)
    )


def _told_no_more() -> sa.Delete:
    """What is told of scales that are gone from what is published, or are for staff alone by now."""
    scale, published = table_of(Scale), table_of(Assessment)
    is_published = sa.select(published.c.id).where(
        published.c.id == AGGREGATE.c.assessment_id, published.c.stage == Stage.LIVE.value
    )
    is_told = sa.select(scale.c.id).where(
        scale.c.id == AGGREGATE.c.scale_id,
        scale.c.stage == Stage.LIVE.value,
        scale.c.role != ScaleRole.LEAD.value,
    )
    return sa.delete(AGGREGATE).where(is_published.exists(), ~is_told.exists())


async def _aggregate(tx: Transaction, newest: Row) -> None:
    papers = await tx.rows(
        sa.select(PAPER.c.id, PAPER.c.revision, PAPER.c.scales).where(PAPER.c.assessment_id == newest.assessment_id)
    )
    told = {
        (row.scale_id, row.phase): row
        for row in await tx.rows(sa.select(AGGREGATE).where(AGGREGATE.c.assessment_id == newest.assessment_id))
    }
    for scale in newest.scales:
        if scale["role"] == ScaleRole.LEAD.value:
            continue
        measure = measure_of(scale)
        alike = {paper.id: paper.revision for paper in papers if _has_same(paper, measure)}
        people = await _first_scores(tx, measure, set(alike))
        for phase in AttemptPhase:
            mine = people.get(phase.value, [])
            before = told.get((measure.id, phase.value))
            is_same = before is not None and before.revision in alike.values()
            tens = len(mine) // LEAST_PEOPLE * LEAST_PEOPLE
            if before is not None and is_same and tens <= before.people:
                continue
            if before is not None:
                await tx.execute(sa.delete(AGGREGATE).where(AGGREGATE.c.id == before.id))
            if tens:
                await tx.insert(ScaleAggregate, [_told(newest, scale, phase, measure, mine[:tens])])


def _has_same(paper: Row, measure: Measure) -> bool:
    theirs = next((each for each in paper.scales if each["id"] == measure.id), None)
    if theirs is None:
        return False
    other = measure_of(theirs)
    return measure.is_alike(other) and measure.has_same_bands(other)


async def _first_scores(tx: Transaction, measure: Measure, papers: set[str]) -> dict[str, list[Row]]:
    """Phase to the first score of each person, in the order in which these came."""
    found = await tx.rows(
        sa.select(SCORE.c.user_id, SCORE.c.phase, SCORE.c.paper_id, SCORE.c.exact, SCORE.c.band)
        .where(SCORE.c.scale_id == measure.id, SCORE.c.exact.is_not(None))
        .where(SCORE.c.paper_id == sa.any_(sa.literal(sorted(papers), ARRAY(id_type()))))
        .order_by(SCORE.c.id)
    )
    people: dict[str, dict[str, Row]] = {}
    for row in found:
        people.setdefault(row.phase, {}).setdefault(row.user_id, row)
    return {phase: list(rows.values()) for phase, rows in people.items()}


def _told(
    paper: Row, scale: Mapping[str, Any], phase: AttemptPhase, measure: Measure, people: Sequence[Row]
) -> dict[str, Any]:
    return {
        "id": ScaleAggregate.new_id(),
        "assessment_id": paper.assessment_id,
        "root_id": paper.root_id,
        "revision": paper.revision,
        "scale_id": measure.id,
        "phase": phase.value,
        "key": measure.key,
        "label": measure.label,
        "position": scale["position"],
        "people": len(people),
        "mean": rounded_mean(measure, [Fraction(row.exact) for row in people]),
        "bands": list(rounded_bands(measure, [row.band for row in people])),
    }


def rounded_mean(measure: Measure, scores: Sequence[Fraction]) -> float:
    """The mean, rounded to a fiftieth of the scale's width."""
    step = (measure.maximum - measure.minimum) / _STEPS
    mean = sum(scores, Fraction(0)) / len(scores)
    return float(measure.minimum + round((mean - measure.minimum) / step) * step)


def rounded_bands(measure: Measure, bands: Sequence[str | None]) -> Iterator[dict[str, Any]]:
    """About how many are in each band: to fives, half of one upwards."""
    counts = Counter(bands)
    for band in measure.bands:
        about = (counts[band.key] + _ROUND_TO // 2) // _ROUND_TO * _ROUND_TO
        yield {"key": band.key, "label": band.label, "people": about}


async def aggregates(reader: Reader, assessment_id: str, phase: AttemptPhase) -> list[Row]:
    """How people stand on the scales of an assessment in one phase, as far as the viewer may see it."""
    mine = sa.and_(AGGREGATE.c.assessment_id == sa.bindparam("assessment"), AGGREGATE.c.phase == sa.bindparam("phase"))
    statement = sa.select(AGGREGATE).where(mine).order_by(AGGREGATE.c.position, AGGREGATE.c.id)
    return await reader.select(statement, {"assessment": assessment_id, "phase": phase.value})
