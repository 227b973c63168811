"""Who is behind a credential right now: asked before every event, for all streams that have one at once.

An answer never comes from a statement that began before the question: what was revoked before an event is known when
that event is delivered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from cairn.http.credentials import Credentials, InvalidCredentials, Presented
from core.viewer import Viewer
from resolvers import identity
from resolvers.identity import TokenKind

_TOGETHER = (TokenKind.API, TokenKind.ACCESS, TokenKind.SESSION)
Kind = TokenKind | None
Futures = list[asyncio.Future[Viewer | None]]


class Standings:
    """Looks credentials up, those that are asked for while a statement runs with the next one.

    Each kind by itself: whoever asks an issuer far away keeps nobody else waiting.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._asked: dict[Kind, dict[Presented, Futures]] = {}
        self._tasks: dict[Kind, asyncio.Task[None]] = {}

    async def viewer(self, presented: Presented) -> Viewer | None:
        """Who it is; None when it is over. Raises what the database raises when that is away."""
        future: asyncio.Future[Viewer | None] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(presented.kind, {}).setdefault(presented, []).append(future)
        if presented.kind not in self._tasks:
            self._tasks[presented.kind] = asyncio.create_task(self._answer_all(presented.kind))
        return await future

    async def _answer_all(self, kind: Kind) -> None:
        try:
            while asked := self._asked.pop(kind, None):
                await self._answer(kind, list(asked), asked)
        finally:
            del self._tasks[kind]

    async def _answer(self, kind: Kind, group: Sequence[Presented], asked: dict[Presented, Futures]) -> None:
        if kind in _TOGETHER:
            try:
                found: list[Any] = list(
                    await identity.viewers_now(self._credentials.database, kind, [each.secret for each in group])
                )
            except Exception as error:
                found = [error] * len(group)
        else:
            found = await asyncio.gather(*map(self._one, group))
        for presented, answer in zip(group, found, strict=True):
            _tell(asked[presented], answer)

    async def _one(self, presented: Presented) -> Any:
        try:
            return await self._credentials.viewer_of(presented)
        except InvalidCredentials:
            return None
        except Exception as error:
            return error


def _tell(waiting: Futures, answer: Any) -> None:
    for future in waiting:
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
