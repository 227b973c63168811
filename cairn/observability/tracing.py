"""Spans of OpenTelemetry, sent to a collector where one is named. Nothing of it is imported otherwise.

Spans are made when an operation has ended, from what was noted of it meanwhile: being traced costs nothing on the way.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cairn.observability.operations import Operation
from cairn.settings import OtelSettings
from core.errors import DomainError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


class NotInstalled(DomainError):
    """Spans are asked for, but the packages that make them are not there."""


class Tracing:
    """Makes the spans of operations that have ended: one for each, and below it one for each stretch it took."""

    def __init__(self, provider: TracerProvider, *, documents: bool) -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("cairn")
        self._documents = documents
        self._trace = trace
        self._caller = TraceContextTextMapPropagator()

    def __call__(self, operation: Operation) -> None:
        """Hears that the operation has ended."""
        trace = self._trace
        span = self._tracer.start_span(
            operation.kind or "GraphQL Operation",
            context=self._caller.extract(operation.headers),
            kind=trace.SpanKind.SERVER,
            start_time=operation.began_ns,
        )
        if span.is_recording():
            span.set_attributes(self._attributes(operation))
            if operation.status == "failed":
                span.set_status(trace.StatusCode.ERROR, ", ".join(operation.codes))
            below = trace.set_span_in_context(span)
            for name, began, ended in _stretches(operation):
                child = self._tracer.start_span(name, context=below, start_time=_at(operation, began))
                child.end(_at(operation, ended))
        span.end(_at(operation, operation.began + operation.seconds))

    def close(self) -> None:
        """Sends what has not been sent yet; waits a few seconds for it at most."""
        self._provider.shutdown()

    def _attributes(self, operation: Operation) -> dict[str, Any]:
        found = {
            "graphql.operation.name": operation.name,
            "graphql.operation.type": operation.kind,
            "graphql.document": operation.document if self._documents else None,
            "cairn.document.hash": operation.hash,
            "cairn.request_id": operation.request_id,
            "cairn.status": operation.status,
            "cairn.cost": operation.cost,
            "cairn.statements": operation.work.statements,
            "cairn.rows": operation.work.rows,
            "cairn.objects": operation.objects,
            "cairn.viewer": operation.viewer.kind.value if operation.viewer else None,
        }
        return {name: value for name, value in found.items() if value is not None}


def tracing(settings: OtelSettings) -> Tracing | None:
    """What makes spans, where a collector is named; raises `NotInstalled` without the packages for it."""
    if settings.endpoint is None:
        return None
    require_packages(settings)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    resource = Resource.create()
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "cairn"}))
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.sample)),
        resource=resource,
        shutdown_on_exit=False,
    )
    address = f"{str(settings.endpoint).rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(address)))
    return Tracing(provider, documents=settings.documents)


def require_packages(settings: OtelSettings) -> None:
    """Raises `NotInstalled` where spans are asked for and cannot be made."""
    if settings.endpoint is not None and find_spec("opentelemetry") is None:
        raise NotInstalled("CAIRN_OTEL__ENDPOINT is set, but its packages are missing: install cairn[otel].")


def _stretches(operation: Operation) -> list[tuple[str, float, float]]:
    """(phase, begin, end) of the whole operation without a gap: what was noted, and assembly between."""
    end = operation.began + operation.seconds
    found: list[tuple[str, float, float]] = []
    at = operation.began
    for phase, began, ended in sorted(operation.work.stretches, key=lambda each: each[1]):
        if began > at:
            found.append(("assembly", at, began))
        found.append((phase, began, ended))
        at = max(at, ended)
    return [*found, ("assembly", at, end)] if end > at else found


def _at(operation: Operation, moment: float) -> int:
    """A moment of the process's own clock, in nanoseconds since 1970."""
    return operation.began_ns + round((moment - operation.began) * 1e9)
