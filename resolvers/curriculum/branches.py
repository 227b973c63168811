"""The rules of where an assessment goes on after a block: written as one list, checked when it is published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.errors import DomainError, InvalidInput, wrong_kind
from core.expressions import ExpressionError, evaluate, names, parse
from core.ids import tag_of
from core.reading import Reader
from core.revisions import require_revision
from core.rows import Row
from core.tables import id_type
from core.writing import Transaction, camel, checked
from models.content import Content
from models.curriculum import Block, Branch
from models.identity import Scope
from resolvers.content import drafts
from resolvers.curriculum.conditions import (
    Standing,
    blocks_with_conditions,
    place_of,
    problems_beside,
    problems_of,
    standings,
)
from resolvers.curriculum.sections import SECTION, ends_of, sections_of
from resolvers.curriculum.visible import BLOCK, BRANCH, DRAFT

MAX_BRANCHES = 50


@dataclass(eq=False)
class FlowProblem(DomainError):
    """What stands in the way of publishing on the way through an assessment: at which block, and which of its rules."""

    block_id: str = ""
    # Which of the block's rules it is, counted from 1; None where it is about the block itself.
    branch: int | None = None
    # Where its condition is wrong, in characters from 1; None where it is not about that.
    position: int | None = None


# Actions -------------------------------------------------------------------------------------------------------------


async def set_branches(
    tx: Transaction, block_id: str, expected_revision: int, branches: Sequence[Mapping[str, Any]]
) -> None:
    """Replaces the rules of a draft block, in the order in which they are asked. Counts as a save of the block."""
    identity = await drafts.locked(tx, Block, block_id)
    wanted = [{name: each.get(name) for name in ("condition", "goto_block_id")} for each in branches]
    if len(wanted) > MAX_BRANCHES:
        raise InvalidInput(f"At most {MAX_BRANCHES} rules.", "TOO_MANY", ("branches",))
    block = await drafts.draft_row(tx, Block, block_id)
    standing = await tx.rows(_rules().where(BRANCH.c.from_block_id == block_id))
    _require_revision(block, expected_revision, standing, wanted)
    if block.assessment_id is None and wanted:
        raise InvalidInput("Only blocks of assessments have rules of where to go on.", "INVALID", ("id",))
    rows = [_checked(each, number) for number, each in enumerate(wanted)]
    await _require_targets(tx, block, rows)
    ids = [row.id for row in standing[: len(rows)]]
    ids += [Branch.new_id() for _ in rows[len(ids) :]]
    await _replace(tx, identity, block_id, ids, rows)
    await tx.execute(
        sa.update(BLOCK)
        .where(BLOCK.c.id == block_id, BLOCK.c.stage == DRAFT)
        .values(revision=BLOCK.c.revision + 1, updated_at=sa.func.now())
    )
    await drafts.count_save(tx, identity.root_id)
    drafts.tell_saved(tx, Block, block_id, identity.root_id, block, {"branches": rows})


def _require_revision(
    block: Row, expected: int, standing: Sequence[Row], branches: Sequence[Mapping[str, Any]]
) -> None:
    shown = [{camel(name): getattr(row, name) for name in ("condition", "goto_block_id")} for row in standing]
    wanted = [{camel(name): value for name, value in each.items()} for each in branches]
    require_revision(Row({**vars(block), "branches": shown}), expected, {"branches": wanted})


def _checked(branch: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The columns of a rule; refuses a condition that cannot be read."""
    path = ("branches", number)
    if branch["goto_block_id"] is not None and tag_of(branch["goto_block_id"]) != Block.__tag__:
        raise InvalidInput(wrong_kind("block"), "WRONG_KIND_OF_ID", (*path, "gotoBlockId"))
    row = checked(Branch, branch, path)
    if row["condition"] is not None:
        try:
            parse(row["condition"])
        except ExpressionError as error:
            said = f"Character {error.position}: {error.message}"
            raise InvalidInput(said, "INVALID", (*path, "condition")) from error
    return row


async def _require_targets(tx: Transaction, block: Row, rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuses rules that lead out of the assessment, into the trash, or to the block itself."""
    content = drafts.CONTENT
    wanted = {row["goto_block_id"] for row in rows} - {None}
    found = await tx.rows(
        sa.select(BLOCK.c.id)
        .join(content, content.c.id == BLOCK.c.id)
        .where(BLOCK.c.id == sa.any_(sa.literal(sorted(wanted), ARRAY(id_type()))), BLOCK.c.stage == DRAFT)
        .where(BLOCK.c.assessment_id == block.assessment_id, content.c.trashed_at.is_(None))
    )
    there = {row.id for row in found}
    for number, row in enumerate(rows):
        path = ("branches", number, "gotoBlockId")
        if row["goto_block_id"] == block.id:
            raise InvalidInput("A rule cannot lead to the block that has it.", "INVALID", path)
        if row["goto_block_id"] is not None and row["goto_block_id"] not in there:
            raise InvalidInput("There is no such block in this assessment.", "NOT_FOUND", path)


async def _replace(
    tx: Transaction, identity: Row, block_id: str, ids: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Puts these rows in place of the draft ones. Their counter goes on, so that a publish sees that they changed."""
    mine = BRANCH.c.from_block_id == block_id
    last = await tx.row(sa.select(sa.func.coalesce(sa.func.max(BRANCH.c.revision), 0).label("last")).where(mine))
    known = {row.id for row in await tx.rows(sa.select(BRANCH.c.id).where(mine, BRANCH.c.stage == DRAFT))}
    await tx.execute(sa.delete(BRANCH).where(mine, BRANCH.c.stage == DRAFT))
    fresh = [each for each in ids if each not in known]
    await tx.insert(Content, [drafts.identity(tx, Branch, each, identity.root_id) for each in fresh])
    revision = (last.last if last else 0) + 1
    whole = {"stage": DRAFT, "revision": revision, "from_block_id": block_id}
    placed = enumerate(zip(ids, rows, strict=True), 1)
    await tx.insert(Branch, [{"id": each, **whole, "position": place, **row} for place, (each, row) in placed])


# Reading -------------------------------------------------------------------------------------------------------------


def _rules() -> sa.Select[Any]:
    """The draft rules, each block's in order."""
    return sa.select(BRANCH).where(BRANCH.c.stage == DRAFT).order_by(BRANCH.c.position, BRANCH.c.id)


async def branches_of(reader: Reader, block_ids: Sequence[str]) -> list[list[Row] | None]:
    """The rules of each block, in order, in one statement; None for those who are not authors."""
    if not reader.viewer.may_somewhere(Scope.CONTENT_EDIT):
        return [None] * len(block_ids)
    found = await reader.select(
        sa.select(BRANCH)
        .where(BRANCH.c.from_block_id == sa.any_(sa.bindparam("ids", type_=ARRAY(id_type()))))
        .where(BRANCH.c.stage == sa.bindparam("stage"))
        .order_by(BRANCH.c.position, BRANCH.c.id),
        {"ids": list(set(block_ids)), "stage": reader.perspective.stage},
        Branch,
    )
    by_block: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        by_block[row.from_block_id].append(row)
    return [by_block[each] for each in block_ids]


# Checks --------------------------------------------------------------------------------------------------------------


async def flow_problems(tx: Transaction, root_id: str) -> list[DomainError]:
    """What is wrong with the conditions and the rules of a root's draft, and with the names that they use."""
    blocks = await tx.rows(blocks_with_conditions(root_id))
    if not blocks:
        return []
    content = drafts.CONTENT
    mine = _rules().join(content, content.c.id == BRANCH.c.id).where(content.c.root_id == root_id)
    rules: dict[str, list[Row]] = defaultdict(list)
    for row in await tx.rows(mine.where(content.c.trashed_at.is_(None))):
        rules[row.from_block_id].append(row)
    problems: list[DomainError] = []
    for _, beside in groupby(blocks, key=lambda row: row.parent_id):
        stood = list(standings(list(beside)))
        problems += problems_beside(stood)
        problems += problems_on_the_way(stood, rules)
    return problems


def problems_on_the_way(stood: Sequence[Standing], rules: Mapping[str, Sequence[Row]]) -> list[DomainError]:
    """What is wrong with the rules of one lesson or assessment, and which of its blocks nobody would ever come to."""
    blocks = [each.block for each in stood]
    if not any(rules.get(block.id) for block in blocks):
        return _mixed(blocks)
    if blocks[0].kind == "lesson":
        return [
            _problem(block, number, "there are rules of where to go on, which only assessments have.", "IN_LESSON", 1)
            for number, block in enumerate(blocks, 1)
            if rules.get(block.id)
        ]
    return [*_mixed(blocks, has_rules=True), *_wrong_rules(stood, rules), *_never_reached(blocks, rules)]


def _mixed(blocks: Sequence[Row], *, has_rules: bool = False) -> list[DomainError]:
    """What depends on earlier answers needs the order that its author gave it."""
    first = blocks[0]
    if not first.is_mixed or not (has_rules or any(block.show_if is not None for block in blocks)):
        return []
    message = (
        f"The assessment {first.parent!r} draws or shuffles its questions, and they depend on earlier answers. "
        "Take one of the two away."
    )
    return [DomainError(message, "ORDER_MATTERS", ("id",))]


def _wrong_rules(stood: Sequence[Standing], rules: Mapping[str, Sequence[Row]]) -> Iterator[FlowProblem]:
    places = {each.block.id: place for place, each in enumerate(stood)}
    ends = ends_of(sections_of([each.block.format for each in stood]))
    for place, each in enumerate(stood):
        # The rules of a section are asked when its last block is done.
        last = ends[place] - 1 if each.block.format == SECTION else place
        for number, rule in enumerate(rules.get(each.block.id, ()), 1):
            said = f"rule {number}"
            for found in problems_of(rule.condition, stood[last].after) if rule.condition is not None else ():
                words = f"the condition of {said} is wrong at character {found.position}: {found.message}"
                yield _problem(each.block, place + 1, words, "CONDITION", number, found.position)
            target = None if rule.goto_block_id is None else places.get(rule.goto_block_id, -1)
            if target == -1:
                words = f"{said} leads to a block that is not in this assessment any more."
                yield _problem(each.block, place + 1, words, "TARGET_GONE", number)
            elif target is not None and target <= last:
                words = f"{said} leads back to block {target + 1}, so that one would go round in circles."
                yield _problem(each.block, place + 1, words, "BACKWARD", number)


def _never_reached(blocks: Sequence[Row], rules: Mapping[str, Sequence[Row]]) -> Iterator[FlowProblem]:
    found = reach(
        [(block.id, block.format, block.show_if) for block in blocks],
        {name: [(rule.condition, rule.goto_block_id) for rule in some] for name, some in rules.items()},
    )
    for place, block in enumerate(blocks):
        if place in found.unreached:
            yield _problem(block, place + 1, "nobody would ever come to this block.", "UNREACHABLE", None)
        for number in found.idle.get(place, ()):
            words = f"rule {number} never applies: one before it always does, or its own condition never holds."
            yield _problem(block, place + 1, words, "NEVER_APPLIES", number)


def _problem(
    block: Row, number: int, words: str, code: str, branch: int | None, position: int | None = None
) -> FlowProblem:
    message = f"{place_of(block, number)}, {words}"
    return FlowProblem(message, code, ("id",), block_id=block.id, branch=branch, position=position)


@dataclass(frozen=True)
class Reach:
    """The places that nobody would come to whatever is answered, and by place the numbers of rules that never apply."""

    unreached: frozenset[int]
    idle: Mapping[int, Sequence[int]]


def reach(
    blocks: Sequence[tuple[str, str, str | None]], rules: Mapping[str, Sequence[tuple[str | None, str | None]]]
) -> Reach:
    """What can be reached, from (id, format, condition) of the blocks in order, and (condition, target) of their rules.

    Conditions that speak of answers may hold or not; so what is reported is certain, and in one pass over all rules.
    """
    return _Reaching(blocks, rules).reach()


class _Reaching:
    def __init__(
        self,
        blocks: Sequence[tuple[str, str, str | None]],
        rules: Mapping[str, Sequence[tuple[str | None, str | None]]],
    ) -> None:
        self.blocks, self.rules = blocks, rules
        self.places = {name: place for place, (name, _, _) in enumerate(blocks)}
        self.sections = sections_of([kind for _, kind, _ in blocks])
        self.ends = ends_of(self.sections)
        self.reached = [False] * (len(blocks) + 1)
        self.reached[0] = True
        self.idle: dict[int, list[int]] = {}

    def reach(self) -> Reach:
        for place in range(len(self.blocks)):
            if self.reached[place]:
                self._go_on_from(place)
        unreached = [place for place in range(len(self.blocks)) if not self.reached[place]]
        # A section that is jumped into is come to.
        return Reach(frozenset(each for each in unreached if not self._is_entered(each)), self.idle)

    def _is_entered(self, place: int) -> bool:
        return self.blocks[place][1] == SECTION and any(self.reached[place : self.ends[place]])

    def _go_on_from(self, place: int) -> None:
        section = self.sections[place]
        around = True if section is None else settled(self.blocks[section][2])
        if around is not True and section is not None:
            self.reached[self.ends[section]] = True
        if around is False:
            self.reached[place] = False
            return
        own = around if place == section else settled(self.blocks[place][2])
        if own is False:
            self.reached[place] = False
        goes_on = True
        if place != section and own is not False:
            goes_on = self._apply(place, place, is_sure=own is True and around is True)
        if goes_on and section is not None and place + 1 == self.ends[section]:
            goes_on = self._apply(section, place, is_sure=around is True)
        if goes_on:
            self.reached[place + 1] = True

    def _apply(self, owner: int, place: int, *, is_sure: bool) -> bool:
        """Marks where the rules of a block may lead from this place; whether it may also just go on."""
        rules = self.rules.get(self.blocks[owner][0], ())
        for number, (condition, goto) in enumerate(rules, 1):
            target = len(self.blocks) if goto is None else self.places.get(goto, -1)
            holds = settled(condition)
            if holds is False:
                self.idle.setdefault(owner, []).append(number)
            elif target > place:
                self.reached[target] = True
                if holds is True:
                    if number < len(rules):
                        self.idle.setdefault(owner, []).extend(range(number + 1, len(rules) + 1))
                    return not is_sure
        return True


def settled(condition: str | None) -> bool | None:
    """Whether a condition holds, where that is so whatever is answered; None where it depends, or cannot be read."""
    if condition is None:
        return True
    try:
        expression = parse(condition)
    except ExpressionError:
        return None
    return None if names(expression) else evaluate(expression, {}) is True
