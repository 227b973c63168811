"""The helpers of Dramatiq's tests, which its releases leave out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dramatiq import Worker

RABBITMQ_CREDENTIALS: Any = None
skip_in_ci = skip_on_windows = skip_on_pypy = pytest.mark.skipif(False, reason="")


@contextmanager
def worker(*arguments: Any, **options: Any) -> Iterator[Worker]:
    """A worker while the block runs."""
    made = Worker(*arguments, **options)
    made.start()
    try:
        yield made
    finally:
        made.stop()
