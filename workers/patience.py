"""How long a worker that is told to stop takes, at most: it lets go of everything within 20 seconds."""

from __future__ import annotations

# For the jobs in hand to be done, and then for those that are not to be given back.
DRAIN_SECONDS = 15.0
LET_GO_SECONDS = 3.0
