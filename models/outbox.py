"""Mail that is to go out: written with the change that calls for it, sent after that is committed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import ServiceOnly
from core.tables import Table, id_column, instant_column, json_column


class OutgoingMail(Table, table=True):
    """A wish for a mail. What it says, and whether there is anything to say, is found out when its turn comes."""

    __tablename__ = "outgoing_mail"
    __tag__ = 0x008
    __policies__ = (ServiceOnly(),)
    __table_args__ = (sa.Index(None, "done_at"),)

    id: str = id_column(primary=True)
    kind: str = Field(max_length=40)
    recipient: str = Field(max_length=320)
    details: dict[str, Any] = json_column()
    # Subject and text, once they are composed: a second try sends the same words. Emptied when it was sent.
    message: dict[str, Any] | None = json_column(nullable=True)
    done_at: datetime | None = instant_column()
