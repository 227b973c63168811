"""People who are known by another issuer: found by what it calls them, and made when they come for the first time."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.tables import table_of
from core.viewer import Viewer
from core.writing import Transaction
from models.identity import AuthIdentity, User
from resolvers.identity import accounts
from resolvers.identity.credentials import user_of_email, viewer_of_user

# Stands for the name of somebody whose issuer does not say it.
NAMELESS = "Guest"
_LOCK, _LOCK_ADDRESS = 0x6F_6964, 0x6F_6165


async def viewer_of_subject(
    tx: Transaction, issuer: str, subject: str, email: str | None, name: str | None, *, makes_people: bool
) -> Viewer | None:
    """The viewer that an issuer calls by this subject; None when they are unknown here and none is to be made.

    An address that the issuer vouches for becomes the new person's, unless somebody has it already: accounts are never
    joined by address, for then whoever controls an issuer would control them all.
    """
    user_id = await _known(tx, issuer, subject)
    if user_id is None:
        if not makes_people:
            return None
        # Two requests of the same newcomer make one person.
        await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, sa.func.hashtext(f"{issuer}\n{subject}"))))
        user_id = await _known(tx, issuer, subject) or await _make(tx, issuer, subject, email, name)
    return await viewer_of_user(tx, user_id)


async def _known(tx: Transaction, issuer: str, subject: str) -> str | None:
    table = table_of(AuthIdentity)
    found = await tx.row(sa.select(table.c.user_id).where(table.c.provider == issuer, table.c.subject == subject))
    return None if found is None else str(found.user_id)


async def _make(tx: Transaction, issuer: str, subject: str, email: str | None, name: str | None) -> str:
    shown = (name or "").replace("\0", "").strip()[:50].strip() or NAMELESS
    user_id = await accounts.new_user(tx, {"display_name": shown})
    if email is not None:
        await _take_address(tx, user_id, email)
    row = {
        "id": AuthIdentity.new_id(),
        "user_id": user_id,
        "provider": issuer,
        "subject": subject,
        "confirmed_at": sa.func.now(),
    }
    await tx.execute(insert(table_of(AuthIdentity)).values(**row))
    await accounts.milestone(tx, user_id, "account_confirmed")
    return user_id


async def _take_address(tx: Transaction, user_id: str, email: str) -> None:
    if not accounts.is_email_address(email):
        return
    # Two newcomers with one address: the second finds that it is taken.
    bare = email.strip().lower()
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_ADDRESS, sa.func.hashtext(bare))))
    if await user_of_email(tx, bare) is not None:
        return
    user = table_of(User)
    await tx.execute(
        sa.update(user).where(user.c.id == user_id).values(email=email.strip(), email_confirmed_at=sa.func.now())
    )
