"""Metrics for Prometheus, at `/metrics`, for whoever knows the token.

Where several processes serve, each writes its figures into files of a folder that all of them know
(`PROMETHEUS_MULTIPROC_DIR`, set by `cairn serve`), and whichever is asked answers for all.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from cairn.observability.background import Background
from cairn.observability.operations import Operation, Watch
from cairn.observability.streams import StreamMetrics
from core.database import Database

SHARED = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_STATEMENTS = (0, 1, 2, 4, 8, 16, 32, 64, 128)
_COSTS = (1, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000)
_STATES = {"size": "pool_size", "free": "pool_available", "waiting": "requests_waiting"}
_REFRESH_SECONDS = 5


class Metrics:
    """The metrics of one process. Labels are words of our own: what clients make up is in none of them."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        labels = ("kind", "status")
        self._seconds = Histogram(
            "cairn_operation_seconds", "Whole time of operations.", labels, buckets=_SECONDS, registry=registry
        )
        self._phases = Counter(
            "cairn_operation_phase_seconds", "Time of operations by phase.", ["phase"], registry=registry
        )
        self._statements = Histogram(
            "cairn_operation_statements", "SQL statements of operations.", buckets=_STATEMENTS, registry=registry
        )
        self._cost = Histogram(
            "cairn_operation_cost", "Reckoned cost of operations.", buckets=_COSTS, registry=registry
        )
        self._rows = Counter("cairn_rows", "Rows read or written.", registry=registry)
        self._objects = Counter("cairn_objects", "Objects in answers.", registry=registry)
        self._errors = Counter("cairn_operation_errors", "Operations by error code.", ["code"], registry=registry)
        self._under_way = self._gauge("cairn_operations_under_way", "Operations that have not ended.")
        self._memory = self._gauge("cairn_resident_memory_bytes", "Memory that is resident.")
        self._processes = self._gauge("cairn_processes", "Processes that serve.")
        self.streams = StreamMetrics(registry)
        self._pool = self._gauge("cairn_pool_connections", "Database connections.", ("role", "state"))

    def __call__(self, operation: Operation) -> None:
        """Hears that an operation has ended."""
        work = operation.work
        self._seconds.labels(operation.kind or "unknown", operation.status).observe(operation.seconds)
        for phase, seconds in operation.phases().items():
            self._phases.labels(phase).inc(seconds)
        self._statements.observe(work.statements)
        self._rows.inc(work.rows)
        self._objects.inc(operation.objects)
        if operation.cost is not None:
            self._cost.observe(operation.cost)
        for code in operation.codes:
            self._errors.labels(code).inc()

    def look(self, watch: Watch, database: Database) -> None:
        """Takes the figures that go up and down as they are now."""
        self._under_way.set(watch.under_way)
        self._memory.set(_resident_bytes())
        self._processes.set(1)
        for role, found in database.pools().items():
            for state, name in _STATES.items():
                self._pool.labels(role.value, state).set(found.get(name, 0))

    async def look_forever(self, watch: Watch, database: Database) -> None:
        """Looks every few seconds, until cancelled: another process may be the one that is asked."""
        while True:
            self.look(watch, database)
            await asyncio.sleep(_REFRESH_SECONDS)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it; of all processes where there are several."""
        folder = os.environ.get(SHARED)
        if not folder:
            return generate_latest(self._registry)
        _forget_the_dead(Path(folder))
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _gauge(self, name: str, meaning: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, meaning, labels, registry=self._registry, multiprocess_mode="livesum")


class MetricsPage:
    """Answers `/metrics`. To whoever does not know the token it looks like a page that does not exist."""

    def __init__(self, metrics: Metrics, token: str, watch: Watch, database: Database) -> None:
        self._metrics = metrics
        self._expected = f"Bearer {token}".encode()
        self._watch = watch
        self._database = database
        self._background = Background(database)

    async def __call__(self, request: Request) -> Response:
        """The metrics, or 404."""
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, self._expected):
            return PlainTextResponse("Not Found", 404)
        self._metrics.look(self._watch, self._database)
        text = self._metrics.text() + await self._background.text()
        return Response(text, headers={"cache-control": "no-store"}, media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _resident_bytes() -> int:
    """What this process has resident; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _forget_the_dead(folder: Path) -> None:
    """What a process that is gone had open or resident counts no more; what it has done still does."""
    for path in folder.glob("gauge_live*_*.db"):
        number = int(path.stem.rpartition("_")[2])
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(number)  # type: ignore[no-untyped-call]
        except PermissionError:
            continue
