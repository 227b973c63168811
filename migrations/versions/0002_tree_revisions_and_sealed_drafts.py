"""A counter of saves for a whole tree, and revisions that seal a draft before another takes its place.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("content", sa.Column("tree_revision", sa.Integer(), server_default="0", nullable=False))
    # Every revision so far was made by publishing.
    op.add_column("revision", sa.Column("kind", sa.String(length=40), server_default="published", nullable=False))
    op.alter_column("revision", "kind", server_default=None)
    op.execute('ALTER TABLE "revision" DROP CONSTRAINT IF EXISTS ck_revision_revision_kind')
    op.execute(
        "ALTER TABLE revision ADD CONSTRAINT ck_revision_revision_kind CHECK (kind IN ('published', 'replaced'))"
    )
    op.execute(
        "CREATE POLICY staff_insert_content_edit ON \"revision\" FOR INSERT TO cairn_api WITH CHECK (((SELECT 'content:edit' = ANY (string_to_array(current_setting('cairn.scopes', true), ' '))) AND (kind = 'replaced')))"
    )


def downgrade() -> None:
    op.execute('ALTER TABLE "revision" DROP CONSTRAINT IF EXISTS ck_revision_revision_kind')
    op.execute('DROP POLICY staff_insert_content_edit ON "revision"')
    op.drop_column("revision", "kind")
    op.drop_column("content", "tree_revision")
