"""What a receiver can be built and tried with: the JSON Schema of what it is sent, and signed messages."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gateways.webhooks import headers_for
from resolvers.webhooks.messages import instant, message

# Known to everybody, and so good for nothing but trying.
EXAMPLE_SECRET = "whsec_" + base64.b64encode(b"known to everybody, for trying..").decode()
_WRONG_SECRET = "whsec_" + base64.b64encode(b"not the secret of this webhook..").decode()
_EXAMPLE_ID = "00000000-0000-806b-8000-000000000001"
_EXAMPLE_INSTANT = datetime(2026, 1, 1, 12, tzinfo=UTC)
_TEXTS = {"date-time": instant(_EXAMPLE_INSTANT), "date": "2026-01-01", "uuid": _EXAMPLE_ID}


def body_schema(events: Sequence[str], data: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a whole body: when what happened, and what the query selects of it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What this webhook sends",
        "type": "object",
        "properties": {
            "type": {"enum": sorted(events)},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": dict(data),
        },
        "required": ["type", "timestamp", "data"],
    }


def vectors(events: Sequence[str], data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Messages of the webhook's shape, each with its secret, and whether a receiver is to take it.

    They are as old as they say: a receiver that is tried with them has to be told what time it is.
    """
    timestamp = int(_EXAMPLE_INSTANT.timestamp())
    body = message(_EXAMPLE_ID, sorted(events)[0], _EXAMPLE_INSTANT, sample(data), {}).body
    good = headers_for([EXAMPLE_SECRET], _EXAMPLE_ID, timestamp, body)
    both = headers_for([_WRONG_SECRET, EXAMPLE_SECRET], _EXAMPLE_ID, timestamp, body)
    wrong = headers_for([_WRONG_SECRET], _EXAMPLE_ID, timestamp, body)

    def vector(name: str, headers: Mapping[str, str], text: bytes, *, valid: bool, at: int = timestamp) -> Any:
        return {
            "name": name,
            "secret": EXAMPLE_SECRET,
            "now": at,
            "headers": dict(headers),
            "body": text.decode(),
            "isValid": valid,
        }

    return [
        vector("as it is sent", good, body, valid=True),
        vector("while the secret is being changed", both, body, valid=True),
        vector("signed with another secret", wrong, body, valid=False),
        vector("with another body", good, body + b" ", valid=False),
        vector("with another id", {**good, "webhook-id": "another"}, body, valid=False),
        vector("sent again an hour later", good, body, valid=False, at=timestamp + 3600),
        vector("from an hour ahead", good, body, valid=False, at=timestamp - 3600),
    ]


def sample(schema: Mapping[str, Any]) -> Any:
    """A value of this schema: the first of everything, one of each list, and nothing null that need not be."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(each) for name, each in schema["properties"].items()}
    if kind == "array":
        return [sample(schema["items"])]
    if kind == "string":
        return _TEXTS.get(schema.get("format", ""), "text")
    return {"integer": 1, "number": 1.5, "boolean": True}.get(str(kind))
