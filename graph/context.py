"""What every resolver finds in `info.context`: who asks, from which perspective, and how to read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader

from core import telemetry
from core.database import Database
from core.proving import Proof
from core.reading import Budget, Reader
from core.relations import Perspective
from core.viewer import Viewer
from gateways.tallies import Tallies
from graph.effects import Effects
from graph.engine import FetchingContext, LoaderKey, Program, Unfit
from graph.sources import fetch, levels_of
from resolvers.identity import Origin
from resolvers.requests.idempotency import Key
from resolvers.uploads import Files
from resolvers.webhooks.kit import Hooks

LIVE = Perspective("live", hides_trash=False)
DRAFT = Perspective("draft", hides_trash=True)
# For the payload of a mutation that has just put its object into the trash.
TRASH = Perspective("draft", hides_trash=False)
NOWHERE = Origin()


class Context(FetchingContext):
    """One request's context. `renew` starts a fresh snapshot, as after a mutation has committed.

    `origin` says where the request came from; `effects` is what mutations ask of the HTTP edge; `tallies` counts what
    may be tried only so often, and without them nothing is limited. `key` is the client's own key for the request, if
    any, and `is_repeatable` says whether its answer may be kept to be given again. `hooks` is what webhooks work with,
    `files` where files are kept. With a `proof` it is not known yet that the viewer is who they are taken for: all is
    read in one round trip with it, or nothing.
    """

    def __init__(
        self,
        database: Database,
        viewer: Viewer,
        perspective: Perspective = LIVE,
        budget: Budget | None = None,
        origin: Origin = NOWHERE,
        tallies: Tallies | None = None,
        key: Key | None = None,
        hooks: Hooks | None = None,
        files: Files | None = None,
        proof: Proof | None = None,
    ) -> None:
        self.proof = proof
        self.key = key
        self.hooks = hooks
        self.files = files
        self.is_repeatable = True
        self.origin = origin
        self.tallies = tallies
        self.effects = Effects()
        # What the operation was reckoned to cost, once that is known.
        self.cost = 0
        self.budget = budget or Budget()
        self.database = database
        self.viewer = viewer
        self.loaders: dict[LoaderKey, DataLoader[Any, Any]] = {}
        self._perspective = perspective
        self._reader: Reader | None = None

    @property
    def reader(self) -> Reader:
        """What reads for this request, from the snapshot that its first statement opens."""
        if self._reader is None:
            self._reader = Reader(self.database, self.viewer, self._perspective, self.budget, self.proof)
        return self._reader

    def fetch(self, program: Program, requests: Sequence[Any], is_last: Callable[[], bool]) -> Awaitable[list[Any]]:
        """What the engine's one-round-trip programs ask for; raises `Unfit` where the viewer's role may not read it."""
        if not self.reader.may_read(levels_of(program)):
            raise Unfit
        return fetch(self.reader, program, requests, is_last)

    def planned(self, began: float) -> None:
        """Hears from the engine that planning, which began then, has ended."""
        telemetry.took("plan", began)

    def spend(self, objects: int) -> None:
        """Counts objects against what one answer may hold."""
        self.budget.spend(objects=objects)

    async def renew(self, perspective: Perspective) -> None:
        """Forgets what was read and reads anew from this perspective."""
        if self._reader is not None:
            await self._reader.close()
        self.loaders.clear()
        self._reader, self._perspective = None, perspective

    async def close(self) -> None:
        """Returns the connection; safe to call twice. Nothing can be read until it is renewed."""
        await self.reader.close()


Info = strawberry.Info[Context, Any]
