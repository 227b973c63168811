"""What is counted of streams, by whoever counts."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class TransportKind(StrEnum):
    """The ways out."""

    WEBSOCKET = "websocket"
    DISTINCT = "sse"
    SHARED = "sse_single"


class Cap(StrEnum):
    """What there were too many of, where a connection is refused."""

    PROCESS = "process"
    ADDRESS = "address"
    PERSON = "person"


class Counting(Protocol):
    """Whoever counts: words of our own only, nothing that clients make up."""

    def entered(self, transport: TransportKind) -> None:
        """A connection is open."""

    def left(self, transport: TransportKind) -> None:
        """A connection is over."""

    def refused(self, cap: Cap) -> None:
        """A connection was turned away, because there were too many."""

    def ended(self, code: str) -> None:
        """A connection, or one operation on it, was ended by us, for a reason."""

    def delivered(self, transport: TransportKind, lag_seconds: float | None) -> None:
        """An event went out, so long after it happened; None where its stream was catching up."""


class Nobody:
    """Counts nothing."""

    def entered(self, transport: TransportKind) -> None:
        """Nothing."""

    def left(self, transport: TransportKind) -> None:
        """Nothing."""

    def refused(self, cap: Cap) -> None:
        """Nothing."""

    def ended(self, code: str) -> None:
        """Nothing."""

    def delivered(self, transport: TransportKind, lag_seconds: float | None) -> None:
        """Nothing."""


NOBODY = Nobody()
