"""What metrics tell of streams: how many there are, what went out, how late, and who was sent away."""

from __future__ import annotations

import httpx
from pydantic import SecretStr

from cairn.settings import MetricsSettings, StreamSettings
from tests.jobs.crews import until
from tests.observability.test_metrics import TOKEN, Samples, scraped, value
from tests.support import factories
from tests.support.clients import Client, People

from .conftest import Serve
from .sockets import cursor_now, events, place_all, signed_in
from .test_limits import refused

PUBLISHED = "subscription($after: String) { contentPublished(after: $after) { cursor } }"


def _open(found: Samples) -> dict[str, float]:
    kinds = ("websocket", "sse", "sse_single")
    return {each: value(found, "cairn_stream_connections", transport=each) for each in kinds}


def test_streams_are_counted(people: People, database_url: str, serve: Serve) -> None:
    metrics = MetricsSettings(token=SecretStr(TOKEN))
    address = serve(database_url, metrics=metrics, streams=StreamSettings(max_connections=3, init_seconds=60))
    factories.theme(people.editor, publish=True)
    after = cursor_now(people.admin, database_url)
    factories.theme(people.editor, publish=True)
    place_all(database_url)
    client = Client(address)
    assert client.http.put(f"{address}/graphql/stream").status_code == 201
    with signed_in(client) as live, events(client, PUBLISHED, after=after) as stream:
        live.subscribe(PUBLISHED, after=after)
        live.answer()
        stream.answer()
        found = scraped(address)
        assert _open(found) == {"websocket": 1, "sse": 1, "sse_single": 1}
        assert value(found, "cairn_stream_lag_seconds_count") == 0, "who catches up is not late"
        told = 1
        # Whoever has caught up is waited for from the next event on, or the one after that.
        while not value(scraped(address), "cairn_stream_lag_seconds_count"):
            factories.theme(people.editor, publish=True)
            place_all(database_url)
            live.answer()
            stream.answer()
            told += 1
        live.subscribe("subscription { events { cursor } }", "no")
        live.hear()
        assert refused(address) == 503
        for transport in ("websocket", "sse"):
            until(lambda: value(scraped(address), "cairn_stream_events_total", transport=transport) == told)  # noqa: B023
        assert value(scraped(address), "cairn_stream_refusals_total", cap="process") == 1
    until(lambda: _open(scraped(address)) == {"websocket": 0, "sse": 0, "sse_single": 1})
    client.http.close()


def test_what_is_ended_is_counted_by_its_reason(database_url: str, serve: Serve) -> None:
    metrics = MetricsSettings(token=SecretStr(TOKEN))
    address = serve(database_url, metrics=metrics, streams=StreamSettings(init_seconds=0.1))
    assert httpx.put(f"{address}/graphql/stream").status_code == 201
    until(lambda: value(scraped(address), "cairn_stream_endings_total", code="INIT_TIMEOUT") == 1)
    assert _open(scraped(address)) == {"websocket": 0, "sse": 0, "sse_single": 0}
