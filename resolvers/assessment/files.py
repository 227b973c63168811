"""Which files an answer hands in, and which may be uploaded for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import InvalidInput, SeveralErrors
from core.rows import Row
from core.writing import Transaction
from models.uploads import UploadPurpose
from resolvers import uploads
from resolvers.formats.file_upload import FileKind, FileUpload
from resolvers.uploads import FileToCome, Place

_IN_ANSWER = ("answer", "fileUpload", "fileKeys")
_IMAGE, _AUDIO, _VIDEO = "image/", "audio/", "video/"


async def hand_in(tx: Transaction, attempt: Row, block_id: str, upload_ids: Sequence[str]) -> None:
    """Notes that an answer hands in just these; raises `SeveralErrors` for each that is not the person's, not for
    this question, or not found to be in order.
    """
    try:
        await uploads.keep(tx, attempt.user_id, place_of(attempt.id, block_id), upload_ids)
    except SeveralErrors as error:
        inside = [InvalidInput(each.message, each.code, (*_IN_ANSWER, *each.path)) for each in error.errors]
        raise SeveralErrors(inside) from error


async def let_go(tx: Transaction, attempt_id: str, block_ids: Sequence[str]) -> None:
    """Lets go of the files of an attempt's other questions."""
    await uploads.keep_at_most(tx, UploadPurpose.ANSWER, attempt_id, block_ids)


def place_of(attempt_id: str, block_id: str) -> Place:
    """What a file is for that an answer is to hand in."""
    return Place(UploadPurpose.ANSWER, attempt_id, block_id)


def require_wanted(question: Any, coming: FileToCome) -> None:
    """Raises what the question has against a file, each with its field."""
    if not isinstance(question, FileUpload):
        raise InvalidInput("This question takes no files.", "WRONG_FORMAT", ("blockId",))
    errors = []
    if question.kinds and kind_of(coming.media_type) not in question.kinds:
        wanted = ", ".join(f"{FileKind(each).value} files" for each in question.kinds)
        errors.append(InvalidInput(f"This question takes {wanted}.", "INVALID", ("mediaType",)))
    if coming.size > question.maximum_bytes:
        errors.append(InvalidInput(f"A file has at most {question.maximum_bytes} bytes.", "INVALID", ("size",)))
    if errors:
        raise SeveralErrors(errors)


def kind_of(media_type: str) -> FileKind:
    """Which sort of file one of this media type is."""
    begins = {_IMAGE: FileKind.IMAGE, _AUDIO: FileKind.AUDIO, _VIDEO: FileKind.VIDEO}
    return next((kind for start, kind in begins.items() if media_type.lower().startswith(start)), FileKind.DOCUMENT)
