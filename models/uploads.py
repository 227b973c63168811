"""Files that people upload: what was announced, how far it is, and whether anything refers to it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import PrivateRows, RelatedRead
from core.tables import Table, enum_column, id_column, instant_column


class UploadPurpose(StrEnum):
    """What a file is for."""

    ANSWER = "answer"


class UploadStatus(StrEnum):
    """How far an upload is."""

    AWAITED = "awaited"
    CHECKING = "checking"
    READY = "ready"
    REFUSED = "refused"
    REMOVING = "removing"


# Whoever may read an answer may read of the files that it hands in.
_HANDED_IN = (
    "EXISTS (SELECT FROM answer WHERE answer.attempt_id = upload.about_id AND answer.block_id = upload.place_id"
    " AND (answer.value -> 'file_keys') ? upload.id::text)"
)


class Upload(Table, table=True):
    """One file of one person. The row is there before the file is, and goes after it: no file is ever forgotten.

    What it is for is no foreign key, and neither does it go with its owner: then it is swept, and its file with it.
    """

    __tablename__ = "upload"
    __tag__ = 0x058
    __policies__ = (PrivateRows("user_id"), RelatedRead(_HANDED_IN))
    # Whoever grades reads of the file, and is not told whose it is.
    __hidden__ = ("user_id",)
    __personal__ = ("name",)
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("key"),
        sa.CheckConstraint("size >= 0", name="size"),
        sa.Index(None, "user_id"),
        sa.Index(None, "about_id", "place_id"),
        sa.Index("ix_upload_loose", "updated_at", postgresql_where=sa.text("NOT is_kept OR user_id IS NULL")),
    )

    id: str = id_column(primary=True)
    user_id: str | None = id_column(nullable=True, description="Whose file it is.")
    purpose: UploadPurpose = enum_column(UploadPurpose, description="What it is for.")
    about_id: str = id_column(description="What it belongs to: the attempt of an answer.")
    place_id: str = id_column(description="Where in that: the question.")
    key: str = Field(max_length=100, description="Under which key the storage keeps it.")
    name: str = Field(max_length=200, description="What its owner calls it.")
    media_type: str = Field(
        max_length=100, description="What it was announced as, and was found to be once it is ready."
    )
    size: int = Field(ge=0, sa_type=sa.BigInteger, description="How many bytes it has.")
    sha256: str = Field(max_length=64, description="Its SHA-256, in hexadecimal digits.")
    status: UploadStatus = enum_column(UploadStatus, UploadStatus.AWAITED, description="How far it is.")
    reason: str | None = Field(default=None, max_length=500, description="Why it is refused.")
    is_kept: bool = Field(default=False, description="Whether something refers to it; what nothing refers to is swept.")
    expires_at: datetime = instant_column(nullable=False, description="Until when it is waited for.")
