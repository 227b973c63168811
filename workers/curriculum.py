"""What the clock does to the curriculum."""

from __future__ import annotations

from resolvers.curriculum import scheduling
from workers.actors import Work, actor


@actor(scheduling.RUN)
async def run_schedule(work: Work, schedule_id: str) -> None:
    """Publishes or unpublishes what was planned for now."""
    await scheduling.run(work.tx, schedule_id)
