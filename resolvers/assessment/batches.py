"""What is read of attempts in batches of its own."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.reading import Reader
from core.rows import Row, row_class
from core.tables import id_type
from models.curriculum import Block
from resolvers.assessment.visible import PAPER


async def shown_questions(reader: Reader, attempts: Sequence[Row]) -> list[list[Row]]:
    """The questions that each attempt shows, in its order, as they were when it began: rows of blocks."""
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    found = await reader.select(
        sa.select(PAPER.c.id, PAPER.c.questions).where(PAPER.c.id == sa.any_(ids)),
        {"ids": list({attempt.paper_id for attempt in attempts})},
    )
    make = row_class(Block)
    papers = {paper.id: {entry["id"]: make(entry) for entry in paper.questions} for paper in found}
    return [[papers[attempt.paper_id][each] for each in attempt.shown_ids] for attempt in attempts]


async def questions_of_gradings(reader: Reader, gradings: Sequence[Row]) -> list[Row | None]:
    """The question that each answer is about, as it was asked: rows of blocks."""
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    found = await reader.select(
        sa.select(PAPER.c.id, PAPER.c.questions).where(PAPER.c.id == sa.any_(ids)),
        {"ids": list({grading.paper_id for grading in gradings})},
    )
    make = row_class(Block)
    asked = {(paper.id, entry["id"]): make(entry) for paper in found for entry in paper.questions}
    return [asked.get((grading.paper_id, grading.block_id)) for grading in gradings]
