"""Text blocks."""

from __future__ import annotations

import strawberry

from graph.formats.base import BlockInput, ContentBlock, GraphFormat
from models.curriculum import BlockFormat


@strawberry.type(description="Words to read.")
class TextBlock(ContentBlock):
    """The words are the block's own markdown, html and plainText."""


@strawberry.input(description="Words to read.")
class TextInput(BlockInput):
    """Nothing beyond what every block has."""


FORMAT = GraphFormat(BlockFormat.TEXT, TextBlock, TextInput)
