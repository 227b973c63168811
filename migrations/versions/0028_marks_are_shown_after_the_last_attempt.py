"""Marks are shown after the last attempt, a regrade may stop, and whose file it is is told to its owner alone.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_UPLOAD = "about_id, created_at, expires_at, id, is_kept, key, media_type, name, place_id, purpose, reason, sha256, size, status, updated_at"
_HIGH = sa.text("score >= 25 AND converted_at IS NULL")


def upgrade() -> None:
    op.execute('DROP POLICY related_select ON "answer_mark"')
    op.execute(
        "CREATE POLICY related_select ON \"answer_mark\" FOR SELECT TO cairn_api USING (((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)) AND (SELECT NULLIF(current_setting('cairn.actor_id', true), '') IS NULL) AND (is_shown OR (awaits_close AND EXISTS (SELECT FROM attempt JOIN assessment ON assessment.id = attempt.assessment_id WHERE attempt.id = answer_mark.attempt_id AND assessment.stage = 'live' AND assessment.feedback_mode = 'after_close' AND (assessment.closes_at <= now() OR (assessment.closes_at IS NULL AND attempt.phase = 'none' AND (SELECT count(*) FROM attempt AS other WHERE other.assessment_id = attempt.assessment_id AND other.user_id = attempt.user_id AND other.phase = 'none') >= assessment.max_attempts + COALESCE((SELECT accommodation.extra_attempts FROM accommodation WHERE accommodation.assessment_id = attempt.assessment_id AND accommodation.user_id = attempt.user_id), 0))) AND NOT EXISTS (SELECT FROM attempt AS other WHERE other.assessment_id = attempt.assessment_id AND other.user_id = attempt.user_id AND other.status = 'in_progress'))))))"
    )
    op.execute('ALTER TABLE "regrade" DROP CONSTRAINT ck_regrade_regrade_state')
    op.execute(
        "ALTER TABLE regrade ADD CONSTRAINT ck_regrade_regrade_state CHECK (state IN ('running', 'done', 'stopped'))"
    )
    op.execute('REVOKE SELECT ON "upload" FROM cairn_api')
    op.execute(f'GRANT SELECT ({_UPLOAD}) ON "upload" TO cairn_api')
    op.drop_index("ix_lead_first_seen_at_id", table_name="lead")
    op.create_index("ix_lead_high_priority", "lead", ["id"], postgresql_where=_HIGH)


def downgrade() -> None:
    op.drop_index("ix_lead_high_priority", table_name="lead", postgresql_where=_HIGH)
    op.create_index("ix_lead_first_seen_at_id", "lead", ["first_seen_at", "id"])
    op.execute(f'REVOKE SELECT ({_UPLOAD}) ON "upload" FROM cairn_api')  # noqa: S608 - our own words
    op.execute('GRANT SELECT ON "upload" TO cairn_api')
    op.execute('ALTER TABLE "regrade" DROP CONSTRAINT ck_regrade_regrade_state')
    op.execute("UPDATE regrade SET state = 'done' WHERE state = 'stopped'")
    op.execute("ALTER TABLE regrade ADD CONSTRAINT ck_regrade_regrade_state CHECK (state IN ('running', 'done'))")
    op.execute('DROP POLICY related_select ON "answer_mark"')
    op.execute(
        "CREATE POLICY related_select ON \"answer_mark\" FOR SELECT TO cairn_api USING (((user_id = ( SELECT (NULLIF(current_setting('cairn.viewer_id'::text, true), ''::text))::uuid AS \"nullif\")) AND ( SELECT (NULLIF(current_setting('cairn.actor_id'::text, true), ''::text) IS NULL)) AND (is_shown OR (awaits_close AND (EXISTS ( SELECT\n   FROM (attempt\n     JOIN assessment ON ((assessment.id = attempt.assessment_id)))\n  WHERE ((attempt.id = answer_mark.attempt_id) AND ((assessment.stage)::text = 'live'::text) AND (assessment.closes_at <= now()) AND ((assessment.feedback_mode)::text = 'after_close'::text) AND (NOT (EXISTS ( SELECT\n           FROM attempt other\n          WHERE ((other.assessment_id = attempt.assessment_id) AND (other.user_id = attempt.user_id) AND ((other.status)::text = 'in_progress'::text))))))))))))"
    )
