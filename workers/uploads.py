"""What is done with uploads in the background."""

from __future__ import annotations

from gateways.storage import NotKept
from resolvers import uploads
from resolvers.uploads import Files, Seen
from workers.actors import Work, actor


def _files(work: Work) -> Files:
    if work.tools.files is None:
        raise NotKept("This worker has no storage.")
    return work.tools.files


async def _look(work: Work, upload_id: str) -> Seen | None:
    return await uploads.look(work.database, _files(work), upload_id)


@actor(uploads.CHECK, prepare=_look)
async def check_upload(work: Work, upload_id: str) -> None:
    """Looks whether what arrived is what was announced."""
    await uploads.settle(work.tx, upload_id, work.prepared)


async def _sweep(work: Work) -> None:
    await uploads.sweep(work.database, _files(work))


@actor(uploads.SWEEP, prepare=_sweep)
async def sweep_uploads(work: Work) -> None:
    """Removes the files that nothing refers to: all of it before, each by itself."""
