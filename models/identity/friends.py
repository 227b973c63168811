"""Who is friends with whom: one row for each two people, whoever asked first."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from core.policies import VIEWER_ID, PairRows
from core.tables import Table, enum_column, id_column


class ConnectionStatus(StrEnum):
    """How two people stand to each other."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    BLOCKED = "blocked"


# SQL that is true for a row of a friend's: what is theirs is told by the row's `user_id`.
IS_FRIENDS = (
    "EXISTS (SELECT FROM connection WHERE connection.status = 'accepted'"
    f" AND connection.user_low = LEAST(user_id, {VIEWER_ID})"
    f" AND connection.user_high = GREATEST(user_id, {VIEWER_ID}))"
)
# And for the row of somebody with whom the viewer shares a pair, a family or a pod that is under way. As a viewer sees
# members of their own groups alone, both halves are found by the policies of these tables.
IS_CLOSE = (
    "user_id IN (SELECT theirs.user_id FROM membership AS theirs"  # noqa: S608 - our own words
    " JOIN membership AS mine ON mine.group_id = theirs.group_id"
    ' JOIN "group" AS shared ON shared.id = mine.group_id'
    f" WHERE mine.user_id = {VIEWER_ID} AND mine.left_at IS NULL AND mine.status = 'active'"
    " AND theirs.left_at IS NULL AND theirs.status = 'active'"
    " AND shared.kind IN ('pair', 'family', 'pod') AND shared.status = 'active')"
)


class Connection(Table, table=True):
    """How two people stand to each other. Whoever is blocked does not see that they are."""

    __tablename__ = "connection"
    __tag__ = 0x01A
    __policies__ = (PairRows("user_low", "user_high", f"status <> 'blocked' OR requested_by = {VIEWER_ID}"),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_low"], ["user.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_high"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("user_low", "user_high"),
        sa.CheckConstraint("user_low < user_high", name="user_low"),
        sa.CheckConstraint("requested_by IN (user_low, user_high)", name="requested_by"),
        sa.Index(None, "user_high"),
    )

    id: str = id_column(primary=True)
    user_low: str = id_column(description="The one of the two whose id comes first.")
    user_high: str = id_column(description="The other one.")
    status: ConnectionStatus = enum_column(ConnectionStatus, description="How they stand to each other.")
    requested_by: str = id_column(description="Who asked, or who blocked.")
