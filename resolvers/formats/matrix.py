"""Matrix: the same choices for each of several rows."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import Item, QuestionFormat, WrongField, secret
from resolvers.formats.values import ItemText


class MatrixColumn(Item):
    """One of the choices that every row offers."""

    text: ItemText


class MatrixRow(Item):
    """One thing to judge; its right choices are named by the ids of columns."""

    text: ItemText
    correct_column_ids: list[str] = secret([], max_length=20)


class Matrix(QuestionFormat):
    """Rows without a right choice are not scored; without any at all, the matrix is a poll."""

    format: ClassVar[BlockFormat] = BlockFormat.MATRIX

    rows: list[MatrixRow] = Field(min_length=1, max_length=50)
    columns: list[MatrixColumn] = Field(min_length=2, max_length=20)
    allows_multiple: bool = False

    @model_validator(mode="after")
    def _right_choices_exist(self) -> Self:
        known = {column.id for column in self.columns}
        for index, row in enumerate(self.rows):
            ids = row.correct_column_ids
            if unknown := [each for each in ids if each not in known]:
                raise WrongField(f"There is no column {unknown[0]!r}.", "rows", index, "correct_column_ids")
            if len(set(ids)) != len(ids):
                raise WrongField("The same column is named twice.", "rows", index, "correct_column_ids")
            if len(ids) > 1 and not self.allows_multiple:
                message = "Only one column can be right, unless allowsMultiple is set."
                raise WrongField(message, "rows", index, "correct_column_ids")
        return self
