"""Section blocks."""

from __future__ import annotations

import strawberry

from graph.formats.base import BlockInput, ContentBlock, GraphFormat
from models.curriculum import BlockFormat


@strawberry.type(description="A titled page break: what follows, up to the next section, is one page of the lesson.")
class SectionBlock(ContentBlock):
    """The page's name is the block's title."""


@strawberry.input(description="A titled page break. It needs a title.")
class SectionInput(BlockInput):
    """Nothing beyond what every block has."""


FORMAT = GraphFormat(BlockFormat.SECTION, SectionBlock, SectionInput)
