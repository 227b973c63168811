"""What the curriculum reads in batches of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.reading import Reader
from core.tables import id_type, table_of
from models.curriculum import AnswerKey
from models.identity import Scope


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
