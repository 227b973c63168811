"""How many generated examples a run tries: few and always the same ordinarily, many in the long run.

What is tried in parts is the same in the long run, too, and other examples with `CAIRN_TEST_SEED=1`, `2` … So the many
can be tried in slices of the few, each of which can be repeated.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
# So that workers can share them.
PARTS = range(4)
_SEED = int(os.environ.get("CAIRN_TEST_SEED", "0"))
_EXAMPLES = 20_000 if LONG else 500

# Hypothesis can make a document that fails smaller where each of its choices is its own to draw, which takes three times
# as long: so the long run does. Else a failing test says which seed it was.
chance: st.SearchStrategy[Random] = st.randoms(use_true_random=not LONG)


def seed_of(part: int) -> int:
    """What the examples of a part begin with. Without another for each, all parts would try the same."""
    return _SEED * len(PARTS) + part


def generated(share: int = len(PARTS), **more: Any) -> settings:
    """Settings for a property that is tried in `PARTS`, or in so many shares as are named."""
    return settings(
        max_examples=_EXAMPLES // share,
        derandomize=not LONG,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )
