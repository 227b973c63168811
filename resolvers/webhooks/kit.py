"""What webhooks work with besides the database: put together in the composition root, for the API and for workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.database import Database
from core.rows import Row
from core.sealing import Sealer
from core.viewer import Viewer
from gateways.webhooks import Sender


class Unpayable(Exception):
    """The query has no answer for this fact that could be sent; the words say why."""


class Overdue(Exception):
    """It took too long; another time it may not."""


class Away(Exception):
    """It cannot be known at the moment; later it can."""


class Payloads(Protocol):
    """Whoever knows the schema: judges the queries of webhooks, and runs them."""

    @property
    def release(self) -> str:
        """What the schema is known by: `resolvers.releases`."""

    def problems(self, query: str, viewer: Viewer | None = None) -> list[str]:
        """Why this query could not be a webhook's, or not one that reads as this viewer; empty when it could."""

    async def answer(self, database: Database, query: str, fact: Row, viewer: Viewer) -> Mapping[str, Any] | None:
        """What the query selects for one fact of the log, as the viewer; None when it is not about such facts.

        Raises `Unpayable` where any part of it fails, `Overdue` where that took too long, and `Away` where the database
        could not be asked.
        """

    def json_schema(self, query: str) -> Mapping[str, Any]:
        """The JSON Schema of what the query selects; raises `Unpayable` where it would not run."""


@dataclass(frozen=True)
class Rules:
    """What is set. Networks, ports and TLS are the sender's."""

    pause_after_hours: int = 72
    delivery_days: int = 30
    per_endpoint: int = 8
    at_once: int = 100


@dataclass(frozen=True)
class Hooks:
    """Everything together."""

    payloads: Payloads
    sender: Sender
    sealer: Sealer
    rules: Rules


def breaks(payloads: Payloads, queries: Sequence[tuple[str, str]]) -> list[str]:
    """A line for each problem of each stored query, given as (what it is called, its text)."""
    return [f"{name}: {problem}" for name, query in queries for problem in payloads.problems(query)]
