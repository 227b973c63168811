"""Counts of tries, and what was done under idempotency keys.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("outcomes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("user_id IS NULL OR owner = user_id::text", name=op.f("ck_idempotency_key_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint("owner", "key_hash", name=op.f("uq_idempotency_key_owner_key_hash")),
    )
    op.create_index(op.f("ix_idempotency_key_expires_at"), "idempotency_key", ["expires_at"], unique=False)
    op.create_table(
        "rate_limit",
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_limit")),
        sa.UniqueConstraint("key", name=op.f("uq_rate_limit_key")),
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ix_rate_limit_ends_at"), "rate_limit", ["ends_at"], unique=False)
    op.execute('ALTER TABLE "idempotency_key" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "idempotency_key" FORCE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "rate_limit" ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "rate_limit" FORCE ROW LEVEL SECURITY')
    op.execute('GRANT INSERT ON "idempotency_key" TO cairn_api')
    op.execute('GRANT SELECT (created_at) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT SELECT (expires_at) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT SELECT (fingerprint) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT SELECT (id) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT SELECT (key_hash) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT SELECT (outcomes) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT SELECT (owner) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT SELECT (updated_at) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT SELECT (user_id) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT UPDATE (outcomes) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT UPDATE (updated_at) ON "idempotency_key" TO cairn_api')
    op.execute('GRANT DELETE ON "idempotency_key" TO cairn_service')
    op.execute('GRANT INSERT ON "idempotency_key" TO cairn_service')
    op.execute('GRANT SELECT ON "idempotency_key" TO cairn_service')
    op.execute('GRANT UPDATE ON "idempotency_key" TO cairn_service')
    op.execute('GRANT DELETE ON "rate_limit" TO cairn_service')
    op.execute('GRANT INSERT ON "rate_limit" TO cairn_service')
    op.execute('GRANT SELECT ON "rate_limit" TO cairn_service')
    op.execute('GRANT UPDATE ON "rate_limit" TO cairn_service')
    op.execute(
        "CREATE POLICY own_insert ON \"idempotency_key\" FOR INSERT TO cairn_api WITH CHECK ((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)))"
    )
    op.execute(
        "CREATE POLICY own_select ON \"idempotency_key\" FOR SELECT TO cairn_api USING ((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)))"
    )
    op.execute(
        "CREATE POLICY own_update ON \"idempotency_key\" FOR UPDATE TO cairn_api USING ((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid))) WITH CHECK ((user_id = (SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)))"
    )
    op.execute('CREATE POLICY service_delete ON "idempotency_key" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "idempotency_key" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "idempotency_key" FOR SELECT TO cairn_service USING (true)')
    op.execute(
        'CREATE POLICY service_update ON "idempotency_key" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)'
    )
    op.execute('CREATE POLICY service_delete ON "rate_limit" FOR DELETE TO cairn_service USING (true)')
    op.execute('CREATE POLICY service_insert ON "rate_limit" FOR INSERT TO cairn_service WITH CHECK (true)')
    op.execute('CREATE POLICY service_select ON "rate_limit" FOR SELECT TO cairn_service USING (true)')
    op.execute(
        'CREATE POLICY service_update ON "rate_limit" FOR UPDATE TO cairn_service USING (true) WITH CHECK (true)'
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_rate_limit_ends_at"), table_name="rate_limit")
    op.drop_table("rate_limit")
    op.drop_index(op.f("ix_idempotency_key_expires_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
