"""What a webhook sends: the body, and the headers that go with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core.database import Database
from core.rows import Row
from core.viewer import Viewer
from gateways.webhooks import headers_for
from resolvers.webhooks.kit import Payloads, Unpayable

MOST_BYTES = 1_000_000
TRIAL = "webhook.trial"


@dataclass(frozen=True)
class Message:
    """What is sent, ready to be signed. The id stays the same for each try."""

    id: str
    body: bytes
    more: Mapping[str, str]

    def headers(self, secrets: Sequence[str], at: datetime) -> dict[str, str]:
        """All headers, signed as of this instant by the database's clock."""
        signed = headers_for(secrets, self.id, int(at.timestamp()), self.body)
        return {"content-type": "application/json; charset=utf-8", "accept-encoding": "identity", **signed, **self.more}


def message(message_id: str, type: str, occurred_at: datetime, data: Any, more: Mapping[str, str]) -> Message:
    """A message as Standard Webhooks proposes it; raises `Unpayable` when it is too long to be sent."""
    body = orjson.dumps({"type": type, "timestamp": instant(occurred_at), "data": data})
    if len(body) > MOST_BYTES:
        raise Unpayable(f"The payload has {len(body)} bytes; {MOST_BYTES} is the most. Select less.")
    return Message(message_id, body, more)


def trial(message_id: str, webhook_id: str, occurred_at: datetime) -> Message:
    """A message that tells of nothing, to see whether it arrives."""
    return message(message_id, TRIAL, occurred_at, {"webhookId": webhook_id}, {})


async def told(
    payloads: Payloads, database: Database, query: str, fact: Row, viewer: Viewer, message_id: str, sequence: int
) -> Message | None:
    """What is sent of one fact, read as the viewer; None where the query is not about it. Raises `Unpayable`."""
    data = await payloads.answer(database, query, fact, viewer)
    if data is None:
        return None
    more = {"cairn-fact": fact.id, "cairn-position": str(fact.position)}
    more |= {"cairn-subject": fact.subject_id, "cairn-sequence": str(sequence)}
    return message(message_id, fact.type, fact.created_at, data, more)


def instant(value: datetime) -> str:
    """An instant as payloads hold it: in UTC, to the microsecond."""
    return value.isoformat().replace("+00:00", "Z")
