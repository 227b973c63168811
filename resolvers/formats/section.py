"""Section: a titled page break inside a lesson."""

from typing import ClassVar

from models.curriculum import BlockFormat
from resolvers.formats.base import ContentFormat


class Section(ContentFormat):
    """The block's title names the page that starts here; its body is an introduction, where there is one."""

    format: ClassVar[BlockFormat] = BlockFormat.SECTION
    needs_title: ClassVar[bool] = True
