"""Not waiting for what takes its time."""

from __future__ import annotations

import os

from tests.events.logs import sql
from tests.jobs.crews import until

# A job that has been in hand for so many seconds is taken for lost: long enough that a busy machine can do one.
_LOST_SECONDS = 5 if os.environ.get("CAIRN_TEST_LONG") else 1
_STANDSTILL_SECONDS = 90


def is_idle_sooner(url: str) -> bool:
    """Whether all is done. What has failed need not wait to be tried again, nor what is lost to be missed."""
    sql(url, "UPDATE job SET run_at = now() WHERE state = 'queued' AND run_at > now() AND attempts > 0")
    lost = (
        "state = 'running' AND lease_until > now() + interval '2 s' AND started_at < now() - make_interval(secs => %s)"
    )
    sql(url, f"UPDATE job SET lease_until = now() WHERE {lost}", _LOST_SECONDS)
    return sql(url, "SELECT 1 FROM job WHERE state IN ('queued', 'running')") == []


def until_at_rest(url: str) -> None:
    """Waits until all jobs are over, facts placed and entries sealed, as long as there is less and less left."""
    while left := _left(url):
        until(lambda before=left: _left_sooner(url) < before, "any progress", _STANDSTILL_SECONDS)  # type: ignore[misc]


def _left_sooner(url: str) -> int:
    is_idle_sooner(url)
    return _left(url)


def _left(url: str) -> int:
    ((number,),) = sql(url, _LEFT)
    return int(number)


_LEFT = """
SELECT (SELECT count(*) FROM job WHERE state IN ('queued', 'running'))
  + (SELECT coalesce(sum(last_position - position), 0) FROM follower, fact_counter WHERE position < last_position)
  + (SELECT count(*) FROM fact WHERE position IS NULL) + (SELECT count(*) FROM audit_seal WHERE number IS NULL)
"""
