"""Who acted, and by which token

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE "job_tally" DROP CONSTRAINT IF EXISTS ck_job_tally_job_outcome')
    op.add_column("job", sa.Column("acted_by", sa.UUID(as_uuid=False), nullable=True))
    op.add_column("webhook", sa.Column("token_id", sa.UUID(as_uuid=False), nullable=True))
    op.create_index(op.f("ix_webhook_token_id"), "webhook", ["token_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_webhook_token_id"), "webhook", "api_token", ["token_id"], ["id"], ondelete="SET NULL"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_webhook_token_id"), "webhook", type_="foreignkey")
    op.drop_index(op.f("ix_webhook_token_id"), table_name="webhook")
    op.drop_column("webhook", "token_id")
    op.drop_column("job", "acted_by")
    # Deliveries were not counted before.
    op.execute("DELETE FROM job_tally WHERE queue = 'webhooks' AND actor = 'deliver'")
    op.execute('ALTER TABLE "job_tally" DROP CONSTRAINT IF EXISTS ck_job_tally_job_outcome')
    op.execute(
        "ALTER TABLE \"job_tally\" ADD CONSTRAINT ck_job_tally_job_outcome CHECK (((outcome)::text = ANY ((ARRAY['done'::character varying, 'failed'::character varying, 'parked'::character varying, 'lost'::character varying])::text[])))"
    )
