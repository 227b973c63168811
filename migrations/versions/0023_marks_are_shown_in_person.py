"""Marks are shown in person, and after a close to who is done.

Revision ID: 0023
Revises: 0022
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('DROP POLICY related_select ON "answer_mark"')
    op.execute(
        "CREATE POLICY related_select ON \"answer_mark\" FOR SELECT TO cairn_api USING (((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)) AND (SELECT NULLIF(current_setting('cairn.actor_id', true), '') IS NULL) AND (is_shown OR (awaits_close AND EXISTS (SELECT FROM attempt JOIN assessment ON assessment.id = attempt.assessment_id WHERE attempt.id = answer_mark.attempt_id AND assessment.stage = 'live' AND assessment.closes_at <= now() AND assessment.feedback_mode = 'after_close' AND NOT EXISTS (SELECT FROM attempt AS other WHERE other.assessment_id = attempt.assessment_id AND other.user_id = attempt.user_id AND other.status = 'in_progress'))))))"
    )


def downgrade() -> None:
    op.execute('DROP POLICY related_select ON "answer_mark"')
    op.execute(
        "CREATE POLICY related_select ON \"answer_mark\" FOR SELECT TO cairn_api USING (((user_id = ( SELECT (NULLIF(current_setting('cairn.viewer_id'::text, true), ''::text))::uuid AS \"nullif\")) AND (is_shown OR (awaits_close AND (EXISTS ( SELECT\n   FROM (attempt\n     JOIN assessment ON ((assessment.id = attempt.assessment_id)))\n  WHERE ((attempt.id = answer_mark.attempt_id) AND ((assessment.stage)::text = 'live'::text) AND (assessment.closes_at <= now()))))))))"
    )
