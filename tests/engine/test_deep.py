"""Documents that lead far down: they are answered, and what fails far down is told at its place."""

from __future__ import annotations

import time
from typing import Any

from graphql import ExecutionResult, build_schema, parse

from graph.engine import execute

_SCHEMA = "type Query { a: Query n: Int! m: Int }"


def _chain(depth: int, leaf: str) -> str:
    """A document of so many levels, that does not nest itself."""
    fragments = (f"fragment F{number} on Query {{ a {{ ...F{number + 1} }} }}" for number in range(depth))
    return " ".join(["{ ...F0 }", *fragments, f"fragment F{depth} on Query {{ {leaf} }}"])


def _answered(schema: Any, text: str, root: Any) -> ExecutionResult:
    result = execute(schema, parse(text), root)
    assert isinstance(result, ExecutionResult)
    return result


def _endless() -> dict[str, Any]:
    root: dict[str, Any] = {}
    root["a"] = root
    return root


def test_a_failure_far_down_is_told_with_its_whole_path() -> None:
    result = _answered(build_schema(_SCHEMA), _chain(2000, "n"), _endless())
    (error,) = result.errors or ()
    assert error.path == ["a"] * 2000 + ["n"]


def test_a_resolver_far_down_is_told_its_path_in_little_time() -> None:
    schema, told = build_schema(_SCHEMA), []
    assert schema.query_type is not None
    schema.query_type.fields["a"].resolve = lambda *_: {}
    schema.query_type.fields["m"].resolve = lambda _parent, info: told.append(len(info.path.as_list()))
    began = time.process_time()
    result = _answered(schema, _chain(2000, "m"), None)
    assert result.errors is None
    assert told == [2001]
    # Each looks up its path from the object above. From the root it would take a minute.
    assert time.process_time() - began < 10


def test_spreads_that_nest_too_deeply_fail_where_they_stand() -> None:
    spreads = " ".join(f"fragment F{number} on Query {{ ...F{number + 1} }}" for number in range(1500))
    text = f"{{ a {{ ...F0 }} m }} {spreads} fragment F1500 on Query {{ n }}"
    result = _answered(build_schema(_SCHEMA), text, {"a": {}, "m": 1})
    assert result.data == {"a": None, "m": 1}
    assert [each.path for each in result.errors or ()] == [["a"]]
