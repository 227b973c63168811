"""`cairn user …`: making people, and giving and taking roles, from the machine itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import typer

from cairn.local import database_url
from cairn.settings import settings
from core.clock import now
from core.database import Database
from core.errors import DomainError
from core.viewer import SERVICE
from core.writing import Transaction, checked, transaction
from migrations import running
from models.identity import Role, User
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


async def grant(tx: Transaction, email: str, role: Role, days: int) -> str:
    """Gives a person a role; answers what they are now."""
    user_id = await _person(tx, email)
    await roles.give(tx, user_id, role, expires_at=now() + timedelta(days=days) if days else None)
    await audit.record(tx, "role_grant", user_id, {"role": role.value, "days": days})
    return f"{email} is {role.value} now."


async def revoke(tx: Transaction, email: str, role: Role) -> str:
    """Takes a role back; answers so."""
    user_id = await _person(tx, email)
    await roles.take_by_name(tx, user_id, role)
    await audit.record(tx, "role_revoke", user_id, {"role": role.value})
    return f"{email} is no {role.value} any more."


async def _person(tx: Transaction, email: str) -> str:
    found = await user_of_email(tx, email.strip())
    if found is None:
        raise DomainError(f"There is nobody with the address {email}.", "NOT_FOUND")
    return str(found.id)
