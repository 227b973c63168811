"""Operators look after what is done in the background; whoever called for it sees how it stands."""

from __future__ import annotations

import pytest

from core.jobs import JobKind
from core.writing import Transaction
from models.identity import Role
from resolvers import job_figures, jobs
from tests.events.logs import as_service, sql
from tests.jobs.crews import WRITE
from tests.support.clients import People

LIST = """query($filter: JobFilter) { jobs(filter: $filter) {
    nodes { id actor arguments queue state attempts maxAttempts parkedReason progress } } }"""


@pytest.fixture
def parked(people: People, database_url: str) -> str:
    """A job that somebody has to look at."""

    async def make(tx: Transaction) -> str:
        job_id = str(await jobs.enqueue(tx, WRITE, {"name": "x"}))
        await jobs.park(tx, job_id, "It went wrong.")
        return job_id

    return as_service(database_url, make)


def test_an_operator_finds_what_is_parked_and_why(people: People, parked: str) -> None:
    (found,) = people.admin.ask(LIST, filter={"state": "PARKED"})["jobs"]["nodes"]
    assert (found["id"], found["actor"], found["parkedReason"]) == (parked, "write", "It went wrong.")
    assert people.admin.ask(LIST, filter={"state": "DONE"})["jobs"]["nodes"] == []


def test_a_parked_job_is_tried_again_with_all_its_attempts(people: People, parked: str, database_url: str) -> None:
    payload = people.admin.do("jobRetry", "job { state attempts parkedReason }", id=parked)
    assert payload["job"] == {"state": "QUEUED", "attempts": 0, "parkedReason": None}
    assert people.admin.refused("jobRetry", id=parked)["code"] == "WRONG_STATE"


def test_a_job_is_cancelled_once(people: People, parked: str) -> None:
    assert people.admin.do("jobCancel", "job { state }", id=parked)["job"] == {"state": "CANCELLED"}
    assert people.admin.refused("jobCancel", id=parked)["code"] == "WRONG_STATE"
    assert people.admin.do("jobRetry", "job { state }", id=parked)["job"] == {"state": "QUEUED"}


def test_what_is_no_job_is_not_found(people: People) -> None:
    for wrong in ("nonsense", "01a219e9-a692-800b-b959-b44f98fae5b5"):
        assert people.admin.refused("jobCancel", id=wrong)["code"] == "NOT_FOUND"


def test_nobody_else_looks_after_jobs(people: People, parked: str) -> None:
    cancel = "mutation($id: ID!) { jobCancel(input: {id: $id}) { errors { code } } }"
    for client in (people.editor, people.learner):
        assert (client.fails(LIST), client.fails(cancel, id=parked)) == ("FORBIDDEN", "FORBIDDEN")
    assert people.anonymous.fails(LIST) == people.anonymous.fails(cancel, id=parked) == "UNAUTHENTICATED"


def test_who_called_for_a_job_sees_how_it_stands_and_others_do_not(
    people: People, users: dict[Role, str], parked: str, database_url: str
) -> None:
    sql(database_url, "UPDATE job SET requested_by = %s, progress = 40", users[Role.EDITOR])
    look = "query($id: ID!) { job(id: $id) { progress } }"
    assert people.editor.ask(look, id=parked)["job"] == {"progress": 40}
    assert people.learner.ask(look, id=parked)["job"] is None
    assert people.admin.ask(look, id=parked)["job"] == {"progress": 40}


def test_the_figures_say_how_much_is_due_and_for_how_long(fresh_database: str) -> None:
    async def make(tx: Transaction) -> None:
        for _ in range(3):
            await jobs.enqueue(tx, WRITE, {"name": "x"})
        await jobs.enqueue(tx, JobKind("other", queue="other"), {})

    as_service(fresh_database, make)
    sql(fresh_database, "UPDATE job SET run_at = now() - interval '1 minute' WHERE queue = 'other'")
    one = "SELECT id FROM job WHERE queue = 'default' LIMIT 1"
    sql(fresh_database, f"UPDATE job SET state = 'parked' WHERE id = ({one})")
    default, other = as_service(fresh_database, job_figures.figures)
    assert (default.queue, default.due, default.parked, default.running) == ("default", 2, 1, 0)
    assert (other.queue, other.due) == ("other", 1)
    assert 60 <= other.age < 120
