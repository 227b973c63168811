"""Keeping leases: a thread with a connection of its own, so that no busy event loop can let a lease run out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from core.connection import hang_up
from resolvers.jobs import LEASE
from workers.actors import Held

BEAT_SECONDS = LEASE.total_seconds() / 3
TELL_SECONDS = 1.0
SILENCE_SECONDS = 7.0
# Rows that somebody has locked, such as the job's own completion, are not waited for.
_RENEW = """
WITH told AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(attempts)s::int[], %(progress)s::int[], %(notes)s::text[])
    AS told (id, attempt, progress, note)
), mine AS (
  SELECT job.id, told.progress, told.note FROM job JOIN told ON told.id = job.id
  WHERE job.state = 'running' AND job.lease_owner = %(owner)s AND job.attempts = told.attempt
  FOR UPDATE OF job SKIP LOCKED
)
UPDATE job SET lease_until = now() + %(lease)s, progress = mine.progress, note = mine.note
FROM mine WHERE job.id = mine.id
"""
_LOST = """
SELECT job.id::text FROM job JOIN unnest(%(ids)s::uuid[], %(attempts)s::int[]) AS told (id, attempt) ON told.id = job.id
WHERE NOT (job.state = 'running' AND job.lease_owner = %(owner)s AND job.attempts = told.attempt)
"""
log = logging.getLogger("cairn.jobs")


@contextmanager
def _hung_up_after(seconds: float, connection: psycopg.Connection) -> Iterator[None]:
    """Breaks the connection off when the block takes longer: nobody else would, where the line is dead."""
    timer = threading.Timer(seconds, hang_up, [connection.pgconn.socket])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Leases:
    """The jobs that this process holds. A job past its deadline is not renewed: it may be stuck for good."""

    def __init__(self, url: str, owner: str, on_lost: Callable[[Held], None]) -> None:
        self.owner = owner
        self._url = url
        self._on_lost = on_lost
        self._held: dict[str, Held] = {}
        self._told: dict[str, tuple[int, str | None]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cairn-leases", daemon=True)

    def start(self) -> None:
        """Begins to renew."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; what is held by then runs out by itself."""
        self._stop.set()
        self._thread.join()

    def hold(self, held: Held) -> None:
        """Renews this job's lease from now on."""
        with self._lock:
            self._held[held.job.id] = held

    def drop(self, job_id: str) -> Held | None:
        """Renews it no longer; answers what was held."""
        with self._lock:
            self._told.pop(job_id, None)
            return self._held.pop(job_id, None)

    def find(self, job_id: str) -> Held | None:
        """What is held of this job."""
        with self._lock:
            return self._held.get(job_id)

    def all(self) -> list[Held]:
        """What is held now."""
        with self._lock:
            return list(self._held.values())

    def _run(self) -> None:
        beat = 0.0
        connection: psycopg.Connection | None = None
        while not self._stop.wait(TELL_SECONDS):
            is_beat = time.monotonic() >= beat
            if is_beat:
                beat = time.monotonic() + BEAT_SECONDS
            held = self.all()
            if not held:
                continue
            try:
                if connection is None:
                    connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
                    connection.execute("SET ROLE cairn_service")
                    connection.execute("SET statement_timeout = '5s'")
                with _hung_up_after(SILENCE_SECONDS, connection):
                    self._renew(connection, held, is_beat)
            except Exception as error:
                # Whatever it is: nobody else keeps the leases of this process.
                log.warning("leases were not renewed: %s", error, exc_info=not isinstance(error, psycopg.Error))
                beat = 0.0
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _is_to_be_told(self, held: Held, is_beat: bool) -> bool:
        if time.monotonic() > held.deadline:
            return False
        return is_beat or self._told.get(held.job.id, (0, None)) != (held.progress, held.note)

    def _renew(self, connection: psycopg.Connection, held: list[Held], is_beat: bool) -> None:
        told = [each for each in held if self._is_to_be_told(each, is_beat)]
        if told:
            connection.execute(_RENEW, self._values(told))
        self._told.update({each.job.id: (each.progress, each.note) for each in told})
        lost = {job_id for (job_id,) in connection.execute(_LOST, self._values(held))}
        for each in held:
            if each.job.id in lost:
                self._on_lost(each)

    def _values(self, held: list[Held]) -> dict[str, Any]:
        return {
            "ids": [each.job.id for each in held],
            "attempts": [each.job.attempt for each in held],
            "progress": [each.progress for each in held],
            "notes": [each.note for each in held],
            "owner": self.owner,
            "lease": LEASE,
        }
