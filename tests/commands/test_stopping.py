"""A server that is told to stop does not wait for streams, which would never end by themselves."""

from __future__ import annotations

import signal

from tests.subscriptions.sockets import events, socket
from tests.support.clients import Client

from .conftest import Start

DOCUMENT = "subscription { contentPublished { cursor } }"


def test_a_served_stream_ends_with_a_word_at_sigterm(database_url: str, start: Start) -> None:
    server = start("serve", "--workers", "2", DATABASE_URL=database_url, PORT="0")
    address = server.says(r"running on (http://127\.0\.0\.1:\d+)")[1]
    server.says("Application startup complete", times=2)
    client = Client(address)
    with socket(address) as live, events(client, DOCUMENT) as stream:
        live.sign_in()
        live.subscribe(DOCUMENT)
        assert server.end(signal.SIGTERM, 10) == 0
        assert stream.refusal() == "RESTARTING"
        assert live.end() == (1012, "The server restarts. Go on after the last cursor.")
    client.http.close()
