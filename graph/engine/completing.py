"""Completing values: what resolvers gave becomes what the answer holds (specification, section 6.4.3).

There is one completer per type of a field, made when the field is planned. It gets all values of a level at once,
each with the container and the key it is to be written to: a response object and a response key, or a list and an
index. What is not written stays null; why is told to the run (`fail`), which settles at the end how far nulls reach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import Enum
from functools import partial
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.pyutils import inspect, is_iterable
from graphql.pyutils.is_awaitable import is_async_iterable as default_is_async_iterable

from graph.engine.concrete import FirstThatIs

if TYPE_CHECKING:
    from graph.engine.groups import Spot
    from graph.engine.run import Run

# Values of these Python types are what the type would make of them. A float may be infinite, which JSON cannot say.
_AS_IT_IS: dict[Any, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}
_NONE = type(None)
# So many types are told apart faster by looking through all values for each of them.
_FEW = 8


class Placing(NamedTuple):
    """Values that become objects of one type: where each is to be written, and its place in the whole level."""

    kind: GraphQLObjectType
    values: Any
    containers: Any
    keys: Any
    places: Any

    def add(self, value: Any, container: Any, key: Any, place: int) -> None:
        """One more."""
        self.values.append(value)
        self.containers.append(container)
        self.keys.append(key)
        self.places.append(place)


class Completer:
    """Completes values of one type: those of a field, or the items of its lists."""

    __slots__ = ("kind", "non_null")

    def __init__(self, kind: Any, non_null: bool) -> None:
        self.kind = kind
        self.non_null = non_null

    def complete(
        self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]
    ) -> None:
        """Writes what each value becomes into its container, or tells the run why it does not."""
        classes = set(map(type, values))
        if run.any_late(values, classes):
            self.wait(run, spot, values, containers, keys)
        else:
            self.settled(run, spot, values, containers, keys, classes)

    def settled(
        self,
        run: Run,
        spot: Spot,
        values: Sequence[Any],
        containers: Sequence[Any],
        keys: Sequence[Any],
        classes: set[type] | None = None,
    ) -> None:
        """The same for values that nothing has to be waited for; of which classes they are, is known or looked up."""
        classes = set(map(type, values)) if classes is None else classes
        if _NONE in classes or any(issubclass(each, Exception) or each is type(Undefined) for each in classes):
            values, containers, keys = self._present(run, spot, values, containers, keys)
        if values:
            self.fill(run, spot, values, containers, keys)

    def wait(self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]) -> None:
        """The same where some have to be waited for: all go on together. What is null or failed is so at once."""
        values, containers, keys = self._present(run, spot, values, containers, keys)

        def go_on(found: Sequence[Any], places: Sequence[int]) -> None:
            self.settled(run, spot, found, [containers[each] for each in places], [keys[each] for each in places])

        run.when_all(spot, values, containers, keys, go_on)

    def fill(self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]) -> None:
        """The same for values that are there: no null, no exception, nothing to wait for."""
        raise TypeError(f"{self.kind} is no output type")

    def is_failure(self, value: Any) -> bool:
        """Whether this value is known to fail what it stands in."""
        return self.non_null and (value is None or value is Undefined or isinstance(value, Exception))

    def _present(
        self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]
    ) -> tuple[list[Any], list[Any], list[Any]]:
        left: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
        for value, container, key in zip(values, containers, keys, strict=True):
            if isinstance(value, Exception):
                run.fail(spot, container, key, value)
            elif value is None or value is Undefined:
                if self.non_null:
                    run.fail(spot, container, key, None)
            else:
                left[0].append(value)
                left[1].append(container)
                left[2].append(key)
        return left


class Leaf(Completer):
    """Scalars and enums."""

    __slots__ = ("as_it_is", "coerce", "is_int", "known")

    def __init__(self, kind: GraphQLLeafType, non_null: bool) -> None:
        super().__init__(kind, non_null)
        self.is_int = kind is GraphQLInt
        self.coerce: Callable[[Any], Any] = kind.coerce_output_value
        self.known = CoercedOnce(kind) if isinstance(kind, GraphQLEnumType) else None
        self.as_it_is = _AS_IT_IS.get(kind)

    @property
    def may_fit(self) -> bool:
        """Whether values may be told at a glance to be what the answer holds."""
        return self.is_int or self.known is not None or self.as_it_is is not None

    def fitting(self, values: Sequence[Any]) -> Sequence[Any] | None:
        """All values as the answer holds them; None where any is late, wrong, or null where it must not be."""
        classes = set(map(type, values))
        has_null = _NONE in classes
        if has_null:
            if self.non_null:
                return None
            classes.discard(_NONE)
        if self.as_it_is is not None:
            return values if classes <= {self.as_it_is} else None
        if self.is_int:
            numbers = [each for each in values if each is not None] if has_null else values
            in_range = classes <= {int} and (not numbers or (min(numbers) >= -(2**31) and max(numbers) < 2**31))
            return values if in_range else None
        known = self.known
        if known is None or not all(issubclass(each, str | Enum) for each in classes):
            return None
        try:
            return [None if each is None else known[each] for each in values]
        except Exception:
            return None

    def is_failure(self, value: Any) -> bool:
        """Besides what fails anything, what cannot be coerced."""
        if super().is_failure(value):
            return True
        if not self.non_null:
            return False
        try:
            coerced = self.coerce(value)
        except Exception:
            return True
        return coerced is None or coerced is Undefined

    def wait(self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]) -> None:
        """Nothing is below a leaf that could go on together: each is written when it is there."""
        ready: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
        for value, container, key in zip(values, containers, keys, strict=True):
            if run.is_awaitable(value):
                run.when(value, partial(self._write, run, spot, container, key), (container,))
            else:
                for part, each in zip(ready, (value, container, key), strict=True):
                    part.append(each)
        self.settled(run, spot, *ready)

    def _write(self, run: Run, spot: Spot, container: Any, key: Any, value: Any) -> None:
        self.settled(run, spot, [value], [container], [key])

    def fill(self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]) -> None:
        """Values of the type's own Python type are written as they are; the others are coerced one by one."""
        same = self.as_it_is
        if same is not None and set(map(type, values)) == {same}:
            for value, container, key in zip(values, containers, keys, strict=True):
                container[key] = value
            return
        coerce = self.coerce
        if self.known is not None and all(issubclass(each, str | Enum) for each in set(map(type, values))):
            coerce = self.known.__getitem__
        for value, container, key in zip(values, containers, keys, strict=True):
            try:
                coerced = coerce(value)
                if coerced is Undefined or coerced is None:
                    raise TypeError(
                        f"Expected `{inspect(self.kind)}.coerce_output_value({inspect(value)})`"
                        f" to return non-nullable value, returned: {inspect(coerced)}"
                    )
                container[key] = coerced
            except Exception as error:
                run.fail(spot, container, key, error)


class CoercedOnce(dict[Any, Any]):
    """An enum's values: they are few, so each is coerced once. What is no value of it raises each time."""

    def __init__(self, kind: GraphQLLeafType) -> None:
        super().__init__()
        self._coerce = kind.coerce_output_value

    def __missing__(self, value: Any) -> Any:
        found = self[value] = self._coerce(value)
        return found


class ListOf(Completer):
    """Lists: their items go on together, those of all lists of the level."""

    __slots__ = ("item",)

    def __init__(self, kind: Any, non_null: bool) -> None:
        super().__init__(kind, non_null)
        self.item = completer(kind.of_type)

    def fill(self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]) -> None:
        """Writes a list of nulls for each value and hands the items on."""
        is_async = run.is_async_iterable
        if (is_async is not default_is_async_iterable or set(map(type, values)) != {list}) and any(
            map(is_async, values)
        ):
            self._wait_for_items(run, spot, values, containers, keys)
        else:
            self._open(run, spot, values, containers, keys)

    def _wait_for_items(
        self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]
    ) -> None:
        def go_on(found: Sequence[Any], places: Sequence[int]) -> None:
            self._open(run, spot, found, [containers[each] for each in places], [keys[each] for each in places])

        def ends(item: Any) -> bool:
            return not run.is_awaitable(item) and self.item.is_failure(item)

        listed = [run.listed(value, ends) if run.is_async_iterable(value) else value for value in values]
        run.when_all(spot, listed, containers, keys, go_on)

    def _open(
        self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]
    ) -> None:
        items: list[Any] = []
        lists: list[Any] = []
        places: list[int] = []
        for value, container, key in zip(values, containers, keys, strict=True):
            found = value if type(value) in (list, tuple) else self._items(run, spot, value, container, key)
            if found is not None:
                made: list[Any] = [None] * len(found)
                container[key] = made
                run.lists[id(made)] = (container, key)
                items += found
                lists += [made] * len(found)
                places += range(len(found))
        if items:
            self.item.complete(run, spot, items, lists, places)

    def _items(self, run: Run, spot: Spot, value: Any, container: Any, key: Any) -> Sequence[Any] | None:
        try:
            if not is_iterable(value):
                field = spot.field_at(run, container)
                raise GraphQLError(
                    f"Expected Iterable, but did not find one for field '{field.parent_type}.{field.name}'."
                )
            return _listed(value)
        except Exception as error:
            run.fail(spot, container, key, error)
            return None


class ObjectOf(Completer):
    """Objects of one type: all of a level are the parents of the next."""

    __slots__ = ()

    def fill(self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]) -> None:
        """Writes an object for each value and queues their fields."""
        run.place_objects(spot, [Placing(self.kind, values, containers, keys, range(len(values)))])


class AbstractOf(Completer):
    """Interfaces and unions: the level is split by concrete type, and goes on as one."""

    __slots__ = ()

    def fill(self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any], keys: Sequence[Any]) -> None:
        """Finds out each value's type first; where that has to be waited for, all wait."""
        names = self._names(run, spot, values, containers)
        classes = set(map(type, names))
        if not run.any_late(names, classes):
            if classes != {str} or not self._alike(run, spot, names, values, containers, keys):
                self._place(run, spot, names, values, containers, keys)
            return

        def go_on(found: Sequence[Any], places: Sequence[int]) -> None:
            parts = ([given[each] for each in places] for given in (values, containers, keys))
            self._place(run, spot, found, *parts)

        run.when_all(spot, names, containers, keys, go_on)

    def _names(self, run: Run, spot: Spot, values: Sequence[Any], containers: Sequence[Any]) -> list[Any]:
        of_values = self.kind.extensions.get("types_of")
        if of_values is None:
            pairs = zip(values, containers, strict=True)
            return [self._name_of(run, spot, value, container) for value, container in pairs]
        try:
            return list(of_values(values))
        except Exception:
            return [_name_or_error(of_values, value) for value in values]

    def _name_of(self, run: Run, spot: Spot, value: Any, container: Any) -> Any:
        kind: GraphQLAbstractType = self.kind
        try:
            resolve = kind.resolve_type or run.type_resolver
            return resolve(value, run.info_at(spot, container), kind)
        except Exception as error:
            return error

    def _place(
        self,
        run: Run,
        spot: Spot,
        names: Sequence[Any],
        values: Sequence[Any],
        containers: Sequence[Any],
        keys: Sequence[Any],
    ) -> None:
        parts: list[Placing] = []
        for places in _places_by_name(names):
            kind: GraphQLObjectType | None = None
            for place in places:
                try:
                    kind = self._concrete(run, spot, names[place], values[place], containers[place])
                    break
                except Exception as error:
                    run.fail(spot, containers[place], keys[place], error)
            if kind is not None and len(places) == len(values):
                parts.append(Placing(kind, values, containers, keys, places))
            elif kind is not None:
                chosen = [[given[place] for place in places] for given in (values, containers, keys)]
                parts.append(Placing(kind, chosen[0], chosen[1], chosen[2], places))
        run.place_objects(spot, parts)

    def _alike(
        self,
        run: Run,
        spot: Spot,
        names: Sequence[str],
        values: Sequence[Any],
        containers: Sequence[Any],
        keys: Sequence[Any],
    ) -> bool:
        """Writes objects of several types of which the same is asked; false where it is not, or one does not fit."""
        several = dict(zip(names, zip(values, containers, strict=True), strict=True))
        if len(several) < 2:
            return False
        try:
            kinds = [self._concrete(run, spot, name, *example) for name, example in several.items()]
        except Exception:
            return False
        return run.place_alike(spot, kinds, names, values, containers, keys)

    def _concrete(self, run: Run, spot: Spot, name: Any, value: Any, container: Any) -> GraphQLObjectType:
        """The object type of this name; raises in graphql-core's words where there is none that fits."""
        if isinstance(name, Exception):
            raise name
        field, abstract = spot.field_at(run, container), self.kind
        if name is None:
            raise GraphQLError(
                f"Abstract type '{abstract}' must resolve to an Object type at runtime"
                f" for field '{field.parent_type}.{field.name}'."
                f" Either the '{abstract}' type should provide a 'resolve_type' function"
                " or each possible type should provide an 'is_type_of' function.",
                field.nodes,
            )
        if not isinstance(name, str):
            raise GraphQLError(
                f"Abstract type '{abstract}' must resolve to an Object type at runtime"
                f" for field '{field.parent_type}.{field.name}' with value {inspect(value)},"
                f" received '{inspect(name)}', which is not a valid Object type name.",
                field.nodes,
            )
        found = run.schema.get_type(name)
        if found is None:
            raise GraphQLError(
                f"Abstract type '{abstract}' was resolved to a type '{name}' that does not exist inside the schema.",
                field.nodes,
            )
        if not isinstance(found, GraphQLObjectType):
            raise GraphQLError(f"Abstract type '{abstract}' was resolved to a non-object type '{name}'.", field.nodes)
        if not run.schema.is_sub_type(abstract, found):
            raise GraphQLError(f"Runtime Object type '{found}' is not a possible type for '{abstract}'.", field.nodes)
        return found


def completer(kind: GraphQLOutputType) -> Completer:
    """The completer of values of this type."""
    non_null = is_non_null_type(kind)
    inner: Any = kind.of_type if non_null else kind  # type: ignore[union-attr]
    if is_list_type(inner):
        return ListOf(inner, non_null)
    if is_leaf_type(inner):
        return Leaf(inner, non_null)
    return (AbstractOf if is_abstract_type(inner) else ObjectOf)(inner, non_null)


def _places_by_name(names: Sequence[Any]) -> list[list[int]]:
    """The places of each name, in the order in which they first come; what is no name stands by itself."""
    if set(map(type, names)) == {str} and len(kinds := dict.fromkeys(names)) <= _FEW:
        return [[place for place, each in enumerate(names) if each == name] for name in kinds]
    found: dict[Any, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name if isinstance(name, str) else (place,), []).append(place)
    return list(found.values())


def _name_or_error(of_values: Callable[[Sequence[Any]], Sequence[Any]], value: Any) -> Any:
    try:
        return of_values([value])[0]
    except Exception as error:
        return error


def _listed(values: Iterable[Any]) -> list[Any]:
    """The items of an iterable. Where it fails on the way, what it gave and would have given will never be awaited."""
    found: list[Any] = []
    iterator = iter(values)
    try:
        found.extend(iterator)
    except BaseException:
        close_all(found)
        with suppress(Exception):
            close_all(iterator)
        raise
    return found


def close_all(values: Iterable[Any]) -> None:
    """Closes the coroutines among the values, and in lists among them: nobody will await them."""
    pending, seen = [values], {id(values)}
    while pending:
        for each in pending.pop():
            if iscoroutine(each) or isinstance(each, FirstThatIs):
                each.close()
            elif isinstance(each, list | tuple) and id(each) not in seen:
                seen.add(id(each))
                pending.append(each)
