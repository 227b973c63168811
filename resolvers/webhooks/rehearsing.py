"""What would be sent, shown before anything is: of a real fact, with the permissions that the webhook would have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.errors import DomainError, InvalidInput, NotFound
from core.ids import tag_of
from core.rows import Row, row_class
from core.viewer import Viewer
from core.writing import Transaction
from models.events import FactEntry
from models.webhooks import Webhook, WebhookDelivery
from resolvers.events import FACT
from resolvers.webhooks import messages
from resolvers.webhooks.kit import Away, Hooks, Overdue, Unpayable
from resolvers.webhooks.principal import reading_as, require_no_more
from resolvers.webhooks.vectors import EXAMPLE_SECRET
from resolvers.webhooks.visible import WEBHOOK

# How far back a fact that fits is looked for.
_LOOKED_AT = 20


@dataclass(frozen=True)
class Tried:
    """What is tried: a webhook's own, where it is not given."""

    webhook_id: str | None
    query: str | None
    events: Sequence[str] | None
    scopes: Sequence[str] | None
    about_id: str | None


@dataclass(frozen=True)
class Rehearsal:
    """What would be sent."""

    fact_id: str
    body: str
    headers: Mapping[str, str]
    secret: str


async def dry_run(tx: Transaction, viewer: Viewer, hooks: Hooks, tried: Tried) -> Rehearsal:
    """What would be sent of the newest fact that fits. The transaction is the service's: the viewer's rights are looked
    at here."""
    known = await _webhook(tx, tried.webhook_id)
    query = tried.query or (known and known.query)
    if not query:
        raise InvalidInput("Give a query, or the id of a webhook.", "INVALID", ("query",))
    scopes = list(tried.scopes if tried.scopes is not None else known.scopes if known else ())
    require_no_more(viewer, scopes)
    reader = reading_as(scopes)
    problems = hooks.payloads.problems(query, reader)
    if problems:
        raise InvalidInput(" ".join(problems), "INVALID", ("query",))
    events = tried.events if tried.events is not None else known.events if known else None
    for fact in await _newest(tx, events, tried.about_id):
        found = await _told(tx.database, hooks, query, fact, reader)
        if found is not None:
            headers = found.headers([EXAMPLE_SECRET], (await tx.clock()).read)
            return Rehearsal(fact.id, found.body.decode(), headers, EXAMPLE_SECRET)
    raise DomainError("Nothing that the query is about has happened yet.", "NOTHING_TO_SHOW", ("aboutId",))


async def _told(database: Database, hooks: Hooks, query: str, fact: Row, reader: Viewer) -> messages.Message | None:
    try:
        return await messages.told(hooks.payloads, database, query, fact, reader, WebhookDelivery.new_id(), 1)
    except (Unpayable, Overdue) as error:
        raise InvalidInput(str(error), "QUERY_FAILED", ("query",)) from error
    except Away as error:
        raise DomainError("The server is busy. Try again in a moment.", "BUSY") from error


async def _webhook(tx: Transaction, webhook_id: str | None) -> Row | None:
    if webhook_id is None:
        return None
    found = None
    if tag_of(webhook_id) == Webhook.__tag__:
        found = await tx.row(sa.select(WEBHOOK).where(WEBHOOK.c.id == webhook_id))
    if found is None:
        raise NotFound("webhook")
    return found


async def _newest(tx: Transaction, events: Sequence[str] | None, about_id: str | None) -> list[Row]:
    """The newest facts of these types, about this object or what is published with it."""
    chosen = sa.select(*(column for column in FACT.c if column.name != "recorded")).where(FACT.c.position.is_not(None))
    if events is not None:
        chosen = chosen.where(FACT.c.type == sa.any_(sa.literal(list(events), ARRAY(sa.Text))))
    if about_id is not None:
        if tag_of(about_id) is None:
            raise InvalidInput("This is not one of our ids.", "INVALID", ("aboutId",))
        chosen = chosen.where(sa.or_(FACT.c.subject_id == about_id, FACT.c.payload["rootId"].astext == about_id))
    made = row_class(FactEntry)
    return [made(vars(each)) for each in await tx.rows(chosen.order_by(FACT.c.position.desc()).limit(_LOOKED_AT))]
