"""Accounts: how they come to be, how their owners prove who they are, and how that changes.

Whoever asks for something by mail learns nothing from the answer: asking writes down a wish for a mail and no more
(`resolvers.outbox`). Only the mail itself, which its recipient reads, says whether there is an account. An account is
made when its address is confirmed, not before, so nobody can lay hands on an address that is not theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.database import Database
from core.errors import DomainError, InvalidInput
from core.tables import table_of
from core.viewer import SERVICE, Viewer, ViewerKind
from core.writing import Transaction, checked, transaction
from models.events import UserClaimed, UserEmailChanged, UserPasswordChanged, UserSignedUp
from models.identity import AuthIdentity, LoginPurpose, LoginToken, SessionKind, User, UserMilestone, UserStatus
from resolvers import events, outbox
from resolvers.identity import passwords, profiles, sessions
from resolvers.identity.mails import MailKind
from resolvers.identity.sessions import Origin, Started
from resolvers.identity.tokens import token_hash

PASSWORD = "password"  # noqa: S105 - the name of a provider, not a secret
# Stricter than the standard, which allows things that no mail server takes; and nothing that cannot be written into a
# mail, which would be tried for hours.
_LOCAL = r"(?=[^@]{1,64}@)[!#$%&'*+/=?^_`{|}~0-9A-Za-z-]+(?:\.[!#$%&'*+/=?^_`{|}~0-9A-Za-z-]+)*"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL = re.compile(rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})+")


@dataclass(frozen=True)
class Verified:
    """What checking a password found out: whose it is, and the hash that it was checked against."""

    user_id: str | None = None
    secret_hash: str | None = None


@dataclass(frozen=True)
class Proof:
    """Whether a password was given with a link, and the hash of the link's that it is the password of, if it is."""

    is_given: bool = False
    secret_hash: str | None = None


class WrongPassword(DomainError):
    """Either there is no such account or this is not its password: from outside both are the same."""

    def __init__(self, path: tuple[str, ...] = ()) -> None:
        super().__init__("The e-mail address or the password is not right.", "WRONG_CREDENTIALS", path)


# Who may -------------------------------------------------------------------------------------------------------------


def email_address(text: str, path: str = "email") -> str:
    """The address without spaces around it; raises `InvalidInput` for what is none."""
    if not is_email_address(text):
        raise InvalidInput("This is no e-mail address.", "INVALID", (path,))
    return text.strip()


def is_email_address(text: str) -> bool:
    """Whether this can be an e-mail address, spaces around it aside."""
    return len(text) <= 300 and len(text.strip()) <= 254 and _EMAIL.fullmatch(text.strip()) is not None


async def verify(database: Database, email: str, password: str) -> Verified:
    """Checks a password by e-mail address, in the same time whether or not there is such an account."""
    user, known = table_of(User), table_of(AuthIdentity)
    query = (
        sa.select(known.c.user_id, known.c.secret_hash)
        .join(user, user.c.id == known.c.user_id)
        .where(sa.func.lower(user.c.email) == _bare(email).lower(), known.c.provider == PASSWORD)
    )
    return await _verified(database, query, password)


def _bare(email: str) -> str:
    """An address as it can be looked up: the database takes no NUL, and no address has one."""
    return email.replace("\0", "").strip()


async def verify_own(database: Database, user_id: str, password: str) -> Verified:
    """Checks the password of a person who is signed in already."""
    known = table_of(AuthIdentity)
    query = sa.select(known.c.user_id, known.c.secret_hash).where(
        known.c.user_id == user_id, known.c.provider == PASSWORD
    )
    return await _verified(database, query, password)


async def verify_asked(database: Database, token: str, password: str | None) -> Proof:
    """Checks the password that was chosen by whoever asked for the account that this mailed secret confirms."""
    if password is None:
        return Proof()
    link = table_of(LoginToken)
    async with transaction(database, SERVICE) as tx:
        found = await tx.row(sa.select(link.c.details).where(link.c.token_hash == token_hash(token)))
    kept = found.details.get("secret_hash") if found else None
    return Proof(True, kept if await passwords.matches(password, kept) else None)


async def _verified(database: Database, query: sa.Select[Any], password: str) -> Verified:
    # No connection is held while the password is checked: that is what takes long, and there may be a queue.
    async with transaction(database, SERVICE) as tx:
        found = await tx.row(query)
    if not await passwords.matches(password, found.secret_hash if found else None) or found is None:
        return Verified()
    return Verified(found.user_id, found.secret_hash)


async def _still(tx: Transaction, verified: Verified, path: tuple[str, ...] = ()) -> str:
    """The person whose password was checked, if it has not been changed since; raises `WrongPassword` otherwise."""
    known = table_of(AuthIdentity)
    same = verified.user_id is not None and await tx.row(
        sa.select(known.c.id).where(
            known.c.user_id == verified.user_id,
            known.c.provider == PASSWORD,
            known.c.secret_hash == verified.secret_hash,
        )
    )
    if not same:
        raise WrongPassword(path)
    return str(verified.user_id)


async def require_proof(tx: Transaction, viewer: Viewer, verified: Verified | None) -> None:
    """Raises unless the viewer has just proven who they are, which a borrowed browser does not.

    By the password, where they have one; else by having signed in a few minutes ago, or by their issuer's word.
    """
    user = table_of(User)
    if await tx.row(sa.select(user.c.id).where(user.c.id == viewer.user_id, user.c.is_anonymous)) is not None:
        raise DomainError("Claim your account first.", "ANONYMOUS")
    if verified is not None:
        await _still(tx, verified, ("password",))
    elif await _has_password(tx, str(viewer.user_id)):
        raise InvalidInput("Give the password of the account.", "REQUIRED", ("password",))
    elif viewer.session_id is not None and not await sessions.is_fresh(tx, viewer.session_id):
        raise DomainError("Sign in once more, so that it is known who this is.", "SIGN_IN_AGAIN")


async def _has_password(tx: Transaction, user_id: str) -> bool:
    known = table_of(AuthIdentity)
    return (
        await tx.row(sa.select(known.c.id).where(known.c.user_id == user_id, known.c.provider == PASSWORD)) is not None
    )


# Actions -------------------------------------------------------------------------------------------------------------


async def create(tx: Transaction, email: str, secret_hash: str, settings: dict[str, Any]) -> None:
    """Asks for the mail that a new account is confirmed with. `settings` are columns of the person to be."""
    details = {"settings": checked(User, settings), "secret_hash": secret_hash}
    await outbox.enqueue(tx, MailKind.CONFIRM_ACCOUNT, email, details)


async def ask_for_mail(tx: Transaction, kind: MailKind, email: str) -> None:
    """Asks for a mail to whoever has this address, if anybody."""
    await outbox.enqueue(tx, kind, email_address(email), {})


async def claim(tx: Transaction, viewer: Viewer, email: str, secret_hash: str) -> None:
    """Asks for the mail with which an anonymous person makes the account theirs, keeping their id and all they did."""
    user = table_of(User)
    found = await tx.row(sa.select(user.c.is_anonymous).where(user.c.id == viewer.user_id))
    if found is None or not found.is_anonymous:
        raise DomainError("This account has an owner already.", "ALREADY_CLAIMED")
    details = {"user_id": viewer.user_id, "secret_hash": secret_hash}
    await outbox.enqueue(tx, MailKind.CONFIRM_ACCOUNT, email, details)


async def confirm(
    tx: Transaction, viewer: Viewer, token: str, proof: Proof, kind: SessionKind, origin: Origin
) -> tuple[Started, bool]:
    """Makes the account whose address this secret confirms, or gives an anonymous one its owner; signs in.

    Anybody can ask for an account in somebody else's name, so the link proves whose the address is, and not who asked.
    What whoever asked chose beyond the address, the password and which anonymous account it is, counts where the same
    person confirms: they know the password, or act as the anonymous account. Answers the session and whether the
    password counts. Raises `WrongPassword` for another one, and `InvalidInput` where it is needed.
    """
    used = await sessions.redeem(tx, token, LoginPurpose.CONFIRM_ACCOUNT)
    details = used.details
    if proof.is_given and proof.secret_hash != details["secret_hash"]:
        raise WrongPassword(("password",))
    is_same = proof.is_given or (viewer.kind is ViewerKind.USER and viewer.user_id == used.user_id)
    if used.user_id is None:
        user_id = await new_user(tx, {**details["settings"], "email": details["email"]}, confirmed=True)
    elif is_same:
        user_id = await _claimed(tx, used.user_id, details["email"])
    else:
        raise InvalidInput("Give the password that was chosen, or confirm where it was.", "REQUIRED", ("password",))
    if is_same:
        await set_password(tx, user_id, details["secret_hash"])
    await milestone(tx, user_id, "account_confirmed")
    return await sessions.start(tx, user_id, kind, origin), is_same


async def _claimed(tx: Transaction, user_id: str, email: str) -> str:
    user = table_of(User)
    claimed = await tx.execute(
        sa.update(user)
        .where(user.c.id == user_id, user.c.is_anonymous, user.c.status == UserStatus.ACTIVE.value)
        .values(email=email, email_confirmed_at=sa.func.now(), is_anonymous=False, updated_at=sa.func.now())
    )
    if not claimed:
        raise DomainError("This account has an owner already.", "ALREADY_CLAIMED")
    events.record(tx, UserClaimed(subject_id=user_id), user_id)
    # Whoever else used the anonymous account is out from here on, and whatever they made to come back by.
    await sessions.end_all(tx, user_id)
    return user_id


async def new_user(tx: Transaction, values: dict[str, Any], *, confirmed: bool = False) -> str:
    """Makes a person with an empty profile; answers the id."""
    user_id = User.new_id()
    settled = {"email_confirmed_at": sa.func.now()} if confirmed else {}
    await tx.insert(User, [{**values, **settled, "id": user_id}])
    await profiles.create(tx, user_id)
    events.record(tx, UserSignedUp(subject_id=user_id, is_anonymous=values.get("is_anonymous", False)), user_id)
    return user_id


async def start_anonymously(tx: Transaction, display_name: str, kind: SessionKind, origin: Origin) -> Started:
    """Makes a person who has not said yet who they are, and signs them in."""
    values = checked(User, {"display_name": display_name})
    user_id = await new_user(tx, {**values, "is_anonymous": True})
    return await sessions.start(tx, user_id, kind, origin)


async def sign_in(tx: Transaction, verified: Verified, kind: SessionKind, origin: Origin) -> Started:
    """Signs in the person whose password was checked. Raises `WrongPassword` when there is none."""
    return await sessions.start(tx, await _still(tx, verified), kind, origin)


async def sign_in_by_link(tx: Transaction, token: str, kind: SessionKind, origin: Origin) -> Started:
    """Signs in the person to whom the link was sent."""
    used = await sessions.redeem(tx, token, LoginPurpose.SIGN_IN)
    return await sessions.start(tx, used.user_id, kind, origin)


async def reset_password(tx: Transaction, token: str, secret_hash: str) -> str:
    """Sets a new password by a secret that was mailed, ends all sessions and API tokens; answers the person's id."""
    used = await sessions.redeem(tx, token, LoginPurpose.RESET_PASSWORD)
    user_id: str = used.user_id
    await set_password(tx, user_id, secret_hash)
    await sessions.end_all(tx, user_id)
    await _tell_new_password(tx, user_id)
    return user_id


async def change_password(tx: Transaction, viewer: Viewer, verified: Verified, secret_hash: str) -> None:
    """Sets a new password for somebody who knows the old one, and ends their other sessions and API tokens."""
    user_id = await _still(tx, verified, ("password",))
    await set_password(tx, user_id, secret_hash)
    await sessions.end_all(tx, user_id, besides=viewer.session_id)
    await _tell_new_password(tx, user_id)


async def request_email_change(tx: Transaction, viewer: Viewer, verified: Verified | None, email: str) -> None:
    """Asks for the mail that a new address is confirmed with. It takes the password, so that no borrowed phone can.

    People of another issuer who have neither a password nor an address here set their first one without (`verified` is
    None): their issuer's word is all there is to prove who they are.
    """
    if verified is None:
        await _require_first_address(tx, viewer)
    else:
        await _still(tx, verified, ("password",))
    await outbox.enqueue(tx, MailKind.CHANGE_EMAIL, email, {"user_id": viewer.user_id, "is_first": verified is None})


async def _require_first_address(tx: Transaction, viewer: Viewer) -> None:
    user, known = table_of(User), table_of(AuthIdentity)
    password = sa.exists().where(known.c.user_id == user.c.id, known.c.provider == PASSWORD)
    elsewhere = sa.exists().where(known.c.user_id == user.c.id, known.c.provider != PASSWORD)
    first = sa.and_(user.c.email.is_(None), ~user.c.is_anonymous, ~password, elsewhere)
    if await tx.row(sa.select(user.c.id).where(user.c.id == viewer.user_id, first)) is None:
        raise InvalidInput("Give the password of the account.", "REQUIRED", ("password",))


async def confirm_email_change(tx: Transaction, viewer: Viewer, token: str) -> str:
    """Gives a person the address that this secret confirms, and tells the old one; answers the person's id.

    Where it takes the place of another, whoever came in by that one is out: all but the session that confirms.
    """
    used = await sessions.redeem(tx, token, LoginPurpose.CHANGE_EMAIL)
    user_id: str = used.user_id
    await _tell(tx, user_id, MailKind.EMAIL_CHANGED)
    user = table_of(User)
    # Asked for without a password: good as long as there is no address that it could take the place of.
    if used.details.get("is_first") and await tx.row(
        sa.select(user.c.id).where(user.c.id == user_id, user.c.email.is_not(None))
    ):
        raise sessions.LinkExpired()
    await tx.execute(
        sa.update(user)
        .where(user.c.id == user_id)
        .values(email=used.details["email"], email_confirmed_at=sa.func.now(), updated_at=sa.func.now())
    )
    events.record(tx, UserEmailChanged(subject_id=user_id), user_id)
    # Links that were sent to the old address are worth nothing now.
    await sessions.forget_links(tx, user_id)
    if not used.details.get("is_first"):
        await sessions.end_all(tx, user_id, besides=viewer.session_id if viewer.user_id == user_id else None)
    return user_id


async def set_password(tx: Transaction, user_id: str, secret_hash: str) -> None:
    """Makes this the person's password, in place of any other."""
    row = {
        "id": AuthIdentity.new_id(),
        "user_id": user_id,
        "provider": PASSWORD,
        "subject": user_id,
        "secret_hash": secret_hash,
        "confirmed_at": sa.func.now(),
    }
    statement = insert(table_of(AuthIdentity)).values(**row)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["provider", "subject"],
            set_={"secret_hash": statement.excluded.secret_hash, "updated_at": sa.func.now()},
        )
    )
    await sessions.forget_links(tx, user_id)


async def milestone(tx: Transaction, user_id: str, key: str) -> None:
    """Notes that something happened to a person for the first time. What was noted before stays as it is."""
    row = {"id": UserMilestone.new_id(), "user_id": user_id, "key": key, "occurred_at": sa.func.now()}
    await tx.execute(insert(table_of(UserMilestone)).values(**row).on_conflict_do_nothing())


async def _tell_new_password(tx: Transaction, user_id: str) -> None:
    events.record(tx, UserPasswordChanged(subject_id=user_id), user_id)
    await _tell(tx, user_id, MailKind.PASSWORD_CHANGED)


async def tell_new_api_token(tx: Transaction, viewer: Viewer, name: str) -> None:
    """Asks for the mail that tells the viewer of a new API token of theirs."""
    await _tell(tx, str(viewer.user_id), MailKind.API_TOKEN_CREATED, name=name)


async def _tell(tx: Transaction, user_id: str, kind: MailKind, **details: str) -> None:
    user = table_of(User)
    found = await tx.row(sa.select(user.c.email).where(user.c.id == user_id))
    if found is not None and found.email:
        await outbox.enqueue(tx, kind, found.email, details)
