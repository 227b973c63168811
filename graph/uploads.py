"""Files that people upload, in the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models.uploads as models
from core.errors import DomainError
from gateways.storage import NotKept
from gateways.storage import Target as Address
from graph.door import Act, Done, Gate, described_as, mutation
from graph.engine import BatchInfo
from graph.fields import batched, column, described, entity
from graph.node import Node, by_id
from graph.paging import Connection, connection
from models.uploads import UploadStatus
from resolvers import uploads
from resolvers.uploads import UPLOAD_BY_ID, UPLOADS, Files

described(
    UploadStatus,
    awaited="The file is waited for.",
    checking="It is being looked at.",
    ready="It is what was announced, and can be used.",
    refused="It is something else, and cannot be used.",
    removing="It is about to be removed.",
)


async def _addresses(rows: Sequence[Any], info: BatchInfo) -> list[str | None]:
    files: Files | None = info.context.files
    return [
        await files.storage.download(row.key, row.name, row.media_type)
        if files is not None and row.status == UploadStatus.READY.value
        else None
        for row in rows
    ]


@entity(models.Upload)
class Upload(Node):
    """One file of one person."""

    name: str
    media_type: str
    size: int
    sha256: str
    status: UploadStatus
    reason: str | None
    expires_at: datetime
    created_at: datetime = column("When it was announced.")
    download_url: str | None = batched(
        _addresses,
        "Where it can be fetched from for five minutes, to be saved under its name; null unless it is ready. An "
        "address that begins with a slash is one of the API's own.",
        needs=("key", "name", "media_type", "status"),
    )


@strawberry.type(description="A header to send.")
class UploadHeader:
    """Its value is part of what is signed."""

    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")


@strawberry.type(description="How a file is sent: the file itself, as the body of one request, without credentials.")
class UploadTarget:
    """Good for a quarter of an hour, and for the file that was announced."""

    url: str = strawberry.field(description="Where to. An address that begins with a slash is one of the API's own.")
    method: str = strawberry.field(description="By which method.")
    headers: list[UploadHeader] = strawberry.field(description="The headers that must be sent along.")

    @staticmethod
    def of(address: Address) -> UploadTarget:
        """As the API shows it."""
        headers = [UploadHeader(name=name, value=value) for name, value in address.headers.items()]
        return UploadTarget(url=address.url, method=address.method, headers=headers)


@strawberry.type
class UploadsQuery:
    """Root fields about one's own files."""

    uploads: Connection[Upload] = connection(UPLOADS, "One's own files, the newest first.")
    upload: Upload | None = by_id(UPLOAD_BY_ID, "A file of one's own, or one that an answer hands in to you.")


UploadId = Annotated[strawberry.ID, described_as("The upload's id.")]
TARGET = (UploadTarget, "Where to send the file; null when it is here already.")
JOB = (strawberry.ID, "The job that looks at it, for `jobProgress`; null when there is nothing left to look at.")


async def begun(files: Files, upload: Any) -> Done:
    """What a mutation answers that announced a file."""
    try:
        target = await uploads.target(files, upload)
    except NotKept as error:
        raise DomainError("Files cannot be taken at the moment. Try again later.", "UNAVAILABLE") from error
    return Done(upload.id, {"target": None if target is None else UploadTarget.of(target)})


def files_of(act: Act) -> Files:
    """Where files are kept; raises `DomainError` where there is no such place."""
    if act.files is None:
        raise DomainError("No files are taken here.", "UNAVAILABLE")
    return act.files


@mutation(Gate.PERSON, Upload, trusted=True, extra={"job_id": JOB})
async def upload_complete(act: Act, id: UploadId) -> Done:
    """Says that a file is there. It is looked at within moments: its `status` turns from `CHECKING` to `READY`."""
    return Done(id, {"job_id": await uploads.complete(act.tx, act.viewer, id)})


@mutation(Gate.PERSON, Upload, trusted=True)
async def upload_remove(act: Act, id: UploadId) -> str:
    """Gives up a file that no answer hands in."""
    await uploads.remove(act.tx, act.viewer, id)
    return id


MUTATIONS = (upload_complete, upload_remove)
