"""What the curriculum reads in batches of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.reading import Reader
from core.rows import Row
from core.tables import id_type, table_of
from models.curriculum import AnswerKey, BlockFormat
from models.identity import Scope
from resolvers.curriculum.visible import BLOCK
from resolvers.formats import BY_KIND
from resolvers.formats.base import QuestionFormat, join, validated


async def answer_keys(reader: Reader, block_ids: Sequence[str]) -> list[dict[str, Any] | None]:
    """The answer key of each block, or None: for blocks without one, and always for those who are not authors."""
    if not reader.viewer.may_somewhere(Scope.CONTENT_EDIT):
        return [None] * len(block_ids)
    key = table_of(AnswerKey)
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    found = await reader.select(
        sa.select(key.c.id, key.c.body).where(key.c.id == sa.any_(ids), key.c.stage == sa.bindparam("stage")),
        {"ids": list(block_ids), "stage": reader.perspective.stage},
    )
    bodies = {row.id: row.body for row in found}
    return [bodies.get(each) for each in block_ids]


async def question(reader: Reader, block_id: str) -> tuple[Row, QuestionFormat | None] | None:
    """A block with its question, key included, for its authors; no question where it is content; None where none is."""
    columns = sa.select(BLOCK.c.id, BLOCK.c.format, BLOCK.c.settings, BLOCK.c.points)
    found = await reader.select(
        columns.where(BLOCK.c.id == sa.bindparam("id"), BLOCK.c.stage == sa.bindparam("stage")),
        {"id": block_id, "stage": reader.perspective.stage},
    )
    if not found:
        return None
    (key,) = await answer_keys(reader, [block_id])
    if key is None:
        return None
    made = validated(BY_KIND[BlockFormat(found[0].format)], join(found[0].settings, key))
    return found[0], made if isinstance(made, QuestionFormat) else None
