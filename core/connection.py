"""A connection on which nobody waits for ever.

A server that is gone without a word, behind a cable or a firewall that drops what it is sent, looks like one that is
slow. The server ends a statement that takes too long and says so; silence beyond that is a broken line.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import psycopg

log = logging.getLogger("cairn.database")


class Connection(psycopg.AsyncConnection[Any]):
    """psycopg's connection, broken off where the answer to a statement takes longer than its `patience`, in seconds.

    Whoever waits gets the `OperationalError` of a broken connection. Without patience it waits however long it takes.
    """

    patience: float | None = 20.0

    async def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """As psycopg's: whatever is waited for passes here."""
        with hung_up_after(self.patience, self.pgconn.socket):
            return await super().wait(gen, *args, **options)

    @asynccontextmanager
    async def however_long(self) -> AsyncIterator[None]:
        """What is waited for in this block may take as long as it takes."""
        usual, self.patience = self.patience, None
        try:
            yield
        finally:
            self.patience = usual


@contextmanager
def hung_up_after(seconds: float | None, socket_number: int) -> Iterator[None]:
    """Breaks a connection off when the block takes longer than so many seconds."""
    if seconds is None:
        yield
        return
    timer = asyncio.get_running_loop().call_later(seconds, hang_up, socket_number)
    try:
        yield
    finally:
        timer.cancel()


def hang_up(socket_number: int) -> None:
    """Breaks a connection off, so that whoever waits for it hears of it at once."""
    log.warning("the database was silent for too long; its connection is given up")
    with suppress(OSError), socket.socket(fileno=os.dup(socket_number)) as line:
        line.shutdown(socket.SHUT_RDWR)
