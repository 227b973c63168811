"""Attempts at assessments, answers, and what they are worth.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("assessment_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answer_keys", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"], name=op.f("fk_paper_assessment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
        sa.UniqueConstraint("assessment_id", "revision", name=op.f("uq_paper_assessment_id_revision")),
    )
    op.create_table(
        "attempt",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("paper_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("assessment_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "in_progress",
                "submitted",
                "graded",
                "expired",
                name="attempt_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("passing_score", sa.Integer(), nullable=False),
        sa.Column("shows_feedback", sa.Boolean(), nullable=False),
        sa.Column("question_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shown_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("max_score", sa.Float(), nullable=True),
        sa.Column("percentage", sa.Float(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.CheckConstraint("(status = 'in_progress') = (submitted_at IS NULL)", name=op.f("ck_attempt_submitted_at")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_attempt_number")),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"], name=op.f("fk_attempt_assessment_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_attempt_paper_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_attempt_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("user_id", "assessment_id", "number", name=op.f("uq_attempt_user_id_assessment_id_number")),
    )
    op.create_index(op.f("ix_attempt_assessment_id"), "attempt", ["assessment_id"], unique=False)
    op.create_index(
        "ix_attempt_deadline",
        "attempt",
        ["deadline_at"],
        unique=False,
        postgresql_where=sa.text("status = 'in_progress'"),
    )
    op.create_index(op.f("ix_attempt_paper_id"), "attempt", ["paper_id"], unique=False)
    op.create_index(
        "uq_attempt_in_progress",
        "attempt",
        ["user_id", "assessment_id"],
        unique=True,
        postgresql_where=sa.text("status = 'in_progress'"),
    )
    op.create_table(
        "answer",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("attempt_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("block_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "text",
                "section",
                "media",
                "callout",
                "embed",
                "multiple_choice",
                "multi_select",
                "true_false",
                "short_answer",
                "numeric",
                "freeform",
                "ranking",
                "scale",
                "rating",
                "matrix",
                "matching",
                "cloze",
                "reflection",
                "file_upload",
                name="block_format",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_answer_attempt_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_answer_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("attempt_id", "block_id", name=op.f("uq_answer_attempt_id_block_id")),
    )
    op.create_index(op.f("ix_answer_user_id"), "answer", ["user_id"], unique=False)
    op.create_table(
        "answer_mark",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("attempt_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("block_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "text",
                "section",
                "media",
                "callout",
                "embed",
                "multiple_choice",
                "multi_select",
                "true_false",
                "short_answer",
                "numeric",
                "freeform",
                "ranking",
                "scale",
                "rating",
                "matrix",
                "matching",
                "cloze",
                "reflection",
                "file_upload",
                name="block_format",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("share", sa.String(length=200), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("remarks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("explanation", sa.String(), nullable=True),
        sa.Column("right_value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_answer_mark_attempt_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_answer_mark_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_mark")),
        sa.UniqueConstraint("attempt_id", "block_id", name=op.f("uq_answer_mark_attempt_id_block_id")),
    )
    op.create_index(op.f("ix_answer_mark_user_id"), "answer_mark", ["user_id"], unique=False)
    op.execute('ALTER TABLE "answer" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "answer" FORCE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "answer_mark" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "answer_mark" FORCE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "attempt" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "attempt" FORCE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "paper" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "paper" FORCE ROW LEVEL SECURITY')
    op.execute('GRANT SELECT ON "answer" TO cairn_api')
    op.execute('GRANT DELETE ON "answer" TO cairn_service')
    op.execute('GRANT INSERT ON "answer" TO cairn_service')
    op.execute('GRANT SELECT ON "answer" TO cairn_service')
    op.execute('GRANT UPDATE ON "answer" TO cairn_service')
    op.execute('GRANT SELECT ON "answer_mark" TO cairn_api')
    op.execute('GRANT DELETE ON "answer_mark" TO cairn_service')
    op.execute('GRANT INSERT ON "answer_mark" TO cairn_service')
    op.execute('GRANT SELECT ON "answer_mark" TO cairn_service')
    op.execute('GRANT UPDATE ON "answer_mark" TO cairn_service')
    op.execute('GRANT SELECT ON "attempt" TO cairn_api')
    op.execute('GRANT DELETE ON "attempt" TO cairn_service')
    op.execute('GRANT INSERT ON "attempt" TO cairn_service')
    op.execute('GRANT SELECT ON "attempt" TO cairn_service')
    op.execute('GRANT UPDATE ON "attempt" TO cairn_service')
    op.execute('GRANT DELETE ON "paper" TO cairn_service')
    op.execute("GRANT SELECT (assessment_id, created_at, id, questions, revision, updated_at) ON paper TO cairn_api")
    op.execute('GRANT INSERT ON "paper" TO cairn_service')
    op.execute('GRANT SELECT ON "paper" TO cairn_service')
    op.execute('GRANT UPDATE ON "paper" TO cairn_service')
    op.execute(
        "CREATE POLICY private_select ON \"answer\" FOR SELECT TO cairn_api USING (((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)) AND (SELECT NULLIF(current_setting('cairn.actor_id', true), '') IS NULL)))"
    )
    op.execute('CREATE POLICY service_delete ON "answer" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "answer" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "answer" FOR SELECT TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_update ON "answer" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)')
    op.execute(
        "CREATE POLICY related_select ON \"answer_mark\" FOR SELECT TO cairn_api USING (((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)) AND is_shown))"
    )
    op.execute('CREATE POLICY service_delete ON "answer_mark" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "answer_mark" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "answer_mark" FOR SELECT TO cairn_service USING (true)')
    op.execute(
        'CREATE POLICY service_update ON "answer_mark" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)'
    )
    op.execute(
        "CREATE POLICY own_select ON \"attempt\" FOR SELECT TO cairn_api USING ((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)))"
    )
    op.execute('CREATE POLICY service_delete ON "attempt" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "attempt" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "attempt" FOR SELECT TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_update ON "attempt" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)')
    op.execute(
        "CREATE POLICY related_select ON paper FOR SELECT TO cairn_api USING (EXISTS (SELECT FROM attempt"
        " WHERE attempt.paper_id = paper.id AND attempt.user_id ="
        " (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)))"
    )
    op.execute('CREATE POLICY service_delete ON "paper" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "paper" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "paper" FOR SELECT TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_update ON "paper" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)')


def downgrade() -> None:
    op.execute("DROP POLICY related_select ON paper")
    op.drop_index(op.f("ix_answer_mark_user_id"), table_name="answer_mark")
    op.drop_table("answer_mark")
    op.drop_index(op.f("ix_answer_user_id"), table_name="answer")
    op.drop_table("answer")
    op.drop_index("uq_attempt_in_progress", table_name="attempt", postgresql_where=sa.text("status = 'in_progress'"))
    op.drop_index(op.f("ix_attempt_paper_id"), table_name="attempt")
    op.drop_index("ix_attempt_deadline", table_name="attempt", postgresql_where=sa.text("status = 'in_progress'"))
    op.drop_index(op.f("ix_attempt_assessment_id"), table_name="attempt")
    op.drop_table("attempt")
    op.drop_table("paper")
