"""Embed: something shown from another site."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from models.curriculum import BlockFormat
from resolvers.formats.base import ContentFormat
from resolvers.formats.values import HttpsAddress

_RATIO = re.compile(r"[1-9]\d{0,3}:[1-9]\d{0,3}", re.ASCII)


def _aspect_ratio(text: str) -> str:
    if not _RATIO.fullmatch(text):
        raise ValueError('Write width and height as in "16:9".')
    return text


class Embed(ContentFormat):
    """A frame with another site's page. The block's title is the frame's accessible name; `height` is in CSS pixels."""

    format: ClassVar[BlockFormat] = BlockFormat.EMBED
    needs_title: ClassVar[bool] = True

    url: HttpsAddress
    height: int | None = Field(default=None, ge=1, le=10_000)
    aspect_ratio: Annotated[str, AfterValidator(_aspect_ratio)] | None = None
