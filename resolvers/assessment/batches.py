"""What is read of attempts in batches of its own."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.reading import Reader
from core.rows import Row, row_class
from core.tables import id_type
from models.curriculum import Block, BlockFormat
from resolvers.assessment.visible import PAPER
from resolvers.uploads import UPLOAD


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


async def files_of_answers(reader: Reader, answers: Sequence[Row]) -> list[list[Row]]:
    """The files that each answer hands in, in its order: rows of uploads, as far as the viewer may see them."""
    keys = [answer.value["file_keys"] if answer.format == BlockFormat.FILE_UPLOAD else [] for answer in answers]
    wanted = list({key for each in keys for key in each})
    if not wanted:
        return [[] for _ in answers]
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    found = {
        row.id: row
        for row in await reader.select(sa.select(UPLOAD).where(UPLOAD.c.id == sa.any_(ids)), {"ids": wanted})
    }
    return [[found[key] for key in each if key in found] for each in keys]
