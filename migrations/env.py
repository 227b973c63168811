"""Alembic's entry: runs on the connection that `migrations.running` hands over."""

from typing import Any, Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

import models  # noqa: F401 - fills the metadata
from core.tables import metadata


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Writes SQLModel's own string type as the plain SQLAlchemy one, so that migrations outlive the library."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=True,
    render_item=render_item,
    process_revision_directives=context.config.attributes.get("process_revision_directives"),
)
with context.begin_transaction():
    context.run_migrations()
