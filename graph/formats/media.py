"""Media blocks."""

from __future__ import annotations

import strawberry

from graph.fields import described
from graph.formats.base import BlockInput, ContentBlock, GraphFormat, may, parts, setting
from models.curriculum import BlockFormat
from resolvers.formats.media import MediaKind

described(
    MediaKind,
    video="Moving pictures.",
    audio="Sound alone.",
    image="A picture.",
    document="Something to open or download, such as a PDF.",
)


@strawberry.type(description="Captions of a video or a recording in one language.")
class MediaCaption:
    """A part of the settings."""

    locale: str = strawberry.field(description='The language, as a BCP 47 tag such as "en" or "pt-BR".')
    url: str = strawberry.field(description="Where the captions are (WebVTT or SubRip).")


@strawberry.type(description="A video, a recording, a picture or a document. The block's text is its caption.")
class MediaBlock(ContentBlock):
    """The file itself is elsewhere, at `url`."""

    kind: MediaKind = setting("What it is.")
    url: str = setting("Where the file is: an https address, or a path of this site.")
    alternative_urls: list[str] = setting("The same in other files, to fall back on, best first.")
    alt: str | None = setting("What there is to see, in words, for those who cannot see it.")
    transcript: str | None = setting("What is said, as plain text.")
    captions: list[MediaCaption] = parts("Captions, one file for each language.")
    duration_seconds: int | None = setting("How long it lasts, in seconds.")
    poster_url: str | None = setting("A picture to show before it plays.")
    starts_at_seconds: int | None = setting("Where to start playing, in seconds from the beginning.")
    ends_at_seconds: int | None = setting("Where to stop playing, in seconds from the beginning.")


@strawberry.input(description="Captions of a video or a recording in one language.")
class MediaCaptionInput:
    """One file of captions."""

    locale: str = strawberry.field(description='The language, as a BCP 47 tag such as "en" or "pt-BR".')
    url: str = strawberry.field(description="Where the captions are: an https address, or a path of this site.")


@strawberry.input(description="A video, a recording, a picture or a document. The block's text is its caption.")
class MediaInput(BlockInput):
    """A list given replaces the whole list."""

    kind: strawberry.Maybe[MediaKind] = may("What it is. Needed for a new block.")
    url: strawberry.Maybe[str] = may(
        "Where the file is: an https address, or a path of this site that starts with /. Needed for a new block."
    )
    alternative_urls: strawberry.Maybe[list[str] | None] = may("The same in other files, to fall back on, best first.")
    alt: strawberry.Maybe[str | None] = may("What there is to see, in words; a picture needs it.")
    transcript: strawberry.Maybe[str | None] = may("What is said, as plain text.")
    captions: strawberry.Maybe[list[MediaCaptionInput] | None] = may("Captions, one file for each language.")
    duration_seconds: strawberry.Maybe[int | None] = may("How long it lasts, in seconds.")
    poster_url: strawberry.Maybe[str | None] = may("A picture to show before it plays.")
    starts_at_seconds: strawberry.Maybe[int | None] = may("Where to start playing, in seconds from the beginning.")
    ends_at_seconds: strawberry.Maybe[int | None] = may("Where to stop playing, in seconds from the beginning.")


FORMAT = GraphFormat(BlockFormat.MEDIA, MediaBlock, MediaInput)
