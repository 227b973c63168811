"""The results of an assessment as a table: a row for each attempt, a page at a time, so that no number takes memory.

It works with the rights of the service, and asks for permissions of its own. Private answers are never in it, and a
wellbeing assessment has no such table.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.errors import DomainError, InvalidInput, NotFound, wrong_kind
from core.ids import tag_of
from core.rows import Row
from core.tables import id_type, table_of
from core.viewer import Viewer, require
from core.writing import Transaction
from models.content import Content, Revision
from models.curriculum import Assessment, AssessmentKind, BlockFormat
from models.identity import Scope, User
from resolvers.assessment.papers import in_order
from resolvers.assessment.visible import ANSWER, ATTEMPT, MARK, PAPER
from resolvers.formats import BY_KIND, QUESTIONS
from resolvers.formats.base import QuestionFormat

PAGE = 500
_ASSESSMENT, _CONTENT, _REVISION = table_of(Assessment), table_of(Content), table_of(Revision)
_WELLBEING = AssessmentKind.WELLBEING.value
_FIRST = "00000000-0000-0000-0000-000000000000"
_HEAD = (
    *("attempt", "person", "number", "status", "revision", "started at", "submitted at"),
    *("score", "max score", "percentage", "passed"),
)
_NAMED = ("name", "email")
_HEADING = 80


@dataclass(frozen=True)
class Asked:
    """One question, as the newest revision that asks it has it, its key included."""

    id: str
    heading: str
    entry: Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """What the columns are. People are told apart by the `key`, and called by their names only where `has_names`."""

    assessment_id: str
    questions: Sequence[Asked]
    has_names: bool
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @property
    def head(self) -> list[str]:
        """The names of the columns: of each question what was answered, and what that earned."""
        asked = [name for each in self.questions for name in (each.heading, f"{each.heading} (points)")]
        return [*_HEAD, *(_NAMED if self.has_names else ()), *asked]


# Who may -------------------------------------------------------------------------------------------------------------


def require_results(viewer: Viewer, *, has_names: bool) -> None:
    """Raises unless the viewer may have results; names need the right to manage people as well."""
    require(viewer, Scope.RESULTS_READ)
    if has_names:
        require(viewer, Scope.USER_MANAGE)


# Batches -------------------------------------------------------------------------------------------------------------


async def table_for(tx: Transaction, assessment_id: str, *, has_names: bool) -> Table:
    """The columns of an assessment's results. Raises `NotFound`, or `DomainError` for one whose answers are private."""
    if tag_of(assessment_id) != Assessment.__tag__:
        raise InvalidInput(wrong_kind("assessment"), "WRONG_KIND_OF_ID", ("id",))
    papers = await tx.rows(
        sa.select(PAPER).where(PAPER.c.assessment_id == assessment_id).order_by(PAPER.c.revision.desc())
    )
    if not papers and not await tx.rows(sa.select(_CONTENT.c.id).where(_CONTENT.c.id == assessment_id)):
        raise NotFound("assessment")
    if await _is_about_wellbeing(tx, assessment_id):
        raise DomainError("What people say of their wellbeing is shown to nobody else.", "PRIVATE", ("id",))
    asked: dict[str, Asked] = {}
    for paper in papers:
        for block in in_order(paper, [each["id"] for each in paper.blocks]):
            if block["format"] in QUESTIONS and not _is_private(block["format"]):
                asked.setdefault(block["id"], Asked(block["id"], _heading(block), block))
    return Table(assessment_id, list(asked.values()), has_names)


async def _is_about_wellbeing(tx: Transaction, assessment_id: str) -> bool:
    """Whether it is, or ever was as published: what was answered then was answered in that trust."""
    now = sa.select(_ASSESSMENT.c.id).where(_ASSESSMENT.c.id == assessment_id, _ASSESSMENT.c.kind == _WELLBEING)
    sealed = {"assessment": [{"id": assessment_id, "kind": _WELLBEING}]}
    once = (
        sa.select(_REVISION.c.id)
        .join(_CONTENT, _CONTENT.c.root_id == _REVISION.c.root_id)
        .where(_CONTENT.c.id == assessment_id, _REVISION.c.snapshot.contains(sealed))
    )
    return bool(await tx.rows(now.limit(1)) or await tx.rows(once.limit(1)))


async def page_of(tx: Transaction, table: Table, after: str | None) -> tuple[list[list[str]], str | None]:
    """(some hundred rows, oldest attempts first; where to go on, None at the end)."""
    attempts = await tx.rows(_attempts(table, after or _FIRST))
    ids = sa.any_(sa.literal([each.id for each in attempts], ARRAY(id_type())))
    values: dict[tuple[str, str], Row] = {}
    marks: dict[tuple[str, str], Row] = {}
    if attempts and table.questions:
        answers = sa.select(ANSWER.c.attempt_id, ANSWER.c.block_id, ANSWER.c.format, ANSWER.c.value)
        values = {
            (row.attempt_id, row.block_id): row for row in await tx.rows(answers.where(ANSWER.c.attempt_id == ids))
        }
        scores = sa.select(MARK.c.attempt_id, MARK.c.block_id, MARK.c.score).where(MARK.c.attempt_id == ids)
        marks = {(row.attempt_id, row.block_id): row for row in await tx.rows(scores)}
    rows = []
    for attempt in attempts:
        row = _of_attempt(table, attempt)
        for each in table.questions:
            answer, mark = values.get((attempt.id, each.id)), marks.get((attempt.id, each.id))
            row += ["" if answer is None else written(each.entry["settings"], answer.format, answer.value)]
            row += ["" if mark is None else _number(mark.score)]
        rows.append(row)
    return rows, attempts[-1].id if len(attempts) == PAGE else None


def _attempts(table: Table, after: str) -> sa.Select[Any]:
    user = table_of(User)
    mine = sa.and_(ATTEMPT.c.assessment_id == table.assessment_id, ATTEMPT.c.id > after)
    found = sa.select(ATTEMPT).where(mine).order_by(ATTEMPT.c.id).limit(PAGE)
    if not table.has_names:
        return found
    return found.join(user, user.c.id == ATTEMPT.c.user_id).add_columns(user.c.display_name, user.c.email)


def _of_attempt(table: Table, attempt: Row) -> list[str]:
    passed = {None: "", True: "yes", False: "no"}[attempt.passed]
    row = [attempt.id, _person(table, attempt.user_id), str(attempt.number), attempt.status, str(attempt.revision)]
    row += [_instant(attempt.started_at), _instant(attempt.submitted_at)]
    row += [_number(attempt.score), _number(attempt.max_score), _number(attempt.percentage), passed]
    return [*row, attempt.display_name, attempt.email or ""] if table.has_names else row


def _person(table: Table, user_id: str) -> str:
    """The id where there are names; otherwise a word that is the same for one person in one table, and in no other."""
    return user_id if table.has_names else hmac.digest(table.key, user_id.encode(), "sha256").hex()[:16]


def written(settings: Mapping[str, Any], format: str, value: Mapping[str, Any]) -> str:
    """An answer in words, as far as its question has words for it."""
    match BlockFormat(format):
        case BlockFormat.MULTIPLE_CHOICE:
            return _texts(settings["choices"], [value["choice_id"]])
        case BlockFormat.MULTI_SELECT:
            return _texts(settings["choices"], value["choice_ids"])
        case BlockFormat.RANKING:
            return _texts(settings["items"], value["item_ids"])
        case BlockFormat.TRUE_FALSE:
            return str(settings["true_label"] if value["is_true"] else settings["false_label"])
        case BlockFormat.SHORT_ANSWER | BlockFormat.FREEFORM:
            return str(value["text"])
        case BlockFormat.NUMERIC:
            return " ".join(filter(None, (value["number"], value.get("unit"))))
        case BlockFormat.SCALE:
            return str(value["point"])
        case BlockFormat.RATING:
            return str(value["rating"])
        case BlockFormat.FILE_UPLOAD:
            return f"{len(value['file_keys'])} files"
        case BlockFormat.MATCHING:
            pairs = [(_texts(settings["prompts"], [each["prompt_id"]]), each["target_id"]) for each in value["pairs"]]
            return "; ".join(f"{prompt}: {_texts(settings['targets'], [target])}" for prompt, target in pairs)
        case BlockFormat.CLOZE:
            return "; ".join(each["text"] for each in value["gaps"])
        case _:
            return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _texts(items: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> str:
    by_id = {each["id"]: each["text"] for each in items}
    return "; ".join(by_id.get(each, each) for each in ids)


def _is_private(format: str) -> bool:
    model = BY_KIND[BlockFormat(format)]
    return issubclass(model, QuestionFormat) and model.is_private


def _heading(block: Mapping[str, Any]) -> str:
    words = block["key"] or " ".join((block["title"] or block["body_text"] or block["id"]).split())
    return words if len(words) <= _HEADING else words[: _HEADING - 1] + "…"


def _instant(instant: Any) -> str:
    return "" if instant is None else instant.isoformat(timespec="seconds")


def _number(number: float | None) -> str:
    return "" if number is None else f"{number:.10g}"
