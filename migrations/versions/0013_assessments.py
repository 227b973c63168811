"""Assessments, in lessons or by themselves; blocks stand in either.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('DROP POLICY inside_delete_content_edit ON "block"')
    op.execute('DROP POLICY inside_delete_content_publish ON "block"')
    op.execute('DROP POLICY inside_insert_content_edit ON "block"')
    op.execute('DROP POLICY inside_insert_content_publish ON "block"')
    op.execute('DROP POLICY inside_update_content_edit ON "block"')
    op.execute('DROP POLICY inside_update_content_publish ON "block"')
    op.create_table(
        "assessment",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("stage", sa.String(length=5), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("lesson_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=100), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "quiz",
                "wellbeing",
                "survey",
                "scorecard",
                name="assessment_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("introduction", sa.String(length=20000), nullable=False),
        sa.Column("introduction_html", sa.String(), nullable=False),
        sa.Column("passing_score", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=True),
        sa.Column("time_limit_minutes", sa.Integer(), nullable=True),
        sa.Column("question_limit", sa.Integer(), nullable=True),
        sa.Column("shuffle", sa.Boolean(), nullable=False),
        sa.Column(
            "feedback_mode",
            sa.Enum(
                "never",
                "after_submit",
                "after_pass",
                "after_close",
                name="feedback_mode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("licence", sa.String(length=200), nullable=True),
        sa.Column("attribution", sa.String(length=1000), nullable=True),
        sa.CheckConstraint("stage IN ('draft', 'live')", name=op.f("ck_assessment_stage")),
        sa.CheckConstraint("(lesson_id IS NULL) = (slug IS NOT NULL)", name=op.f("ck_assessment_slug")),
        sa.CheckConstraint(
            "max_attempts IS NULL OR max_attempts BETWEEN 1 AND 100", name=op.f("ck_assessment_max_attempts")
        ),
        sa.CheckConstraint("passing_score BETWEEN 0 AND 100", name=op.f("ck_assessment_passing_score")),
        sa.CheckConstraint(
            "question_limit IS NULL OR question_limit BETWEEN 1 AND 500", name=op.f("ck_assessment_question_limit")
        ),
        sa.CheckConstraint(
            "time_limit_minutes IS NULL OR time_limit_minutes BETWEEN 1 AND 10080",
            name=op.f("ck_assessment_time_limit_minutes"),
        ),
        sa.ForeignKeyConstraint(["id"], ["content.id"], name=op.f("fk_assessment_id")),
        sa.ForeignKeyConstraint(
            ["lesson_id", "stage"],
            ["lesson.id", "lesson.stage"],
            name=op.f("fk_assessment_lesson_id_stage"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", "stage", name=op.f("pk_assessment")),
        sa.UniqueConstraint(
            "lesson_id",
            "stage",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_assessment_lesson_id_stage_position"),
        ),
        sa.UniqueConstraint("slug", "stage", name=op.f("uq_assessment_slug_stage")),
    )
    op.add_column("block", sa.Column("assessment_id", sa.UUID(as_uuid=False), nullable=True))
    op.alter_column("block", "lesson_id", existing_type=sa.UUID(), nullable=True)
    op.create_unique_constraint(
        op.f("uq_block_assessment_id_stage_position"),
        "block",
        ["assessment_id", "stage", "position"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.create_foreign_key(
        op.f("fk_block_assessment_id_stage"),
        "block",
        "assessment",
        ["assessment_id", "stage"],
        ["id", "stage"],
        initially="DEFERRED",
        deferrable=True,
    )
    op.execute('ALTER TABLE "block" DROP CONSTRAINT IF EXISTS ck_block_lesson_id')
    op.execute("ALTER TABLE block ADD CONSTRAINT ck_block_lesson_id CHECK (num_nonnulls(lesson_id, assessment_id) = 1)")
    op.execute('ALTER TABLE "assessment" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "assessment" FORCE ROW LEVEL SECURITY')
    op.execute('GRANT DELETE ON "assessment" TO cairn_api')
    op.execute('GRANT INSERT ON "assessment" TO cairn_api')
    op.execute('GRANT SELECT ON "assessment" TO cairn_api')
    op.execute('GRANT UPDATE ON "assessment" TO cairn_api')
    op.execute('GRANT SELECT ON "assessment" TO cairn_public')
    op.execute('GRANT DELETE ON "assessment" TO cairn_service')
    op.execute('GRANT INSERT ON "assessment" TO cairn_service')
    op.execute('GRANT SELECT ON "assessment" TO cairn_service')
    op.execute('GRANT UPDATE ON "assessment" TO cairn_service')
    op.execute(
        "CREATE POLICY inside_delete_content_edit ON \"assessment\" FOR DELETE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(lesson_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY inside_delete_content_publish ON \"assessment\" FOR DELETE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(lesson_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY inside_insert_content_edit ON \"assessment\" FOR INSERT TO cairn_api WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(lesson_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY inside_insert_content_publish ON \"assessment\" FOR INSERT TO cairn_api WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(lesson_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY inside_read_content_edit ON \"assessment\" FOR SELECT TO cairn_api USING ((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))))"
    )
    op.execute(
        "CREATE POLICY inside_update_content_edit ON \"assessment\" FOR UPDATE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(lesson_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft'))) WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(lesson_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY inside_update_content_publish ON \"assessment\" FOR UPDATE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(lesson_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live'))) WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(lesson_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY public_read ON \"assessment\" FOR SELECT TO cairn_public, cairn_api USING (stage = 'live')"
    )
    op.execute('CREATE POLICY service_delete ON "assessment" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "assessment" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "assessment" FOR SELECT TO cairn_service USING (true)')
    op.execute(
        'CREATE POLICY service_update ON "assessment" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)'
    )
    op.execute(
        "CREATE POLICY staff_delete_content_edit ON \"assessment\" FOR DELETE TO cairn_api USING (((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY staff_delete_content_publish ON \"assessment\" FOR DELETE TO cairn_api USING (((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY staff_insert_content_edit ON \"assessment\" FOR INSERT TO cairn_api WITH CHECK (((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY staff_insert_content_publish ON \"assessment\" FOR INSERT TO cairn_api WITH CHECK (((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY staff_read_content_edit ON \"assessment\" FOR SELECT TO cairn_api USING ((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))))"
    )
    op.execute(
        "CREATE POLICY staff_update_content_edit ON \"assessment\" FOR UPDATE TO cairn_api USING (((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'draft'))) WITH CHECK (((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY staff_update_content_publish ON \"assessment\" FOR UPDATE TO cairn_api USING (((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'live'))) WITH CHECK (((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY inside_delete_content_edit ON \"block\" FOR DELETE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(lesson_id, assessment_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY inside_delete_content_publish ON \"block\" FOR DELETE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(lesson_id, assessment_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY inside_insert_content_edit ON \"block\" FOR INSERT TO cairn_api WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(lesson_id, assessment_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY inside_insert_content_publish ON \"block\" FOR INSERT TO cairn_api WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(lesson_id, assessment_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY inside_update_content_edit ON \"block\" FOR UPDATE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(lesson_id, assessment_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft'))) WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(lesson_id, assessment_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY inside_update_content_publish ON \"block\" FOR UPDATE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(lesson_id, assessment_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live'))) WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(lesson_id, assessment_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live')))"
    )


def downgrade() -> None:
    op.execute('ALTER TABLE "block" DROP CONSTRAINT IF EXISTS ck_block_lesson_id')
    op.execute('DROP POLICY inside_delete_content_edit ON "block"')
    op.execute('DROP POLICY inside_delete_content_publish ON "block"')
    op.execute('DROP POLICY inside_insert_content_edit ON "block"')
    op.execute('DROP POLICY inside_insert_content_publish ON "block"')
    op.execute('DROP POLICY inside_update_content_edit ON "block"')
    op.execute('DROP POLICY inside_update_content_publish ON "block"')
    op.drop_constraint(op.f("fk_block_assessment_id_stage"), "block", type_="foreignkey")
    op.drop_constraint(op.f("uq_block_assessment_id_stage_position"), "block", type_="unique")
    op.alter_column("block", "lesson_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("block", "assessment_id")
    op.drop_table("assessment")
    op.execute(
        "CREATE POLICY inside_delete_content_edit ON \"block\" FOR DELETE TO cairn_api USING (((id IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:edit'::text))::uuid[])))) AND (COALESCE(lesson_id, id) IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:edit'::text))::uuid[])))) AND ((stage)::text = 'draft'::text)))"
    )
    op.execute(
        "CREATE POLICY inside_delete_content_publish ON \"block\" FOR DELETE TO cairn_api USING (((id IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:publish'::text))::uuid[])))) AND (COALESCE(lesson_id, id) IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:publish'::text))::uuid[])))) AND ((stage)::text = 'live'::text)))"
    )
    op.execute(
        "CREATE POLICY inside_insert_content_edit ON \"block\" FOR INSERT TO cairn_api WITH CHECK (((id IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:edit'::text))::uuid[])))) AND (COALESCE(lesson_id, id) IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:edit'::text))::uuid[])))) AND ((stage)::text = 'draft'::text)))"
    )
    op.execute(
        "CREATE POLICY inside_insert_content_publish ON \"block\" FOR INSERT TO cairn_api WITH CHECK (((id IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:publish'::text))::uuid[])))) AND (COALESCE(lesson_id, id) IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:publish'::text))::uuid[])))) AND ((stage)::text = 'live'::text)))"
    )
    op.execute(
        "CREATE POLICY inside_update_content_edit ON \"block\" FOR UPDATE TO cairn_api USING (((id IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:edit'::text))::uuid[])))) AND (COALESCE(lesson_id, id) IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:edit'::text))::uuid[])))) AND ((stage)::text = 'draft'::text))) WITH CHECK (((id IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:edit'::text))::uuid[])))) AND (COALESCE(lesson_id, id) IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:edit'::text))::uuid[])))) AND ((stage)::text = 'draft'::text)))"
    )
    op.execute(
        "CREATE POLICY inside_update_content_publish ON \"block\" FOR UPDATE TO cairn_api USING (((id IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:publish'::text))::uuid[])))) AND (COALESCE(lesson_id, id) IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:publish'::text))::uuid[])))) AND ((stage)::text = 'live'::text))) WITH CHECK (((id IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:publish'::text))::uuid[])))) AND (COALESCE(lesson_id, id) IN ( SELECT content.id\n   FROM content\n  WHERE (content.root_id = ANY (( SELECT array_agg((split_part(held.held, '@'::text, 2))::uuid) AS array_agg\n           FROM unnest(string_to_array(current_setting('cairn.within'::text, true), ' '::text)) held(held)\n          WHERE (split_part(held.held, '@'::text, 1) = 'content:publish'::text))::uuid[])))) AND ((stage)::text = 'live'::text)))"
    )
