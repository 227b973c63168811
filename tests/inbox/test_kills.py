"""A server that is killed while events come in: what it acknowledged is kept, and what is sent again is kept once."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from cairn.settings import PROJECT
from tests.commands.programs import Program
from tests.events.logs import sql
from tests.inbox.senders import SECRET, signed, stripe_event
from tests.support.clients import Data

EVENTS = 400
pytestmark = pytest.mark.skipif(not os.environ.get("CAIRN_TEST_LONG"), reason="long: CAIRN_TEST_LONG=1 runs it")


def send(address: str, event: Data) -> str | None:
    """The id of an event that was acknowledged; None where no answer came."""
    body = json.dumps(event)
    headers = {"stripe-signature": signed(body), "content-type": "application/json"}
    try:
        answer = httpx.post(f"{address}/hooks/stripe", content=body, headers=headers, timeout=20)
    except httpx.TransportError:
        return None
    return event["id"] if answer.status_code == 200 else None


def test_nothing_that_was_acknowledged_is_lost_and_nothing_is_kept_twice(fresh_database: str, tmp_path: Path) -> None:
    variables = {"DATABASE_URL": fresh_database, "PORT": "0", "CAIRN_INBOX__STRIPE_SECRETS": json.dumps([SECRET])}
    events = [stripe_event() for _ in range(EVENTS)]
    acknowledged: set[str | None] = set()
    for number in range(3):
        with Program(("serve",), PROJECT, variables, tmp_path / f"said-{number}.txt") as server:
            address = server.says(r"running on (http://\S+)")[1]
            with ThreadPoolExecutor(16) as threads:
                sending = [threads.submit(send, address, each) for each in events]
                if number < 2:
                    # In the midst of it.
                    sending[EVENTS // 4 * (number + 1)].result()
                    server.send(signal.SIGKILL)
                answered = {each.result() for each in sending} - {None}
        acknowledged |= answered
        kept = {found for (found,) in sql(fresh_database, "SELECT external_id FROM provider_event")}
        assert acknowledged <= kept
    assert len(acknowledged) == EVENTS
    assert sql(fresh_database, "SELECT count(*) FROM provider_event") == [(EVENTS,)]
    assert sql(fresh_database, "SELECT count(DISTINCT arguments), count(*) FROM job") == [(EVENTS, EVENTS)]
