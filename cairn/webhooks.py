"""`cairn webhooks …` and `cairn schema check`: looking after webhooks from the machine itself."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import psycopg
import sqlalchemy as sa

from cairn.composition import hooks, operations
from cairn.settings import Settings, settings
from core.errors import DomainError
from core.ids import tag_of
from core.rows import Row
from core.sealing import Unreadable
from core.writing import Transaction
from models.events import BY_TYPE
from models.webhooks import DeliveryState, Webhook
from resolvers import audit
from resolvers.webhooks import actions
from resolvers.webhooks import vectors as made
from resolvers.webhooks.kit import Hooks, Unpayable, breaks
from resolvers.webhooks.visible import DELIVERY, SECRET, WEBHOOK

_SHOWN = 50
log = logging.getLogger("cairn.webhooks")


async def listed(tx: Transaction) -> str:
    """All webhooks, one a line."""
    pending = sa.func.count().filter(DELIVERY.c.state == DeliveryState.PENDING.value).label("pending")
    parked = sa.func.count().filter(DELIVERY.c.state == DeliveryState.PARKED.value).label("parked")
    rows = await tx.rows(
        sa.select(WEBHOOK, pending, parked)
        .select_from(sa.join(WEBHOOK, DELIVERY, DELIVERY.c.webhook_id == WEBHOOK.c.id, isouter=True))
        .group_by(WEBHOOK.c.id)
        .order_by(WEBHOOK.c.name, WEBHOOK.c.id)
    )
    lines = [
        f"{each.id}  {each.state:8}  {each.pending} pending, {each.parked} parked  {each.name}  {each.url}  "
        f"{each.reason or ''}".rstrip()
        for each in rows
    ]
    return "\n".join(lines) or "There are no webhooks."


async def deliveries(tx: Transaction, webhook_id: str, state: DeliveryState | None) -> str:
    """The newest deliveries of a webhook, one a line."""
    await _found(tx, webhook_id)
    chosen = sa.select(DELIVERY).where(DELIVERY.c.webhook_id == webhook_id)
    if state is not None:
        chosen = chosen.where(DELIVERY.c.state == state.value)
    lines = [
        f"{each.id}  {each.state:9}  {each.type}  {each.subject_id}  {each.attempts}/{each.max_attempts}  "
        f"{each.occurred_at:%Y-%m-%d %H:%M:%S}  {each.reason or ''}".rstrip()
        for each in await tx.rows(chosen.order_by(DELIVERY.c.id.desc()).limit(_SHOWN))
    ]
    return "\n".join(lines) or "There are no deliveries."


async def pause(tx: Transaction, webhook_id: str) -> str:
    """Has a webhook send nothing; answers so."""
    await actions.pause(tx, webhook_id)
    await audit.record(tx, "webhook_pause", webhook_id, {})
    return f"{webhook_id} is paused."


async def resume(tx: Transaction, webhook_id: str) -> str:
    """Has a webhook send again; answers so."""
    await actions.resume(tx, webhook_id)
    await audit.record(tx, "webhook_resume", webhook_id, {})
    return f"{webhook_id} is active."


async def redeliver(tx: Transaction, webhook_id: str, failed_since: datetime) -> str:
    """Has what failed since an instant, which is in UTC, sent again; answers how much that is."""
    number = await actions.redeliver(tx, webhook_id, failed_since=failed_since.replace(tzinfo=UTC))
    await audit.record(tx, "webhook_redeliver", webhook_id, {"failed_since": failed_since.isoformat()})
    return f"{number} deliveries are sent again."


async def body_schema(tx: Transaction, webhook_id: str) -> str:
    """The JSON Schema of what a webhook sends."""
    webhook = await _found(tx, webhook_id)
    return _json(made.body_schema(webhook.events, _data_schema(webhook)))


async def vectors(tx: Transaction, webhook_id: str) -> str:
    """Messages to try a receiver with."""
    webhook = await _found(tx, webhook_id)
    return _json(made.vectors(webhook.events, _data_schema(webhook)))


async def rekey(tx: Transaction) -> str:
    """Seals all secrets under the first key; answers how many."""
    sealer = _hooks().sealer
    rows = await tx.rows(sa.select(SECRET.c.id, SECRET.c.sealed).with_for_update())
    for each in rows:
        try:
            sealed = sealer.renew(each.sealed)
        except Unreadable as error:
            raise DomainError(f"{error} Keep the older keys in CAIRN_WEBHOOKS__KEYS until this is done.") from error
        await tx.execute(sa.update(SECRET).where(SECRET.c.id == each.id).values(sealed=sealed))
    await audit.record(tx, "webhook_rekey", None, {"secrets": len(rows)})
    return f"{len(rows)} secrets are kept under the first key."


def broken(found: Settings) -> list[str]:
    """A line for each problem of each stored query, by the schema of this code; whatever the database stands at."""
    if not _has_webhooks(found.url):
        return []
    with psycopg.connect(found.url, connect_timeout=10) as connection:
        # Row-level security is forced: whoever migrates may act as the service, and sees nothing by themselves.
        connection.execute('SET ROLE "cairn_service"')
        rows = connection.execute("SELECT name, id::text, query, events FROM webhook ORDER BY name, id").fetchall()
    if not rows:
        return []
    payloads = hooks(found, operations(found.graphql, found.introspection)).payloads
    lines = breaks(payloads, [(f"webhook {name} ({webhook_id})", query) for name, webhook_id, query, _ in rows])
    for name, webhook_id, _, events in rows:
        if unknown := sorted(set(events) - set(BY_TYPE)):
            lines.append(f"webhook {name} ({webhook_id}): There are no such facts any more: {', '.join(unknown)}.")
    return lines


def tell_broken(found: Settings) -> None:
    """Warns of each stored query that does not run any more: at the start of whoever serves or sends."""
    try:
        for line in broken(found):
            log.warning("a stored query does not run any more: %s", line)
    except psycopg.Error as error:
        log.warning("stored queries were not looked at: %s", error)


def _has_webhooks(url: str) -> bool:
    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute("SELECT to_regclass('webhook')").fetchone()
    return row is not None and row[0] is not None


def _hooks() -> Hooks:
    found = settings()
    return hooks(found, operations(found.graphql, found.introspection))


def _data_schema(webhook: Row) -> dict[str, object]:
    try:
        return dict(_hooks().payloads.json_schema(webhook.query))
    except Unpayable as error:
        raise DomainError(f"The query does not run any more: {error}") from error


async def _found(tx: Transaction, webhook_id: str) -> Row:
    found = None
    if tag_of(webhook_id) == Webhook.__tag__:
        found = await tx.row(sa.select(WEBHOOK).where(WEBHOOK.c.id == webhook_id))
    if found is None:
        raise DomainError("There is no webhook with this id.", "NOT_FOUND")
    return found


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
