"""Passwords: which are good enough, and how they are kept.

Argon2id at OWASP's setting takes tens of milliseconds and 19 MiB each. A few run at once in threads of their own, so
that a crowd at the door cannot take the whole machine; a longer queue than can be served is turned away.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import InvalidInput, RequestError
from core.text import unified

T = TypeVar("T")
SHORTEST, LONGEST, FEWEST_DIFFERENT = 10, 200, 5
# What is typed may be longer than what it comes to: a letter and its accents, apart. Beyond this nothing is looked at.
_LONGEST_TYPED = 4 * LONGEST
AT_ONCE = max(1, min(4, os.cpu_count() or 1))
MOST_WAITING = 256

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="cairn-password")
_waiting = 0
# A hash of nothing in particular: what is compared where there is no account.
_DUMMY = "$argon2id$v=19$m=19456,t=2,p=1$YZvdp2eBi4eTMLdG97iePw$Y4VjdJfX34FYNesC41wGY1aLeM8npN5hUoqFHtSbITY"


def check(password: str, email: str = "", path: str = "password") -> None:
    """Raises `InvalidInput` for a password that is too easy to guess. Any characters will do; length is what counts."""
    same = _same(password[: _LONGEST_TYPED + 1])
    if len(same) < SHORTEST:
        raise InvalidInput(f"A password has at least {SHORTEST} characters.", "TOO_WEAK", (path,))
    if len(same) > LONGEST or len(password) > _LONGEST_TYPED:
        raise InvalidInput(f"A password has at most {LONGEST} characters.", "INVALID", (path,))
    if len(set(same)) < FEWEST_DIFFERENT:
        raise InvalidInput("This password repeats too few characters.", "TOO_WEAK", (path,))
    if email and same.casefold() in (email.casefold(), email.partition("@")[0].casefold()):
        raise InvalidInput("A password must not be the e-mail address.", "TOO_WEAK", (path,))


async def hashed(password: str) -> str:
    """What is kept of a password."""
    return await _in_thread(lambda: _hasher.hash(_same(password)))


async def matches(password: str, kept: str | None) -> bool:
    """Whether this is the password that was kept. Where none was, it takes the same time and is not."""
    is_possible = kept is not None and len(password) <= _LONGEST_TYPED
    found = await _in_thread(
        lambda: _verified(kept if kept and is_possible else _DUMMY, _same(password[:_LONGEST_TYPED]))
    )
    return found and is_possible


def _verified(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _same(password: str) -> str:
    """One spelling for what looks alike and may be typed differently on another keyboard."""
    return unified(password, "NFKC")


async def _in_thread(work: Callable[[], T]) -> T:
    global _waiting
    if _waiting >= MOST_WAITING:
        raise RequestError("The server is busy. Try again in a moment.", "UNAVAILABLE")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting -= 1
