"""The composition root: the one place that knows which real parts stand behind which protocol."""

from __future__ import annotations

from dataclasses import dataclass

from cairn.http.credentials import Credentials
from cairn.settings import Settings
from core.database import Database
from graph.limits import Limits
from graph.running import Operations
from graph.schema import schema


@dataclass(frozen=True)
class Parts:
    """Everything a process is made of."""

    settings: Settings
    database: Database
    credentials: Credentials
    operations: Operations


def compose(settings: Settings) -> Parts:
    """The parts for these settings. Nothing is opened yet."""
    database = Database(
        settings.url,
        pool_size=settings.database.pool_size,
        statement_timeout_ms=settings.database.statement_timeout_ms,
        wait_seconds=settings.database.wait_seconds,
    )
    public = settings.http.public_url
    limits = Limits(**settings.graphql.model_dump(exclude={"introspection", "executor"}))
    return Parts(
        settings=settings,
        database=database,
        credentials=Credentials(database, secure=public is not None and public.scheme == "https"),
        operations=Operations(schema()._schema, limits, settings.graphql.introspection, settings.graphql.executor),
    )
