"""What is read of attempts in batches of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.reading import Reader
from core.rows import Row, row_class
from core.tables import id_type
from models.curriculum import Block, BlockFormat
from models.uploads import Upload
from resolvers.assessment.visible import ANSWER, PAPER
from resolvers.curriculum.sections import Page, pages_of
from resolvers.formats import QUESTIONS
from resolvers.uploads import UPLOAD

_OF_A_FILE = [column for column in UPLOAD.c if column.name not in Upload.__hidden__]


@dataclass(frozen=True)
class Progress:
    """How many questions there are, how many are answered, and how many of those that must be are still to come."""

    answered: int
    total: int
    required_left: int


async def papers(reader: Reader, paper_ids: Sequence[str]) -> list[dict[str, Row]]:
    """The blocks of each paper by id: rows of blocks."""
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    found = await reader.select(
        sa.select(PAPER.c.id, PAPER.c.blocks).where(PAPER.c.id == sa.any_(ids)), {"ids": list(set(paper_ids))}
    )
    make = row_class(Block)
    by_id = {paper.id: {entry["id"]: make(entry) for entry in paper.blocks} for paper in found}
    return [by_id[each] for each in paper_ids]


async def answered_ids(reader: Reader, attempt_ids: Sequence[str]) -> list[set[str]]:
    """The ids of the questions of each attempt that are answered."""
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    answers = sa.select(ANSWER.c.attempt_id, ANSWER.c.block_id).where(ANSWER.c.attempt_id == sa.any_(ids))
    found: dict[str, set[str]] = defaultdict(set)
    for row in await reader.select(answers, {"ids": list(set(attempt_ids))}):
        found[row.attempt_id].add(row.block_id)
    return [found[each] for each in attempt_ids]


def shown(attempt: Row, paper: dict[str, Row]) -> list[Row]:
    """What the path of an attempt leads through, in its order, as it was when the attempt began."""
    return [paper[each] for each in attempt.shown_ids]


def questions(blocks: Sequence[Row]) -> list[Row]:
    """Those of some blocks that are to be answered."""
    return [block for block in blocks if block.format in QUESTIONS]


def pages(blocks: Sequence[Row]) -> list[Page]:
    """The pages that blocks make."""
    return list(pages_of([(block.id, block.format) for block in blocks]))


def progress(blocks: Sequence[Row], answered: set[str]) -> Progress:
    """How far one is with some blocks."""
    asked = questions(blocks)
    left = [block for block in asked if block.is_required and block.id not in answered]
    return Progress(sum(block.id in answered for block in asked), len(asked), len(left))


async def files_of_answers(reader: Reader, answers: Sequence[Row]) -> list[list[Row]]:
    """The files that each answer hands in, in its order: rows of uploads, as far as the viewer may see them."""
    keys = [answer.value["file_keys"] if answer.format == BlockFormat.FILE_UPLOAD else [] for answer in answers]
    wanted = list({key for each in keys for key in each})
    if not wanted:
        return [[] for _ in answers]
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    found = {
        row.id: row
        for row in await reader.select(sa.select(*_OF_A_FILE).where(UPLOAD.c.id == sa.any_(ids)), {"ids": wanted})
    }
    return [[found[key] for key in each if key in found] for each in keys]
