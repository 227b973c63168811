"""What attempts show: the questions of a paper are for whoever has an attempt, its keys for nobody but the service.

What people answered is seen by nobody who acts as them.

Papers held both in one column, in no version that was handed out: what was tried out in between is emptied.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SHOWN = ("assessment_id", "created_at", "id", "questions", "revision", "updated_at")


def upgrade() -> None:
    op.execute("TRUNCATE paper CASCADE")
    op.add_column("paper", sa.Column("answer_keys", postgresql.JSONB(astext_type=sa.Text()), nullable=False))
    op.execute(f"GRANT SELECT ({', '.join(SHOWN)}) ON paper TO cairn_api")
    op.execute(
        "CREATE POLICY related_select ON paper FOR SELECT TO cairn_api USING (EXISTS (SELECT FROM attempt"
        " WHERE attempt.paper_id = paper.id AND attempt.user_id ="
        " (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)))"
    )
    op.execute("DROP POLICY own_select ON answer")
    op.execute(
        "CREATE POLICY private_select ON answer FOR SELECT TO cairn_api USING (((user_id ="
        " (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid))"
        " AND (SELECT NULLIF(current_setting('cairn.actor_id', true), '') IS NULL)))"
    )


def downgrade() -> None:
    op.execute("TRUNCATE paper CASCADE")
    op.execute("DROP POLICY private_select ON answer")
    op.execute(
        "CREATE POLICY own_select ON answer FOR SELECT TO cairn_api USING"
        " ((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)))"
    )
    op.execute("DROP POLICY related_select ON paper")
    op.execute(f"REVOKE SELECT ({', '.join(SHOWN)}) ON paper FROM cairn_api")
    op.drop_column("paper", "answer_keys")
