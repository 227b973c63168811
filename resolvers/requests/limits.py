"""How often what may be tried, by whom: the one table, and counting in PostgreSQL.

A try is counted before anything else is done, whatever it is about: an account that does not exist counts like one that
does. What a stranger may try against an account is counted by the account and the stranger's address together, so that
one stranger keeps nobody out. All strangers together have a larger budget: who is kept out at the password comes in by
a mailed link. Each kind of mail is counted by itself, in windows as long as a link is good, so whoever is kept from
asking for one has had some that are good still.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import limits
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.addresses import counted_as
from core.database import Database
from core.errors import DomainError
from core.removing import remove_some
from core.tables import table_of
from core.viewer import SERVICE, Viewer
from core.writing import Transaction, transaction
from gateways.tallies import Check, Tallies
from models.requests import RateLimit
from resolvers.identity import Origin


class RateLimited(DomainError):
    """This was tried too often; `retry_after` says after how many seconds it may be tried again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"This was tried too often. Try again in {_in_words(retry_after)}.", "RATE_LIMITED")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Limit:
    """How often one act may be tried, each written as `10 per 15 minutes`.

    `address` counts all tries from one address; `here` those about one account from one address; `account` all that
    are about one account; `viewer` those of one person who is signed in. `field` is the input field that names the
    account. `proves` says that what is tried is to prove who one is: such tries are logged when they fail.
    """

    name: str
    address: str = ""
    here: str = ""
    account: str = ""
    viewer: str = ""
    field: str = "email"
    proves: bool = False


# Who may -------------------------------------------------------------------------------------------------------------

# As long as a mailed link is good: where strangers use the account's up, its owner has links that they had sent.
_MAILS_HERE, _MAILS = "3 per 30 minutes", "6 per 30 minutes"
SIGN_IN = Limit("sign_in", address="100 per 15 minutes", here="10 per 15 minutes", account="300 per hour", proves=True)
SIGN_UP = Limit("sign_up", address="60 per hour", here=_MAILS_HERE, account=_MAILS)
GUEST = Limit("guest", address="120 per hour")
LINK = Limit("link", address="60 per hour", here=_MAILS_HERE, account=_MAILS)
RESET = Limit("reset", address="60 per hour", here=_MAILS_HERE, account=_MAILS)
CLAIM = Limit("claim", viewer="10 per hour", here=_MAILS_HERE, account=_MAILS)
SECRET = Limit("secret", address="60 per 15 minutes", proves=True)
REFRESH = Limit("refresh", address="600 per minute", proves=True)
PASSWORD = Limit("password", viewer="10 per 15 minutes", proves=True)
NEW_EMAIL = Limit("new_email", viewer="10 per hour", here=_MAILS_HERE, account=_MAILS, proves=True)
API_TOKEN = Limit("api_token", viewer="30 per hour", proves=True)
IMPERSONATE = Limit("impersonate", viewer="30 per hour")
FRIEND = Limit("friend", viewer="60 per hour")
GROUP = Limit("group", viewer="60 per hour")
GROUP_MAIL = Limit("group_mail", address="120 per hour", viewer="60 per hour", account="5 per hour")
GROUP_SECRET = Limit("group_secret", address="120 per hour", viewer="60 per hour")
LEAD = Limit("lead", address="60 per hour", viewer="20 per hour")
UPLOAD = Limit("upload", address="600 per hour", viewer="300 per hour")
WEBHOOK = Limit("webhook", viewer="300 per hour")


async def check(tallies: Tallies, limit: Limit, given: Mapping[str, Any], viewer: Viewer, origin: Origin) -> None:
    """Counts one try; raises `RateLimited` when there were too many."""
    retry_after = await tallies.hit(checks_of(limit, given, viewer, origin))
    if retry_after is not None:
        raise RateLimited(retry_after)


def checks_of(limit: Limit, given: Mapping[str, Any], viewer: Viewer, origin: Origin) -> list[Check]:
    """What a try is counted under. The address comes first: who has used that up uses up nothing of the account's."""
    address, account = counted_as(origin.ip), account_of(limit, given)
    counted = (
        ("address", limit.address, (address,)),
        ("viewer", limit.viewer if viewer.user_id else "", (viewer.user_id or "",)),
        ("here", limit.here, (account, address)),
        ("account", limit.account, (account,)),
    )
    return [_check(f"{limit.name}:{kind}", rate, who) for kind, rate, who in counted if rate]


def account_of(limit: Limit, given: Mapping[str, Any]) -> str:
    """The account that a try is about, as it was typed but for its case; empty where it names none."""
    return str(given.get(limit.field) or "").replace("\0", "").strip().lower()


def _check(name: str, rate: str, who: Sequence[str]) -> Check:
    # Whom a count is about is nobody's business who reads the table.
    digest = hashlib.sha256("\0".join(who).encode("utf-8", "surrogatepass")).hexdigest()
    item = limits.parse(rate)
    return Check(f"{name}:{digest[:32]}", item.amount, item.get_expiry())


def _in_words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{round(seconds / 60)} minutes"


# Actions -------------------------------------------------------------------------------------------------------------


class PostgresTallies:
    """Counts in the database: one statement a check, each row locked by whoever counts on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hit(self, checks: Sequence[Check]) -> int | None:
        """As `Tallies` says. A transaction of its own: a try stays counted, whatever becomes of it."""
        if not checks:
            return None
        async with transaction(self._database, SERVICE) as tx:
            for check in checks:
                hits, seconds = await _count(tx, check)
                if hits > check.most:
                    return max(1, round(seconds))
        return None

    async def close(self) -> None:
        """Nothing: the database is its owner's."""


async def _count(tx: Transaction, check: Check) -> tuple[int, float]:
    """(tries in the window, this one among them; seconds until the window ends)."""
    table = table_of(RateLimit)
    # The clock on the wall: the statement may have waited for its turn.
    clock = sa.func.clock_timestamp()
    ends_at = clock + timedelta(seconds=check.seconds)
    statement = insert(table).values(id=RateLimit.new_id(), key=check.key, hits=1, ends_at=ends_at)
    is_over = table.c.ends_at <= clock
    statement = statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "hits": sa.case((is_over, 1), else_=sa.func.least(table.c.hits + 1, 1_000_000)),
            "ends_at": sa.case((is_over, statement.excluded.ends_at), else_=table.c.ends_at),
        },
    )
    seconds = sa.extract("epoch", table.c.ends_at - clock).label("seconds")
    found = await tx.row(statement.returning(table.c.hits, seconds))
    assert found is not None
    return found.hits, float(found.seconds)


async def delete_old(tx: Transaction) -> int:
    """Removes counts whose window is over; answers how many."""
    return await remove_some(tx, RateLimit, table_of(RateLimit).c.ends_at < sa.func.now())
