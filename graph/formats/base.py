"""How a block format appears in GraphQL: the shared interfaces, and helpers that read settings and answer keys.

At run time a block is its row; fields of settings read `row.settings`, secret fields read the answer key, which the
database hands to authors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

import models.curriculum as models
from core.rows import Row
from graph.context import Info
from graph.engine.batching import load_shared
from graph.fields import column, entity, related_one
from graph.formats.kinds import BlockFormat
from graph.node import Node
from resolvers import curriculum

if TYPE_CHECKING:
    from graph.curriculum.types import Lesson


@dataclass(frozen=True)
class GraphFormat:
    """A format's entry in the registry: its kind, its output type, its input type."""

    kind: BlockFormat
    output: type
    input: type


@entity(models.Block, interface=True)
class Block(Node):
    """One piece of a lesson. Its type says what it is."""

    format: BlockFormat = column("What the block is.")
    position: int = column("Sort key among the lesson's blocks; gaps are possible.")
    revision: int = column("How often the draft was saved. Send it as expectedRevision.")
    title: str | None = column("A heading, where the block has one.")
    markdown: str = column("The text, or the question, as the author wrote it.", needs="body")
    html: str = column("The text, or the question, as sanitised HTML.", needs="body_html")
    plain_text: str = column("The text, or the question, without any markup.", needs="body_text")
    points: int = column("What a full answer is worth.")
    is_required: bool = column("Whether the lesson counts as done without it.")
    lesson: Annotated[Lesson, strawberry.lazy("graph.curriculum.types")] | None = related_one(
        curriculum.LESSON_OF_BLOCK, "The lesson it stands in."
    )


@strawberry.interface(description="A block to read or watch.")
class ContentBlock(Block):
    """The family of content formats."""


@strawberry.interface(description="A block to answer. Its answer key is visible to authors only.")
class QuestionBlock(Block):
    """The family of question formats."""

    @strawberry.field(
        description="Help that a learner may ask for, in order (Markdown).", metadata={"needs": ("settings",)}
    )
    def hints(self: Any) -> list[str]:
        """From the settings."""
        found: list[str] = self.settings["hints"]
        return found

    @strawberry.field(description="Why the answer is right (Markdown). Null unless you may see the answer key.")
    async def explanation(self: Any, info: Info) -> str | None:
        """From the answer key."""
        found: str | None = await _secret(self, info, "explanation")
        return found


def setting(description: str, *, default: Any = None) -> Any:
    """A field of the block's settings, of the same name."""
    return _named(description, lambda row, name: row.settings.get(name, default))


def parts(description: str) -> Any:
    """A list of items in the block's settings, of the same name; each item knows its block."""
    return _named(
        description, lambda row, name: [Row({**item, "block": row, "list": name}) for item in row.settings[name]]
    )


def secret_setting(description: str) -> Any:
    """A field of the answer key, of the same name; null for who may not see it."""

    async def resolve(root: Any, info: Info) -> Any:
        return await _secret(root, info, info.python_name)

    return strawberry.field(resolver=resolve, description=f"{description} Null unless you may see the answer key.")


def secret_parts(description: str) -> Any:
    """A list of objects in the answer key, of the same name; null for who may not see it."""

    async def resolve(root: Any, info: Info) -> Any:
        found = await _secret(root, info, info.python_name)
        return None if found is None else [Row(item) for item in found]

    return strawberry.field(resolver=resolve, description=f"{description} Null unless you may see the answer key.")


def secret_of_part(description: str) -> Any:
    """A secret field of a list item, of the same name; null for who may not see it."""

    async def resolve(root: Any, info: Info) -> Any:
        of_list = await _secret(root.block, info, root.list)
        return None if of_list is None else of_list.get(root.id, {}).get(info.python_name)

    return strawberry.field(resolver=resolve, description=f"{description} Null unless you may see the answer key.")


def _named(description: str, read: Any) -> Any:
    def resolve(root: Any, info: Info) -> Any:
        return read(root, info.python_name)

    return strawberry.field(resolver=resolve, description=description, metadata={"needs": ("settings",)})


async def _keys(blocks: Sequence[Any], info: Info) -> Sequence[Any]:
    return await curriculum.answer_keys(info.context.reader, [block.id for block in blocks])


async def _secret(block: Any, info: Info, name: str) -> Any:
    key = await load_shared(info, _keys, block)
    return None if key is None else key.get(name)


@strawberry.input
class BlockInput:
    """What every format's input has. Absent leaves a value as it is; null clears it."""

    title: strawberry.Maybe[str | None] = strawberry.field(description="A heading.", default=None)
    markdown: strawberry.Maybe[str | None] = strawberry.field(
        description="The text, or the question, in Markdown.", default=None
    )
    points: strawberry.Maybe[int | None] = strawberry.field(description="What a full answer is worth.", default=None)
    is_required: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether the lesson counts as done without it.", default=None
    )


@strawberry.input
class QuestionInput(BlockInput):
    """What every question format's input has."""

    hints: strawberry.Maybe[list[str] | None] = strawberry.field(description="Help, in order (Markdown).", default=None)
    explanation: strawberry.Maybe[str | None] = strawberry.field(
        description="Why the answer is right (Markdown).", default=None
    )


def may(description: str) -> Any:
    """An input field that may be absent (unchanged) or null (cleared)."""
    return strawberry.field(description=description, default=None)
