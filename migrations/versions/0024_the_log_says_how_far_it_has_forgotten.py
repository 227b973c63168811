"""The log says how far it has forgotten

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# What was removed until now was noted nowhere: it was something up to the last place that is given and not there.
_FORGOTTEN = """
UPDATE fact_counter SET forgotten = COALESCE((
  SELECT max(place) FROM (
    SELECT position - 1 AS place FROM fact
    WHERE position > 1 AND NOT EXISTS (SELECT FROM fact AS before WHERE before.position = fact.position - 1)
    UNION ALL
    SELECT last_position WHERE NOT EXISTS (SELECT FROM fact AS newest WHERE newest.position = last_position)
  ) AS gone), 0)
"""


def upgrade() -> None:
    op.add_column("fact_counter", sa.Column("forgotten", sa.BigInteger(), server_default="0", nullable=False))
    # Row-level security is forced, so that the owner alone would see no row.
    op.execute("SET LOCAL ROLE cairn_service")
    op.execute(_FORGOTTEN)
    op.execute("RESET ROLE")


def downgrade() -> None:
    op.drop_column("fact_counter", "forgotten")
