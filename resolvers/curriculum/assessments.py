"""What editors do to assessments: in lessons, where they are published with their course, or by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.errors import DomainError, InvalidInput, SeveralErrors
from core.rows import Row
from core.writing import Transaction
from models.curriculum import Assessment
from resolvers.content import drafts, publishing
from resolvers.content.drafts import Place
from resolvers.curriculum.branches import flow_problems
from resolvers.curriculum.rules import html, kept_rows, live_holder, with_slug
from resolvers.curriculum.scales import scale_problems
from resolvers.curriculum.visible import BLOCK, DRAFT
from resolvers.formats import QUESTIONS

_IS_QUESTION = sa.cast(BLOCK.c.format, sa.Text) == sa.any_(sa.literal(sorted(QUESTIONS), ARRAY(sa.Text)))


async def create_assessment(
    tx: Transaction, values: Mapping[str, Any], lesson_id: str | None = None, place: Place = Place()
) -> str:
    """A new draft assessment without questions, at the end of a lesson or by itself; answers its id."""
    if lesson_id is None:
        values = await with_slug(tx, Assessment, values)
    else:
        _require_no_slug(values)
    values = {**values, **html(values, "introduction", Assessment)}
    return await drafts.create(tx, Assessment, values, parent_id=lesson_id, place=place)


async def update_assessment(
    tx: Transaction, assessment_id: str, expected_revision: int, changes: Mapping[str, Any]
) -> None:
    """Saves changed fields of a draft assessment."""
    identity = await drafts.locked(tx, Assessment, assessment_id)
    if identity.root_id != assessment_id:
        _require_no_slug(changes)
    elif "slug" in changes and changes["slug"] is None:
        raise InvalidInput("An assessment that stands by itself needs a name in addresses.", "REQUIRED", ("slug",))
    derived = html(changes, "introduction", Assessment)
    await drafts.update(tx, Assessment, assessment_id, expected_revision, changes, derived=derived)


async def move_assessment(tx: Transaction, assessment_id: str, place: Place, lesson_id: str | None = None) -> None:
    """Puts a draft assessment at another place, in its own or another lesson of its course."""
    await drafts.move(tx, Assessment, assessment_id, place, parent_id=lesson_id)


async def publish_assessment(
    tx: Transaction, assessment_id: str, expected_tree_revision: int | None, message: str | None
) -> int:
    """Makes the draft of an assessment that stands by itself live; answers the number of the sealed revision."""
    identity = await _locked_root(tx, assessment_id)
    if expected_tree_revision is not None:
        drafts.require_tree_revision(identity, expected_tree_revision)
    assessment = await drafts.draft_row(tx, Assessment, assessment_id)
    holder = await live_holder(tx, Assessment, assessment)
    problems: list[DomainError] = []
    if holder is not None:
        message_of_it = f"The published assessment {holder!r} has the slug {assessment.slug}."
        problems.append(DomainError(message_of_it, "TAKEN", ("id",)))
    problems += await assessment_problems(tx, assessment_id)
    problems += await flow_problems(tx, assessment_id)
    problems += await scale_problems(tx, assessment_id)
    if problems:
        raise SeveralErrors(problems)
    return await publishing.publish(tx, Assessment, assessment_id, message)


async def unpublish_assessment(tx: Transaction, assessment_id: str) -> None:
    """Takes an assessment that stands by itself away from readers; the draft stays as it is."""
    await _locked_root(tx, assessment_id)
    await publishing.unpublish(tx, Assessment, assessment_id)


async def restore_assessment_revision(
    tx: Transaction, assessment_id: str, number: int, expected_tree_revision: int
) -> None:
    """Loads a sealed revision into the draft of an assessment that stands by itself, which is sealed before."""
    drafts.require_tree_revision(await _locked_root(tx, assessment_id), expected_tree_revision)
    await publishing.restore_revision(tx, Assessment, assessment_id, number)


async def assessment_problems(tx: Transaction, root_id: str) -> list[DomainError]:
    """Which assessments of a root's draft cannot be taken as they stand, and why."""
    assessments = await kept_rows(tx, Assessment, root_id)
    counts = await _numbers_of_questions(tx, root_id) if assessments else {}
    return [each for row in assessments for each in _problems(row, counts.get(row.id, 0))]


def _problems(assessment: Row, questions: int) -> Sequence[DomainError]:
    if not questions:
        return [DomainError(f"The assessment {assessment.title!r} has no questions.", "EMPTY", ("id",))]
    if (assessment.question_limit or 0) > questions:
        return [
            DomainError(
                f"The assessment {assessment.title!r} draws {assessment.question_limit} of {questions} questions.",
                "TOO_FEW_QUESTIONS",
                ("id",),
            )
        ]
    return []


async def _numbers_of_questions(tx: Transaction, root_id: str) -> dict[str, int]:
    content = drafts.CONTENT
    found = await tx.rows(
        sa.select(BLOCK.c.assessment_id, sa.func.count().label("number"))
        .join(content, content.c.id == BLOCK.c.id)
        .where(content.c.root_id == root_id, content.c.trashed_at.is_(None), BLOCK.c.stage == DRAFT)
        .where(BLOCK.c.assessment_id.is_not(None), _IS_QUESTION)
        .group_by(BLOCK.c.assessment_id)
    )
    return {row.assessment_id: row.number for row in found}


async def _locked_root(tx: Transaction, assessment_id: str) -> Row:
    """The identity of an assessment that stands by itself; raises `DomainError` for one in a lesson."""
    identity = await drafts.locked(tx, Assessment, assessment_id)
    if identity.root_id != assessment_id:
        raise DomainError("This assessment is published with its course.", "NOT_A_ROOT", ("id",))
    return identity


def _require_no_slug(values: Mapping[str, Any]) -> None:
    if values.get("slug") is not None:
        message = "Only an assessment that stands by itself has a name in addresses."
        raise InvalidInput(message, "INVALID", ("slug",))
