"""Text: words to read."""

from typing import ClassVar

from models.curriculum import BlockFormat
from resolvers.formats.base import ContentFormat


class Text(ContentFormat):
    """The block's body, in Markdown."""

    format: ClassVar[BlockFormat] = BlockFormat.TEXT
    needs_body: ClassVar[bool] = True
