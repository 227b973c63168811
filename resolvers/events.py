"""Facts: recorded by actions, placed in one gap-free order, read by whoever follows along."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.database import Compiled, Database, compiled, ready
from core.errors import RequestError
from core.events import Fact, Placed
from core.ids import tag_of
from core.paging import decode_cursor, encode_cursor
from core.pipeline import Statement
from core.reading import read_at_once
from core.relations import Filter, Relation, Sort, equals
from core.rows import Row
from core.tables import insert_of_arrays, table_of
from core.viewer import SERVICE, Viewer, ViewerKind
from core.writing import Transaction
from models.events import BY_TYPE, FactCounter, FactEntry

FACT = table_of(FactEntry)
COUNTER = table_of(FactCounter)
# Heard by the relay when something was recorded, and by everybody else when something was placed.
RECORDED, PLACED = "cairn_recorded", "cairn_placed"
# There is one counter, and this is its id.
_COUNTER_ID = "00000000-0000-800e-8000-000000000001"
# Where a transaction that places facts keeps the place that was given last.
_LAST = "cairn.last_position"

# What is visible -----------------------------------------------------------------------------------------------------

LOG = Relation(
    FactEntry,
    sorts={"POSITION": Sort("position"), "NEWEST": Sort("position", descending=True)},
    filters={
        "types": Filter(
            lambda value: FACT.c.type == sa.any_(sa.cast(value, ARRAY(sa.Text))),
            lambda types: [each.value for each in types],
        ),
        "subject": equals(FACT.c.subject_id),
    },
    where=(FACT.c.position.is_not(None),),
)

# Following along -----------------------------------------------------------------------------------------------------

# How far one look into the log reaches, so that a long way behind is gone in short statements.
STRIDE = 20_000
_LIST = LOG.list_name("POSITION")


@dataclass(frozen=True)
class Wanted:
    """Which facts somebody follows: of these types, about these objects or what is published with them; None is all."""

    types: frozenset[str] | None = None
    about: frozenset[str] | None = None

    def may_include(self, fact: Row) -> bool:
        """Whether a fact is one of them, or of a type that only a newer release of the code knows."""
        return fact.type not in BY_TYPE or self.includes(fact)

    def includes(self, fact: Row) -> bool:
        """Whether a fact of the log is one of them."""
        if self.types is not None and fact.type not in self.types:
            return False
        return self.about is None or fact.subject_id in self.about or root_of(fact) in self.about


def root_of(fact: Row) -> str:
    """The theme or course that the fact's subject is published with; the subject itself where there is none."""
    return str(fact.payload.get("rootId") or fact.subject_id)


def cursor_of(fact: Row) -> str:
    """The place of a fact in the log, as the list of facts in the API has it too."""
    return encode_cursor(_LIST, str(fact.position), fact.id)


def place_of(cursor: str) -> tuple[int, str]:
    """(position, id) of the fact that a cursor stands for; raises `RequestError` for what is none of ours."""
    position, fact_id = decode_cursor(cursor, _LIST)
    if not (position.isascii() and position.isdigit() and len(position) <= 18) or tag_of(fact_id) != FactEntry.__tag__:
        raise RequestError("This cursor is not one of ours. Use the cursor of an event as it is.")
    return int(position), fact_id


async def last_position(database: Database) -> int:
    """The place of the fact that was placed last."""
    found = await read_at_once(database, SERVICE, _last(), {})
    return int(found[0].last_position) if found else 0


class CursorExpired(RequestError):
    """Of what came after this place, the log may have forgotten something."""

    def __init__(self) -> None:
        super().__init__("The log does not reach back to this cursor. Read anew what you need of it.", "CURSOR_EXPIRED")


async def require_remembered(database: Database, position: int) -> None:
    """Raises `CursorExpired` where something after this place may have been removed.

    Asked after facts were read, it answers for those: what is forgotten only ever becomes more.
    """
    found = await read_at_once(database, SERVICE, _last(), {})
    if found and found[0].forgotten > position:
        raise CursorExpired


async def require_stands(database: Database, position: int, fact_id: str) -> None:
    """Raises `CursorExpired` unless the log holds this fact at this place, and all that came after it."""
    if not await read_at_once(database, SERVICE, _at(), {"position": position, "fact_id": fact_id}):
        raise CursorExpired
    await require_remembered(database, position)


async def placed_after(database: Database, position: int, until: int, wanted: Wanted, most: int) -> list[Row]:
    """The wanted facts after a place, up to another, in order and at most so many; whoever may see them.

    Those that this release of the code does not know may be wanted, too. Raises `CursorExpired` where there may have
    been more of them.
    """
    values = {
        "position": position,
        "until": until,
        "most": most,
        "types": None if wanted.types is None else sorted(wanted.types),
        "known": sorted(BY_TYPE),
        "about": None if wanted.about is None else sorted(wanted.about),
    }
    found = await read_at_once(database, SERVICE, _after(), values, FactEntry)
    await require_remembered(database, position)
    return found


@lru_cache(maxsize=1)
def _last() -> Compiled:
    return compiled(sa.select(COUNTER.c.last_position, COUNTER.c.forgotten).where(COUNTER.c.id == _COUNTER_ID))


@lru_cache(maxsize=1)
def _at() -> Compiled:
    position, fact_id = sa.bindparam("position", type_=sa.BigInteger), sa.bindparam("fact_id", type_=FACT.c.id.type)
    return compiled(sa.select(FACT.c.id).where(FACT.c.position == position, FACT.c.id == fact_id))


@lru_cache(maxsize=1)
def _after() -> Compiled:
    types, about = sa.bindparam("types", type_=ARRAY(sa.Text)), sa.bindparam("about", type_=ARRAY(sa.Text))
    known = sa.bindparam("known", type_=ARRAY(sa.Text))
    root = FACT.c.payload["rootId"].astext
    is_wanted = sa.and_(
        sa.or_(types.is_(None), FACT.c.type == sa.any_(types)),
        sa.or_(about.is_(None), sa.cast(FACT.c.subject_id, sa.Text) == sa.any_(about), root == sa.any_(about)),
    )
    statement = (
        sa.select(*(column for column in FACT.c if column.name != "recorded"))
        .where(FACT.c.position > sa.bindparam("position", type_=sa.BigInteger))
        .where(FACT.c.position <= sa.bindparam("until", type_=sa.BigInteger))
        .where(sa.or_(is_wanted, FACT.c.type != sa.all_(known)))
        .order_by(FACT.c.position)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
    return compiled(statement)


# Actions -------------------------------------------------------------------------------------------------------------


def record(tx: Transaction, fact: Fact, actor: Viewer | str | None = None) -> None:
    """Records a fact with the act itself: they are committed together.

    The actor is whose act it is; where the service acts for a person, the viewer or the id of the person is given.
    """
    who = Viewer(ViewerKind.USER, actor) if isinstance(actor, str) else actor or tx.viewer
    tx.collect(_keep, (fact, who))
    tx.wake(RECORDED)


def recorded(tx: Transaction) -> list[type[Fact]]:
    """What kinds of facts the act has recorded so far."""
    return [type(fact) for fact, _ in tx.collected(_keep)]


def _keep(facts: list[tuple[Fact, Viewer]]) -> Statement:
    """Inserts all facts of an act in one statement, in the order in which they were recorded."""
    return _KEEP(
        id=[FactEntry.new_id() for _ in facts],
        type=[fact.type for fact, _ in facts],
        version=[fact.version for fact, _ in facts],
        subject_id=[fact.subject_id for fact, _ in facts],
        actor_id=[who.actor_id or who.user_id for _, who in facts],
        acted_as_id=[who.user_id if who.actor_id else None for _, who in facts],
        actor_kind=[who.kind.value for _, who in facts],
        payload=[fact.payload() for fact, _ in facts],
    )


async def place(database: Database, most: int) -> list[str] | None:
    """Gives committed facts without a place the next places, at most so many; answers their types, in order.

    None where nothing ever had a place until now, and `begin` has to make the counter first.

    The row of the counter is the lock: where somebody else is at it, nothing is placed here. Facts and counter change
    in one transaction, so that there is no gap and no place twice, whatever is killed when.
    """
    counter, placed = await database.run(SERVICE, _LOCK_COUNTER(), _PLACE(most=most))
    return [kind for kind, *_ in placed] if counter else None


async def begin(tx: Transaction) -> None:
    """Makes the counter, where nothing ever had a place."""
    made = insert(COUNTER).values(id=_COUNTER_ID, last_position=0, forgotten=0)
    await tx.execute(made.on_conflict_do_nothing())


def _locking() -> Any:
    """Locks the counter unless somebody else has it, and keeps what it says until the end of the transaction.

    There is a row where there is a counter.
    """
    mine = COUNTER.c.id == _COUNTER_ID
    last = sa.select(COUNTER.c.last_position).where(mine).with_for_update(skip_locked=True)
    locked = last.cte("locked").prefix_with("MATERIALIZED")
    kept = sa.func.coalesce(sa.cast(locked.c.last_position, sa.Text), "")
    keeping = sa.select(sa.func.set_config(_LAST, kept, True))
    return keeping.select_from(COUNTER.outerjoin(locked, sa.true())).where(mine)


def _placing() -> Any:
    """The next places for the facts that were recorded first, where the counter was locked; and those who follow along
    are woken once that is committed.

    It is a statement after the one that locks: what the holder before placed has to be seen.
    """
    last = sa.cast(sa.func.nullif(sa.func.current_setting(_LAST, True), ""), sa.BigInteger)
    before = sa.select(last.label("last")).cte("before").prefix_with("MATERIALIZED")
    waiting = sa.select(FACT.c.id, FACT.c.recorded).where(FACT.c.position.is_(None)).order_by(FACT.c.recorded)
    batch = waiting.limit(sa.bindparam("most", type_=sa.Integer)).subquery("waiting")
    number = sa.func.row_number().over(order_by=batch.c.recorded).label("number")
    numbered = sa.select(batch.c.id, (before.c.last + number).label("place")).join_from(
        batch, before, before.c.last.is_not(None)
    )
    given = numbered.subquery("given")
    placing = sa.update(FACT).where(FACT.c.id == given.c.id).values(position=given.c.place)
    placed = placing.returning(FACT.c.type, FACT.c.position).cte("placed")
    end = sa.select(sa.func.max(placed.c.position).label("last")).cte("ending")
    moving = sa.update(COUNTER).where(COUNTER.c.id == _COUNTER_ID, end.c.last.is_not(None))
    moved = moving.values(last_position=end.c.last).returning(COUNTER.c.last_position).cte("moved")
    heard = sa.select(sa.func.pg_notify(PLACED, sa.cast(moved.c.last_position, sa.Text)).label("by"))
    woken = heard.cte("woken").prefix_with("MATERIALIZED")
    return sa.select(placed.c.type, woken.c.by).select_from(placed.join(woken, sa.true())).order_by(placed.c.position)


# Made ready once: they are sent with every act, or by the relay many times a second.
_GIVEN = ("id", "type", "version", "subject_id", "actor_id", "acted_as_id", "actor_kind", "payload")
_KEEP = ready(insert_of_arrays(FACT, _GIVEN))
_LOCK_COUNTER, _PLACE = ready(_locking()), ready(_placing())


async def lag(tx: Transaction) -> Row:
    """How far the relay is: the last place it gave (`placed`); how many facts have none (`waiting`), the oldest of them
    for how many seconds (`age`)."""
    age = sa.func.extract("epoch", sa.func.now() - sa.func.min(FACT.c.created_at))
    waiting = sa.select(sa.func.count().label("waiting"), sa.cast(sa.func.coalesce(age, 0), sa.Float).label("age"))
    found = waiting.where(FACT.c.position.is_(None)).subquery("found")
    placed = sa.select(sa.func.coalesce(sa.func.max(COUNTER.c.last_position), 0)).scalar_subquery().label("placed")
    (row,) = await tx.rows(sa.select(found.c.waiting, found.c.age, placed))
    return row


async def find(tx: Transaction, fact_id: str) -> Placed[Any]:
    """A placed fact, as its class describes it."""
    row = await tx.row(sa.select(FACT).where(FACT.c.id == fact_id))
    if row is None:
        raise LookupError(f"The fact {fact_id} is gone.")
    fact = BY_TYPE[row.type](subject_id=row.subject_id, **row.payload)
    return Placed(row.id, row.position, fact, row.actor_id, row.created_at)


# Forgetting ----------------------------------------------------------------------------------------------------------

LOOKED_AT = 5_000


async def forget(tx: Transaction, days: int, needed: sa.ColumnElement[bool], after: int) -> int | None:
    """Removes what is older than so many days among the next placed facts after a place, but for those still needed.

    Answers the place up to which it looked; None where there is no more to look at. The log is forgotten from its
    beginning up to a place, which is noted along with it, so that whoever follows is told when that was ahead of them.
    The places stay taken: the counter goes on from where it is.
    """
    seen = await tx.row(_looked_at(days), {"after": after, "most": LOOKED_AT})
    assert seen is not None
    if seen.until is not None:
        ahead = FACT.c.position.between(after + 1, seen.until)
        await tx.execute(sa.delete(FACT).where(ahead, ~needed))
        # Last of all: who places facts waits for the row of the counter.
        noted = sa.update(COUNTER).where(COUNTER.c.id == _COUNTER_ID, COUNTER.c.forgotten < seen.until)
        await tx.execute(noted.values(forgotten=seen.until))
    return None if seen.is_young or seen.last is None else int(seen.last)


def _looked_at(days: int) -> Any:
    """Of the next facts: the last that is old and has none before it that is not (`until`), the `last` of all, and
    whether one of them has to stay (`is_young`). One from the future, which a clock made, stands in nobody's way."""
    limit = sa.func.now() - timedelta(days=days)
    after, most = sa.bindparam("after", type_=sa.BigInteger), sa.bindparam("most", type_=sa.Integer)
    nexts = sa.select(FACT.c.position, FACT.c.created_at).where(FACT.c.position > after)
    ahead = nexts.order_by(FACT.c.position).limit(most).cte("ahead")
    young = sa.select(sa.func.min(ahead.c.position)).where(ahead.c.created_at.between(limit, sa.func.now()))
    first_young = young.scalar_subquery()
    is_old = sa.and_(ahead.c.created_at < limit, sa.or_(first_young.is_(None), ahead.c.position < first_young))
    return sa.select(
        sa.func.max(ahead.c.position).filter(is_old).label("until"),
        sa.func.max(ahead.c.position).label("last"),
        first_young.is_not(None).label("is_young"),
    )
