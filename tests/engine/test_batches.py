"""Batch resolvers: how often they are called, with whom, and what becomes of their answers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLObjectType, GraphQLSchema, build_schema, parse

from graph.engine import BatchResolver, execute, load_shared
from tests.engine.comparing import Asked, Outcome, by_ours, compare
from tests.engine.ways import turns

_SDL = """
interface Named { name(upper: Boolean): String parts: [Part] }
type Course implements Named { name(upper: Boolean): String parts: [Part] one: Part id: Int }
type Theme implements Named { name(upper: Boolean): String parts: [Part] }
type Part { size(times: Int = 1): Int owner: Named inner: [Part] sure: Int! plain: Int }
type Query { courses: [Course] named: [Named] lists: [[Course]] none: [Course] }
type Mutation { add: Course }
"""


@dataclass
class _Calls:
    """A schema whose batch resolvers write down how they were called."""

    answers: Mapping[str, Callable[..., Any]]
    late: bool = False
    made: list[tuple[str, list[Any], dict[str, Any]]] = field(default_factory=list)

    def schema(self) -> GraphQLSchema:
        built = build_schema(_SDL)
        batches = {name: BatchResolver(self._recorded(name, answer)) for name, answer in self.answers.items()}
        for name, batch in batches.items():
            for kind in built.type_map.values():
                # The types of introspection are the same objects in every schema.
                own = isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
                if own and name in kind.fields:
                    kind.fields[name].extensions["batch"] = batch
        for name in ("Named",):
            built.type_map[name].resolve_type = lambda value, _info, _type: value["is"]  # type: ignore[attr-defined]
        return built

    def _recorded(self, name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
        def resolve(parents: Sequence[Any], info: Any, **arguments: Any) -> Any:
            self.made.append((name, list(parents), arguments))
            found = answer(parents, info, **arguments)
            return self._later(found) if self.late else found

        return resolve

    @staticmethod
    async def _later(found: Any) -> Any:
        await turns(2)
        return await found if inspect.isawaitable(found) else found

    def ask(self, document: str, **variables: Any) -> Outcome:
        """Our answer alone, so that only our calls are written down."""
        return by_ours(self._asked(document, variables))

    def compared(self, document: str, **variables: Any) -> Outcome:
        """Our answer, compared with graphql-core's."""
        return compare(self._asked(document, variables))

    def _asked(self, document: str, variables: dict[str, Any]) -> Asked:
        self.made.clear()
        return Asked(self.schema, document, variables, root=_root)

    def of(self, name: str) -> list[list[Any]]:
        """The ids of the parents of each call of this name."""
        return [[parent and parent.get("id") for parent in parents] for each, parents, _ in self.made if each == name]


def _root() -> dict[str, Any]:
    courses = [_course(1, 2), _course(2, 0), _course(3, 1)]
    theme = {"is": "Theme", "id": 9, "parts": [_part(90)]}
    return {
        "courses": courses,
        "named": [courses[0], theme, courses[1], {**theme, "id": 8}],
        "lists": [[courses[0]], [], [courses[1], courses[2]]],
        "none": [],
        "add": courses[0],
    }


def _course(number: int, parts: int) -> dict[str, Any]:
    return {"is": "Course", "id": number, "parts": [_part(number * 10 + each) for each in range(parts)]}


def _part(number: int) -> dict[str, Any]:
    return {"id": number, "plain": number}


def _names(parents: Sequence[Any], _info: Any, upper: bool = False) -> list[str]:
    return [f"{'N' if upper else 'n'}{parent['id']}" for parent in parents]


def _sizes(parents: Sequence[Any], _info: Any, times: int) -> list[int]:
    return [parent["id"] * times for parent in parents]


def _parts(parents: Sequence[Any], _info: Any) -> list[Any]:
    return [parent["parts"] for parent in parents]


_PLAIN = {"name": _names, "size": _sizes, "parts": _parts}


@pytest.fixture(params=[False, True], ids=["at once", "late"])
def calls(request: pytest.FixtureRequest) -> _Calls:
    return _Calls(_PLAIN, late=request.param)


def test_all_parents_of_a_level_come_in_one_call_in_their_order(calls: _Calls) -> None:
    calls.ask("{ courses { name parts { size } } }")

    assert calls.of("name") == [[1, 2, 3]]
    assert calls.of("parts") == [[1, 2, 3]]
    assert calls.of("size") == [[10, 11, 30]]


def test_parents_from_several_lists_are_one_level(calls: _Calls) -> None:
    calls.ask("{ lists { name } }")

    assert calls.of("name") == [[1, 2, 3]]


def test_a_level_of_several_types_is_one_call_in_the_order_of_the_list(calls: _Calls) -> None:
    outcome = calls.ask("{ named { name parts { size } } }")

    assert calls.of("name") == [[1, 9, 2, 8]]
    assert calls.of("parts") == [[1, 9, 2, 8]]
    assert calls.of("size") == [[10, 11, 90, 90]]
    assert [each["name"] for each in outcome.data["named"]] == ["n1", "n9", "n2", "n8"]


def test_a_level_without_parents_makes_no_call(calls: _Calls) -> None:
    outcome = calls.ask("{ none { name parts { size } } }")

    assert outcome.data == {"none": []}
    assert calls.made == []


def test_a_skipped_field_makes_no_call(calls: _Calls) -> None:
    calls.ask("query($no: Boolean!) { courses { id name @include(if: $no) parts @skip(if: true) { size } } }", no=False)

    assert calls.made == []


def test_aliases_and_arguments_make_calls_of_their_own(calls: _Calls) -> None:
    outcome = calls.ask(
        "query($t: Int) { courses { a: name b: name(upper: true) parts { size(times: $t) twice: size(times: 2) } } }",
        t=3,
    )

    assert sorted(str(arguments) for name, _, arguments in calls.made if name == "name") == ["{'upper': True}", "{}"]
    assert calls.of("size") == [[10, 11, 30], [10, 11, 30]]
    assert outcome.data["courses"][2] == {"a": "n3", "b": "N3", "parts": [{"size": 90, "twice": 60}]}


def test_a_field_asked_for_twice_is_one_call(calls: _Calls) -> None:
    calls.ask("{ courses { name ...N ... on Course { name } } } fragment N on Named { name }")

    assert calls.of("name") == [[1, 2, 3]]


def test_the_default_of_an_argument_is_handed_over(calls: _Calls) -> None:
    calls.ask("{ courses { parts { size } } }")

    assert [arguments for name, _, arguments in calls.made if name == "size"] == [{"times": 1}]


def test_each_mutation_has_levels_of_its_own(calls: _Calls) -> None:
    calls.ask("mutation { a: add { name } b: add { name } }")

    assert calls.of("name") == [[1], [1]]


def test_a_null_is_no_parent() -> None:
    calls = _Calls({**_PLAIN, "one": lambda parents, _info: [None, _part(5), None]})

    outcome = calls.ask("{ courses { one { size } } }")

    assert calls.of("size") == [[5]]
    assert outcome.data == {"courses": [{"one": None}, {"one": {"size": 5}}, {"one": None}]}


def test_an_exception_in_place_of_an_answer_fails_that_path_only() -> None:
    calls = _Calls({**_PLAIN, "one": lambda parents, _info: [_part(1), ValueError("no part"), _part(3)]})

    outcome = calls.compared("{ courses { name one { size } } }")

    assert [each["one"] for each in outcome.data["courses"]] == [{"size": 1}, None, {"size": 3}]
    assert [(each.path, each.message) for each in outcome.problems] == [(("courses", 1, "one"), "no part")]


def test_an_exception_that_is_raised_fails_every_path_of_the_level(calls: _Calls) -> None:
    def fail(parents: Sequence[Any], _info: Any) -> Any:
        raise ValueError("no database")

    calls.answers = {**_PLAIN, "one": fail}

    outcome = calls.compared("{ courses { name one { size } } }")

    assert [each["one"] for each in outcome.data["courses"]] == [None, None, None]
    assert {(each.path, each.message) for each in outcome.problems} == {
        (("courses", each, "one"), "no database") for each in range(3)
    }


def test_one_missing_answer_nulls_one_object_where_it_must_be_there() -> None:
    calls = _Calls({**_PLAIN, "sure": lambda parents, _info: [None if each["id"] == 11 else 1 for each in parents]})

    outcome = calls.compared("{ courses { parts { sure size } } }")

    assert outcome.data["courses"][0] == {"parts": [{"sure": 1, "size": 10}, None]}
    assert [each.path for each in outcome.problems] == [("courses", 0, "parts", 1, "sure")]


@pytest.mark.parametrize("number", [0, 2, 4])
def test_too_few_or_too_many_answers_are_an_error_of_every_path(number: int) -> None:
    calls = _Calls({**_PLAIN, "one": lambda parents, _info: [_part(1)] * number})

    outcome = calls.compared("{ courses { id one { size } } }")

    assert [each["one"] for each in outcome.data["courses"]] == [None, None, None]
    assert len(outcome.problems) == 3
    assert all(f"gave {number} answers for 3 parents" in each.message for each in outcome.problems), outcome.problems


def test_answers_may_be_any_sequence() -> None:
    calls = _Calls({**_PLAIN, "one": lambda parents, _info: tuple(_part(each["id"]) for each in parents)})

    outcome = calls.compared("{ courses { one { size } } }")

    assert [each["one"]["size"] for each in outcome.data["courses"]] == [1, 2, 3]


def test_answers_may_hold_what_any_resolver_may_answer() -> None:
    def inner(parents: Sequence[Any], _info: Any) -> list[Any]:
        return [map(_part, (each["id"] + 1, each["id"] + 2)) for each in parents]

    calls = _Calls({**_PLAIN, "inner": inner})

    outcome = calls.compared("{ courses { parts { inner { size inner { plain } } } } }")

    assert outcome.data["courses"][2]["parts"][0]["inner"][0] == {"size": 31, "inner": [{"plain": 32}, {"plain": 33}]}


def test_a_batch_is_told_where_it_stands() -> None:
    told: list[Any] = []

    def one(parents: Sequence[Any], info: Any) -> list[Any]:
        told.append((info.field_name, len(info.nodes), dict(info.variables), hasattr(info.context, "loaders")))
        return [None for _ in parents]

    calls = _Calls({**_PLAIN, "one": one})
    calls.ask("query($x: Int) { courses { x: one { size(times: $x) } ... on Course { x: one { plain } } } }", x=7)

    assert told == [("one", 2, {"x": 7}, True)]


def test_every_way_down_to_a_type_keeps_its_own_selection() -> None:
    calls = _Calls({**_PLAIN, "inner": lambda parents, _info: [[_part(each["id"] + 1)] for each in parents]})

    outcome = calls.compared(
        "{ courses { parts { inner { size } ...P } } lists { parts { ...P } } } fragment P on Part { inner { plain } }"
    )

    assert outcome.data["courses"][2]["parts"] == [{"inner": [{"size": 31, "plain": 31}]}]
    assert outcome.data["lists"][2][1]["parts"] == [{"inner": [{"plain": 31}]}]


def test_what_a_resolver_does_to_its_arguments_is_seen_by_nobody_else() -> None:
    def schema() -> GraphQLSchema:
        made = build_schema(
            'input In { words: [String!] } type A { b(words: [String!] = ["d"], of: In): [String] } type Query { a: [A] }'
        )

        def resolve(_parent: Any, _info: Any, words: list[str], of: dict[str, Any]) -> list[str]:
            words.append("mine")
            of["words"].append("mine")
            return [*words, *of["words"]]

        made.type_map["A"].fields["b"].resolve = resolve  # type: ignore[attr-defined]
        return made

    document = '{ a { b(words: ["d"], of: {words: ["w"]}) c: b(words: ["x"], of: {words: []}) } }'

    outcome = compare(Asked(schema, document, root=lambda: {"a": [1, 2]}))

    assert outcome.data["a"][1] == {"b": ["d", "mine", "w", "mine"], "c": ["x", "mine", "mine"]}


def test_types_that_answer_one_field_with_different_batches_are_asked_apart() -> None:
    def schema() -> GraphQLSchema:
        made = build_schema(_SDL)
        for kind, answer in (("Course", "c"), ("Theme", "t")):
            batch = BatchResolver(lambda parents, _info, answer=answer: [f"{answer}{each['id']}" for each in parents])
            made.type_map[kind].fields["name"].extensions["batch"] = batch  # type: ignore[attr-defined]
        made.type_map["Named"].resolve_type = lambda value, _info, _type: value["is"]  # type: ignore[attr-defined]
        return made

    outcome = compare(Asked(schema, "{ named { name } }", root=_root))

    assert [each["name"] for each in outcome.data["named"]] == ["c1", "t9", "c2", "t8"]


@pytest.mark.parametrize("later", range(5))
def test_whoever_asks_after_all_before_them_gave_up_is_answered(later: int) -> None:
    """Whatever turn of the event loop they gave up in: in one of them the batch was about to be sent."""

    async def doubled(keys: Sequence[int], _context: Any) -> list[int]:
        return [2 * key for key in keys]

    async def ask(context: Any, key: int) -> Sequence[int]:
        return await load_shared(context, doubled, [key])

    async def run() -> Sequence[int]:
        context = SimpleNamespace(loaders={})
        first = asyncio.create_task(ask(context, 1))
        for _ in range(later):
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        async with asyncio.timeout(10):
            return await ask(context, 2)

    assert asyncio.run(run()) == [4]


def test_arguments_that_are_kept_are_changed_by_nobody() -> None:
    def one_more(arguments: dict[str, Any]) -> dict[str, Any]:
        arguments["n"] += 1
        return arguments

    schema, document = build_schema("type Query { after(n: Int): Int }"), parse("{ after(n: 1) }")
    batch = BatchResolver(lambda parents, _info, n: [n] * len(parents), one_more)
    schema.query_type.fields["after"].extensions["batch"] = batch  # type: ignore[union-attr]
    assert [execute(schema, document).data for _ in range(3)] == [{"after": 2}] * 3  # type: ignore[union-attr]


def test_a_deep_value_that_comes_late_for_nobody_is_let_go() -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]

    async def late(parents: Sequence[Any], _info: Any) -> list[Any]:
        await turns(2)
        return [deep] * len(parents)

    schema = build_schema("scalar Json type Query { items: [Item] } type Item { sure: Int! deep: Json }")
    item = schema.type_map["Item"].fields  # type: ignore[attr-defined]
    item["deep"].extensions["batch"] = BatchResolver(late)
    root = {"items": [{"sure": 1}, {"sure": None}]}

    async def run() -> ExecutionResult:
        found = execute(schema, parse("{ items { sure deep } }"), root)
        return await found if inspect.isawaitable(found) else found

    result = asyncio.run(run())
    assert result.data == {"items": [{"sure": 1, "deep": deep}, None]}
    assert [each.path for each in result.errors or ()] == [["items", 1, "sure"]]
