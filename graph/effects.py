"""What a mutation asks of the HTTP edge besides its answer. It is done when the answer goes out, and not before."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Effects:
    """Collected while an operation runs.

    `cookie` is the session cookie to set, or empty to delete the one there is; None leaves it alone. `retry_after` is
    after how many seconds something that was tried too often may be tried again.
    """

    cookie: str | None = None
    retry_after: int | None = None

    def add(self, others: Effects) -> None:
        """Takes over what an act asked for, once what it did is committed."""
        self.cookie = self.cookie if others.cookie is None else others.cookie
