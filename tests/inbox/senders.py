"""Those who send us things: Stripe, as its own library signs, and others with the token of a hook."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx
from stripe import WebhookSignature

from tests.events.logs import sql
from tests.jobs.crews import until
from tests.support.clients import Client, Data

SECRET, OLD_SECRET = "whsec_of-the-endpoint-of-now", "whsec_of-the-endpoint-before"
_numbers = itertools.count(1)


def stripe_event(**values: Any) -> Data:
    """An event as Stripe sends it, with an id of its own."""
    return {"id": f"evt_{next(_numbers)}", "object": "event", "type": "invoice.paid", "data": {"object": {}}, **values}


def signed(body: str, secret: str = SECRET, at: int | None = None) -> str:
    """Stripe's header over a body, by Stripe's own library."""
    header: str = WebhookSignature.generate_signature_header(body, secret, at or int(time.time()))
    return header


@dataclass
class Sender:
    """Sends things to one application, and knows what came of them."""

    http: httpx.Client
    url: str

    def stripe(self, event: Data, **signing: Any) -> httpx.Response:
        """Sends an event, signed."""
        body = json.dumps(event)
        headers = {"stripe-signature": signed(body, **signing), "content-type": "application/json; charset=utf-8"}
        return self.http.post("/hooks/stripe", content=body, headers=headers)

    def hook(self, token: str, body: Any, **headers: str) -> httpx.Response:
        """Sends a body to a hook, with its token as bearer token."""
        given = {"authorization": f"Bearer {token}", **{name.replace("_", "-"): each for name, each in headers.items()}}
        return self.http.post("/hooks/in", json=body, headers=given)

    def events(self) -> list[tuple[Any, ...]]:
        """(source, external id, type, state, note) of what was kept, oldest first."""
        return sql(self.url, "SELECT source, external_id, type, state, note FROM provider_event ORDER BY id")

    def settle(self) -> None:
        """Waits until all that came in was handled, or has failed for good."""
        waiting = "SELECT 1 FROM job WHERE actor = 'handle_provider_event' AND state IN ('queued', 'running')"
        until(lambda: sql(self.url, waiting) == [], "the handling of what came in")

    def facts(self) -> list[Data]:
        """What was recorded of what came in, oldest first."""
        self.settle()
        found = sql(self.url, "SELECT payload FROM fact WHERE type = 'inbound.received' ORDER BY recorded")
        return [payload for (payload,) in found]


def define(admin: Client, **fields: Any) -> tuple[str, str]:
    """A hook with these fields; answers (its id, its token)."""
    values = {"name": f"hook {next(_numbers)}", "action": "issue.opened", **fields}
    made = admin.do("inboundHookCreate", "token inboundHook { id }", **values)
    return made["inboundHook"]["id"], made["token"]
