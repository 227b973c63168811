"""Why a stream ends before its subscriber has had enough, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resolvers.events import CursorExpired

# Close codes: of the protocol graphql-transport-ws, and of WebSockets themselves.
BAD_MESSAGE, UNAUTHORIZED, INIT_TIMEOUT, SUBPROTOCOL, DUPLICATE, TOO_MANY = 4400, 4401, 4408, 4406, 4409, 4429
NORMAL, TOO_FAST, RESTART, TRY_AGAIN_LATER = 1000, 1008, 1012, 1013


@dataclass(frozen=True)
class Ending:
    """Why something is over: a word for programs, a sentence for people, and the code a whole WebSocket is closed with.

    Without a close code it is one operation that ends, and others on the same connection go on.
    """

    code: str
    message: str
    close: int | None = None

    def error(self) -> dict[str, Any]:
        """The GraphQL error that says so."""
        return {"message": self.message, "extensions": {"code": self.code}}


class Ended(Exception):
    """A stream is over, for this reason."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.message)
        self.ending = ending


SIGNED_OUT = Ending("UNAUTHENTICATED", "What you signed in with has ended. Sign in, and go on.", UNAUTHORIZED)
NOT_INITIALISED = Ending("INIT_TIMEOUT", "Connection initialisation timeout", INIT_TIMEOUT)
IDLE = Ending("IDLE", "Nothing was asked for in a long time.", NORMAL)
TOO_SLOW = Ending("TOO_SLOW", "Events were not taken in time. Go on after the last cursor.", TRY_AGAIN_LATER)
SHUTTING_DOWN = Ending("RESTARTING", "The server restarts. Go on after the last cursor.", RESTART)
TOO_MANY_OF_PERSON = Ending("TOO_MANY_CONNECTIONS", "You have too many connections open.", TOO_MANY)
TOO_MANY_MESSAGES = Ending("RATE_LIMITED", "Too many messages in a short time.", TOO_FAST)
TOO_MANY_OPERATIONS = Ending("TOO_MANY_OPERATIONS", "Too many operations run on this connection.")
EXPIRED = Ending(CursorExpired().code, str(CursorExpired()))
BROKEN = Ending("INTERNAL_SERVER_ERROR", "Something went wrong on our side.")
