"""Who follows the log on the server's own side: each reaction, and the making of deliveries, from a place of its own.

A fact has its place before anybody follows it, and a follower's place moves in the transaction of what it made of the
facts: each is followed exactly once, whoever is killed when. A follower is moved by those who know it only. While an
old release and a new one run side by side, what only the new one knows waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.database import compiled, ready
from core.pipeline import Statement
from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.events import Follower
from resolvers.events import COUNTER, FACT, STRIDE

FOLLOWER = table_of(Follower)
# One whose name nobody knows any more keeps nothing in the log for longer than this.
FORGOTTEN_DAYS = 30


async def settle(tx: Transaction, names: Iterable[str]) -> None:
    """Has these follow the log from where it stands, those that do not yet."""
    last = sa.func.coalesce(sa.select(COUNTER.c.last_position).scalar_subquery(), 0)
    new = [{"id": Follower.new_id(), "name": name, "position": last} for name in sorted(set(names))]
    if new:
        await tx.execute(insert(FOLLOWER).values(new).on_conflict_do_nothing(index_elements=["name"]))


async def behind(tx: Transaction, names: Sequence[str]) -> list[Row]:
    """Those of these that have not come to the end of the log, which is `last` for all of them, and nobody else is at.

    They are locked, and stay where they are until `move` is called in the same transaction.
    """
    return await tx.rows(_BEHIND, {"names": sorted(names)})


async def move(tx: Transaction, followers: Sequence[Row], until: int) -> None:
    """Notes that these have come so far, those that were not farther already."""
    await tx.execute(_MOVE, {"ids": [each.id for each in followers], "until": until})


async def forget(tx: Transaction) -> int:
    """Removes those that nobody has known for long, so that the log is not kept for them; answers how many."""
    gone = FOLLOWER.c.updated_at < sa.func.now() - sa.func.make_interval(0, 0, 0, FORGOTTEN_DAYS)
    last = sa.select(COUNTER.c.last_position).scalar_subquery()
    return await tx.execute(sa.delete(FOLLOWER).where(gone, FOLLOWER.c.position < last))


def waits_for(position: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """That somebody is still to follow the fact at this place."""
    return sa.exists().where(FOLLOWER.c.position < position)


def passing(*more: sa.Select[tuple[str, str]]) -> Callable[..., Statement]:
    """A statement that has followers come past the facts that are nothing to them: up to before the next that is
    something, or to the end of the log. It answers the name of each that was not there, and whether there is more.

    It takes the names that are `known`, and in pairs who (`names`) wants which `types`; `more` selects further pairs.
    """
    names, types, known = (sa.bindparam(each, type_=ARRAY(sa.Text)) for each in ("names", "types", "known"))
    given = sa.func.unnest(names, types).table_valued("name", "type").render_derived()
    wanted = sa.union_all(sa.select(given.c.name, given.c.type), *more).cte("wanted")
    last = COUNTER.c.last_position
    found = (
        sa.select(FOLLOWER.c.id, FOLLOWER.c.name, FOLLOWER.c.position, last.label("last"))
        .select_from(sa.join(FOLLOWER, COUNTER, FOLLOWER.c.position < last))
        .where(FOLLOWER.c.name == sa.any_(known))
        .with_for_update(of=FOLLOWER, skip_locked=True)
        .cte("found")
        .prefix_with("MATERIALIZED")
    )
    reach = sa.func.least(found.c.last, found.c.position + STRIDE)
    its_types = sa.func.array(sa.select(wanted.c.type).where(wanted.c.name == found.c.name).scalar_subquery())
    # One after the other, so that to look ends where the next is.
    ahead = sa.select(FACT.c.position).where(FACT.c.position > found.c.position, FACT.c.position <= reach)
    first = ahead.where(FACT.c.type == sa.any_(its_types)).order_by(FACT.c.position).limit(1).scalar_subquery()
    until = sa.func.coalesce(first - 1, reach).label("until")
    seen = sa.select(found, until).cte("seen").prefix_with("MATERIALIZED")
    moving = sa.update(FOLLOWER).where(FOLLOWER.c.id == seen.c.id, seen.c.until > seen.c.position)
    moved = moving.values(position=seen.c.until, updated_at=sa.func.now()).cte("moved")
    return ready(sa.select(seen.c.name, seen.c.until < seen.c.last).add_cte(moved))


def _locked() -> sa.Select[tuple[str, str, int, int]]:
    named = FOLLOWER.c.name == sa.any_(sa.bindparam("names", type_=ARRAY(sa.Text)))
    columns = (FOLLOWER.c.id, FOLLOWER.c.name, FOLLOWER.c.position, COUNTER.c.last_position.label("last"))
    rows = sa.select(*columns).select_from(sa.join(FOLLOWER, COUNTER, FOLLOWER.c.position < COUNTER.c.last_position))
    return rows.where(named).order_by(FOLLOWER.c.name).with_for_update(of=FOLLOWER, skip_locked=True)


def _moving() -> sa.Update:
    until = sa.bindparam("until", type_=sa.BigInteger)
    chosen = sa.update(FOLLOWER).where(FOLLOWER.c.id == sa.any_(sa.bindparam("ids", type_=ARRAY(FOLLOWER.c.id.type))))
    farther = chosen.where(FOLLOWER.c.position < until)
    return farther.values(position=until, updated_at=sa.func.now())


def _between() -> sa.Select[tuple[str, str, int]]:
    first, until = sa.bindparam("position", type_=sa.BigInteger), sa.bindparam("until", type_=sa.BigInteger)
    ahead = sa.and_(FACT.c.position > first, FACT.c.position <= until)
    types = sa.bindparam("types", type_=ARRAY(sa.Text))
    chosen = sa.select(FACT.c.id, FACT.c.type, FACT.c.position).where(ahead, FACT.c.type == sa.any_(types))
    return chosen.order_by(FACT.c.position)


_BEHIND, _MOVE, _BETWEEN = compiled(_locked()), compiled(_moving()), compiled(_between())


async def facts_between(tx: Transaction, position: int, until: int, types: Iterable[str]) -> list[Row]:
    """The facts of these types after a place and up to another, in order: id, type and position."""
    return await tx.rows(_BETWEEN, {"position": position, "until": until, "types": sorted(set(types))})
