"""The inbox: what providers and other systems tell us, as it came in, and the hooks by which others may tell.

What comes in is kept as it was sent, for a while. It may hold anything, personal data too: only those who look after
the inbox read it, and a fact that is made of it holds no more than a hook's mapping names.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from core.policies import ServiceOnly, StaffRead, StaffWrite
from core.tables import Table, enum_column, id_column, instant_column
from models.identity import Scope

_DAY = 86_400
MOST_VALUES = 20
# A JSON Pointer (RFC 6901) to something within a body, never the whole of it.
Pointer = Annotated[str, StringConstraints(max_length=300, pattern=r"^(/([^/~\x00]|~[01])*)+$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Action = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")]
# What machines call things: no room for a sentence, a name or an e-mail address.
Word = Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/-]*$")]


class InboundKey(StrEnum):
    """How a body names a person."""

    ID = "id"
    EMAIL = "email"


class InboundOnce(StrEnum):
    """What makes two deliveries of a hook the same, so that the later one does nothing."""

    DELIVERY = "delivery"
    EVENT = "event"
    PERSON = "person"
    PERSON_AND_EVENT = "person_and_event"


class InboundKind(StrEnum):
    """What a value of a body has to be."""

    WORD = "word"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"


class InboundValue(BaseModel):
    """One value of a body that the fact holds."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][A-Za-z0-9]{0,39}$")]
    path: Pointer
    kind: InboundKind
    is_required: bool = True


class InboundHook(Table, table=True):
    """An address by which another system tells of something that happened there, and what becomes of it here."""

    __tablename__ = "inbound_hook"
    __tag__ = 0x060
    __hidden__ = ("token_hash", "previous_hash")
    __policies__ = (StaffRead(Scope.INBOX_MANAGE), StaffWrite(Scope.INBOX_MANAGE))
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.UniqueConstraint("previous_hash"),
        sa.UniqueConstraint("name"),
    )

    id: str = id_column(primary=True)
    name: Name = Field(max_length=100, description="A word to recognise it by.")
    action: Action = Field(max_length=60, description="What happened, as the fact says it, such as issue.opened.")
    is_enabled: bool = Field(
        default=True, sa_column_kwargs={"server_default": sa.true()}, description="Whether it takes anything at all."
    )
    type_path: Pointer | None = Field(
        default=None, max_length=300, description="Where the body says of which type it is, as a JSON Pointer."
    )
    types: Annotated[list[Word], Field(max_length=50)] = Field(
        default_factory=list,
        sa_type=ARRAY(sa.Text),
        sa_column_kwargs={"server_default": "{}", "nullable": False},
        description="The types that are of interest; all when empty.",
    )
    id_path: Pointer | None = Field(
        default=None, max_length=300, description="Where the body has an id of what it tells of, as a JSON Pointer."
    )
    person_path: Pointer | None = Field(
        default=None, max_length=300, description="Where the body names a person, as a JSON Pointer."
    )
    person_by: InboundKey = enum_column(InboundKey, InboundKey.ID, description="How it names them.")
    once: InboundOnce = enum_column(
        InboundOnce, InboundOnce.DELIVERY, description="What makes two deliveries the same."
    )
    once_seconds: int = Field(
        default=30 * _DAY, ge=1, le=366 * _DAY, description="For how many seconds what is the same counts once."
    )
    per_minute: int = Field(default=600, ge=1, le=60_000, description="How many deliveries a minute it takes.")
    # Read through `InboundValue`.
    mapping: list[dict[str, Any]] = Field(
        default_factory=list,
        sa_type=JSONB,
        sa_column_kwargs={"server_default": "[]", "nullable": False},
        description="Which values of the body the fact holds.",
    )
    revision: int = Field(default=1, ge=1, description="How often it was saved. Send it as expectedRevision.")
    token_hash: str = Field(max_length=64)
    hint: str = Field(max_length=16, description="The last characters of its token, to tell tokens apart.")
    previous_hash: str | None = Field(default=None, max_length=64)
    previous_until: datetime | None = instant_column(
        description="Until when the token before this one is taken, too; null when it is not."
    )


class InboundSeen(Table, table=True):
    """That something came in by a hook, so that the same does nothing for a while."""

    __tablename__ = "inbound_seen"
    __tag__ = 0x061
    __policies__ = (ServiceOnly(),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["hook_id"], ["inbound_hook.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("hook_id", "key_hash"),
        sa.Index(None, "until"),
    )

    id: str = id_column(primary=True)
    hook_id: str = id_column()
    # Whom and what it is about, as a hash.
    key_hash: str = Field(max_length=64)
    event_id: str = id_column()
    until: datetime = instant_column(nullable=False)


class ProviderEventState(StrEnum):
    """How an event stands that came in."""

    RECEIVED = "received"
    HANDLED = "handled"
    IGNORED = "ignored"


class ProviderEvent(Table, table=True):
    """Something that a provider or another system told us, as it was sent."""

    __tablename__ = "provider_event"
    __tag__ = 0x062
    __personal__ = ("body",)
    __policies__ = (StaffRead(Scope.INBOX_MANAGE),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["hook_id"], ["inbound_hook.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("source", "external_id"),
        sa.Index(None, "hook_id"),
        sa.Index(None, "state", "id"),
        sa.Index(None, "type", "id"),
    )

    id: str = id_column(primary=True)
    source: str = Field(max_length=80, description="Who sent it: stripe, or hook.")
    external_id: str = Field(max_length=255, description="Its id there; its own id here where it has none.")
    type: str = Field(max_length=200, description="What it tells of, in the sender's words.")
    hook_id: str | None = id_column(nullable=True, description="The hook by which it came in, if by one.")
    body: bytes = Field(sa_type=sa.LargeBinary, description="What was sent, byte by byte.")
    state: ProviderEventState = enum_column(
        ProviderEventState, ProviderEventState.RECEIVED, description="How it stands."
    )
    note: str | None = Field(default=None, max_length=300, description="Why it was ignored.")
    job_id: str | None = id_column(nullable=True, description="The job that handles it, or did.")
    handled_at: datetime | None = instant_column(description="When it was handled or ignored.")
