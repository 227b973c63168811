"""What a worker has done, counted here and added every few seconds to what all workers have done."""

from __future__ import annotations

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from resolvers import job_figures

Key = tuple[str, str, str]


class Tallies:
    """Attempts that have ended and are not told of yet. A worker that is killed takes some seconds of them along."""

    def __init__(self) -> None:
        self._counted: dict[Key, tuple[int, float]] = {}

    def count(self, queue: str, actor: str, outcome: str, seconds: float = 0) -> None:
        """Counts one attempt, and how long it took."""
        self._add({(queue, actor, outcome): (1, seconds)})

    async def tell(self, database: Database) -> None:
        """Adds all of it to what is in the database; what could not be added stays for the next time."""
        told, self._counted = self._counted, {}
        if not told:
            return
        try:
            async with transaction(database, SERVICE) as tx:
                await job_figures.add_tallies(tx, told)
        except BaseException:
            self._add(told)
            raise

    def _add(self, more: dict[Key, tuple[int, float]]) -> None:
        for key, (number, seconds) in more.items():
            before = self._counted.get(key, (0, 0.0))
            self._counted[key] = (before[0] + number, before[1] + seconds)
