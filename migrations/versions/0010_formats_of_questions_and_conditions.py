"""Four more formats of questions; names of answers, and conditions under which blocks are shown.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BEFORE = (
    "'text', 'section', 'media', 'callout', 'embed', 'multiple_choice', 'multi_select', 'true_false', 'short_answer', "
    "'numeric', 'freeform', 'ranking', 'scale', 'rating', 'matrix'"
)
NEW = "'matching', 'cloze', 'reflection', 'file_upload'"


def upgrade() -> None:
    op.add_column("block", sa.Column("key", sa.String(length=40), nullable=True))
    op.add_column("block", sa.Column("show_if", sa.String(length=1000), nullable=True))
    op.execute("ALTER TABLE block DROP CONSTRAINT ck_block_block_format")
    op.execute(f"ALTER TABLE block ADD CONSTRAINT ck_block_block_format CHECK (format IN ({BEFORE}, {NEW}))")


def downgrade() -> None:
    op.execute("ALTER TABLE block DROP CONSTRAINT ck_block_block_format")
    op.execute(f"ALTER TABLE block ADD CONSTRAINT ck_block_block_format CHECK (format IN ({BEFORE}))")
    op.drop_column("block", "show_if")
    op.drop_column("block", "key")
