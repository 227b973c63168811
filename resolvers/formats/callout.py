"""Callout: words that stand out."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from models.curriculum import BlockFormat
from resolvers.formats.base import ContentFormat


class CalloutTone(StrEnum):
    """How a callout is meant."""

    INFO = "info"
    TIP = "tip"
    WARNING = "warning"
    SUCCESS = "success"
    QUOTE = "quote"


class Callout(ContentFormat):
    """The block's body, set apart from the text around it."""

    format: ClassVar[BlockFormat] = BlockFormat.CALLOUT
    needs_body: ClassVar[bool] = True

    tone: CalloutTone = CalloutTone.INFO
