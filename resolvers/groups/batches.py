"""What is found out about many groups at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.reading import Reader
from core.rows import Row
from core.tables import id_type
from models.groups import Membership
from resolvers.groups.visible import MEMBERSHIP


async def own_memberships(reader: Reader, groups: Sequence[Any]) -> list[Row | None]:
    """How the viewer stands to each group; None where they do not, or not any more."""
    if reader.viewer.user_id is None:
        return [None] * len(groups)
    wanted = sa.bindparam("groups", type_=ARRAY(id_type()))
    rows = await reader.select(
        sa.select(MEMBERSHIP).where(
            MEMBERSHIP.c.user_id == sa.bindparam("viewer", type_=id_type()),
            MEMBERSHIP.c.group_id == sa.any_(wanted),
            MEMBERSHIP.c.left_at.is_(None),
        ),
        {"groups": sorted({group.id for group in groups}), "viewer": reader.viewer.user_id},
        Membership,
    )
    found = {row.group_id: row for row in rows}
    reader.spend(len(groups))
    return [found.get(group.id) for group in groups]
