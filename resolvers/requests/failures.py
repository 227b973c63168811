"""Failed tries to prove who one is: one record each in the log, of what was tried, from where, and why it failed.

They are logged and not kept in a table: strangers make as many as they like, and a row for each would be theirs to fill
the database with, and something more to be done where there must be no difference between accounts that exist and
others. What watches logs counts and alarms, and forgets by age.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import DomainError, SeveralErrors

if TYPE_CHECKING:
    from core.viewer import Viewer
    from resolvers.identity import Origin

log = logging.getLogger("cairn.security")
CODES = frozenset({"WRONG_CREDENTIALS", "LINK_EXPIRED", "SESSION_OVER", "ACCOUNT_CLOSED", "RATE_LIMITED"})
_HASH_LENGTH = 16

_key = secrets.token_bytes(32)


def use_key(key: str) -> None:
    """Names accounts by hashes that are keyed with this, so that all processes name them alike, after a restart too."""
    global _key
    _key = key.encode()


def tell(act: str, errors: Sequence[DomainError | SeveralErrors], account: str, viewer: Viewer, origin: Origin) -> None:
    """Logs a try that ended in errors, if any of them says that the proof was not good, or was tried too often.

    `account` is what the try was about as it was typed, be there such an account or not: its keyed hash is logged.
    """
    code = next((error.code for error in errors if isinstance(error, DomainError) and error.code in CODES), None)
    if code is None:
        return
    fields = {
        "act": act,
        "code": code,
        "account": _named(account) if account else None,
        "user": viewer.user_id,
        "address": origin.ip,
    }
    known = {name: value for name, value in fields.items() if value is not None}
    log.warning("failed sign-in", extra={"fields": known})


def _named(account: str) -> str:
    digest = hmac.new(_key, account.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return digest[:_HASH_LENGTH]
