"""Branches, and papers that hold all blocks

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "branch",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("stage", sa.String(length=5), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("from_block_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(length=1000), nullable=True),
        sa.Column("goto_block_id", sa.UUID(as_uuid=False), nullable=True),
        sa.CheckConstraint("stage IN ('draft', 'live')", name=op.f("ck_branch_stage")),
        sa.ForeignKeyConstraint(
            ["from_block_id", "stage"],
            ["block.id", "block.stage"],
            name=op.f("fk_branch_from_block_id_stage"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["goto_block_id", "stage"],
            ["block.id", "block.stage"],
            name=op.f("fk_branch_goto_block_id_stage"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["id"], ["content.id"], name=op.f("fk_branch_id")),
        sa.PrimaryKeyConstraint("id", "stage", name=op.f("pk_branch")),
        sa.UniqueConstraint(
            "from_block_id",
            "stage",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_branch_from_block_id_stage_position"),
        ),
    )
    op.create_index(op.f("ix_branch_goto_block_id_stage"), "branch", ["goto_block_id", "stage"], unique=False)
    # Papers that there are hold their questions only, and go on to show those.
    op.alter_column("attempt", "question_ids", new_column_name="block_ids")
    op.alter_column("paper", "questions", new_column_name="blocks")
    branches = sa.Column("branches", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="{}")
    op.add_column("paper", branches)
    op.alter_column("paper", "branches", server_default=None)
    op.execute('ALTER TABLE "branch" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "branch" FORCE ROW LEVEL SECURITY')
    op.execute('GRANT DELETE ON "branch" TO cairn_api')
    op.execute('GRANT INSERT ON "branch" TO cairn_api')
    op.execute('GRANT SELECT ON "branch" TO cairn_api')
    op.execute('GRANT UPDATE ON "branch" TO cairn_api')
    op.execute('GRANT DELETE ON "branch" TO cairn_service')
    op.execute('GRANT INSERT ON "branch" TO cairn_service')
    op.execute('GRANT SELECT ON "branch" TO cairn_service')
    op.execute('GRANT UPDATE ON "branch" TO cairn_service')
    op.execute(
        "CREATE POLICY inside_delete_content_edit ON \"branch\" FOR DELETE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(from_block_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY inside_delete_content_publish ON \"branch\" FOR DELETE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(from_block_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY inside_insert_content_edit ON \"branch\" FOR INSERT TO cairn_api WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(from_block_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY inside_insert_content_publish ON \"branch\" FOR INSERT TO cairn_api WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(from_block_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY inside_read_content_edit ON \"branch\" FOR SELECT TO cairn_api USING ((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))))"
    )
    op.execute(
        "CREATE POLICY inside_update_content_edit ON \"branch\" FOR UPDATE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(from_block_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft'))) WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[])) AND COALESCE(from_block_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:edit')::uuid[]))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY inside_update_content_publish ON \"branch\" FOR UPDATE TO cairn_api USING (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(from_block_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live'))) WITH CHECK (((id IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[])) AND COALESCE(from_block_id, id) IN (SELECT content.id FROM content WHERE content.root_id = ANY ((SELECT array_agg(split_part(held, '@', 2)::uuid) FROM unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held WHERE split_part(held, '@', 1) = 'content:publish')::uuid[]))) AND (stage = 'live')))"
    )
    op.execute('CREATE POLICY service_delete ON "branch" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "branch" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "branch" FOR SELECT TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_update ON "branch" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)')
    op.execute(
        "CREATE POLICY staff_delete_content_edit ON \"branch\" FOR DELETE TO cairn_api USING (((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY staff_delete_content_publish ON \"branch\" FOR DELETE TO cairn_api USING (((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY staff_insert_content_edit ON \"branch\" FOR INSERT TO cairn_api WITH CHECK (((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY staff_insert_content_publish ON \"branch\" FOR INSERT TO cairn_api WITH CHECK (((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'live')))"
    )
    op.execute(
        "CREATE POLICY staff_read_content_edit ON \"branch\" FOR SELECT TO cairn_api USING ((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))))"
    )
    op.execute(
        "CREATE POLICY staff_update_content_edit ON \"branch\" FOR UPDATE TO cairn_api USING (((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'draft'))) WITH CHECK (((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'draft')))"
    )
    op.execute(
        "CREATE POLICY staff_update_content_publish ON \"branch\" FOR UPDATE TO cairn_api USING (((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'live'))) WITH CHECK (((SELECT 'content:publish' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (stage = 'live')))"
    )


def downgrade() -> None:
    op.drop_column("paper", "branches")
    op.alter_column("paper", "blocks", new_column_name="questions")
    op.alter_column("attempt", "block_ids", new_column_name="question_ids")
    op.drop_index(op.f("ix_branch_goto_block_id_stage"), table_name="branch")
    op.drop_table("branch")
