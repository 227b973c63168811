"""What one program fetches whole is answered without a run; anything out of the ordinary goes the ordinary way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import ExecutionResult, build_schema, parse

from graph.engine import BatchResolver, execute
from graph.engine.fetching import FetchingContext, Program, Unfit

_SCHEMA = """
enum Ground { ROCK GAS }
scalar Odd
type Planet { name: String, mass: Int, tilt: Float, ground: Ground, moons: [Moon!]!, motto: String, oddity: Odd, star: Star }
type Moon { name: String }
type Star { name: String }
type Query { planet(name: String!): Planet, other: String, planets: [Planet!]! }
"""
_ROWS: dict[str, list[dict[str, Any]]] = {
    "Planet": [
        {"name": "Mars", "mass": 6, "tilt": 25.19, "ground": "ROCK"},
        {"name": "Venus", "mass": 49, "tilt": float("nan"), "ground": "ROCK"},
    ],
    "Moon": [{"planet": "Mars", "name": "Phobos"}, {"planet": "Mars", "name": "Deimos"}],
    "Star": [{"name": "Sun"}],
}


@dataclass
class Source:
    """Rows of one kind, found by a key."""

    kind: str
    shape: Any
    key: str
    parent_column: str | None
    discriminator: None = None
    always: tuple[str, ...] = ()

    def has(self, column: str) -> bool:
        """Whether rows have this column."""
        return column in ("oddity", "star") or column in _ROWS[self.kind][0]

    def is_nullable(self, column: str) -> bool:
        """All may be null."""
        return True

    def objects(self, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Rows as resolvers know them."""
        return [SimpleNamespace(**dict(zip(columns, row[1:], strict=False))) for row in rows]

    def request(self, arguments: Mapping[str, Any], keys: Sequence[Any] | None) -> Any:
        """The names that are asked for, if any; there is none without letters."""
        if arguments.get("name") == "":
            raise ValueError("A name has letters")
        return [arguments["name"]] if "name" in arguments else keys


@dataclass
class Context(FetchingContext):
    """Fetches from the rows above, and says how it was asked."""

    refuses: bool = False
    breaks: bool = False
    ground: str = "ROCK"
    last: list[bool] = field(default_factory=list)
    spent: int = 0

    def fetch(self, program: Program, requests: Sequence[Any], is_last: Callable[[], bool]) -> Any:
        """All rows of each step; of the first, those with the name."""
        if self.refuses:
            raise Unfit
        return self._fetched(program, requests, is_last)

    async def _fetched(self, program: Program, requests: Sequence[Any], is_last: Callable[[], bool]) -> list[Any]:
        self.last.append(is_last())
        await asyncio.sleep(0)
        if self.breaks:
            raise RuntimeError("The line is broken")
        return [self._rows(step, name) for step, name in zip(program.steps, requests, strict=True)]

    def _rows(self, step: Any, keys: Sequence[str] | None) -> list[tuple[Any, ...]]:
        found = [each for each in _ROWS[step.source.kind] if keys is None or each[step.source.key] in keys]
        found = [{**each, "ground": self.ground, "oddity": "odd", "star": "Sun"} for each in found]
        key = None if step.source.parent_column is None else step.source.key
        return [(each.get(key), *(each[column] for column in step.columns)) for each in found]

    def spend(self, objects: int) -> None:
        """Hears how many objects an answer holds."""
        self.spent += objects


def _asked(context: Context, text: str, **variables: Any) -> tuple[ExecutionResult, list[str]]:
    """The answer, and which resolvers were called for it."""
    schema, called = build_schema(_SCHEMA), []

    def batch(name: str, answers: Any) -> BatchResolver:
        def resolve(parents: Sequence[Any], _info: Any, **arguments: Any) -> list[Any]:
            called.append(name)
            return [answers(parent, **arguments) for parent in parents]

        return BatchResolver(resolve)

    def planet(_parent: Any, name: str) -> Any:
        if name == "":
            raise ValueError("A name has letters")
        found = next((each for each in _ROWS["Planet"] if each["name"] == name), None)
        return None if found is None else whole(found)

    def whole(found: dict[str, Any]) -> Any:
        return SimpleNamespace(**{**found, "ground": context.ground, "oddity": "odd", "star": "Sun"})

    def moons(parent: Any) -> list[Any]:
        return [SimpleNamespace(**each) for each in _ROWS["Moon"] if each["planet"] == parent.name]

    query, kinds = schema.query_type, schema.type_map
    assert query is not None
    planets: Any = kinds["Planet"]
    query.fields["planet"].extensions |= {
        "batch": batch("planet", planet),
        "source": Source("Planet", "one", "name", None),
    }
    planets.fields["moons"].extensions |= {
        "batch": batch("moons", moons),
        "source": Source("Moon", "many", "planet", "name"),
    }
    query.fields["planets"].extensions["batch"] = batch("planets", lambda _: [whole(each) for each in _ROWS["Planet"]])
    planets.fields["star"].extensions |= {
        "batch": batch("star", lambda _: SimpleNamespace(name="Sun")),
        "source": Source("Star", "one", "name", "star"),
    }
    kinds["Odd"].coerce_output_value = lambda value: value.isoformat()  # type: ignore[attr-defined]
    planets.fields["motto"].resolve = lambda parent, _info: f"{parent.name} for ever"
    planets.fields["motto"].extensions["needs"] = ("name",)
    for each in ("Planet", "Moon", "Star"):
        for name in ("name", "mass", "tilt", "ground", "oddity"):
            if name in kinds[each].fields:  # type: ignore[attr-defined]
                kinds[each].fields[name].extensions["attribute"] = name  # type: ignore[attr-defined]

    async def run() -> ExecutionResult:
        found = execute(schema, parse(text), None, context, variables)
        return await found if isawaitable(found) else found

    return asyncio.run(run()), called


_MARS = '{ planet(name: "Mars") { called: name mass moons { name } } }'
_MARS_ANSWER = {"planet": {"called": "Mars", "mass": 6, "moons": [{"name": "Phobos"}, {"name": "Deimos"}]}}


def test_what_is_fetched_whole_calls_no_resolver_and_is_all_that_is_read() -> None:
    context = Context()
    assert _asked(context, _MARS) == (ExecutionResult(_MARS_ANSWER, None), [])
    assert context.last == [True]
    assert context.spent == 3


def test_what_is_not_there_is_null() -> None:
    assert _asked(Context(), '{ planet(name: "Vulcan") { name } }') == (ExecutionResult({"planet": None}, None), [])


def test_beside_what_is_at_hand_it_is_all_that_is_read() -> None:
    context = Context()
    result, called = _asked(context, '{ other planet(name: "Venus") { name } }')
    assert result == ExecutionResult({"other": None, "planet": {"name": "Venus"}}, None)
    assert (called, context.last) == ([], [True])


def test_of_two_that_are_fetched_neither_is_all_that_is_read() -> None:
    context = Context()
    result, called = _asked(context, '{ one: planet(name: "Mars") { name } two: planet(name: "Venus") { name } }')
    assert result == ExecutionResult({"one": {"name": "Mars"}, "two": {"name": "Venus"}}, None)
    assert (called, context.last) == ([], [False, False])


def test_a_resolver_further_down_is_called_with_what_was_fetched() -> None:
    result, called = _asked(Context(), '{ planet(name: "Mars") { motto mass } }')
    assert result == ExecutionResult({"planet": {"motto": "Mars for ever", "mass": 6}}, None)
    assert called == []


def test_what_may_not_be_fetched_together_goes_level_by_level() -> None:
    context = Context(refuses=True)
    assert _asked(context, _MARS) == (ExecutionResult(_MARS_ANSWER, None), ["planet", "moons"])


@pytest.mark.parametrize("beside", ["", "__typename"], ids=["alone", "with another field"])
def test_a_value_that_does_not_fit_is_told_at_its_place(beside: str) -> None:
    result, called = _asked(Context(ground="MUD"), f'{{ planet(name: "Mars") {{ name ground }} {beside} }}')
    assert result.data is not None
    assert result.data["planet"] == {"name": "Mars", "ground": None}
    assert [each.path for each in result.errors or ()] == [["planet", "ground"]]
    assert called == ["planet"]


def test_what_is_no_number_is_told_and_not_left_out() -> None:
    result, _ = _asked(Context(), '{ planet(name: "Venus") { name tilt } }')
    assert result.data == {"planet": {"name": "Venus", "tilt": None}}
    assert [each.path for each in result.errors or ()] == [["planet", "tilt"]]
    assert _asked(Context(), '{ planet(name: "Mars") { tilt } }')[0].data == {"planet": {"tilt": 25.19}}


def test_a_wrong_argument_is_told_as_everywhere() -> None:
    result, _ = _asked(Context(), '{ planet(name: "") { name } }')
    assert result.data == {"planet": None}
    assert [(each.path, each.message) for each in result.errors or ()] == [(["planet"], "A name has letters")]


def test_a_database_that_fails_is_told_at_the_field_and_asked_once() -> None:
    context = Context(breaks=True)
    result, called = _asked(context, _MARS)
    assert result.data == {"planet": None}
    assert [(each.path, each.message) for each in result.errors or ()] == [(["planet"], "The line is broken")]
    assert (called, len(context.last)) == ([], 1)


def test_a_variable_that_skips_the_field_has_nothing_fetched() -> None:
    context = Context()
    text = 'query($no: Boolean!) { planet(name: "Mars") @skip(if: $no) { name } }'
    assert _asked(context, text, no=True) == (ExecutionResult({}, None), [])
    assert context.last == []


@pytest.mark.parametrize("beside", ["", "__typename"], ids=["alone", "with another field"])
def test_whatever_a_scalar_raises_is_told_at_its_place(beside: str) -> None:
    result, _ = _asked(Context(), f'{{ planet(name: "Mars") {{ name oddity }} {beside} }}')
    assert result.data is not None
    assert result.data["planet"] == {"name": "Mars", "oddity": None}
    assert [(each.path, type(each.original_error)) for each in result.errors or ()] == [
        (["planet", "oddity"], AttributeError)
    ]


@pytest.mark.parametrize("beside", ["", "other"], ids=["alone", "with another field"])
def test_a_condition_that_is_null_is_told_where_it_stands(beside: str) -> None:
    text = (
        f'query($if: Boolean = true) {{ planet(name: "Mars") {{ name moons {{ name @include(if: $if) }} }} {beside} }}'
    )
    result, _ = _asked(Context(), text, **{"if": None})
    assert result.data is not None
    assert result.data["planet"] is None
    assert [each.path for each in result.errors or ()] == [["planet", "moons", 0], ["planet", "moons", 1]][:1]


@pytest.mark.parametrize(
    ("below", "objects"),
    [("moons { name }", 2), ("star { name }", 2), ("moons { name } star { name }", 4)],
    ids=["of one parent each", "shared by all parents", "both"],
)
def test_what_is_fetched_below_a_level_is_counted_as_often_as_it_is_written(below: str, objects: int) -> None:
    context = Context()
    result, called = _asked(context, f"{{ planets {{ name {below} }} }}")
    assert result.errors is None
    assert called == ["planets"]
    assert context.spent == objects
