"""Background work under measurement: jobs beside other queues, memory, what facts cost, and what the relay costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.jobs import facts, memory, rates, relay

Say = Callable[[str], None]


def measure(is_quick: bool, say: Say) -> dict[str, Any]:
    """All that was found, as plain data; `say` hears what is going on."""
    return {
        "rates": rates.measure(rounds=2 if is_quick else 5, number=500 if is_quick else 2000, say=say),
        "memory": memory.measure(number=5_000 if is_quick else 100_000, say=say),
        "facts": facts.measure(rounds=4 if is_quick else 20, number=20 if is_quick else 50, say=say),
        "relay": relay.measure(rounds=2 if is_quick else 6, seconds=1.0 if is_quick else 3.0, say=say),
    }
