"""Metrics of subscriptions: how many follow, how far behind they are told, and why they were ended."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from cairn.http.streams.counting import Cap, TransportKind

_LAGS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class StreamMetrics:
    """Counts what streams do, in the registry of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = Gauge(
            "cairn_stream_connections",
            "Connections that are open.",
            ["transport"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._events = Counter("cairn_stream_events", "Events that went out.", ["transport"], registry=registry)
        self._lag = Histogram(
            "cairn_stream_lag_seconds",
            "From when something happened to when whoever waited for it was told.",
            buckets=_LAGS,
            registry=registry,
        )
        self._ended = Counter("cairn_stream_endings", "Streams that we ended.", ["code"], registry=registry)
        self._refused = Counter(
            "cairn_stream_refusals", "Connections that were one too many.", ["cap"], registry=registry
        )
        # Known from the beginning, so that the first one is seen as a rise, and looked up but once.
        self._open_by = {each: self._open.labels(each.value) for each in TransportKind}
        self._events_by = {each: self._events.labels(each.value) for each in TransportKind}
        self._refused_by = {each: self._refused.labels(each.value) for each in Cap}

    def entered(self, transport: TransportKind) -> None:
        """A connection is open."""
        self._open_by[transport].inc()

    def left(self, transport: TransportKind) -> None:
        """A connection is over."""
        self._open_by[transport].dec()

    def refused(self, cap: Cap) -> None:
        """A connection was turned away, because there were too many."""
        self._refused_by[cap].inc()

    def ended(self, code: str) -> None:
        """A connection, or one operation on it, was ended by us, for a reason."""
        self._ended.labels(code).inc()

    def delivered(self, transport: TransportKind, lag_seconds: float | None) -> None:
        """An event went out, so long after it happened; None where its stream was catching up."""
        self._events_by[transport].inc()
        if lag_seconds is not None:
            # Clocks of several machines differ a little.
            self._lag.observe(max(lag_seconds, 0))
