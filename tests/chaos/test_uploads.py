"""An upload whose answer to COMMIT gets lost: the job that there is finds its file."""

from __future__ import annotations

import httpx

from tests.chaos.proxy import How, Proxy
from tests.events.logs import sql
from tests.http.doorkeeper import Doorkeeper
from tests.jobs.crews import until
from tests.support.servers import RunningApplication


def test_an_upload_that_was_committed_keeps_its_file_although_nobody_heard_of_it(
    house: tuple[str, RunningApplication], wire: Proxy, doorkeeper: Doorkeeper, own_database: str
) -> None:
    address, running = house
    folder = running.parts.settings.work.imports
    token = doorkeeper.token(doorkeeper.person())
    headers = {"content-type": "application/gzip", "authorization": f"Bearer {token}"}

    def send() -> int:
        status = httpx.post(f"{address}/imports", content=b"a course", headers=headers, timeout=30).status_code
        # Nobody is being woken any more: what is counted next is the next request.
        until(lambda: running.parts.database._waking is None, "the wake-up")
        return status

    # Once for the connections to be there, and once to be counted.
    assert send() == 202
    plan = wire.goes_wrong(1_000_000, How.LOST)
    assert send() == 202
    commit = len(plan.seen) - plan.seen[::-1].index("COMMIT")
    wire.goes_wrong(commit, How.UNHEARD)
    assert send() == 500
    wire.plan = None
    files = [name for (name,) in sql(own_database, "SELECT arguments->>'file' FROM job ORDER BY id")]
    assert len(files) == 3
    assert set(files) <= {path.name for path in folder.iterdir()}
