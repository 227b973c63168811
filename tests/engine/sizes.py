"""How many generated examples a run tries: few and always the same ordinarily, many and new ones in the long run."""

from __future__ import annotations

import os
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
# So that workers can share them.
PARTS = range(4)
_EXAMPLES = 20_000 if LONG else 500

chance: st.SearchStrategy[Random] = st.randoms(use_true_random=False)


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
