"""How a block format appears in GraphQL: the shared interfaces, and helpers that read settings and answer keys.

At run time a block is its row; fields of settings read `row.settings`, secret fields read the answer key, which the
database hands to authors only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

import models.curriculum as models
from core.expressions import text_in_words
from core.rows import Row
from graph.context import Context
from graph.declaring import batch_field
from graph.engine import BatchInfo, load_shared
from graph.fields import batched, column, entity, related_one
from graph.formats.kinds import BlockFormat
from graph.node import Node
from resolvers import curriculum

if TYPE_CHECKING:
    from graph.curriculum.types import Assessment, Lesson


@dataclass(frozen=True)
class GraphFormat:
    """A format's entry in the registry: its kind, its output type, its input type."""

    kind: BlockFormat
    output: type
    input: type
    # What answers look like, read and written; only questions have answers.
    response: type | None = None
    response_input: type | None = None


def setting(description: str, *, default: Any = None) -> Any:
    """A field of the block's settings, of the same name."""
    return _read(description, lambda row, name: row.settings.get(name, default))


def parts(description: str) -> Any:
    """A list of items in the block's settings, of the same name; each item knows its block."""
    return _read(
        description,
        lambda row, name: [Row({**item, "block": row, "list": name}) for item in row.settings.get(name, [])],
    )


def secret_setting(description: str) -> Any:
    """A field of the answer key, of the same name; null for who may not see it."""
    return _secret(description, _same, lambda _row, name, key: key.get(name))


def secret_parts(description: str) -> Any:
    """A list of objects in the answer key, of the same name; null for who may not see it."""

    def read(_row: Any, name: str, key: dict[str, Any]) -> Any:
        found = key.get(name)
        return None if found is None else [Row(item) for item in found]

    return _secret(description, _same, read)


def secret_of_part(description: str, *, as_item: Callable[[Any], Any] | None = None) -> Any:
    """A secret field of a list item, of the same name; null for who may not see it. `as_item` makes its objects."""

    def read(row: Any, name: str, key: dict[str, Any]) -> Any:
        of_list = key.get(row.list)
        found = None if of_list is None else of_list.get(row.id, {}).get(name)
        return found if as_item is None or found is None else [as_item(each) for each in found]

    return _secret(description, lambda row: row.block, read, needs=())


def _read(description: str, read: Callable[[Any, str], Any]) -> Any:
    def batch_of(name: str) -> Any:
        return lambda rows, info: [read(row, name) for row in rows]

    return batch_field(None, description, needs=("settings",), batch_of=batch_of)


def _secret(
    description: str,
    block_of: Callable[[Any], Any],
    read: Callable[[Any, str, dict[str, Any]], Any],
    needs: tuple[str, ...] = ("id",),
) -> Any:
    def batch_of(name: str) -> Any:
        async def batch(rows: Sequence[Any], info: BatchInfo) -> list[Any]:
            keys = await load_shared(info.context, _keys, [block_of(row).id for row in rows])
            return [None if key is None else read(row, name, key) for row, key in zip(rows, keys, strict=True)]

        return batch

    return batch_field(None, f"{description} Null unless you may see the answer key.", needs=needs, batch_of=batch_of)


async def _keys(block_ids: Sequence[str], context: Context) -> Sequence[Any]:
    return await curriculum.answer_keys(context.reader, block_ids)


def _shown_when(rows: Sequence[Any], info: BatchInfo) -> list[str | None]:
    return [text_in_words(row.show_if) for row in rows]


async def _branches(rows: Sequence[Any], info: BatchInfo) -> list[list[Row] | None]:
    return await curriculum.branches_of(info.context.reader, [row.id for row in rows])


def _applies_when(rows: Sequence[Any], info: BatchInfo) -> list[str | None]:
    return [text_in_words(row.condition) for row in rows]


def _same(row: Any) -> Any:
    return row


@entity(models.Block, interface=True)
class Block(Node):
    """One piece of a lesson or an assessment. Its type says what it is."""

    format: BlockFormat = column("What the block is.")
    position: int = column("Sort key among the blocks beside it; gaps are possible.")
    revision: int = column("How often the draft was saved. Send it as expectedRevision.")
    title: str | None = column("A heading, where the block has one.")
    markdown: str = column("The text, or the question, as the author wrote it.", needs="body")
    html: str = column("The text, or the question, as sanitised HTML.", needs="body_html")
    plain_text: str = column("The text, or the question, without any markup.", needs="body_text")
    points: int = column("What a full answer is worth.")
    is_required: bool = column("Whether the lesson counts as done without it.")
    key: str | None = column()
    show_if: str | None = column()
    shown_when: str | None = batched(_shown_when, "The same condition in plain words.", needs=("show_if",))
    lesson: Annotated[Lesson, strawberry.lazy("graph.curriculum.types")] | None = related_one(
        curriculum.LESSON_OF_BLOCK, "The lesson it stands in; null for one of an assessment."
    )
    assessment: Annotated[Assessment, strawberry.lazy("graph.curriculum.types")] | None = related_one(
        curriculum.ASSESSMENT_OF_BLOCK, "The assessment it stands in; null for one of a lesson."
    )
    branches: list[Annotated[Branch, strawberry.lazy("graph.formats.base")]] | None = batched(
        _branches,
        "Where an assessment goes on after it, the first rule first. Null unless you are an author.",
        needs=("id",),
    )


@entity(models.Branch)
class Branch(Node):
    """A rule of an assessment: after this block, where its condition holds, it goes on somewhere else, or ends."""

    position: int
    condition: str | None
    applies_when: str | None = batched(_applies_when, "The same condition in plain words.", needs=("condition",))
    from_block: Block | None = related_one(curriculum.BLOCK_OF_BRANCH, "The block that has the rule.")
    goto_block: Block | None = related_one(
        curriculum.TARGET_OF_BRANCH, "The block that it goes on with; null for the end."
    )


@strawberry.interface(description="A block to read or watch.")
class ContentBlock(Block):
    """The family of content formats."""


@strawberry.interface(description="A block to answer. Its answer key is visible to authors only.")
class QuestionBlock(Block):
    """The family of question formats."""

    hints: list[str] = setting("Help that a learner may ask for, in order (Markdown).")
    explanation: str | None = secret_setting("Why the answer is right (Markdown).")


@strawberry.interface(description="A question that may have a right answer. Without one it is a poll.")
class ScoredQuestion(QuestionBlock):
    """The questions that a machine scores."""

    penalty_percent: int = setting("What an answer costs that earns nothing, in hundredths of the points.", default=0)


@strawberry.interface(description="What somebody answered. Its type says to which format of question.")
class Response:
    """Values without any right or wrong."""

    format: BlockFormat = strawberry.field(description="The format of the question that it answers.")


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
    show_if: strawberry.Maybe[str | None] = strawberry.field(
        description="The condition under which it is shown, such as: mood < 4 and answered(sleep).", default=None
    )


@strawberry.input
class QuestionInput(BlockInput):
    """What every question format's input has."""

    key: strawberry.Maybe[str | None] = strawberry.field(
        description="The name by which conditions refer to its answer: small letters, digits and _.", default=None
    )
    hints: strawberry.Maybe[list[str] | None] = strawberry.field(description="Help, in order (Markdown).", default=None)
    explanation: strawberry.Maybe[str | None] = strawberry.field(
        description="Why the answer is right (Markdown).", default=None
    )


@strawberry.input
class ScoredInput(QuestionInput):
    """What the input of every question has that may have a right answer."""

    penalty_percent: strawberry.Maybe[int | None] = strawberry.field(
        description="What an answer costs that earns nothing, 0 to 100 hundredths of the points; 0 if nothing is said.",
        default=None,
    )


def answer_part(description: str) -> Any:
    """A field of an answer, read or written."""
    return strawberry.field(description=description)


def may(description: str) -> Any:
    """An input field that may be absent (unchanged) or null (cleared)."""
    return strawberry.field(description=description, default=None)
