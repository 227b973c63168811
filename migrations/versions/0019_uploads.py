"""Files that people upload.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column(
            "purpose",
            sa.Enum("answer", name="upload_purpose", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("about_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("place_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "awaited",
                "checking",
                "ready",
                "refused",
                "removing",
                name="upload_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("size >= 0", name=op.f("ck_upload_size")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_upload_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("key", name=op.f("uq_upload_key")),
    )
    op.create_index(op.f("ix_upload_about_id_place_id"), "upload", ["about_id", "place_id"], unique=False)
    op.create_index(
        "ix_upload_loose",
        "upload",
        ["updated_at"],
        unique=False,
        postgresql_where=sa.text("NOT is_kept OR user_id IS NULL"),
    )
    op.create_index(op.f("ix_upload_user_id"), "upload", ["user_id"], unique=False)
    op.execute('ALTER TABLE "upload" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "upload" FORCE ROW LEVEL SECURITY')
    op.execute('GRANT SELECT ON "upload" TO cairn_api')
    op.execute('GRANT DELETE ON "upload" TO cairn_service')
    op.execute('GRANT INSERT ON "upload" TO cairn_service')
    op.execute('GRANT SELECT ON "upload" TO cairn_service')
    op.execute('GRANT UPDATE ON "upload" TO cairn_service')
    op.execute(
        "CREATE POLICY private_select ON \"upload\" FOR SELECT TO cairn_api USING (((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)) AND (SELECT NULLIF(current_setting('cairn.actor_id', true), '') IS NULL)))"
    )
    op.execute(
        "CREATE POLICY related_select ON \"upload\" FOR SELECT TO cairn_api USING (EXISTS (SELECT FROM answer WHERE answer.attempt_id = upload.about_id AND answer.block_id = upload.place_id AND (answer.value -> 'file_keys') ? upload.id::text))"
    )
    op.execute('CREATE POLICY service_delete ON "upload" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "upload" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "upload" FOR SELECT TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_update ON "upload" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)')


def downgrade() -> None:
    op.drop_index(op.f("ix_upload_user_id"), table_name="upload")
    op.drop_index("ix_upload_loose", table_name="upload", postgresql_where=sa.text("NOT is_kept OR user_id IS NULL"))
    op.drop_index(op.f("ix_upload_about_id_place_id"), table_name="upload")
    op.drop_table("upload")
