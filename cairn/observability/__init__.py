"""What can be seen of a running system from outside: logs, metrics, traces. `docs/observability.md` tells of it."""
