"""Embed blocks."""

from __future__ import annotations

import strawberry

from graph.formats.base import BlockInput, ContentBlock, GraphFormat, may, setting
from models.curriculum import BlockFormat


@strawberry.type(description="Something shown from another site. The block's title is the frame's accessible name.")
class EmbedBlock(ContentBlock):
    """Front ends show it in a sandboxed frame."""

    url: str = setting("The https address of what is shown.")
    height: int | None = setting("The frame's height in pixels; null leaves it to the aspect ratio or the front end.")
    aspect_ratio: str | None = setting('The frame\'s width and height in proportion, such as "16:9".')


@strawberry.input(description="Something shown from another site. It needs a title: the frame's accessible name.")
class EmbedInput(BlockInput):
    """The address of a page that lets itself be framed."""

    url: strawberry.Maybe[str] = may("The https address of what is shown. Needed for a new block.")
    height: strawberry.Maybe[int | None] = may("The frame's height in pixels.")
    aspect_ratio: strawberry.Maybe[str | None] = may('The frame\'s width and height in proportion, such as "16:9".')


FORMAT = GraphFormat(BlockFormat.EMBED, EmbedBlock, EmbedInput)
