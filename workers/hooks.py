"""What goes on after somebody removed a webhook, or resumed one: a batch at a time, so that nobody waits for it."""

from __future__ import annotations

from core.viewer import SERVICE
from core.writing import transaction
from resolvers.webhooks import actions, keeping
from workers.actors import Work, actor


async def _removed(work: Work, webhook_id: str) -> None:
    gone = 1
    while gone:
        async with transaction(work.database, SERVICE) as tx:
            gone = await keeping.delete_rest(tx, webhook_id)


@actor(actions.REMOVE_REST, prepare=_removed)
async def remove_rest_of_webhook(work: Work, webhook_id: str) -> None:
    """Nothing is left to do."""


async def _hurried(work: Work, webhook_id: str) -> None:
    is_more = True
    while is_more:
        async with transaction(work.database, SERVICE) as tx:
            is_more = await actions.hurry(tx, webhook_id)


@actor(actions.HURRY, prepare=_hurried)
async def hurry_webhook(work: Work, webhook_id: str) -> None:
    """Nothing is left to do."""
