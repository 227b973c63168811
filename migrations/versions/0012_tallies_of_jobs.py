"""Tallies of jobs

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_tally",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "done",
                "failed",
                "parked",
                "lost",
                name="job_outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_tally")),
        sa.UniqueConstraint("queue", "actor", "outcome", name=op.f("uq_job_tally_queue_actor_outcome")),
    )
    op.create_index("ix_job_parked", "job", ["queue"], unique=False, postgresql_where=sa.text("state = 'parked'"))
    op.execute('ALTER TABLE "job_tally" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "job_tally" FORCE ROW LEVEL SECURITY')
    op.execute('GRANT DELETE ON "job_tally" TO cairn_service')
    op.execute('GRANT INSERT ON "job_tally" TO cairn_service')
    op.execute('GRANT SELECT ON "job_tally" TO cairn_service')
    op.execute('GRANT UPDATE ON "job_tally" TO cairn_service')
    op.execute('CREATE POLICY service_delete ON "job_tally" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "job_tally" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "job_tally" FOR SELECT TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_update ON "job_tally" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)')


def downgrade() -> None:
    op.drop_index("ix_job_parked", table_name="job", postgresql_where=sa.text("state = 'parked'"))
    op.drop_table("job_tally")
