"""From bursts to numbers: medians, spreads, percentiles, and ratios taken round by round."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measuring import Measured
from benchmarks.pgbench import CONNECTIONS, Burst
from benchmarks.queries import Page
from benchmarks.systems import TITLES

Numbers = dict[str, Any]
PACKAGES = ("graphql-core", "strawberry-graphql", "psycopg", "sqlalchemy", "starlette", "uvicorn", "orjson")


def summary(measured: Measured, pages: Sequence[Page], rounds: int, seconds: float) -> Numbers:
    """All that was found, as plain data."""
    return {
        "machine": machine(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "connections": CONNECTIONS,
        "rounds": rounds,
        "seconds": seconds,
        "megabytes": {name: round(value) for name, value in measured.megabytes.items()},
        "pages": [_page(measured, page) for page in pages],
    }


def machine() -> str:
    """Cores, processor and operating system."""
    names = Path("/proc/cpuinfo")
    lines = names.read_text().splitlines() if names.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release()}"


def _page(measured: Measured, page: Page) -> Numbers:
    systems = {name: measured.bursts[key] for name in TITLES if (key := (page.name, name)) in measured.bursts}
    return {
        "name": page.name,
        "title": page.title,
        "objects": page.objects,
        "bytes": measured.bytes[page.name],
        "systems": {name: _system(bursts, systems) for name, bursts in systems.items()},
    }


def _system(bursts: list[Burst], all_systems: dict[str, list[Burst]]) -> Numbers:
    times = sorted(each for burst in bursts for each in burst.milliseconds)
    return {
        "requests_per_second": spread([burst.requests_per_second for burst in bursts]),
        "p50_ms": _percentile(times, 0.50),
        "p99_ms": _percentile(times, 0.99),
        "server_cpu_ms": _median([burst.server_cpu_ms for burst in bursts]),
        "load_cpu_ms": _median([burst.load_cpu_ms for burst in bursts]),
        # Round by round, because what disturbed one round disturbed both of its halves.
        "ratios": {name: spread(_ratios(bursts, others)) for name, others in all_systems.items()},
    }


def _ratios(bursts: list[Burst], others: list[Burst]) -> list[float]:
    return [mine.requests_per_second / its.requests_per_second for mine, its in zip(bursts, others, strict=True)]


def spread(values: list[float]) -> Numbers:
    """Median, lowest and highest."""
    return {
        "median": round(statistics.median(values), 3),
        "lowest": round(min(values), 3),
        "highest": round(max(values), 3),
    }


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 4) if known else None


def _percentile(ordered: list[float], part: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))], 3)
