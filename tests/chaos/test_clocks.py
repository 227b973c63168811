"""Workers whose clocks are more than a year ahead or behind, and jump: no worker's clock decides anything."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.writing import Transaction
from models.identity import Role
from resolvers import identity, jobs, outbox
from resolvers.identity.mails import MailKind
from tests.chaos.hands import LATER, TOIL
from tests.chaos.nursery import Nursery
from tests.events.logs import as_service, sql
from tests.jobs.crews import ask_all, effects, until_idle
from workers.housekeeping import REMOVE_EXPIRED

YEAR = 365 * 86_400
AHEAD, BEHIND = (YEAR, 2 * YEAR), (-2 * YEAR, -YEAR)


async def _enter(tx: Transaction) -> None:
    """Somebody asks for a link to sign in, and gets another one by mail."""
    user_id = await identity.ensure_user(tx, "here@example.org", "Here", Role.LEARNER)
    await identity.create_login_token(tx, user_id)
    await outbox.enqueue(tx, MailKind.SIGN_IN_LINK.value, "here@example.org", {})


def test_nothing_happens_early_late_or_twice_and_nothing_that_is_good_is_removed(
    nursery: Nursery, url: str, tmp_path: Path
) -> None:
    names = [f"{number:02}" for number in range(20)]
    due = datetime.now(UTC) + timedelta(seconds=2)
    fresh, old = tmp_path / "fresh.tar.gz", tmp_path / "old.tar.gz"
    for path, age in ((fresh, 0), (old, 30 * 86_400)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    as_service(url, _enter)
    ask_all(url, TOIL, names)
    wanted = [(LATER, {"name": f"later {name}", "due": due.isoformat()}, None) for name in names]
    as_service(url, lambda tx: jobs.enqueue_all(tx, wanted, due))
    crew = [nursery.start("work", url=url, clock=clock, imports=str(tmp_path)) for clock in (AHEAD, BEHIND)]
    try:
        as_service(url, lambda tx: jobs.enqueue(tx, REMOVE_EXPIRED, {}))
        until_idle(url)
    finally:
        for child in crew:
            child.kill()
    assert effects(url) == [*names, *(f"later {name}" for name in names)]
    assert sql(url, "SELECT DISTINCT attempts FROM job") == [(1,)]
    # The link that was mailed is good for half an hour from now, whoever mailed it.
    remaining = "SELECT expires_at - now() BETWEEN interval '29 minutes' AND interval '31 minutes' FROM login_token"
    assert sql(url, remaining) == [(True,), (True,)]
    assert (fresh.exists(), old.exists()) == (True, False)
