"""Trials of webhooks are found at once

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_webhook_lane_trial",
        "webhook_lane",
        ["webhook_id", "next_at"],
        unique=False,
        postgresql_where=sa.text("is_trial AND next_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_lane_trial", table_name="webhook_lane")
