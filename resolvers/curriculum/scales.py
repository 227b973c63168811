"""What editors do to scales, and whether the scales of a draft can be published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from core.errors import DomainError, InvalidInput, SeveralErrors, wrong_kind
from core.expressions import ExpressionError, parse
from core.ids import tag_of
from core.revisions import require_revision
from core.rows import Row
from core.writing import Transaction
from models.curriculum import Assessment, Block, BlockFormat, Scale, ScaleAggregation
from resolvers.content import drafts
from resolvers.content.drafts import Place
from resolvers.curriculum.measuring import (
    LINK,
    MAX_BANDS,
    MAX_CONVERSION,
    MAX_ITEMS,
    Asked,
    Conversion,
    ScaleItem,
    ScoreBand,
    measure_of,
    problems_of_measure,
)
from resolvers.curriculum.rules import kept_rows
from resolvers.curriculum.visible import BLOCK, DRAFT
from resolvers.formats import BY_KIND
from resolvers.formats.base import QuestionFormat, user_error, validated

MAX_SCALES = 50
_LEAST_DEVIATION = 1e-6
_PARTS: Mapping[str, tuple[type[BaseModel], int]] = {
    "items": (ScaleItem, MAX_ITEMS),
    "bands": (ScoreBand, MAX_BANDS),
    "conversion": (Conversion, MAX_CONVERSION),
}


async def create_scale(
    tx: Transaction, assessment_id: str, values: Mapping[str, Any], place: Place = Place(), object_id: str | None = None
) -> str:
    """A new scale of a draft assessment; answers its id."""
    values = _checked(values)
    _require_sense({**drafts.defaults(Scale), **values})
    return await drafts.create(tx, Scale, values, parent_id=assessment_id, place=place, object_id=object_id)


async def update_scale(tx: Transaction, scale_id: str, expected_revision: int, changes: Mapping[str, Any]) -> None:
    """Saves changed fields of a draft scale; a list that is given takes the place of the whole list."""
    await drafts.locked(tx, Scale, scale_id)
    before = await drafts.draft_row(tx, Scale, scale_id)
    changes = _checked(changes)
    require_revision(before, expected_revision, changes)
    _require_sense({**vars(before), **changes})
    await drafts.update(tx, Scale, scale_id, expected_revision, changes)


async def move_scale(tx: Transaction, scale_id: str, place: Place) -> None:
    """Puts a draft scale at another place in its assessment."""
    await drafts.move(tx, Scale, scale_id, place)


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with their parts as they are stored; raises `SeveralErrors`, each with the path of its field."""
    made = dict(values)
    for name in _PARTS.keys() & values.keys():
        made[name] = _checked_parts(name, values[name] or [])
    if made.get("formula") is not None:
        try:
            parse(made["formula"])
        except ExpressionError as error:
            raise InvalidInput(f"Character {error.position}: {error.message}", "INVALID", ("formula",)) from error
    return made


def _checked_parts(name: str, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    kind, most = _PARTS[name]
    if len(given) > most:
        raise InvalidInput(f"At most {most} of these.", "TOO_MANY", (name,))
    errors: list[DomainError] = []
    made: list[dict[str, Any]] = []
    for number, each in enumerate(given):
        try:
            made.append(kind.model_validate(each).model_dump(mode="json"))
        except ValidationError as error:
            told = [user_error(problem) for problem in error.errors()]
            errors += [InvalidInput(problem.message, problem.code, (name, number, *problem.path)) for problem in told]
    for number, part in enumerate(made if name == "items" and not errors else ()):
        if tag_of(part["block_id"]) != Block.__tag__:
            errors.append(InvalidInput(wrong_kind("block"), "WRONG_KIND_OF_ID", (name, number, "blockId")))
        part["block_id"] = LINK + part["block_id"]
    if errors:
        raise SeveralErrors(errors)
    return made


def _require_sense(scale: Mapping[str, Any]) -> None:
    """What has to fit together in every draft, each refusal with its field; the rest is told when it is published."""
    has_formula = scale["aggregation"] == ScaleAggregation.FORMULA.value
    if has_formula != (scale["formula"] is not None):
        message = "Say by which formula." if has_formula else "Only a scale that is made by a formula has one."
        raise InvalidInput(message, "REQUIRED" if has_formula else "INVALID", ("formula",))
    if has_formula and scale["missing_allowed"]:
        message = "A formula says itself what an answer that is missing counts: write default(name, 0)."
        raise InvalidInput(message, "INVALID", ("missingAllowed",))
    if scale["minimum"] is not None and scale["maximum"] is not None and scale["minimum"] >= scale["maximum"]:
        raise InvalidInput("The maximum must be greater than the minimum.", "INVALID", ("maximum",))
    if scale["norm_deviation"] is not None and scale["norm_deviation"] < _LEAST_DEVIATION:
        raise InvalidInput("So small a deviation says nothing.", "INVALID", ("normDeviation",))
    if scale["factor"] == 0:
        raise InvalidInput("A score that is multiplied by 0 says nothing.", "INVALID", ("factor",))
    if scale["conversion"] and scale["factor"] not in (None, 1):
        raise InvalidInput("A scale has a factor or a table, not both.", "INVALID", ("factor",))
    for name, field in (("change_threshold", "changeThreshold"), ("norm_deviation", "normDeviation")):
        if scale[name] is not None and scale[name] <= 0:
            raise InvalidInput("This is more than 0.", "INVALID", (field,))
    if scale["reliability"] is not None and not 0 < scale["reliability"] < 1:
        raise InvalidInput("A reliability lies between 0 and 1.", "INVALID", ("reliability",))
    if (scale["norm_deviation"] is None) != (scale["reliability"] is None):
        message = "The reliable change needs both the deviation and the reliability."
        raise InvalidInput(message, "REQUIRED", ("reliability",))


# Publishing ----------------------------------------------------------------------------------------------------------


async def scale_problems(tx: Transaction, root_id: str) -> list[DomainError]:
    """What is wrong with the scales of a root's draft."""
    scales = await kept_rows(tx, Scale, root_id)
    if not scales:
        return []
    assessments = {row.id: row for row in await kept_rows(tx, Assessment, root_id)}
    questions = await _questions(tx, root_id)
    problems: list[DomainError] = []
    for assessment_id, assessment in assessments.items():
        mine = sorted((row for row in scales if row.assessment_id == assessment_id), key=lambda row: row.position)
        told = _problems_together(mine, assessment)
        told += _problems_each(mine, questions.get(assessment_id, {}))
        problems += [DomainError(f"In the assessment {assessment.title!r}, {each}", "SCALE", ("id",)) for each in told]
    return problems


def _problems_together(scales: Sequence[Row], assessment: Row) -> list[str]:
    keys = Counter(scale.key for scale in scales)
    told = [f"{keys[key]} scales have the key {key}." for key in sorted(keys) if keys[key] > 1]
    roles = Counter(scale.role for scale in scales)
    told += [f"{roles[role]} scales have the role {role}: one may." for role in ("overall", "lead") if roles[role] > 1]
    if scales and assessment.question_limit is not None:
        told.append("questions are drawn by chance, so scales could not be compared: leave questionLimit out.")
    return told


def _problems_each(scales: Sequence[Row], questions: Mapping[str, Asked]) -> list[str]:
    return [
        f"the scale {scale.label!r} cannot be published: {problem}"
        for scale in scales
        for problem in problems_of_measure(measure_of(scale), questions)
    ]


async def _questions(tx: Transaction, root_id: str) -> dict[str, dict[str, Asked]]:
    """Assessment id to its questions, by block id."""
    content = drafts.CONTENT
    found = await tx.rows(
        sa.select(*(BLOCK.c[name] for name in ("id", "assessment_id", "format", "title", "key", "settings")))
        .add_columns(sa.func.left(BLOCK.c.body_text, 60).label("body_text"))
        .join(content, content.c.id == BLOCK.c.id)
        .where(content.c.root_id == root_id, content.c.trashed_at.is_(None), BLOCK.c.stage == DRAFT)
        .where(BLOCK.c.assessment_id.is_not(None))
    )
    made: dict[str, dict[str, Asked]] = {}
    for block in found:
        model = BY_KIND[BlockFormat(block.format)]
        if issubclass(model, QuestionFormat):
            question = validated(model, block.settings)
            assert isinstance(question, QuestionFormat)
            asked = Asked(block.title or block.body_text, question, block.key)
            made.setdefault(block.assessment_id, {})[block.id] = asked
    return made
