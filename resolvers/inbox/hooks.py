"""Inbound hooks: defined by those who look after the inbox, known by their tokens, mapped to facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert

from core.database import Compiled, Database, compiled
from core.errors import DomainError, InvalidInput, NotFound, SeveralErrors
from core.ids import tag_of
from core.reading import look_up
from core.relations import Relation, Sort
from core.removing import remove_some
from core.revisions import require_revision
from core.rows import Row
from core.tables import table_of
from core.viewer import SERVICE, Viewer
from core.writing import Transaction, camel, checked
from models.events import (
    InboundHookCreated,
    InboundHookDeleted,
    InboundHookRotated,
    InboundHookUpdated,
    InboundReceived,
)
from models.identity import User, UserStatus
from models.inbox import MOST_VALUES, InboundHook, InboundKey, InboundOnce, InboundSeen, InboundValue
from resolvers import events
from resolvers.identity.credentials import user_of_email
from resolvers.identity.tokens import TokenKind, new_token, token_hash
from resolvers.inbox import mapping

HOOK, SEEN = table_of(InboundHook), table_of(InboundSeen)
MOST_GRACE_HOURS = 24 * 7
# The columns that people set.
_OWN = (
    "name", "action", "is_enabled", "type_path", "types", "id_path", "person_path", "person_by", "once",
    "once_seconds", "per_minute",
)  # fmt: skip

# What is visible -----------------------------------------------------------------------------------------------------

HOOKS = Relation(InboundHook, sorts={"NAME": Sort("name"), "NEWEST": Sort("id", descending=True)})
HOOK_BY_ID = Relation(InboundHook, "id")
HOOK_OF_EVENT = Relation(InboundHook, "id", "hook_id")


@dataclass(frozen=True)
class Known:
    """A hook, as the edge needs it."""

    id: str
    action: str
    is_enabled: bool
    type_path: str | None
    id_path: str | None
    person_path: str | None
    once: InboundOnce
    once_seconds: int
    per_minute: int


async def of_token(database: Database, token: str) -> Known | None:
    """The hook whose token this is, or was until it is no longer taken; None when there is none."""
    found = await look_up(database, SERVICE, _statement(), {"hash": token_hash(token)})
    if not found:
        return None
    return Known(**{**vars(found[0]), "once": InboundOnce(found[0].once)})


@lru_cache(maxsize=1)
def _statement() -> Compiled:
    given = sa.bindparam("hash", type_=sa.Text)
    is_previous = sa.and_(HOOK.c.previous_hash == given, HOOK.c.previous_until > sa.func.now())
    names = (each for each in Known.__dataclass_fields__)
    return compiled(sa.select(*(HOOK.c[name] for name in names)).where(sa.or_(HOOK.c.token_hash == given, is_previous)))


# Actions -------------------------------------------------------------------------------------------------------------


async def create(tx: Transaction, fields: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Defines a hook; answers (its id, its token), which is seen this once."""
    values = {"types": [], **checked(InboundHook, fields), "mapping": _mapping(wanted)}
    _require_whole(values)
    token, hook_id = new_token(TokenKind.HOOK), InboundHook.new_id()
    await tx.insert(InboundHook, [{**values, "id": hook_id, "token_hash": token_hash(token), "hint": token[-4:]}])
    events.record(tx, InboundHookCreated(subject_id=hook_id))
    return hook_id, token


async def update(
    tx: Transaction,
    hook_id: str,
    expected_revision: int,
    fields: Mapping[str, Any],
    wanted: Sequence[Mapping[str, Any]] | None,
) -> None:
    """Saves what was given of a hook. Raises `Conflict` when somebody saved in between."""
    values = checked(InboundHook, fields) | ({} if wanted is None else {"mapping": _mapping(wanted)})
    kept = await _locked(tx, hook_id)
    require_revision(kept, expected_revision, fields)
    _require_whole({**vars(kept), **values})
    revision = kept.revision + 1
    await _save(tx, hook_id, **values, revision=revision)
    given = [camel(name) for name in (*fields, *(() if wanted is None else ("mapping",)))]
    events.record(tx, InboundHookUpdated(subject_id=hook_id, revision=revision, fields=given))


async def rotate(tx: Transaction, viewer: Viewer, hook_id: str, grace_hours: int) -> str:
    """Gives a hook another token, which is seen this once; the one before is taken for so many hours more.

    The transaction is the service's, and the viewer whose act it is.
    """
    if not 0 <= grace_hours <= MOST_GRACE_HOURS:
        raise InvalidInput(f"Between 0 and {MOST_GRACE_HOURS} hours.", "INVALID", ("graceHours",))
    await _locked(tx, hook_id)
    token = new_token(TokenKind.HOOK)
    until = sa.func.now() + timedelta(hours=grace_hours)
    before = {"previous_hash": HOOK.c.token_hash, "previous_until": until} if grace_hours else _NO_OTHER
    await _save(tx, hook_id, **before, token_hash=token_hash(token), hint=token[-4:])
    events.record(tx, InboundHookRotated(subject_id=hook_id), viewer)
    return token


_NO_OTHER = {"previous_hash": None, "previous_until": None}


async def delete(tx: Transaction, hook_id: str) -> None:
    """Removes a hook. What came in by it stays for a while."""
    await _locked(tx, hook_id)
    await tx.execute(sa.delete(HOOK).where(HOOK.c.id == hook_id))
    events.record(tx, InboundHookDeleted(subject_id=hook_id))


async def _locked(tx: Transaction, hook_id: str) -> Row:
    found = None
    if tag_of(hook_id) == InboundHook.__tag__:
        names = ("id", "revision", "mapping", *_OWN)
        found = await tx.row(sa.select(*(HOOK.c[each] for each in names)).where(HOOK.c.id == hook_id).with_for_update())
    if found is None:
        raise NotFound("inbound hook")
    return found


async def _save(tx: Transaction, hook_id: str, **values: Any) -> None:
    await tx.execute(sa.update(HOOK).where(HOOK.c.id == hook_id).values(**values, updated_at=sa.func.now()))


def _mapping(wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A mapping as it is kept; raises `SeveralErrors` with one error for each value that breaks a rule."""
    if len(wanted) > MOST_VALUES:
        raise InvalidInput(f"At most {MOST_VALUES} values.", "INVALID", ("mapping",))
    made, errors, names = [], list[DomainError](), set[str]()
    for place, each in enumerate(wanted):
        try:
            value = InboundValue.model_validate(each)
        except ValidationError as error:
            errors += [
                InvalidInput("This is not right.", "INVALID", ("mapping", place, camel(str(one["loc"][0]))))
                for one in error.errors()
            ]
            continue
        if value.name in names:
            errors.append(InvalidInput("There is another of this name.", "TAKEN", ("mapping", place, "name")))
        names.add(value.name)
        made.append(value.model_dump(mode="json"))
    if errors:
        raise SeveralErrors(errors)
    return made


def _require_whole(values: Mapping[str, Any]) -> None:
    """Raises where a hook is to tell by something that it does not know how to find."""
    once = InboundOnce(values.get("once", InboundOnce.DELIVERY))
    needs = {
        "person_path": once in (InboundOnce.PERSON, InboundOnce.PERSON_AND_EVENT),
        "id_path": once in (InboundOnce.EVENT, InboundOnce.PERSON_AND_EVENT),
        "type_path": bool(values.get("types")),
    }
    missing = [name for name, is_needed in needs.items() if is_needed and values.get(name) is None]
    if missing:
        raise SeveralErrors(
            [InvalidInput("Say where the body has this.", "INVALID", (camel(name),)) for name in missing]
        )


# What comes in by them -----------------------------------------------------------------------------------------------


def type_of(hook: Known, payload: Any) -> str:
    """Of which type a body is, as far as the hook knows where it says so."""
    return mapping.type_of(payload, hook.type_path, hook.action)


async def seen_before(tx: Transaction, hook: Known, payload: Any, delivery: str | None, event_id: str) -> str | None:
    """The event that a body is the same as; None for one that is new, which from here on has been seen.

    Of several at once one is new: the row of what makes them the same is the lock.
    """
    key = mapping.key_of(payload, hook.once, hook.person_path, hook.id_path, delivery)
    if key is None:
        return None
    until = sa.func.clock_timestamp() + timedelta(seconds=hook.once_seconds)
    row = {"id": InboundSeen.new_id(), "hook_id": hook.id, "key_hash": key, "event_id": event_id, "until": until}
    statement = insert(SEEN).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["hook_id", "key_hash"],
        set_={"event_id": statement.excluded.event_id, "until": statement.excluded.until},
        where=SEEN.c.until <= sa.func.clock_timestamp(),
    )
    if await tx.execute(statement):
        return None
    found = await tx.row(sa.select(SEEN.c.event_id).where(SEEN.c.hook_id == hook.id, SEEN.c.key_hash == key))
    return None if found is None else str(found.event_id)


async def record(tx: Transaction, hook_id: str | None, event_id: str, payload: Any) -> str | None:
    """Records the fact that a body tells of, by the mapping as it stands now; answers why not, where it is none.

    Raises `Misfit` where the body does not have what the mapping names.
    """
    hook = await tx.row(sa.select(HOOK).where(HOOK.c.id == hook_id))
    if hook is None:
        return "Its hook is gone."
    kind = mapping.type_of(payload, hook.type_path, hook.action)
    if hook.types and kind not in hook.types:
        return "This type is of no interest to its hook."
    user_id = None
    if hook.person_path is not None:
        user_id = await _person(tx, mapping.found_at(payload, hook.person_path), InboundKey(hook.person_by))
        if user_id is None:
            return "It names nobody whom we know."
    values = mapping.values_of(payload, [InboundValue.model_validate(each) for each in hook.mapping])
    fact = InboundReceived(
        subject_id=hook.id, event_id=event_id, action=hook.action, kind=kind, user_id=user_id, values=values
    )
    events.record(tx, fact)
    return None


async def _person(tx: Transaction, named: Any, by: InboundKey) -> str | None:
    """The id of the active person whom a body names."""
    if not isinstance(named, str) or not named or "\0" in named:
        return None
    if by is InboundKey.EMAIL:
        found = await user_of_email(tx, named.strip())
        return found.id if found is not None and found.status == UserStatus.ACTIVE.value else None
    if tag_of(named) != User.__tag__:
        return None
    user = table_of(User)
    found = await tx.row(sa.select(user.c.id).where(user.c.id == named, user.c.status == UserStatus.ACTIVE.value))
    return None if found is None else named


async def delete_seen(tx: Transaction) -> int:
    """Removes what counts once no longer; answers how many rows went."""
    return await remove_some(tx, InboundSeen, SEEN.c.until < sa.func.now())
