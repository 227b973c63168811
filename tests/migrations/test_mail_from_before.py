"""Mail that waited before it was sent by jobs is sent by one afterwards."""

from __future__ import annotations

import psycopg

from core.ids import tag_of
from migrations import running
from models.jobs import Job
from tests.support.servers import cloned

WAITS, SENT = "01a219e9-a692-8008-b959-b44f98fae5b5", "01a219e9-a692-8008-b959-b44f98fae5b6"
MAIL = """INSERT INTO outgoing_mail (id, kind, recipient, details, due_at, attempts, done_at)
    VALUES (%s, 'confirm_account', 'r@example.org', '{}', now(), 0, %s)"""


def test_what_waits_to_be_sent_becomes_a_job(database_server: tuple[str, str]) -> None:
    with cloned(database_server[0], "template0") as url:
        running.upgrade(url, "0003")
        with psycopg.connect(url) as connection:
            connection.execute(MAIL, [WAITS, None])
            connection.execute(MAIL, [SENT, "2026-01-01"])
        running.upgrade(url)
        with psycopg.connect(url) as connection:
            ((job_id, actor, arguments),) = connection.execute("SELECT id::text, actor, arguments FROM job").fetchall()
    assert (actor, arguments) == ("deliver_mail", {"mail_id": WAITS})
    assert tag_of(job_id) == Job.__tag__
