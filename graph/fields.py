"""How a domain file declares its types: columns, relations, connections and batches, one line each.

    @entity(models.Course)
    class Course(Node):
        title: str = editable()
        modules: list["Module"] = related(curriculum.MODULES, "The chapters, in order.")

Types, descriptions and writable inputs come from the model, so that a field has one home. At run time an object is the
row that was read; methods of these classes get the row as `self`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar, dataclass_transform

import strawberry
from strawberry.types.field import StrawberryField

from core.composing import Shape
from core.relations import Relation
from core.rows import Row
from core.tables import Table, table_of
from graph.declaring import Batch, arguments_of, batch_field
from graph.engine import BatchInfo
from graph.sizes import ASSUMED, ListSize
from graph.sources import related_source

T = TypeVar("T")
E = TypeVar("E", bound=type[StrEnum])


def column(description: str | None = None, *, needs: str | None = None) -> Any:
    """A field that is a column of the row (of the same name unless `needs` says another)."""
    if needs is None:
        return strawberry.field(description=description, metadata={"column": True})

    def resolve(root: Any) -> Any:
        return getattr(root, needs)

    return strawberry.field(resolver=resolve, description=description, metadata={"column": needs})


def editable(description: str | None = None) -> Any:
    """A column that editors may set: it also appears in the inputs of the create and update mutations."""
    return strawberry.field(description=description, metadata={"column": True, "editable": True})


def computed(needs: Sequence[str] = (), description: str | None = None) -> Callable[[Callable[..., Any]], Any]:
    """A field with Python in it; `needs` names the columns of the row that it reads."""
    return lambda method: strawberry.field(
        resolver=method, description=description or method.__doc__, metadata={"needs": tuple(needs)}
    )


def batched(batch: Batch, description: str, *, needs: Sequence[str] = ()) -> Any:
    """A field answered by a batch resolver `(parents, info, **arguments)`."""
    return batch_field(batch, description, arguments_of(batch), needs=tuple(needs))


def related(relation: Relation, description: str, *, assumed: int = ASSUMED.assumed) -> Any:
    """A plain list of the relation's rows: for small parts that their parent owns, about so many as are `assumed`."""
    return _related(relation, description, "many", list_size=ListSize(assumed))


def related_one(relation: Relation, description: str) -> Any:
    """The one row of the relation, or null."""
    return _related(relation, description, "one", shaped=lambda rows: rows[0] if rows else None)


def _related(
    relation: Relation,
    description: str,
    shape: Shape,
    shaped: Callable[[list[Row]], Any] | None = None,
    **metadata: Any,
) -> Any:
    async def batch(parents: Sequence[Any], info: BatchInfo) -> Sequence[Any]:
        found = await info.context.reader.children(relation, parents, info.columns, is_last=info.is_last)
        return found if shaped is None else [shaped(rows) for rows in found]

    source = related_source(relation, shape)
    return batch_field(batch, description, needs=(relation.parent_key,), relation=relation, source=source, **metadata)


@dataclass_transform(kw_only_default=True)
def entity(model: type[Table], *, name: str | None = None, interface: bool = False) -> Callable[[type[T]], type[T]]:
    """Makes a class the GraphQL type of a model: descriptions come from the model's fields and docstring."""
    make = strawberry.interface if interface else strawberry.type

    def decorate(cls: type[T]) -> type[T]:
        for field_name in inspect.get_annotations(cls):
            given = cls.__dict__.get(field_name)
            if given is None:
                setattr(cls, field_name, given := column())
            if isinstance(given, StrawberryField) and given.metadata.get("column"):
                _from_model(model, field_name, given)
        cls.__entity__ = model  # type: ignore[attr-defined]
        described = (model.__doc__ or "").strip()
        return make(cls, name=name, description=cls.__doc__ or described)

    return decorate


def _from_model(model: type[Table], name: str, field: StrawberryField) -> None:
    source = field.metadata["column"] if isinstance(field.metadata["column"], str) else name
    if source not in table_of(model).c:
        raise TypeError(f"{model.__name__} has no column {source!r} for the field {name!r}.")
    field.metadata = MappingProxyType({**field.metadata, "needs": (source,)})
    if not field.description:
        field.description = model.model_fields[source].description


def described(kind: E, **values: str) -> E:
    """Registers an enum with the schema; every value must be described, by its name in lower case."""
    missing = {member.name.lower() for member in kind} ^ set(values)
    if missing:
        raise TypeError(f"{kind.__name__}: describe exactly its values; check {sorted(missing)}.")
    made: Any = strawberry.enum(kind, description=(kind.__doc__ or "").strip())
    for value in made.__strawberry_definition__.values:
        value.description = values[value.name.lower()]
    return kind
