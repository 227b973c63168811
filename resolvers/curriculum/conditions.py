"""The conditions under which blocks are shown: what they may speak of, and whether they make sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
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
    in_words,
    parse,
)
from core.reading import Reader
from core.rows import Row
from core.writing import Transaction
from models.curriculum import BlockFormat
from resolvers.content import drafts
from resolvers.curriculum.visible import ASSESSMENT, BLOCK, DRAFT, LESSON
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


def condition_in_words(text: str | None) -> str | None:
    """A condition in plain words; one that cannot be read any more is shown as it is."""
    if text is None:
        return None
    try:
        return in_words(parse(text))
    except ExpressionError:
        return text


def scopes(blocks: Sequence[Row]) -> Iterator[tuple[Row, Scope]]:
    """The blocks of one lesson or assessment, in order, each with what its condition may ask for: answers before it."""
    later = {name: LATER for block in blocks for name in _declared(block)}
    known: dict[str, Declared] = {}
    for block in blocks:
        mine = _declared(block)
        yield block, Scope(dict(known), {**later, **dict.fromkeys(mine, OWN), **_private(blocks)})
        known |= mine
        later = {name: why for name, why in later.items() if name not in mine}


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


async def condition_problems(tx: Transaction, root_id: str) -> list[DomainError]:
    """What is wrong with the conditions of a root's draft, and with the names that they use."""
    problems: list[DomainError] = []
    rows = await tx.rows(_blocks().where(drafts.CONTENT.c.root_id == root_id))
    for _, blocks in groupby(rows, key=lambda row: row.parent_id):
        problems += problems_beside(list(blocks))
    return problems


def problems_beside(blocks: Sequence[Row]) -> list[DomainError]:
    """The same for the blocks of one lesson or assessment, in order."""
    problems: list[DomainError] = []
    keys = Counter(block.key for block in blocks if block.key is not None)
    for key in sorted(each for each, number in keys.items() if number > 1):
        message = f"In the {blocks[0].kind} {blocks[0].parent!r}, {keys[key]} questions have the key {key}."
        problems.append(DomainError(message, "DUPLICATE_KEY", ("id",)))
    for number, (block, scope) in enumerate(scopes(blocks), 1):
        if block.show_if is not None:
            problems += [_told(block, number, each) for each in problems_of(block.show_if, scope)]
    return problems


def _told(block: Row, number: int, problem: Problem) -> ConditionProblem:
    name = block.title or block.body_text[:60]
    message = (
        f"In the {block.kind} {block.parent!r}, block {number} ({name!r}), "
        f"the condition is wrong at character {problem.position}: {problem.message}"
    )
    return ConditionProblem(message, "CONDITION", ("id",), block_id=block.id, position=problem.position)


def _blocks() -> sa.Select[Any]:
    """The draft blocks of lessons and assessments in which anything is named or has a condition, in order."""
    content, other = drafts.CONTENT, BLOCK.alias("other")
    concerned = sa.select(other.c.id).where(
        _parent(other) == _parent(BLOCK),
        other.c.stage == BLOCK.c.stage,
        sa.or_(other.c.show_if.is_not(None), other.c.key.is_not(None)),
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
        )
        .join(content, content.c.id == BLOCK.c.id)
        .join(LESSON, in_lesson, isouter=True)
        .join(ASSESSMENT, in_assessment, isouter=True)
        .where(BLOCK.c.stage == DRAFT, content.c.trashed_at.is_(None), concerned.exists())
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
    return next((scope for block, scope in scopes(found) if block.id == block_id), None)
