"""Editorial content in the API: revisions, how a draft stands to what is published, the trash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

import models.content as models
from graph.engine import BatchInfo
from graph.fields import batched, column, described, entity
from graph.node import Node
from graph.paging import Connection, connection
from models.content import PublishState, RevisionKind, Stage, Staged
from models.identity import Scope
from resolvers.content import batches

described(Stage, draft="As editors see it.", live="As readers see it.")
described(
    PublishState,
    draft="Readers do not see it.",
    published="Readers see exactly this.",
    changed="Readers see something else than the draft.",
)
described(
    RevisionKind,
    published="Readers were shown it.",
    replaced="A draft that an older revision took the place of.",
    planned="A draft that the clock is to publish.",
)


@entity(models.Revision)
class Revision(Node):
    """A sealed snapshot of a theme or of a whole course."""

    number: int
    kind: RevisionKind
    message: str | None
    created_at: datetime = column("When it was sealed.")


def tree_revision() -> Any:
    """The field `treeRevision` of a root."""

    async def revisions(roots: Sequence[Any], info: BatchInfo) -> Sequence[int | None]:
        return await batches.tree_revisions(info.context.reader, [root.id for root in roots])

    description = (
        "How often anything in the draft was saved, all parts counted together. Send it as expectedTreeRevision. "
        "Null for who may not see drafts."
    )
    return batched(revisions, description, needs=("id",))


def publish_state(root: type[Staged]) -> Any:
    """The field `publishState` of a root."""

    async def states(roots: Sequence[Any], info: BatchInfo) -> Sequence[PublishState]:
        return await batches.states(info.context.reader, root, [root.id for root in roots])

    return batched(states, "How the draft stands to what readers see.", needs=("id",))


def published_revision(root: type[Staged]) -> Any:
    """The field `publishedRevision` of a root."""

    async def revisions(roots: Sequence[Any], info: BatchInfo) -> Sequence[Any]:
        return await batches.published_revisions(info.context.reader, root, [each.id for each in roots])

    return batched(revisions, "The revision that readers see now; null for who may not see drafts.", needs=("id",))


async def _titles(rows: Sequence[Any], info: BatchInfo) -> Sequence[str]:
    found = await batches.titles(info.context.reader, [row.id for row in rows])
    return [found.get(row.id, row.kind) for row in rows]


@entity(models.Content, name="TrashedObject")
class TrashedObject:
    """Something in the trash; restoring it brings back all that went along with it."""

    id: strawberry.ID = column("The object's own id.")
    kind: str = column("What it is: theme, course, module, lesson, block and so on.")
    title: str = batched(_titles, "A word to recognise it by.", needs=("id", "kind"))
    trashed_at: datetime = column("When it was put there.")


@strawberry.type
class ContentQuery:
    """Root fields about content itself."""

    trash: Connection[TrashedObject] = connection(
        batches.TRASH, "What is in the trash, what was put there last first.", scope=Scope.CONTENT_EDIT
    )
