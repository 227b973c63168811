"""What people grade, who has more time, what was graded anew, and when assessments are open.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('REVOKE SELECT ON "answer" FROM cairn_api')
    op.execute('DROP POLICY related_select ON "answer_mark"')
    op.execute('DROP POLICY related_select ON "paper"')
    op.create_table(
        "accommodation",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("assessment_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("root_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("extra_minutes", sa.Integer(), nullable=False),
        sa.Column("extra_percent", sa.Integer(), nullable=False),
        sa.Column("extra_attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("granted_by", sa.UUID(as_uuid=False), nullable=True),
        sa.CheckConstraint("extra_attempts BETWEEN 0 AND 100", name=op.f("ck_accommodation_extra_attempts")),
        sa.CheckConstraint("extra_minutes BETWEEN 0 AND 10080", name=op.f("ck_accommodation_extra_minutes")),
        sa.CheckConstraint("extra_percent BETWEEN 0 AND 900", name=op.f("ck_accommodation_extra_percent")),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"], name=op.f("fk_accommodation_assessment_id")),
        sa.ForeignKeyConstraint(
            ["granted_by"], ["user.id"], name=op.f("fk_accommodation_granted_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["root_id"], ["content.id"], name=op.f("fk_accommodation_root_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_accommodation_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accommodation")),
        sa.UniqueConstraint("user_id", "assessment_id", name=op.f("uq_accommodation_user_id_assessment_id")),
    )
    op.create_index(op.f("ix_accommodation_assessment_id"), "accommodation", ["assessment_id"], unique=False)
    op.create_index(op.f("ix_accommodation_root_id"), "accommodation", ["root_id"], unique=False)
    op.create_table(
        "regrade",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("assessment_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("root_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("paper_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("is_preview", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "done", name="regrade_state", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("cursor_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answers_changed", sa.Integer(), nullable=False),
        sa.Column("scores_changed", sa.Integer(), nullable=False),
        sa.Column("newly_passed", sa.Integer(), nullable=False),
        sa.Column("no_longer_passed", sa.Integer(), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("attempt_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("job_id", sa.UUID(as_uuid=False), nullable=True),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"], name=op.f("fk_regrade_assessment_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_regrade_paper_id")),
        sa.ForeignKeyConstraint(["root_id"], ["content.id"], name=op.f("fk_regrade_root_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regrade")),
    )
    op.create_index(op.f("ix_regrade_assessment_id_id"), "regrade", ["assessment_id", "id"], unique=False)
    op.create_index(op.f("ix_regrade_paper_id"), "regrade", ["paper_id"], unique=False)
    op.create_index(op.f("ix_regrade_root_id"), "regrade", ["root_id"], unique=False)
    op.create_table(
        "grading",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("attempt_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("answer_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("assessment_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("root_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("paper_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("block_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("submitted_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("rubric", sa.String(), nullable=True),
        sa.Column("sample_answer", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("awaiting", "graded", name="grading_state", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("comment", sa.String(length=10000), nullable=True),
        sa.Column("graded_by", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("graded_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'graded') = (score IS NOT NULL)", name=op.f("ck_grading_state")),
        sa.CheckConstraint("score IS NULL OR score BETWEEN 0 AND points", name=op.f("ck_grading_score")),
        sa.ForeignKeyConstraint(["answer_id"], ["answer.id"], name=op.f("fk_grading_answer_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"], name=op.f("fk_grading_assessment_id")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_grading_attempt_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["graded_by"], ["user.id"], name=op.f("fk_grading_graded_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_grading_paper_id")),
        sa.ForeignKeyConstraint(["root_id"], ["content.id"], name=op.f("fk_grading_root_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grading")),
        sa.UniqueConstraint("answer_id", name=op.f("uq_grading_answer_id")),
        sa.UniqueConstraint("attempt_id", "block_id", name=op.f("uq_grading_attempt_id_block_id")),
    )
    op.create_index(
        "ix_grading_awaiting",
        "grading",
        ["assessment_id", "submitted_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'awaiting'"),
    )
    op.create_index(op.f("ix_grading_paper_id"), "grading", ["paper_id"], unique=False)
    op.create_index(op.f("ix_grading_root_id"), "grading", ["root_id"], unique=False)
    op.create_index(op.f("ix_grading_state_submitted_at_id"), "grading", ["state", "submitted_at", "id"], unique=False)
    op.add_column("answer_mark", sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.alter_column("answer_mark", "position", server_default=None)
    op.add_column("answer_mark", sa.Column("comment", sa.String(), nullable=True))
    op.add_column(
        "answer_mark", sa.Column("awaits_close", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.alter_column("answer_mark", "awaits_close", server_default=None)
    op.add_column("assessment", sa.Column("opens_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("assessment", sa.Column("closes_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("attempt", sa.Column("time_limit_minutes", sa.Integer(), nullable=True))
    op.add_column("attempt", sa.Column("closes_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column(
        "paper",
        sa.Column(
            "corrections", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.alter_column("paper", "corrections", server_default=None)
    op.execute('ALTER TABLE "assessment" DROP CONSTRAINT IF EXISTS ck_assessment_closes_at')
    op.execute("ALTER TABLE assessment ADD CONSTRAINT ck_assessment_closes_at CHECK (opens_at < closes_at)")
    op.execute('ALTER TABLE "accommodation" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "accommodation" FORCE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "grading" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "grading" FORCE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "regrade" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "regrade" FORCE ROW LEVEL SECURITY')
    op.execute('GRANT SELECT ON "accommodation" TO cairn_api')
    op.execute('GRANT DELETE ON "accommodation" TO cairn_service')
    op.execute('GRANT INSERT ON "accommodation" TO cairn_service')
    op.execute('GRANT SELECT ON "accommodation" TO cairn_service')
    op.execute('GRANT UPDATE ON "accommodation" TO cairn_service')
    op.execute('GRANT SELECT (attempt_id) ON "answer" TO cairn_api')
    op.execute('GRANT SELECT (block_id) ON "answer" TO cairn_api')
    op.execute('GRANT SELECT (created_at) ON "answer" TO cairn_api')
    op.execute('GRANT SELECT (format) ON "answer" TO cairn_api')
    op.execute('GRANT SELECT (id) ON "answer" TO cairn_api')
    op.execute('GRANT SELECT (updated_at) ON "answer" TO cairn_api')
    op.execute('GRANT SELECT (value) ON "answer" TO cairn_api')
    op.execute('GRANT SELECT ON "grading" TO cairn_api')
    op.execute('GRANT UPDATE (comment) ON "grading" TO cairn_api')
    op.execute('GRANT UPDATE (graded_at) ON "grading" TO cairn_api')
    op.execute('GRANT UPDATE (graded_by) ON "grading" TO cairn_api')
    op.execute('GRANT UPDATE (revision) ON "grading" TO cairn_api')
    op.execute('GRANT UPDATE (score) ON "grading" TO cairn_api')
    op.execute('GRANT UPDATE (state) ON "grading" TO cairn_api')
    op.execute('GRANT UPDATE (updated_at) ON "grading" TO cairn_api')
    op.execute('GRANT DELETE ON "grading" TO cairn_service')
    op.execute('GRANT INSERT ON "grading" TO cairn_service')
    op.execute('GRANT SELECT ON "grading" TO cairn_service')
    op.execute('GRANT UPDATE ON "grading" TO cairn_service')
    op.execute('GRANT INSERT ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (answers_changed) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (assessment_id) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (attempt_ids) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (attempts) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (created_at) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (id) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (is_preview) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (job_id) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (newly_passed) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (no_longer_passed) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (paper_id) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (questions) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (revision) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (root_id) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (scores_changed) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (state) ON "regrade" TO cairn_api')
    op.execute('GRANT SELECT (updated_at) ON "regrade" TO cairn_api')
    op.execute('GRANT DELETE ON "regrade" TO cairn_service')
    op.execute('GRANT INSERT ON "regrade" TO cairn_service')
    op.execute('GRANT SELECT ON "regrade" TO cairn_service')
    op.execute('GRANT UPDATE ON "regrade" TO cairn_service')
    op.execute(
        "CREATE POLICY inside_read_accommodation_grant ON \"accommodation\" FOR SELECT TO cairn_api USING ((root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'accommodation:grant')::uuid[])))"
    )
    op.execute(
        "CREATE POLICY own_select ON \"accommodation\" FOR SELECT TO cairn_api USING ((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)))"
    )
    op.execute('CREATE POLICY service_delete ON "accommodation" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "accommodation" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "accommodation" FOR SELECT TO cairn_service USING (true)')
    op.execute(
        'CREATE POLICY service_update ON "accommodation" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)'
    )
    op.execute(
        "CREATE POLICY staff_read_accommodation_grant ON \"accommodation\" FOR SELECT TO cairn_api USING ((SELECT 'accommodation:grant' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))))"
    )
    op.execute(
        'CREATE POLICY related_select ON "answer" FOR SELECT TO cairn_api USING (EXISTS (SELECT FROM grading WHERE grading.answer_id = answer.id))'
    )
    op.execute(
        "CREATE POLICY related_select ON \"answer_mark\" FOR SELECT TO cairn_api USING (((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)) AND (is_shown OR (awaits_close AND EXISTS (SELECT FROM attempt JOIN assessment ON assessment.id = attempt.assessment_id WHERE attempt.id = answer_mark.attempt_id AND assessment.stage = 'live' AND assessment.closes_at <= now())))))"
    )
    op.execute(
        "CREATE POLICY inside_read_answer_grade ON \"grading\" FOR SELECT TO cairn_api USING ((root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'answer:grade')::uuid[])))"
    )
    op.execute(
        "CREATE POLICY inside_update_answer_grade ON \"grading\" FOR UPDATE TO cairn_api USING ((root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'answer:grade')::uuid[]))) WITH CHECK ((root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'answer:grade')::uuid[])))"
    )
    op.execute('CREATE POLICY service_delete ON "grading" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "grading" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "grading" FOR SELECT TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_update ON "grading" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)')
    op.execute(
        "CREATE POLICY staff_read_answer_grade ON \"grading\" FOR SELECT TO cairn_api USING ((SELECT 'answer:grade' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))))"
    )
    op.execute(
        "CREATE POLICY staff_update_answer_grade ON \"grading\" FOR UPDATE TO cairn_api USING ((SELECT 'answer:grade' = ANY (string_to_array(current_setting('cairn.scopes', true), ' ')))) WITH CHECK ((SELECT 'answer:grade' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))))"
    )
    op.execute(
        "CREATE POLICY related_select ON \"paper\" FOR SELECT TO cairn_api USING (EXISTS (SELECT FROM attempt WHERE attempt.paper_id = paper.id AND attempt.user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)) OR EXISTS (SELECT FROM grading WHERE grading.paper_id = paper.id))"
    )
    op.execute(
        "CREATE POLICY inside_insert_content_publish ON \"regrade\" FOR INSERT TO cairn_api WITH CHECK (((root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND (state = 'running' AND paper_id IS NULL AND attempts = 0)))"
    )
    op.execute(
        "CREATE POLICY inside_read_content_publish ON \"regrade\" FOR SELECT TO cairn_api USING ((root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])))"
    )
    op.execute('CREATE POLICY service_delete ON "regrade" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "regrade" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "regrade" FOR SELECT TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_update ON "regrade" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)')
    op.execute(
        "CREATE POLICY staff_insert_content_publish ON \"regrade\" FOR INSERT TO cairn_api WITH CHECK (((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (state = 'running' AND paper_id IS NULL AND attempts = 0)))"
    )
    op.execute(
        "CREATE POLICY staff_read_content_publish ON \"regrade\" FOR SELECT TO cairn_api USING ((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))))"
    )


def downgrade() -> None:
    op.execute('ALTER TABLE "assessment" DROP CONSTRAINT IF EXISTS ck_assessment_closes_at')
    op.execute('REVOKE SELECT (attempt_id) ON "answer" FROM cairn_api')
    op.execute('REVOKE SELECT (block_id) ON "answer" FROM cairn_api')
    op.execute('REVOKE SELECT (created_at) ON "answer" FROM cairn_api')
    op.execute('REVOKE SELECT (format) ON "answer" FROM cairn_api')
    op.execute('REVOKE SELECT (id) ON "answer" FROM cairn_api')
    op.execute('REVOKE SELECT (updated_at) ON "answer" FROM cairn_api')
    op.execute('REVOKE SELECT (value) ON "answer" FROM cairn_api')
    op.execute('DROP POLICY related_select ON "answer"')
    op.execute('DROP POLICY related_select ON "answer_mark"')
    op.execute('DROP POLICY related_select ON "paper"')
    op.drop_column("paper", "corrections")
    op.drop_column("attempt", "closes_at")
    op.drop_column("attempt", "time_limit_minutes")
    op.drop_column("assessment", "closes_at")
    op.drop_column("assessment", "opens_at")
    op.drop_column("answer_mark", "awaits_close")
    op.drop_column("answer_mark", "comment")
    op.drop_column("answer_mark", "position")
    op.drop_index(op.f("ix_grading_state_submitted_at_id"), table_name="grading")
    op.drop_index(op.f("ix_grading_root_id"), table_name="grading")
    op.drop_index(op.f("ix_grading_paper_id"), table_name="grading")
    op.drop_index("ix_grading_awaiting", table_name="grading", postgresql_where=sa.text("state = 'awaiting'"))
    op.drop_table("grading")
    op.drop_index(op.f("ix_regrade_root_id"), table_name="regrade")
    op.drop_index(op.f("ix_regrade_paper_id"), table_name="regrade")
    op.drop_index(op.f("ix_regrade_assessment_id_id"), table_name="regrade")
    op.drop_table("regrade")
    op.drop_index(op.f("ix_accommodation_root_id"), table_name="accommodation")
    op.drop_index(op.f("ix_accommodation_assessment_id"), table_name="accommodation")
    op.drop_table("accommodation")
    op.execute('GRANT SELECT ON "answer" TO cairn_api')
    op.execute(
        "CREATE POLICY related_select ON \"answer_mark\" FOR SELECT TO cairn_api USING (((user_id = ( SELECT (NULLIF(current_setting('cairn.viewer_id'::text, true), ''::text))::uuid AS \"nullif\")) AND is_shown))"
    )
    op.execute(
        "CREATE POLICY related_select ON \"paper\" FOR SELECT TO cairn_api USING ((EXISTS ( SELECT\n   FROM attempt\n  WHERE ((attempt.paper_id = paper.id) AND (attempt.user_id = ( SELECT (NULLIF(current_setting('cairn.viewer_id'::text, true), ''::text))::uuid AS \"nullif\"))))))"
    )
