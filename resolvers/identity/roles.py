"""Giving people roles, and taking them back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import sqlalchemy as sa

from core.clock import now
from core.errors import DomainError, InvalidInput, NotFound, wrong_kind
from core.ids import tag_of
from core.rows import Row
from core.tables import Table, table_of
from core.viewer import Viewer, ViewerKind
from core.writing import Transaction
from models.content import Content
from models.curriculum import Course
from models.events import RoleGranted, RoleRevoked
from models.groups import Group
from models.identity import Role, RoleGrant, Scope, ScopeType, User, UserStatus
from resolvers import events
from resolvers.identity.credentials import roles_of
from resolvers.identity.rights import KEEPERS, SCOPES_OF_ROLE, SCOPES_WITHIN, SCOPES_WITHIN_GROUP, grantable_by

# Whoever changes roles waits for whoever is at it, so that two cannot take the last two keepers' roles at once.
_LOCK = 0x726F_6C65
# The tag that ids of each kind of scope carry, and the table that knows which there are.
_ROOTS: Mapping[ScopeType, tuple[int, type[Table]]] = MappingProxyType(
    {ScopeType.COURSE: (Course.__tag__, Content), ScopeType.GROUP: (Group.__tag__, Group)}
)

# Who may -------------------------------------------------------------------------------------------------------------


async def _require_may_give(tx: Transaction, viewer: Viewer, role: Role, user_id: str) -> None:
    """Raises unless the viewer may give this role to this person, and take it from them."""
    if viewer.kind is ViewerKind.SERVICE:
        return
    if viewer.user_id == user_id:
        raise DomainError("Nobody changes their own roles.", "OWN_ROLE", ("userId",))
    # Asked of the database and not of the viewer, whose roles may have ended since the request began.
    if viewer.user_id is None or role not in grantable_by(await roles_of(tx, viewer.user_id)):
        raise DomainError("Your own role does not let you give or take this one.", "ROLE_TOO_HIGH", ("role",))
    if role in KEEPERS and not viewer.may(Scope.ROLE_GRANT_KEEPERS):
        # A token that was not given as much as its owner has.
        raise DomainError("What you came by does not let you give or take this role.", "ROLE_TOO_HIGH", ("role",))


# Actions -------------------------------------------------------------------------------------------------------------


async def give(
    tx: Transaction,
    user_id: str,
    role: Role,
    scope_type: ScopeType = ScopeType.GLOBAL,
    scope_id: str | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Gives a person a role, or another end to one they have; answers the grant's id."""
    await _wait_for_turn(tx)
    await _require_may_give(tx, tx.viewer, role, user_id)
    await _check_scope(tx, role, scope_type, scope_id)
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now()):
        raise InvalidInput("A role ends in the future; give the instant with its offset.", "INVALID", ("expiresAt",))
    user = table_of(User)
    if tag_of(user_id) != User.__tag__ or await tx.row(sa.select(user.c.id).where(user.c.id == user_id)) is None:
        raise NotFound("user", ("userId",))
    if expires_at is not None and role in KEEPERS and scope_type is ScopeType.GLOBAL:
        await _require_other_keeper(tx, user_id, role)
    table = table_of(RoleGrant)
    given = {"expires_at": expires_at, "granted_by": tx.viewer.user_id}
    held = (
        table.c.user_id == user_id,
        table.c.role == role.value,
        table.c.scope_type == scope_type.value,
        table.c.scope_id.is_not_distinct_from(scope_id),
    )
    told = RoleGranted(subject_id=user_id, role=role, scope_type=scope_type, scope_id=scope_id, expires_at=expires_at)
    events.record(tx, told)
    changed = sa.update(table).where(*held).values(**given, updated_at=sa.func.now())
    found = await tx.row(changed.returning(table.c.id))
    if found is not None:
        return str(found.id)
    grant_id = RoleGrant.new_id()
    where = {"scope_type": scope_type.value, "scope_id": scope_id}
    await tx.insert(RoleGrant, [{"id": grant_id, "user_id": user_id, "role": role.value, **where, **given}])
    return grant_id


async def take(tx: Transaction, grant_id: str) -> Row:
    """Takes a role back at once; answers what it was. Raises `NotFound` when there is no such grant."""
    await _wait_for_turn(tx)
    table = table_of(RoleGrant)
    found = await tx.row(sa.select(table).where(table.c.id == grant_id)) if tag_of(grant_id) else None
    if found is None:
        raise NotFound("role")
    role = Role(found.role)
    await _require_may_give(tx, tx.viewer, role, found.user_id)
    if role in KEEPERS and found.scope_type == ScopeType.GLOBAL.value:
        await _require_other_keeper(tx, found.user_id, role)
    await tx.execute(sa.delete(table).where(table.c.id == grant_id))
    taken = RoleRevoked(
        subject_id=found.user_id, role=role, scope_type=ScopeType(found.scope_type), scope_id=found.scope_id
    )
    events.record(tx, taken)
    return found


async def take_by_name(
    tx: Transaction, user_id: str, role: Role, scope_type: ScopeType = ScopeType.GLOBAL, scope_id: str | None = None
) -> None:
    """Takes back the role that a person holds everywhere, or within this. Raises `DomainError` when they do not."""
    table = table_of(RoleGrant)
    found = await tx.row(
        sa.select(table.c.id).where(
            table.c.user_id == user_id,
            table.c.role == role.value,
            table.c.scope_type == scope_type.value,
            table.c.scope_id.is_not_distinct_from(scope_id),
        )
    )
    if found is None:
        raise DomainError(f"This person is no {role.value}.", "NOT_FOUND", ("role",))
    await take(tx, found.id)


async def _check_scope(tx: Transaction, role: Role, scope_type: ScopeType, scope_id: str | None) -> None:
    if scope_type is ScopeType.GLOBAL:
        if scope_id is not None:
            raise InvalidInput("A role that holds everywhere names no course or group.", "INVALID", ("scopeId",))
        return
    if SCOPES_OF_ROLE[role] and role not in SCOPES_WITHIN[scope_type]:
        raise InvalidInput("This role holds everywhere or not at all.", "INVALID", ("scopeType",))
    if scope_type is ScopeType.GROUP and role not in SCOPES_WITHIN_GROUP:
        # A grant that opens nothing would only look like one.
        raise InvalidInput("Within a group this role opens nothing.", "INVALID", ("role",))
    tag, model = _ROOTS[scope_type]
    if scope_id is None or tag_of(scope_id) != tag:
        raise InvalidInput(wrong_kind(scope_type.value), "INVALID", ("scopeId",))
    table = table_of(model)
    if await tx.row(sa.select(table.c.id).where(table.c.id == scope_id)) is None:
        raise NotFound(scope_type.value, ("scopeId",))


async def _wait_for_turn(tx: Transaction) -> None:
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


async def _require_other_keeper(tx: Transaction, user_id: str, role: Role) -> None:
    """Raises unless somebody else keeps the house for good: a super admin for a super admin, either for an admin."""
    table, user = table_of(RoleGrant), table_of(User)
    enough: tuple[Role, ...] = (Role.SUPER_ADMIN,) if role is Role.SUPER_ADMIN else tuple(KEEPERS)
    others = await tx.rows(
        sa.select(table.c.id)
        .join(user, user.c.id == table.c.user_id)
        .where(
            sa.or_(*(table.c.role == each.value for each in sorted(enough))),
            table.c.scope_type == ScopeType.GLOBAL.value,
            table.c.expires_at.is_(None),
            user.c.status == UserStatus.ACTIVE.value,
            table.c.user_id != user_id,
        )
        .limit(1)
    )
    if not others:
        raise DomainError("Somebody has to keep this role. Give it to somebody else first.", "LAST_KEEPER", ("role",))
