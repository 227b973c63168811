"""The conditions under which blocks are shown: what they may speak of, and whether they make sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.errors import DomainError, InvalidInput
from core.expressions import (
    RESERVED,
    Declared,
    ExpressionError,
    Problem,
    Scope,
    check,
    parse,
)
from core.reading import Reader
from core.rows import Row
from models.curriculum import BlockFormat
from resolvers.content import drafts
from resolvers.curriculum.visible import ASSESSMENT, BLOCK, BRANCH, DRAFT, LESSON
from resolvers.formats import BY_KIND
from resolvers.formats.base import QuestionFormat, validated

LATER = "It is answered later."
OWN = "It is the answer to this question itself."
PRIVATE = "What is written there is private."


@dataclass(eq=False)
class ConditionProblem(DomainError):
    """A condition that stands in the way of publishing: which block has it, and where it is wrong."""

    block_id: str = ""
    position: int = 0


def require_condition(columns: Mapping[str, Any]) -> None:
    """Refuses a condition that cannot be read, and a name for answers that is a word of the language."""
    if columns.get("key") in RESERVED:
        raise InvalidInput(f"Conditions need the word {columns['key']!r} themselves.", "INVALID", ("key",))
    if columns.get("show_if") is None:
        return
    try:
        parse(columns["show_if"])
    except ExpressionError as error:
        raise InvalidInput(f"Character {error.position}: {error.message}", "INVALID", ("showIf",)) from error


@dataclass(frozen=True)
class Standing:
    """A block among those beside it: what its condition may ask for, and what its rules may, once it is answered."""

    block: Row
    before: Scope
    after: Scope


def standings(blocks: Sequence[Row]) -> Iterator[Standing]:
    """The blocks of one lesson or assessment, in order, each with the answers that it may ask for."""
    own = {block.id: _declared(block) for block in blocks}
    private = _private(blocks)
    later = {name: LATER for declared in own.values() for name in declared}
    known: dict[str, Declared] = {}
    for block in blocks:
        mine = own[block.id]
        before = Scope(dict(known), {**later, **dict.fromkeys(mine, OWN), **private})
        known |= mine
        later = {name: why for name, why in later.items() if name not in mine}
        yield Standing(block, before, Scope(dict(known), {**later, **private}))


def _declared(block: Row) -> dict[str, Declared]:
    """What can be asked of the answer to a block, by the name that conditions use."""
    model = BY_KIND[BlockFormat(block.format)]
    if block.key is None or not issubclass(model, QuestionFormat):
        return {}
    question = validated(model, block.settings)
    assert isinstance(question, QuestionFormat)
    return {f"{block.key}.{part}" if part else block.key: each for part, each in question.declared().items()}


def _private(blocks: Sequence[Row]) -> dict[str, str]:
    models = ((block.key, BY_KIND[BlockFormat(block.format)]) for block in blocks if block.key is not None)
    return {key: PRIVATE for key, model in models if issubclass(model, QuestionFormat) and model.is_private}


def problems_of(text: str, scope: Scope) -> list[Problem]:
    """What is wrong with a condition; an empty list when nothing is."""
    try:
        return check(parse(text), scope)
    except ExpressionError as error:
        return [Problem(error.message, error.position)]


def problems_beside(standings: Sequence[Standing]) -> list[DomainError]:
    """What is wrong with the conditions of the blocks of one lesson or assessment, and with the names that they use."""
    problems: list[DomainError] = []
    blocks = [each.block for each in standings]
    keys = Counter(block.key for block in blocks if block.key is not None)
    for key in sorted(each for each, number in keys.items() if number > 1):
        message = f"In the {blocks[0].kind} {blocks[0].parent!r}, {keys[key]} questions have the key {key}."
        problems.append(DomainError(message, "DUPLICATE_KEY", ("id",)))
    for number, each in enumerate(standings, 1):
        if each.block.show_if is not None:
            problems += [_told(each.block, number, found) for found in problems_of(each.block.show_if, each.before)]
    return problems


def _told(block: Row, number: int, problem: Problem) -> ConditionProblem:
    message = f"{place_of(block, number)}, the condition is wrong at character {problem.position}: {problem.message}"
    return ConditionProblem(message, "CONDITION", ("id",), block_id=block.id, position=problem.position)


def place_of(block: Row, number: int) -> str:
    """The words that a sentence about the block with this number begins with."""
    return f"In the {block.kind} {block.parent!r}, block {number} ({block.title or block.body_text[:60]!r})"


def blocks_with_conditions(root_id: str) -> sa.Select[Any]:
    """A root's draft blocks, in order, of lessons and assessments in which anything is named or depends on anything."""
    content, other = drafts.CONTENT, BLOCK.alias("other")
    has_rules = sa.select(BRANCH.c.id).where(BRANCH.c.from_block_id == other.c.id, BRANCH.c.stage == other.c.stage)
    concerned = sa.select(other.c.id).where(
        _parent(other) == _parent(BLOCK),
        other.c.stage == BLOCK.c.stage,
        sa.or_(other.c.show_if.is_not(None), other.c.key.is_not(None), has_rules.exists()),
    )
    columns = (BLOCK.c[name] for name in ("id", "format", "title", "key", "show_if", "settings"))
    text = sa.func.left(BLOCK.c.body_text, 60).label("body_text")
    in_lesson = sa.and_(LESSON.c.id == BLOCK.c.lesson_id, LESSON.c.stage == BLOCK.c.stage)
    in_assessment = sa.and_(ASSESSMENT.c.id == BLOCK.c.assessment_id, ASSESSMENT.c.stage == BLOCK.c.stage)
    return (
        sa.select(
            *columns,
            text,
            _parent(BLOCK).label("parent_id"),
            sa.func.coalesce(LESSON.c.title, ASSESSMENT.c.title).label("parent"),
            sa.case((BLOCK.c.lesson_id.is_(None), "assessment"), else_="lesson").label("kind"),
            sa.or_(ASSESSMENT.c.shuffle, ASSESSMENT.c.question_limit.is_not(None)).label("is_mixed"),
        )
        .join(content, content.c.id == BLOCK.c.id)
        .join(LESSON, in_lesson, isouter=True)
        .join(ASSESSMENT, in_assessment, isouter=True)
        .where(content.c.root_id == root_id, content.c.trashed_at.is_(None), BLOCK.c.stage == DRAFT)
        .where(concerned.exists())
        .order_by(_parent(BLOCK), BLOCK.c.position, BLOCK.c.id)
    )


def _parent(table: Any) -> Any:
    return sa.func.coalesce(table.c.lesson_id, table.c.assessment_id)


async def scope_of(reader: Reader, block_id: str) -> Scope | None:
    """What the condition of a block may speak of, in the stage that is read; None where there is no such block."""
    mine = sa.select(_parent(BLOCK)).where(BLOCK.c.id == sa.bindparam("id"), BLOCK.c.stage == sa.bindparam("stage"))
    columns = (BLOCK.c[name] for name in ("id", "format", "key", "settings"))
    content = drafts.CONTENT
    beside = (
        sa.select(*columns)
        .join(content, content.c.id == BLOCK.c.id)
        .where(_parent(BLOCK) == mine.scalar_subquery(), BLOCK.c.stage == sa.bindparam("stage"))
        .where(content.c.trashed_at.is_(None))
        .order_by(BLOCK.c.position, BLOCK.c.id)
    )
    found = await reader.select(beside, {"id": block_id, "stage": reader.perspective.stage})
    return next((each.before for each in standings(found) if each.block.id == block_id), None)
