"""Matrix: the same choices for each of several rows."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Self

from pydantic import Field, model_validator

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import (
    Item,
    Part,
    Response,
    ScoredFormat,
    WrongField,
    part_by_part,
    require_known,
    secret,
    text_of,
)
from resolvers.formats.values import ItemId, ItemText


class MatrixColumn(Item):
    """One of the choices that every row offers."""

    text: ItemText


class MatrixRow(Item):
    """One thing to judge; its right choices are named by the ids of columns."""

    text: ItemText
    correct_column_ids: list[str] = secret([], max_length=20)


class MatrixRowResponse(Part):
    """What was chosen in one row."""

    row_id: ItemId
    column_ids: list[ItemId] = Field(max_length=20)


class MatrixResponse(Response):
    """The rows that were answered, in any order."""

    rows: list[MatrixRowResponse] = Field(max_length=50)


class Matrix(ScoredFormat):
    """Rows without a right choice are not scored; without any at all, the matrix is a poll."""

    format: ClassVar[BlockFormat] = BlockFormat.MATRIX
    response_model: ClassVar[type[Response]] = MatrixResponse

    rows: list[MatrixRow] = Field(min_length=1, max_length=50)
    columns: list[MatrixColumn] = Field(min_length=2, max_length=20)
    allows_multiple: bool = False
    every_part_counts: bool = True

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

    def check(self, response: MatrixResponse) -> None:
        """Rows of the question, each once, with columns of the question."""
        rows, columns = [row.id for row in self.rows], [column.id for column in self.columns]
        require_known([row.row_id for row in response.rows], rows, "row", "rows", within="row_id")
        for index, row in enumerate(response.rows):
            require_known(row.column_ids, columns, "column", "rows", index, "column_ids")
            if len(row.column_ids) > 1 and not self.allows_multiple:
                raise WrongField("Choose one column in a row.", "rows", index, "column_ids")

    @property
    def is_scored(self) -> bool:
        """Whether any row has a right choice."""
        return any(row.correct_column_ids for row in self.rows)

    def share(self, response: MatrixResponse) -> Fraction | None:
        """Each row that has right choices counts alike: it is right when exactly these were chosen."""
        if not self.is_scored:
            return None
        given = {row.row_id: set(row.column_ids) for row in response.rows}
        keyed = [row for row in self.rows if row.correct_column_ids]
        right = [given.get(row.id, set()) == set(row.correct_column_ids) for row in keyed]
        return part_by_part(self, right, self.every_part_counts)

    def right_response(self) -> MatrixResponse | None:
        """The right choices of every row that has some."""
        if not self.is_scored:
            return None
        keyed = (row for row in self.rows if row.correct_column_ids)
        rows = [MatrixRowResponse(row_id=row.id, column_ids=row.correct_column_ids) for row in keyed]
        return MatrixResponse(rows=rows)

    def declared(self) -> dict[str, Declared]:
        """What was chosen in each row: the id of the column, or several ids where the question allows that."""
        kind = Kind.CHOICES if self.allows_multiple else Kind.CHOICE
        offered = Declared(kind, frozenset(column.id for column in self.columns))
        return {"": Declared(Kind.ANYTHING), **{row.id: offered for row in self.rows}}

    def values(self, response: MatrixResponse) -> dict[str, Value]:
        """The same of an answer."""
        found: dict[str, Value] = {"": True}
        for row in response.rows:
            if self.allows_multiple:
                found[row.row_id] = frozenset(row.column_ids)
            elif row.column_ids:
                found[row.row_id] = row.column_ids[0]
        return found

    def options(self) -> list[str]:
        """Each column in each row, as `row=column`."""
        return [f"{row.id}={column.id}" for row in self.rows for column in self.columns]

    def chosen(self, response: MatrixResponse) -> list[str]:
        """The columns of each row, in the order of the question."""
        given = {f"{row.row_id}={column}" for row in response.rows for column in row.column_ids}
        return [each for each in self.options() if each in given]

    def worded(self, option: str) -> str:
        """The texts of row and column."""
        row, _, column = option.partition("=")
        return f"{text_of(self.rows, row)}: {text_of(self.columns, column)}"
