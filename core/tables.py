"""The shape every table shares: one metadata, one naming convention, an id with a tag, two instants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID, Insert, insert
from sqlmodel import Field, SQLModel

from core.ids import new_id
from core.policies import Shape, statements

# Constraint names say the table and the columns: `core.writing` reads them back to name the field in a user error.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = SQLModel.metadata
metadata.naming_convention = NAMING


class Table(SQLModel):
    """Base of every table: text ids, instants, and what the house asks each table to declare."""

    __tag__: ClassVar[int]
    __policies__: ClassVar[tuple[Shape, ...]]
    # Columns that nobody but the service reads: no right to select them is granted to anybody else.
    __hidden__: ClassVar[tuple[str, ...]] = ()
    # Columns with what is personal: a log says that they changed, and never what they held.
    __personal__: ClassVar[tuple[str, ...]] = ()
    # Columns that say what a row is, read along with whatever else is asked for.
    __discriminator__: ClassVar[tuple[str, ...]] = ()

    created_at: datetime = Field(
        default=None,
        sa_type=sa.TIMESTAMP(timezone=True),
        sa_column_kwargs={"server_default": sa.func.now(), "nullable": False},
        description="When this was first saved.",
    )
    updated_at: datetime = Field(
        default=None,
        sa_type=sa.TIMESTAMP(timezone=True),
        sa_column_kwargs={"server_default": sa.func.now(), "nullable": False},
        description="When this was last saved.",
    )

    @classmethod
    def new_id(cls) -> str:
        """A fresh id for a row of this table."""
        return new_id(cls.__tag__)


def table_of(model: type[Table]) -> sa.Table:
    """The SQLAlchemy table of a model."""
    found: sa.Table = model.__table__  # type: ignore[attr-defined]
    return found


@cache
def is_unique(model: type[Table], key: str) -> bool:
    """Whether a value of this column is in one row at most, of each stage."""
    table = table_of(model)
    sets: list[set[str]] = [{each.name for each in table.primary_key.columns}]
    sets += [{each.name for each in one.columns} for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    unique = (each for each in table.indexes if each.unique and each.dialect_options["postgresql"]["where"] is None)
    sets += [{each.name for each in one.columns} for one in unique if len(one.columns) == len(one.expressions)]
    return any(key in names and names <= {key, "stage"} for names in sets)


def fence_of(model: type[Table]) -> list[str]:
    """The DDL that fences a model's table."""
    table = table_of(model)
    return statements(table.name, model.__policies__, table.c.keys(), model.__hidden__)


def id_type() -> UUID[str]:
    """UUID in the database, text in Python: no UUID object is ever made."""
    return UUID(as_uuid=False)


def id_column(*, primary: bool = False, nullable: bool = False, description: str = "") -> Any:
    """A column that holds an id; its foreign key is declared in `__table_args__`."""
    return Field(
        default=None if nullable else ...,
        sa_type=id_type(),
        primary_key=primary,
        nullable=nullable,
        description=description,
    )


def enum_column(kind: type[StrEnum], default: StrEnum | None = None, *, description: str = "") -> Any:
    """A text column with a CHECK that lists the enum's values; nullable never."""
    values: Iterable[str] = [member.value for member in kind]
    column_type = sa.Enum(
        *values, name=_snake(kind.__name__), native_enum=False, create_constraint=True, length=40, validate_strings=True
    )
    return Field(
        default=... if default is None else default,
        sa_type=column_type,
        nullable=False,
        description=description,
    )


def json_column(*, nullable: bool = False, description: str = "") -> Any:
    """A JSONB column; what may stand in it is the business of the typed model that reads it."""
    if nullable:
        return Field(default=None, sa_type=JSONB, nullable=True, description=description)
    return Field(default_factory=dict, sa_type=JSONB, nullable=False, description=description)


def instant_column(*, nullable: bool = True, description: str = "") -> Any:
    """A timestamptz column."""
    return Field(
        default=None,
        sa_type=sa.TIMESTAMP(timezone=True),
        nullable=nullable,
        description=description,
    )


@cache
def field_adapter(model: type[Table], name: str) -> TypeAdapter[Any]:
    """Validates one value by the rules of one field of a model, apart from the others. Making one is slow."""
    info = model.model_fields[name]
    annotation: Any = info.annotation
    return TypeAdapter(Annotated[annotation, *info.metadata] if info.metadata else annotation)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def insert_of_arrays(table: sa.Table, given: Iterable[str], same: Mapping[str, Any] | None = None) -> Insert:
    """Inserts as many rows as the arrays are long that are bound by the names of the `given` columns, in their order.

    `same` are expressions for columns that are alike in all rows. One text serves any number of rows, so that it can
    be compiled once.
    """
    names, alike = list(given), dict(same or {})
    unnested = sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(_element(table.c[name]))) for name in names))
    rows = unnested.table_valued(*names, with_ordinality="place", name="given").render_derived()
    chosen = sa.select(*(rows.c[name] for name in names), *alike.values()).order_by(rows.c.place)
    return insert(table).from_select([*names, *alike], chosen)


def _element(column: sa.Column[Any]) -> Any:
    """Texts without a length: to cast to one would cut them short, and say nothing."""
    return column.type if isinstance(column.type, UUID | JSONB | sa.Integer | sa.TIMESTAMP) else sa.Text()
