"""Secrets that have to be read again: kept encrypted, under keys that stand in the settings and not in the database.

`cryptography` does the work (Fernet: AES-128-CBC with HMAC-SHA256). The first key seals; all of them open, so that a
new key may be put in front while rows are still sealed under an older one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


class Unreadable(Exception):
    """No key that is at hand opens this, or there is none at hand at all."""


class Sealer:
    """Seals and opens short texts. Keys are Fernet's: 32 random bytes in URL-safe base64."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._given = tuple(keys)

    def seal(self, text: str) -> str:
        """The text, sealed under the first key; raises `Unreadable` without keys."""
        return self._keys.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed under any of the keys; raises `Unreadable`."""
        return self._opened(lambda: self._keys.decrypt(sealed.encode()))

    def renew(self, sealed: str) -> str:
        """The same text, sealed anew under the first key; raises `Unreadable`."""
        return self._opened(lambda: self._keys.rotate(sealed.encode()))

    def _opened(self, open: Callable[[], bytes]) -> str:
        from cryptography.fernet import InvalidToken

        try:
            return open().decode()
        except InvalidToken as error:
            raise Unreadable("None of the keys opens this.") from error

    @cached_property
    def _keys(self) -> MultiFernet:
        # Eight megabytes, which those who seal nothing can do without.
        from cryptography.fernet import Fernet, MultiFernet

        if not self._given:
            raise Unreadable("There are no keys to seal with.")
        return MultiFernet([Fernet(key) for key in self._given])


def new_key() -> str:
    """A fresh key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()
