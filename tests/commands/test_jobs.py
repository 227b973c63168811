"""`cairn jobs`: background work, looked after at the machine itself."""

from __future__ import annotations

import pytest

from resolvers import jobs
from tests.events.logs import as_service, sql
from tests.jobs.crews import WRITE

from .conftest import Cairn


def test_jobs_are_listed_parked_tried_again_and_cancelled(cairn: Cairn, fresh_database: str) -> None:
    url = {"DATABASE_URL": fresh_database}
    assert cairn("jobs", "list", **url).out == "There are no jobs.\n"
    job_id = str(as_service(fresh_database, lambda tx: jobs.enqueue(tx, WRITE, {"name": "x"})))
    assert "default: 1 due" in cairn("jobs", "list", **url).out
    assert cairn("jobs", "park", job_id, "--reason", "not now", **url).code == 0
    listed = cairn("jobs", "list", "--state", "parked", **url).out
    assert job_id in listed
    assert "not now" in listed
    assert cairn("jobs", "retry", job_id, **url).code == 0
    assert sql(fresh_database, "SELECT state FROM job") == [("queued",)]
    assert cairn("jobs", "cancel", job_id, **url).code == 0
    assert sql(fresh_database, "SELECT action FROM audit_log ORDER BY id") == [
        ("job_park",),
        ("job_retry",),
        ("job_cancel",),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("cancel", "nonsense"), 1, "There is no job with this id."),
        (("list", "--state", "asleep"), 2, "A job is queued"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    cairn: Cairn, fresh_database: str, arguments: tuple[str, ...], code: int, says: str
) -> None:
    outcome = cairn("jobs", *arguments, DATABASE_URL=fresh_database)
    assert outcome.code == code
    assert says in outcome.err
