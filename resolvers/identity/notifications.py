"""What people want to be told: their choices, and the hours in which nobody disturbs them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.tables import table_of
from core.viewer import Viewer
from core.writing import Transaction
from models.identity import Digest, NotificationChannel, NotificationPreference, NotificationTopic


async def choose(
    tx: Transaction,
    viewer: Viewer,
    topic: NotificationTopic,
    channel: NotificationChannel,
    is_enabled: bool,
    digest: Digest,
) -> str:
    """Keeps the viewer's choice for a topic and a channel, in place of an older one; answers its id."""
    table = table_of(NotificationPreference)
    chosen = {"is_enabled": is_enabled, "digest": digest.value}
    key = {"user_id": viewer.user_id, "topic": topic.value, "channel": channel.value}
    made = {"id": NotificationPreference.new_id(), **key, **chosen}
    await tx.execute(insert(table).values(**made).on_conflict_do_nothing(index_elements=list(key)))
    kept = await tx.row(
        sa.update(table)
        .where(*(table.c[name] == value for name, value in key.items()))
        .values(**chosen, updated_at=sa.func.now())
        .returning(table.c.id)
    )
    assert kept is not None
    return str(kept.id)
