"""A batch may know that nothing is asked for after it: only where that is certain, whatever else the document has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import ExecutionResult, build_schema, parse

from graph.engine import BatchInfo, BatchResolver, execute

_SCHEMA = """
interface Being { name: String }
type Person implements Being { name: String, age: Int, motto: String, friends: [Person], page: Page, pets: [Being] }
type Robot implements Being { name: String, motto: String }
type Page { nodes: [Person], total: Int, info: Info }
type Info { more: Boolean }
type Query { me: Person, you: Person, said: String, slow: String }
type Mutation { greet: Person }
"""
_LEAVES = {"Person": ("name", "age"), "Robot": ("name", "motto"), "Info": ("more",)}


class Asking:
    """A schema whose batches say at which of their calls they knew to be the last."""

    def __init__(self) -> None:
        self.schema = build_schema(_SCHEMA)
        self.told: list[tuple[str, bool]] = []
        kinds: dict[str, Any] = dict(self.schema.type_map)
        for kind, names in _LEAVES.items():
            for name in names:
                kinds[kind].fields[name].extensions["attribute"] = name
        ada = SimpleNamespace(kind="Person", name="Ada", age=36)
        hal = SimpleNamespace(kind="Robot", name="Hal", motto="I am afraid I cannot")
        kinds["Being"].resolve_type = lambda value, *_: value.kind
        for kind, name, answer in (
            ("Query", "me", ada),
            ("Query", "you", ada),
            ("Mutation", "greet", ada),
            ("Person", "friends", [ada, ada]),
            ("Person", "pets", [hal, ada]),
            ("Person", "page", SimpleNamespace()),
        ):
            kinds[kind].fields[name].extensions["batch"] = BatchResolver(self._reading(name, answer))
        parts = {"nodes": [ada], "total": 1, "info": SimpleNamespace(more=True)}
        for name, part in parts.items():
            kinds["Page"].fields[name].extensions["batch"] = BatchResolver(_at_hand(part))
        kinds["Page"].fields["nodes"].extensions["passes"] = True
        kinds["Page"].fields["info"].extensions["page_part"] = "page_info"
        kinds["Query"].fields["slow"].resolve = _slow

    def _reading(self, name: str, answer: Any) -> Any:
        async def read(parents: Sequence[Any], info: BatchInfo) -> list[Any]:
            self.told.append((name, info.is_last))
            await asyncio.sleep(0)
            return [answer] * len(parents)

        return read

    def last(self, document: str) -> list[tuple[str, bool]]:
        """What each batch knew, in the order of their calls."""

        async def run() -> ExecutionResult:
            found: Any = execute(self.schema, parse(document), SimpleNamespace(said="hello"))
            result: ExecutionResult = await found
            return result

        result = asyncio.run(run())
        assert result.errors is None
        return self.told


def _at_hand(part: Any) -> Any:
    return lambda parents, _info: [part] * len(parents)


async def _slow(*_: Any) -> str:
    for _ in range(5):
        await asyncio.sleep(0)
    return "there"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("{ me { name age __typename } }", [("me", True)]),
        ("{ said me { called: name } }", [("me", True)]),
        ("{ me { name friends { name } } }", [("me", False), ("friends", True)]),
        ("{ me { pets { name ... on Robot { motto } } } }", [("me", False), ("pets", True)]),
        ("{ me { page { nodes { name } info { more } } } }", [("me", False), ("page", True)]),
        (
            "{ me { ...named } } fragment named on Person { name ...aged } fragment aged on Person { age }",
            [("me", True)],
        ),
        ("mutation { greet { name } }", [("greet", True)]),
    ],
)
def test_the_last_batch_knows_that_it_is(document: str, told: list[tuple[str, bool]]) -> None:
    assert Asking().last(document) == told


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("{ me { motto } }", [("me", False)]),
        ("{ me { page { total } } }", [("me", False), ("page", False)]),
        ("{ me { page { nodes { motto } } } }", [("me", False), ("page", False)]),
        ("{ me { pets { name ... on Person { motto } } } }", [("me", False), ("pets", False)]),
        ("{ me { name } you { name } }", [("me", False), ("you", False)]),
        ("{ slow me { name } }", [("me", False)]),
        ("{ me { friends { name } page { nodes { name } } } }", [("me", False), ("friends", False), ("page", False)]),
        ("mutation { greet { name } again: greet { name } }", [("greet", False), ("greet", True)]),
        (
            "{ me { ...named } } fragment named on Person { name ...said } fragment said on Person { motto }",
            [("me", False)],
        ),
    ],
)
def test_who_cannot_be_certain_does_not_think_so(document: str, told: list[tuple[str, bool]]) -> None:
    assert Asking().last(document) == told
