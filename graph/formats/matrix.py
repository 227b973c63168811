"""Matrix questions."""

from __future__ import annotations

import strawberry

from graph.formats.base import (
    GraphFormat,
    Response,
    ScoredInput,
    ScoredQuestion,
    answer_part,
    may,
    parts,
    secret_of_part,
    setting,
)
from models.curriculum import BlockFormat


@strawberry.type(description="One of the choices that every row offers.")
class MatrixColumn:
    """An item of the settings."""

    id: str = strawberry.field(description="Unique among the question's columns.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")


@strawberry.type(description="One of the things to judge.")
class MatrixRow:
    """An item of the settings."""

    id: str = strawberry.field(description="Unique among the question's rows.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")
    correct_column_ids: list[str] | None = secret_of_part("The ids of the columns that are right for it.")


@strawberry.type(description="The same choices for each of several rows; without right ones it is a poll.")
class MatrixQuestion(ScoredQuestion):
    """Rows without a right choice are not scored."""

    rows: list[MatrixRow] = parts("The things to judge.")
    columns: list[MatrixColumn] = parts("The choices that every row offers.")
    allows_multiple: bool = setting("Whether several columns may be chosen in a row.")
    every_part_counts: bool = setting("Whether each row earns its share, or only all of them together.", default=True)


@strawberry.input(description="One of the choices that every row offers.")
class MatrixColumnInput:
    """Without an id the column gets a new one."""

    id: str | None = strawberry.field(default=None, description="Keep it to keep the column's identity.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")


@strawberry.input(description="One of the things to judge.")
class MatrixRowInput:
    """Without an id the row gets a new one."""

    id: str | None = strawberry.field(default=None, description="Keep it to keep the row's identity.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")
    correct_column_ids: list[str] = strawberry.field(
        default_factory=list, description="The ids of the columns that are right for it; none, and it is not scored."
    )


@strawberry.input(description="The same choices for each of several rows. Without right ones it is a poll.")
class MatrixInput(ScoredInput):
    """A list given replaces the whole list."""

    rows: strawberry.Maybe[list[MatrixRowInput]] = may("The things to judge. Needed for a new block.")
    columns: strawberry.Maybe[list[MatrixColumnInput]] = may(
        "The choices that every row offers; two at least. Needed for a new block. Give them ids to name the right ones."
    )
    allows_multiple: strawberry.Maybe[bool | None] = may("Whether several columns may be chosen in a row.")
    every_part_counts: strawberry.Maybe[bool | None] = may(
        "Whether each row earns its share, or only all of them together; each of them if nothing is said."
    )


@strawberry.type(description="What was chosen in one row.")
class MatrixRowResponse:
    """A part of an answer."""

    row_id: str = answer_part("The id of the row.")
    column_ids: list[str] = answer_part("The ids of the columns that were chosen in it.")


@strawberry.type(description="What was chosen in the rows.")
class MatrixResponse(Response):
    """Read back as it was given."""

    rows: list[MatrixRowResponse] = answer_part("The rows that were answered.")


@strawberry.input(description="What was chosen in one row.")
class MatrixRowResponseInput:
    """A part of an answer."""

    row_id: str = answer_part("The id of the row.")
    column_ids: list[str] = answer_part("The ids of the columns that were chosen in it.")


@strawberry.input(description="What was chosen in the rows.")
class MatrixResponseInput:
    """Rows may be left out."""

    rows: list[MatrixRowResponseInput] = answer_part("The rows that were answered, each once.")


FORMAT = GraphFormat(BlockFormat.MATRIX, MatrixQuestion, MatrixInput, MatrixResponse, MatrixResponseInput)
