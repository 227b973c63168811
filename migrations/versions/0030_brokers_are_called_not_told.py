"""Brokers carry calls to queues, so that no job says when a broker was told of it

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("job", "woken_at")


def downgrade() -> None:
    op.add_column("job", sa.Column("woken_at", sa.DateTime(timezone=True), nullable=True))
