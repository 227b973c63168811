"""Media: a video, a recording, a picture or a document, by its address."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Self

from pydantic import Field, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import ContentFormat, Part, WrongField
from resolvers.formats.values import Address, LanguageTag

_SECONDS_A_DAY = 86_400


class MediaKind(StrEnum):
    """What a media block shows or plays."""

    VIDEO = "video"
    AUDIO = "audio"
    IMAGE = "image"
    DOCUMENT = "document"


class MediaCaption(Part):
    """Captions in one language."""

    locale: LanguageTag
    url: Address


class Media(ContentFormat):
    """The block's body is the caption beside it. Times are whole seconds from the start."""

    format: ClassVar[BlockFormat] = BlockFormat.MEDIA

    kind: MediaKind
    url: Address
    alternative_urls: list[Address] = Field(default_factory=list, max_length=20)
    alt: str | None = Field(default=None, max_length=2000)
    transcript: str | None = Field(default=None, max_length=200_000)
    captions: list[MediaCaption] = Field(default_factory=list, max_length=100)
    duration_seconds: int | None = Field(default=None, ge=0, le=_SECONDS_A_DAY)
    poster_url: Address | None = None
    starts_at_seconds: int | None = Field(default=None, ge=0, le=_SECONDS_A_DAY)
    ends_at_seconds: int | None = Field(default=None, ge=1, le=_SECONDS_A_DAY)

    @model_validator(mode="after")
    def _pictures_are_described(self) -> Self:
        if self.kind == MediaKind.IMAGE and not self.alt:
            raise WrongField("Say what the picture shows, for those who cannot see it.", "alt")
        return self

    @model_validator(mode="after")
    def _one_caption_per_language(self) -> Self:
        locales = [caption.locale for caption in self.captions]
        for index, locale in enumerate(locales):
            if locale in locales[:index]:
                raise WrongField(f"There are captions in {locale!r} already.", "captions", index, "locale")
        return self

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        start, end, duration = self.starts_at_seconds or 0, self.ends_at_seconds, self.duration_seconds
        if end is not None and end <= start:
            raise WrongField("The end must come after the start.", "ends_at_seconds")
        if duration is not None and start >= max(duration, 1):
            raise WrongField(f"It lasts {duration} seconds only.", "starts_at_seconds")
        if duration is not None and end is not None and end > duration:
            raise WrongField(f"It lasts {duration} seconds only.", "ends_at_seconds")
        return self
