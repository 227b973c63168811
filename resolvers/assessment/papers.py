"""Papers: what attempts are pinned to, and which of its blocks an attempt has, in which order."""

from __future__ import annotations

import random
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.errors import DomainError
from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.assessment import Paper
from models.content import Content, Revision, RevisionKind, Stage
from models.curriculum import AnswerKey, Block, Branch
from resolvers.assessment.scales import published_scales
from resolvers.assessment.visible import PAPER
from resolvers.curriculum.sections import sections_of
from resolvers.formats import QUESTIONS

_BLOCK, _KEY, _BRANCH = table_of(Block), table_of(AnswerKey), table_of(Branch)
# What a paper keeps of the row of a block: all but the stage and the instants.
_SHOWN = [name for name in _BLOCK.c.keys() if name not in {"stage", "created_at", "updated_at"}]  # noqa: SIM118
_RULE = ("id", "condition", "goto_block_id")


async def paper_of(tx: Transaction, assessment: Row) -> Row:
    """The paper of what is published now, made by whoever begins first; `assessment.published` is its revision."""
    mine = sa.and_(PAPER.c.assessment_id == assessment.id, PAPER.c.revision == assessment.published)
    found = await tx.row(sa.select(PAPER).where(mine))
    if found is None:
        await _hold_still(tx, assessment)
        row = {
            "id": Paper.new_id(),
            "assessment_id": assessment.id,
            "revision": assessment.published,
            "corrections": {},
            **await _published(tx, assessment.id),
        }
        await tx.execute(insert(PAPER).values(row).on_conflict_do_nothing())
        found = await tx.row(sa.select(PAPER).where(mine))
    if found is None:
        raise DomainError("Somebody else is beginning at the moment. Try again.", "BUSY")
    return found


async def _hold_still(tx: Transaction, assessment: Row) -> None:
    """Has nobody publish while a paper is read in several statements; raises `DomainError` where somebody just did."""
    content, revision = table_of(Content), table_of(Revision)
    root = sa.select(content.c.id).where(content.c.id == assessment.root_id)
    await tx.rows(root.with_for_update(read=True))
    newest = sa.select(sa.func.max(revision.c.number).label("number")).where(
        revision.c.root_id == assessment.root_id, revision.c.kind == RevisionKind.PUBLISHED.value
    )
    found = await tx.row(newest)
    if found is None or found.number != assessment.published:
        raise DomainError("This is being published at the moment. Try again.", "BUSY")


async def entries_of(tx: Transaction, attempt: Row) -> list[dict[str, Any]]:
    """The blocks of an attempt as its paper has them, in its order, each with its key and its rules."""
    paper = await tx.row(sa.select(PAPER).where(PAPER.c.id == attempt.paper_id))
    assert paper is not None
    return in_order(paper, attempt.block_ids)


def in_order(paper: Row, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The paper's blocks with these ids, each with the `answer_key` that counts and its `branches`."""
    by_id, keys = {entry["id"]: entry for entry in paper.blocks}, {**paper.answer_keys, **paper.corrections}
    return [whole(by_id[each], keys, paper.branches) for each in ids]


def whole(
    block: Mapping[str, Any], answer_keys: Mapping[str, Any], branches: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """A block together with its key and its rules: what a walk takes."""
    own = block["id"]
    return {**block, "answer_key": answer_keys.get(own, {}), "branches": branches.get(own, [])}


def drawn(blocks: Sequence[Mapping[str, Any]], assessment: Row, seed: int | None = None) -> list[str]:
    """The ids of the blocks of one attempt: as many questions as are drawn, shuffled where it says so.

    Texts keep their places, and questions stay in their section.
    """
    chance = random.Random(secrets.randbits(64) if seed is None else seed)  # noqa: S311 - which questions, no secret
    chosen = list(blocks)
    questions = [each["id"] for each in chosen if each["format"] in QUESTIONS]
    if assessment.question_limit is not None and assessment.question_limit < len(questions):
        kept = set(chance.sample(questions, assessment.question_limit))
        chosen = [each for each in chosen if each["format"] not in QUESTIONS or each["id"] in kept]
    if assessment.shuffle:
        chosen = _shuffled(chosen, chance)
    return [each["id"] for each in chosen]


def _shuffled(blocks: Sequence[Mapping[str, Any]], chance: random.Random) -> list[Mapping[str, Any]]:
    mixed: list[Mapping[str, Any]] = []
    sections = iter(sections_of([each["format"] for each in blocks]))
    for _, group in groupby(blocks, key=lambda _block: next(sections)):
        inside = list(group)
        questions = [each for each in inside if each["format"] in QUESTIONS]
        chance.shuffle(questions)
        following = iter(questions)
        mixed += [next(following) if each["format"] in QUESTIONS else each for each in inside]
    return mixed


async def _published(tx: Transaction, assessment_id: str) -> dict[str, Any]:
    """What readers see now of an assessment, with the keys, the rules and the scales."""
    live = sa.and_(_BLOCK.c.assessment_id == assessment_id, _BLOCK.c.stage == Stage.LIVE.value)
    found = await tx.rows(
        sa.select(_BLOCK, _KEY.c.body.label("answer_key"))
        .join(_KEY, sa.and_(_KEY.c.id == _BLOCK.c.id, _KEY.c.stage == _BLOCK.c.stage), isouter=True)
        .where(live)
        .order_by(_BLOCK.c.position, _BLOCK.c.id)
    )
    rules = await tx.rows(
        sa.select(_BRANCH)
        .join(_BLOCK, sa.and_(_BLOCK.c.id == _BRANCH.c.from_block_id, _BLOCK.c.stage == _BRANCH.c.stage))
        .where(live)
        .order_by(_BRANCH.c.position, _BRANCH.c.id)
    )
    return {
        "blocks": [{name: getattr(row, name) for name in _SHOWN} for row in found],
        "answer_keys": {row.id: row.answer_key or {} for row in found if row.format in QUESTIONS},
        "branches": rules_by_block(rules),
        "scales": await published_scales(tx, assessment_id),
    }


def rules_by_block(rules: Sequence[Row]) -> dict[str, list[dict[str, Any]]]:
    """Block id to its rules, as walks take them; the rows are in order."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rules:
        found[row.from_block_id].append({name: getattr(row, name) for name in _RULE})
    return dict(found)
