"""Callout blocks."""

from __future__ import annotations

import strawberry

from graph.fields import described
from graph.formats.base import BlockInput, ContentBlock, GraphFormat, may, setting
from models.curriculum import BlockFormat
from resolvers.formats.callout import CalloutTone

described(
    CalloutTone,
    info="Good to know.",
    tip="A piece of advice.",
    warning="Something to take care of.",
    success="Something well done.",
    quote="Somebody's words.",
)


@strawberry.type(description="Words that stand out from the text around them.")
class CalloutBlock(ContentBlock):
    """The words are the block's own markdown, html and plainText."""

    tone: CalloutTone = setting("How it is meant.")


@strawberry.input(description="Words that stand out from the text around them. It needs a text.")
class CalloutInput(BlockInput):
    """The words are the block's markdown."""

    tone: strawberry.Maybe[CalloutTone | None] = may("How it is meant; INFO if nothing is said.")


FORMAT = GraphFormat(BlockFormat.CALLOUT, CalloutBlock, CalloutInput)
