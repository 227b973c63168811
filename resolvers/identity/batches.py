"""Batches of identity: what is found out about many people at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.reading import Reader
from core.tables import id_type, table_of
from models.identity import Role, RoleGrant, ScopeType
from resolvers.identity.rights import grantable_by


async def grantable_roles(reader: Reader, user_ids: Sequence[str | None]) -> list[list[Role]]:
    """The roles that each person may give to others at this instant, in the order of the enum."""
    wanted = sorted({each for each in user_ids if each is not None})
    if not wanted:
        return [[] for _ in user_ids]
    table = table_of(RoleGrant)
    rows = await reader.select(
        sa.select(table.c.user_id, table.c.role).where(
            table.c.user_id == sa.any_(sa.bindparam("users", type_=ARRAY(id_type()))),
            table.c.scope_type == ScopeType.GLOBAL.value,
            sa.or_(table.c.expires_at.is_(None), table.c.expires_at > sa.func.now()),
        ),
        {"users": wanted},
    )
    held: dict[str, list[Role]] = defaultdict(list)
    for row in rows:
        held[row.user_id].append(Role(row.role))
    return [sorted(grantable_by(held[each or ""]), key=list(Role).index) for each in user_ids]
