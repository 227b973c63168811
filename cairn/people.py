"""`cairn user …`: making people, and giving and taking roles, from the machine itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
import typer

from cairn.local import database_url
from cairn.settings import settings
from core.clock import now
from core.database import Database
from core.errors import DomainError
from core.ids import tag_of
from core.tables import table_of
from core.viewer import SERVICE
from core.writing import Transaction, checked, transaction
from migrations import running
from models.curriculum import Course
from models.groups import Group
from models.identity import Role, ScopeType, User
from resolvers import audit, identity
from resolvers.identity import accounts, roles
from resolvers.identity.credentials import user_of_email

Work = Callable[[Transaction], Awaitable[str]]


def run(work: Work) -> None:
    """Does the work in one transaction on this clone's database, and prints the line that it answers."""
    with database_url() as url:
        running.upgrade(url)
        typer.echo(asyncio.run(_done(work)))


async def _done(work: Work) -> str:
    database = Database(settings().url, pool_size=2)
    await database.open()
    try:
        async with transaction(database, SERVICE) as tx:
            return await work(tx)
    finally:
        await database.close()


async def create(tx: Transaction, email: str, name: str, role: Role | None) -> str:
    """Makes the person, unless there is one with this address; answers a link to sign in."""
    address = accounts.email_address(email)
    found = await user_of_email(tx, address)
    if found is None:
        values = checked(User, {"display_name": name or address.partition("@")[0][:50]})
        user_id = await accounts.new_user(tx, {**values, "email": address})
    else:
        user_id = found.id
    if role is not None:
        await roles.give(tx, user_id, role)
    await audit.record(tx, "user_create", user_id, {"role": role.value if role else None})
    token = await identity.create_login_token(tx, user_id)
    public = settings().http.public_url or f"http://localhost:{settings().port}/"
    return f"{public}sign-in?token={token}"


@dataclass(frozen=True)
class Reach:
    """How far a role reaches: everywhere, or within one course or group, named by its id or slug."""

    kind: ScopeType = ScopeType.GLOBAL
    named: str = ""

    @property
    def words(self) -> str:
        """As it stands in a sentence; empty for everywhere."""
        return f" within the {self.kind.value} {self.named}" if self.named else ""

    async def root_id(self, tx: Transaction) -> str | None:
        """The id of the course or group. Raises `DomainError` when there is none of that name."""
        if not self.named:
            return None
        table = table_of(Group if self.kind is ScopeType.GROUP else Course)
        which = table.c.id if tag_of(self.named) is not None else table.c.slug
        found = await tx.row(sa.select(table.c.id).where(which == self.named).limit(1))
        if found is None:
            raise DomainError(f"There is no {self.kind.value} {self.named}.", "NOT_FOUND")
        return str(found.id)


async def grant(tx: Transaction, email: str, role: Role, days: int, reach: Reach) -> str:
    """Gives a person a role; answers what they are now."""
    user_id, root_id = await _person(tx, email), await reach.root_id(tx)
    await roles.give(tx, user_id, role, reach.kind, root_id, now() + timedelta(days=days) if days else None)
    await audit.record(tx, "role_grant", user_id, {"role": role.value, "days": days, "scope_id": root_id})
    return f"{email} is {role.value} now{reach.words}."


async def revoke(tx: Transaction, email: str, role: Role, reach: Reach) -> str:
    """Takes a role back; answers so."""
    user_id, root_id = await _person(tx, email), await reach.root_id(tx)
    await roles.take_by_name(tx, user_id, role, reach.kind, root_id)
    await audit.record(tx, "role_revoke", user_id, {"role": role.value, "scope_id": root_id})
    return f"{email} is no {role.value} any more{reach.words}."


async def _person(tx: Transaction, email: str) -> str:
    found = await user_of_email(tx, email.strip())
    if found is None:
        raise DomainError(f"There is nobody with the address {email}.", "NOT_FOUND")
    return str(found.id)
