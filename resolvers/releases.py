"""Which releases of the code run, or ran lately: so that an old one decides nothing for good that only a newer one
knows how to decide.

A release is named by what it knows: its schema, and its facts. The newest is the one that was first seen last.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.database import Compiled, Database, compiled
from core.reading import read_at_once
from core.tables import table_of
from core.viewer import SERVICE
from core.writing import Transaction
from models.events import Release

RELEASE = table_of(Release)
# Workers say every minute that they are there, and an API when it starts: a new version is out within this time.
ABOUT = timedelta(minutes=15)


async def note(tx: Transaction, name: str) -> None:
    """Says that a release runs."""
    row = {"id": Release.new_id(), "name": name, "seen_at": sa.func.now()}
    seen = insert(RELEASE).values(**row)
    await tx.execute(seen.on_conflict_do_update(index_elements=["name"], set_={"seen_at": sa.func.now()}))
    await tx.execute(sa.delete(RELEASE).where(RELEASE.c.seen_at < sa.func.now() - timedelta(days=30)))


async def is_overtaken(database: Database, name: str) -> bool:
    """Whether a newer release than this runs, or ran a moment ago."""
    return bool(await read_at_once(database, SERVICE, _newer(), {"name": name}))


@lru_cache(maxsize=1)
def _newer() -> Compiled:
    mine, newer = RELEASE.alias("mine"), RELEASE.alias("newer")
    is_there = newer.c.seen_at + sa.cast(ABOUT, sa.Interval) > sa.func.now()
    is_newer = sa.and_(newer.c.created_at > mine.c.created_at, is_there)
    chosen = sa.select(newer.c.id).select_from(sa.join(mine, newer, is_newer))
    return compiled(chosen.where(mine.c.name == sa.bindparam("name", type_=sa.Text)).limit(1))
