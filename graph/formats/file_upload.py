"""File-upload questions."""

from __future__ import annotations

import strawberry

from graph.fields import described
from graph.formats.base import (
    GraphFormat,
    QuestionBlock,
    QuestionInput,
    Response,
    answer_part,
    may,
    secret_setting,
    setting,
)
from models.curriculum import BlockFormat
from resolvers.formats.file_upload import FileKind

described(
    FileKind,
    image="Pictures: JPEG, PNG, GIF, WebP.",
    document="Documents: PDF, plain text, Office and OpenDocument files.",
    audio="Recordings: MP3, MP4 audio, Ogg, WAV.",
    video="Films: MP4, WebM.",
)


@strawberry.type(description="Files to hand in. It is not graded by itself.")
class FileUploadQuestion(QuestionBlock):
    """A person looks at them, along the rubric."""

    kinds: list[FileKind] = setting("Which sorts of file are taken; empty for all of them.")
    maximum_files: int = setting("How many files are taken at most.")
    maximum_bytes: int = setting("How many bytes a file has at most.")
    rubric: str | None = secret_setting("What readers look for in an answer (Markdown).")


@strawberry.input(description="Files to hand in. It is not graded by itself.")
class FileUploadInput(QuestionInput):
    """The task is the block's markdown."""

    kinds: strawberry.Maybe[list[FileKind] | None] = may("Which sorts of file are taken; all if nothing is said.")
    maximum_files: strawberry.Maybe[int | None] = may("How many files are taken, 1 to 20; 1 if nothing is said.")
    maximum_bytes: strawberry.Maybe[int | None] = may(
        "How many bytes a file has at most, up to 500,000,000; 20,000,000 if nothing is said."
    )
    rubric: strawberry.Maybe[str | None] = may("What readers look for in an answer (Markdown).")


@strawberry.type(description="The files that were handed in.")
class FileUploadResponse(Response):
    """Read back as it was given."""

    file_keys: list[str] = answer_part("The keys of the uploads.")


@strawberry.input(description="The files that are handed in.")
class FileUploadResponseInput:
    """They must have arrived before."""

    file_keys: list[str] = answer_part("The keys of the uploads.")


FORMAT = GraphFormat(
    BlockFormat.FILE_UPLOAD, FileUploadQuestion, FileUploadInput, FileUploadResponse, FileUploadResponseInput
)
