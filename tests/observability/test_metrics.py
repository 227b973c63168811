"""Metrics: for whoever knows the token, of all that happened, without anything that clients make up."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from cairn.settings import MetricsSettings
from tests.commands.conftest import Start, start

from .conftest import Serve

__all__ = ["start"]
TOKEN = "a-token-for-prometheus"
QUERY = "query AnyName { courses { totalCount } }"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(address: str) -> Samples:
    """All samples by name and labels."""
    answer = httpx.get(f"{address}/metrics", headers={"authorization": f"Bearer {TOKEN}"}, verify=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(s.name, frozenset(s.labels.items())): s.value for each in families for s in each.samples}


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0)


def test_operations_are_counted_by_kind_and_outcome(serve: Serve) -> None:
    client = serve(metrics=MetricsSettings(token=TOKEN))
    for document in (QUERY, QUERY, "{ nonsense }"):
        client.post(document)
    found = scraped(client.url)
    assert value(found, "cairn_operation_seconds_count", kind="query", status="ok") == 2
    assert value(found, "cairn_operation_seconds_count", kind="unknown", status="refused") == 1
    assert value(found, "cairn_operation_errors_total", code="GRAPHQL_VALIDATION_FAILED") == 1
    assert value(found, "cairn_operation_statements_sum") == 4
    assert value(found, "cairn_operation_cost_count") == 2
    for phase in ("plan", "sql", "assembly"):
        assert value(found, "cairn_operation_phase_seconds_total", phase=phase) > 0
    assert value(found, "cairn_pool_connections", role="cairn_public", state="size") >= 1
    assert value(found, "cairn_operations_under_way") == 0
    assert value(found, "cairn_resident_memory_bytes") > 1e6


def test_no_label_is_made_up_by_a_client(serve: Serve) -> None:
    client = serve(metrics=MetricsSettings(token=TOKEN))
    client.post(QUERY)
    assert not [labels for _, labels in scraped(client.url) if "AnyName" in str(labels)]


def test_without_the_token_there_is_no_such_page(serve: Serve) -> None:
    address, silent = serve(metrics=MetricsSettings(token=TOKEN)).url, serve().url
    nothing = httpx.get(f"{address}/no-such-page", verify=False)
    for where, header in ((address, ""), (address, "Bearer wrong"), (address, TOKEN), (silent, f"Bearer {TOKEN}")):
        answer = httpx.get(f"{where}/metrics", headers={"authorization": header}, verify=False)
        assert (answer.status_code, answer.text) == (404, nothing.text)


def test_whichever_process_is_asked_answers_for_all(start: Start, fresh_database: str) -> None:
    program = start(
        "serve", "--workers", "2", DATABASE_URL=fresh_database, PORT="0", CAIRN_METRICS__TOKEN=TOKEN,
        CAIRN_LOG__FORMAT="json", CAIRN_LOG__SAMPLE="1",
    )  # fmt: skip
    address = program.says(r"running on (http://[^\s\"]+)")[1]
    program.says("Application startup complete", times=2)
    for number in range(1, 7):
        # A connection of its own each time, so that either process may get it.
        assert httpx.post(f"{address}/graphql", json={"query": QUERY}, verify=False).status_code == 200
        found = scraped(address)
        assert value(found, "cairn_operation_seconds_count", kind="query", status="ok") == number
    assert value(found, "cairn_processes") == 2
    assert TOKEN not in program.said
