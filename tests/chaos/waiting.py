"""Not waiting for what takes its time."""

from __future__ import annotations

from tests.events.logs import sql


def is_idle_sooner(url: str) -> bool:
    """Whether all is done. What has failed need not wait to be tried again, nor what is lost to be missed."""
    sql(url, "UPDATE job SET run_at = now() WHERE state = 'queued' AND run_at > now() AND attempts > 0")
    sql(url, "UPDATE job SET lease_until = now() WHERE state = 'running' AND lease_until > now() + interval '2 s'")
    return sql(url, "SELECT 1 FROM job WHERE state IN ('queued', 'running')") == []
