"""What the mails of identity say, and whether there is anything to say: decided when a mail's turn comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from core.tables import table_of
from core.writing import Transaction
from models.groups import Group, GroupInvitation, InvitationStatus
from models.identity import AuthIdentity, LoginPurpose, User, UserStatus
from resolvers.identity.credentials import create_login_token, user_of_email
from resolvers.identity.tokens import TokenKind, new_token, token_hash


class MailKind(StrEnum):
    """The mails that identity sends."""

    CONFIRM_ACCOUNT = "confirm_account"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a mail, not a secret
    SIGN_IN_LINK = "sign_in_link"
    CHANGE_EMAIL = "change_email"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a mail, not a secret
    EMAIL_CHANGED = "email_changed"
    API_TOKEN_CREATED = "api_token_created"  # noqa: S105 - the name of a mail, not a secret
    WEBHOOK_STOPPED = "webhook_stopped"
    GROUP_INVITATION = "group_invitation"


@dataclass(frozen=True)
class Wish:
    """A mail that was asked for, and the address of the front end that its links lead to."""

    recipient: str
    details: Mapping[str, Any]
    app_url: str
    asked_at: datetime

    def link(self, page: str, token: str) -> str:
        """Where the recipient is to go. The secret stands behind the `#`, where no server on the way writes it down."""
        return f"{self.app_url}/{page}#token={token}"


@dataclass(frozen=True)
class Words:
    """What a mail says."""

    subject: str
    text: str


async def compose(tx: Transaction, kind: MailKind, wish: Wish) -> Words | None:
    """What a mail of this kind says, or None when there is nobody to say it to. May make the secret that it carries."""
    return await _COMPOSERS[kind](tx, wish)


async def _confirm_account(tx: Transaction, wish: Wish) -> Words | None:
    if await user_of_email(tx, wish.recipient) is not None:
        return _words(
            "You already have an account",
            "Somebody, probably you, wanted to make an account with this address. There is one already.",
            "Sign in with it, or ask for a link to set a new password. If this was not you, there is nothing to do.",
        )
    details = {**wish.details, "email": wish.recipient}
    token = await create_login_token(tx, details.pop("user_id", None), LoginPurpose.CONFIRM_ACCOUNT, details)
    return _words(
        "Confirm your address",
        "Welcome! Follow this link to confirm that this address is yours. It works once, within half an hour:",
        wish.link("confirm", token),
        "If you did not ask for an account, ignore this mail: none is made.",
    )


async def _reset_password(tx: Transaction, wish: Wish) -> Words | None:
    user_id = await _active_person(tx, wish.recipient)
    if user_id is None:
        return None
    token = await create_login_token(tx, user_id, LoginPurpose.RESET_PASSWORD)
    return _words(
        "Set a new password",
        "Follow this link to set a new password. It works once, within half an hour:",
        wish.link("reset-password", token),
        "If you did not ask for this, ignore this mail: your password stays as it is.",
    )


async def _sign_in_link(tx: Transaction, wish: Wish) -> Words | None:
    user_id = await _active_person(tx, wish.recipient)
    if user_id is None:
        return None
    token = await create_login_token(tx, user_id)
    return _words(
        "Your link to sign in",
        "Follow this link to sign in. It works once, within half an hour:",
        wish.link("sign-in", token),
        "If you did not ask for this, ignore this mail.",
    )


async def _change_email(tx: Transaction, wish: Wish) -> Words | None:
    if await user_of_email(tx, wish.recipient) is not None:
        return _words(
            "This address is in use already",
            "Somebody, probably you, wanted to use this address for another account. It belongs to one already.",
            "There is nothing to do.",
        )
    if await _has_new_password(tx, wish):
        return None
    details = {"email": wish.recipient, "is_first": wish.details.get("is_first", False)}
    token = await create_login_token(tx, wish.details["user_id"], LoginPurpose.CHANGE_EMAIL, details)
    return _words(
        "Confirm your new address",
        "Follow this link to use this address from now on. It works once, within half an hour:",
        wish.link("change-email", token),
        "If you did not ask for this, ignore this mail.",
    )


async def _has_new_password(tx: Transaction, wish: Wish) -> bool:
    """Whether the person set a new password after this was asked for, which makes all older links worthless."""
    known = table_of(AuthIdentity)
    newer = sa.select(known.c.id).where(
        known.c.user_id == wish.details["user_id"],
        known.c.secret_hash.is_not(None),
        known.c.updated_at > sa.literal(wish.asked_at, known.c.updated_at.type),
    )
    return await tx.row(newer) is not None


async def _password_changed(_tx: Transaction, _wish: Wish) -> Words | None:
    return _words(
        "Your password was changed",
        "The password of your account was changed. Other devices were signed out, and API tokens taken back.",
        "If this was not you, ask for a link to set a new password at once.",
    )


async def _email_changed(_tx: Transaction, _wish: Wish) -> Words | None:
    return _words(
        "Your address was changed",
        "Your account goes by another e-mail address from now on.",
        "If this was not you, tell those who run this place at once.",
    )


async def _api_token_created(_tx: Transaction, wish: Wish) -> Words | None:
    return _words(
        "An API token was made",
        f"A program may act for you by a new API token. It is called: {in_one_line(wish.details['name'])}",
        "If this was not you, set a new password at once: that takes all tokens back.",
    )


async def _webhook_stopped(_tx: Transaction, wish: Wish) -> Words | None:
    told = wish.details
    return _words(
        f"The webhook {told['name']} has stopped",
        f"Nothing is sent to {told['url']} any more. {told['reason']}",
        "What happens meanwhile is kept for it for a while. Resume it once its receiver is well again.",
    )


async def _group_invitation(tx: Transaction, wish: Wish) -> Words | None:
    """The secret is made here, so that nobody has it but who reads the mail."""
    invitation, group = table_of(GroupInvitation), table_of(Group)
    token = new_token(TokenKind.INVITATION)
    waiting = (
        invitation.c.id == wish.details["invitation_id"],
        invitation.c.status == InvitationStatus.PENDING.value,
        invitation.c.expires_at > sa.func.now(),
    )
    kept = sa.update(invitation).where(*waiting).values(token_hash=token_hash(token)).returning(invitation.c.group_id)
    found = await tx.row(kept)
    if found is None:
        return None
    named = await tx.row(sa.select(group.c.name).where(group.c.id == found.group_id))
    assert named is not None
    return _words(
        "You are invited to a group",
        f"Somebody would like to have you in a group. They call it: {in_one_line(named.name)}",
        "Follow this link to come in. It works once, within two weeks:",
        wish.link("join", token),
        "If you do not want to, ignore this mail.",
    )


async def _active_person(tx: Transaction, email: str) -> str | None:
    """Whoever may be let in by a mail to this address: it must be confirmed, or given by those who run the place."""
    user = table_of(User)
    found = await tx.row(
        sa.select(user.c.id).where(
            sa.func.lower(user.c.email) == email.lower(), user.c.status == UserStatus.ACTIVE.value
        )
    )
    return found.id if found else None


def in_one_line(text: str) -> str:
    """What somebody called something, as a mail may say it: no line of its own, and no mail of its own."""
    return " ".join(text.split())[:80]


def _words(subject: str, *paragraphs: str) -> Words:
    return Words(" ".join(subject.split()), "\n\n".join(paragraphs) + "\n")


_COMPOSERS: Mapping[MailKind, Callable[[Transaction, Wish], Awaitable[Words | None]]] = MappingProxyType(
    {
        MailKind.CONFIRM_ACCOUNT: _confirm_account,
        MailKind.RESET_PASSWORD: _reset_password,
        MailKind.SIGN_IN_LINK: _sign_in_link,
        MailKind.CHANGE_EMAIL: _change_email,
        MailKind.PASSWORD_CHANGED: _password_changed,
        MailKind.EMAIL_CHANGED: _email_changed,
        MailKind.API_TOKEN_CREATED: _api_token_created,
        MailKind.WEBHOOK_STOPPED: _webhook_stopped,
        MailKind.GROUP_INVITATION: _group_invitation,
    }
)
