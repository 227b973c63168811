"""File upload: files to hand in, looked at by people."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from models.curriculum import BlockFormat
from resolvers.formats.base import QuestionFormat, Response, WrongField, secret
from resolvers.formats.values import FileKey, LongText

_MEGABYTE = 1_000_000


class FileKind(StrEnum):
    """What sort of file may be handed in."""

    IMAGE = "image"
    DOCUMENT = "document"
    AUDIO = "audio"
    VIDEO = "video"


class FileUploadResponse(Response):
    """The files, by the keys under which they were uploaded."""

    file_keys: list[FileKey] = Field(min_length=1, max_length=20)


class FileUpload(QuestionFormat):
    """Not graded by itself: points are given by a person, along the rubric. Without kinds, all of them may be given."""

    format: ClassVar[BlockFormat] = BlockFormat.FILE_UPLOAD
    default_points: ClassVar[int] = 0
    is_graded_by_people: ClassVar[bool] = True
    response_model: ClassVar[type[Response]] = FileUploadResponse

    kinds: list[FileKind] = Field(default_factory=list, max_length=len(FileKind))
    maximum_files: int = Field(default=1, ge=1, le=20)
    maximum_bytes: int = Field(default=20 * _MEGABYTE, ge=1, le=500 * _MEGABYTE)
    rubric: LongText | None = secret()

    def check(self, response: FileUploadResponse) -> None:
        """No more files than are wanted, each once. Whose they are is seen when they are handed in."""
        if len(response.file_keys) > self.maximum_files:
            raise WrongField(f"Hand in at most {self.maximum_files}.", "file_keys")
        for index, key in enumerate(response.file_keys):
            if key in response.file_keys[:index]:
                raise WrongField("The same file is there twice.", "file_keys", index)
