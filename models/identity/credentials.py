"""How people and programs prove who they are. Of every secret only a hash is kept."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from core.policies import OwnRows, ServiceOnly, StaffRead
from core.tables import Table, enum_column, id_column, instant_column, json_column
from models.identity.access import Scope


class AuthIdentity(Table, table=True):
    """One way in which a person is known: a password, or the subject of an issuer elsewhere."""

    __tablename__ = "auth_identity"
    __tag__ = 0x015
    __hidden__ = ("secret_hash",)
    __policies__ = (OwnRows(), StaffRead(Scope.USER_MANAGE))
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("provider", "subject"),
        sa.Index(None, "user_id"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    provider: str = Field(max_length=300, description="`password`, or the address of the issuer.")
    subject: str = Field(max_length=320, description="Who the person is there; the user's own id for a password.")
    secret_hash: str | None = Field(default=None, max_length=300, description="The Argon2id hash of a password.")
    confirmed_at: datetime | None = instant_column(description="When the person proved that this is them.")


class ApiToken(Table, table=True):
    """A bearer token of a programme or a person. Only its hash is kept; the token is shown once."""

    __tablename__ = "api_token"
    __tag__ = 0x012
    __hidden__ = ("token_hash",)
    __policies__ = (OwnRows(), StaffRead(Scope.USER_MANAGE))
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
        sa.Index(None, "user_id"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    name: str = Field(min_length=1, max_length=100, description="A word to recognise it by.")
    token_hash: str = Field(max_length=64)
    hint: str = Field(max_length=16, description="The last characters, to tell tokens apart.")
    scopes: list[str] = Field(sa_type=ARRAY(sa.Text), description="What it may do, if its owner may.")
    expires_at: datetime = instant_column(nullable=False, description="When it ends by itself.")
    revoked_at: datetime | None = instant_column(description="When it was taken back.")


class LoginPurpose(StrEnum):
    """What a one-time link is good for."""

    SIGN_IN = "sign_in"
    CONFIRM_ACCOUNT = "confirm_account"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - the name of a purpose, not a secret
    CHANGE_EMAIL = "change_email"


class LoginToken(Table, table=True):
    """A one-time link: it proves that its bearer reads the mail of the address it was sent to."""

    __tablename__ = "login_token"
    __tag__ = 0x013
    __policies__ = (ServiceOnly(),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("user_id IS NOT NULL OR purpose = 'confirm_account'", name="user_id"),
        sa.Index(None, "user_id"),
        sa.Index(None, "expires_at"),
    )

    id: str = id_column(primary=True)
    # Nobody yet, where an account is only to be made once its address is confirmed.
    user_id: str | None = id_column(nullable=True)
    purpose: LoginPurpose = enum_column(LoginPurpose, LoginPurpose.SIGN_IN)
    # What happens on redemption: the address, and for a new account its name, settings and the hash of its password.
    details: dict[str, Any] = json_column()
    token_hash: str = Field(max_length=64)
    expires_at: datetime = instant_column(nullable=False)
    used_at: datetime | None = instant_column()


class SessionKind(StrEnum):
    """How a session shows itself."""

    BROWSER = "browser"
    APP = "app"


class AuthSession(Table, table=True):
    """A place where somebody is signed in: a browser with a cookie, or an app with tokens."""

    __tablename__ = "auth_session"
    __tag__ = 0x014
    __hidden__ = ("token_hash",)
    __policies__ = (OwnRows(),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("(kind = 'browser') = (token_hash IS NOT NULL)", name="token_hash"),
        sa.Index(None, "user_id"),
        sa.Index(None, "expires_at"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    kind: SessionKind = enum_column(SessionKind, SessionKind.BROWSER, description="A browser, or an app.")
    token_hash: str | None = Field(default=None, max_length=64)
    expires_at: datetime = instant_column(nullable=False, description="When it ends by itself.")
    revoked_at: datetime | None = instant_column(description="When it was ended.")
    ip: str | None = Field(default=None, max_length=45, description="The address it was started from.")
    user_agent: str | None = Field(default=None, max_length=300, description="What it was started with.")


class RefreshToken(Table, table=True):
    """A pair of tokens of an app's session: one to ask with, for minutes, and one to get the next pair with, once.

    The next pair is derived from the token that is traded in and from `salt`, so that a lost answer can be given again
    although neither of its tokens is kept.
    """

    __tablename__ = "refresh_token"
    __tag__ = 0x016
    __policies__ = (ServiceOnly(),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["session_id"], ["auth_session.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
        sa.UniqueConstraint("access_hash"),
        sa.Index(None, "session_id", "created_at"),
    )

    id: str = id_column(primary=True)
    session_id: str = id_column()
    token_hash: str = Field(max_length=64)
    access_hash: str = Field(max_length=64)
    access_expires_at: datetime = instant_column(nullable=False)
    salt: str = Field(max_length=64)
    used_at: datetime | None = instant_column()
