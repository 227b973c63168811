"""Secrets that have to be read again: kept encrypted, under keys that stand in the settings and not in the database.

`cryptography` does the work (Fernet: AES-128-CBC with HMAC-SHA256). The first key seals; all of them open, so that a
new key may be put in front while rows are still sealed under an older one.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Unreadable(Exception):
    """No key that is at hand opens this, or there is none at hand at all."""


class Sealer:
    """Seals and opens short texts. Keys are Fernet's: 32 random bytes in URL-safe base64."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises `ValueError` for what is no key."""
        self._keys = MultiFernet([Fernet(key) for key in keys]) if keys else None

    @property
    def has_keys(self) -> bool:
        """Whether there is a key to seal with."""
        return self._keys is not None

    def seal(self, text: str) -> str:
        """The text, sealed under the first key; raises `Unreadable` without keys."""
        return self._known().encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed under any of the keys; raises `Unreadable`."""
        try:
            return self._known().decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Unreadable("None of the keys opens this.") from error

    def renew(self, sealed: str) -> str:
        """The same text, sealed anew under the first key; raises `Unreadable`."""
        try:
            return self._known().rotate(sealed.encode()).decode()
        except InvalidToken as error:
            raise Unreadable("None of the keys opens this.") from error

    def _known(self) -> MultiFernet:
        if self._keys is None:
            raise Unreadable("There are no keys to seal with.")
        return self._keys


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode()
