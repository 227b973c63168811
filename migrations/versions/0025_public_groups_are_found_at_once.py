"""Public groups are found at once

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_PUBLIC = "privacy_level = 'public' AND status IN ('forming', 'active', 'paused')"


def upgrade() -> None:
    op.create_index("ix_group_public", "group", ["id"], unique=False, postgresql_where=sa.text(_PUBLIC))


def downgrade() -> None:
    op.drop_index("ix_group_public", table_name="group", postgresql_where=sa.text(_PUBLIC))
