"""Spans, as a collector gets them: over HTTP, in OTLP's protobuf."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from cairn.settings import OtelSettings
from tests.commands.programs import clean_environment
from tests.support.clients import Client

from .conftest import SECONDS, Serve

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
QUERY = "query Count { courses { totalCount } }"


class Collector:
    """Takes spans as a collector does."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.came = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                assert self.path == "/v1/traces"
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()
                collector.came.set()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def service(self) -> str:
        """The name that the spans' sender goes by."""
        attributes = self.requests[0].resource_spans[0].resource.attributes
        return next(each.value.string_value for each in attributes if each.key == "service.name")

    def spans(self) -> list[Span]:
        """All that came, once something has come."""
        assert self.came.wait(SECONDS)
        return self.spans_so_far()

    def spans_so_far(self) -> list[Span]:
        """All that came."""
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that listens; spans are sent at once."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def traced(client: Client, document: str, flags: str = "01") -> None:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"}
    client.http.post(f"{client.url}/graphql", json={"query": document}, headers=headers)


def attributes(span: Span) -> dict[str, Any]:
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes}


def test_an_operation_is_a_span_of_its_callers_trace_with_its_phases_below(serve: Serve, collector: Collector) -> None:
    traced(serve(otel=OtelSettings(endpoint=collector.url)), QUERY)
    spans = collector.spans()
    (whole,) = [each for each in spans if each.kind == Span.SPAN_KIND_SERVER]
    assert (whole.name, whole.trace_id.hex(), whole.parent_span_id.hex()) == ("query", TRACE, PARENT)
    said = attributes(whole)
    assert said["graphql.operation.name"] == "Count"
    assert said["graphql.operation.type"] == "query"
    assert (said["cairn.status"], said["cairn.statements"]) == ("ok", 2)
    assert len(said["cairn.document.hash"]) == 64
    assert "graphql.document" not in said
    parts = [each for each in spans if each is not whole]
    assert {each.name for each in parts} == {"plan", "sql", "assembly"}
    for each in parts:
        assert (each.trace_id, each.parent_span_id) == (whole.trace_id, whole.span_id)
        assert whole.start_time_unix_nano <= each.start_time_unix_nano <= each.end_time_unix_nano
        assert each.end_time_unix_nano <= whole.end_time_unix_nano
    assert collector.service == "cairn"


def test_the_document_is_told_only_where_a_setting_says_so(serve: Serve, collector: Collector) -> None:
    traced(serve(otel=OtelSettings(endpoint=collector.url, documents=True)), QUERY)
    assert [attributes(each)["graphql.document"] for each in collector.spans() if attributes(each)] == [QUERY]


def test_our_own_failure_is_an_error_and_a_refusal_is_none(
    serve: Serve, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the operations are broken")

    client = serve(otel=OtelSettings(endpoint=collector.url))
    traced(client, "{ nonsense }")
    monkeypatch.setattr("graph.running.Operations.run", broken)
    traced(client, QUERY)
    found: dict[str, int] = {}
    while len(found) < 2:
        assert collector.came.wait(SECONDS)
        collector.came.clear()
        found |= {each.name: each.status.code for each in collector.spans_so_far() if attributes(each)}
    assert found == {"GraphQL Operation": Status.STATUS_CODE_UNSET, "query": Status.STATUS_CODE_ERROR}


def test_what_the_caller_does_not_trace_is_not_traced_here(serve: Serve, collector: Collector) -> None:
    client = serve(otel=OtelSettings(endpoint=collector.url, sample=1))
    traced(client, "query Hidden { courses { totalCount } }", flags="00")
    traced(client, QUERY)
    assert {attributes(each)["graphql.operation.name"] for each in collector.spans() if attributes(each)} == {"Count"}


def test_where_no_collector_is_named_nothing_of_it_is_imported(database_url: str) -> None:
    program = "import sys, cairn.cli; cairn.cli.served(); print([n for n in sys.modules if n.startswith('opentelem')])"
    environment = {**clean_environment(), "DATABASE_URL": database_url}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
