"""Failures and nulls: where they happen, how far they reach, and which errors tell of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.engine.ways import Case, Described, Way, awaitable, check, every


def _raises(_parent: Any) -> Any:
    raise ValueError("broken")


# What can go wrong, and what the error then says where null is not allowed.
_TROUBLES: dict[str, tuple[Callable[[Any], Any], str, bool]] = {
    "raises": (_raises, "broken", True),
    "is an exception": (lambda _parent: ValueError("broken"), "broken", True),
    "is null": (lambda _parent: None, "Cannot return null", False),
    "is of another type": (lambda _parent: "word", "Int cannot represent", True),
}


def _at_depth() -> list[Case]:
    """One failing field, three levels down, with every combination of types on the way there that may be null or not."""
    cases = []
    for trouble, (value, message, always_fails) in _TROUBLES.items():
        for marks in range(16):
            may_be_null = [not marks >> bit & 1 for bit in range(4)]
            a, items, b, leaf = ("" if each else "!" for each in may_be_null)
            described = Described(
                f"type B {{ ok: Int leaf: Int{leaf} }} type A {{ b: B{b} ok: Int }}"
                f" type Query {{ a: [A{items}]{a} ok: Int }}",
                fields={
                    "Query.a": lambda _parent: [{}, {}],
                    "A.b": lambda _parent: {"ok": 2},
                    "B.leaf": value,
                    "Query.ok": lambda _parent: 1,
                },
            )
            fails_at = ["a.0.b.leaf", "a.1.b.leaf"] if always_fails or leaf else []
            cases.append(
                Case(
                    f"a field that {trouble}, below [A{items}]{a} and B{b}, as Int{leaf}",
                    described,
                    "{ ok a { b { ok leaf } } }",
                    _left_after(may_be_null),
                    dict.fromkeys(fails_at, message),
                    competing=bool(leaf and b and items),
                )
            )
    return cases


def _left_after(may_be_null: list[bool]) -> Any:
    """What is left of the data when the leaf is null."""
    a, items, b, leaf = may_be_null
    if leaf:
        return {"ok": 1, "a": [{"b": {"ok": 2, "leaf": None}}] * 2}
    if b:
        return {"ok": 1, "a": [{"b": None}] * 2}
    if items:
        return {"ok": 1, "a": [None, None]}
    return {"ok": 1, "a": None} if a else None


_TREE = Described(
    """
    type Leaf { good: Int bad: Int badNull: Int! badRaise: Int! lateBad: Int! }
    type Node { leaf: Leaf sure: Leaf! leaves: [Leaf] sureLeaves: [Leaf!]! bad: Int! name: String }
    type Query { node: Node sure: Node! nodes: [Node] sureNodes: [Node!]! fail: Int sureFail: Int! ok: Int }
    """,
    fields={
        "Query.node": lambda _parent: {"name": "n"},
        "Query.sure": lambda _parent: {"name": "s"},
        "Query.nodes": lambda _parent: [{"name": "0", "bad": 1}, {"name": "1"}, {"name": "2", "bad": 1}],
        "Query.sureNodes": lambda _parent: [{"name": "0", "bad": 1}, {"name": "1"}],
        "Query.fail": _raises,
        "Query.sureFail": _raises,
        "Query.ok": lambda _parent: 1,
        "Node.leaf": lambda _parent: {"good": 1},
        "Node.sure": lambda _parent: {"good": 1},
        "Node.leaves": lambda _parent: [{"good": 1}, {"good": 2}],
        "Node.sureLeaves": lambda _parent: [{"good": 1}, {"good": 2}],
        "Node.bad": lambda parent: parent.get("bad"),
        "Leaf.bad": _raises,
        "Leaf.badNull": lambda _parent: None,
        "Leaf.badRaise": _raises,
        "Leaf.lateBad": lambda _parent: None,
    },
)


def _tree(name: str, document: str, gives: Any, fails: dict[str, str], **more: Any) -> Case:
    return Case(name, _TREE, document, gives, fails, **more)


_WRITTEN = (
    _tree("a failing root field", "{ fail ok }", {"fail": None, "ok": 1}, {"fail": "broken"}),
    _tree("a failing root field that may not be null", "{ ok sureFail }", None, {"sureFail": "broken"}),
    _tree("the same failure under two aliases", "{ a: fail b: fail }", {"a": None, "b": None}, {"a": "broken", "b": "broken"}),
    _tree("two failures for one whole", "{ a: sureFail b: sureFail }", None, {"a": "broken", "b": "broken"}, competing=True),
    _tree("an error names the alias", "{ x: node { y: leaf { z: bad } } }", {"x": {"y": {"z": None}}}, {"x.y.z": "broken"}),
    _tree("a field that fails in one object of many", "{ nodes { name bad } }",
          {"nodes": [{"name": "0", "bad": 1}, None, {"name": "2", "bad": 1}]}, {"nodes.1.bad": "Node.bad"}),
    _tree("one object of many that must be there", "{ sureNodes { name bad } ok }", None, {"sureNodes.1.bad": "Node.bad"}),
    _tree("every object of many fails", "{ nodes { leaf { badNull } } }",
          {"nodes": [{"leaf": None}, {"leaf": None}, {"leaf": None}]},
          {f"nodes.{each}.leaf.badNull": "Leaf.badNull" for each in range(3)}),
    _tree("a null stops at the nearest that may be", "{ node { sure { badNull } name } ok }", {"node": None, "ok": 1},
          {"node.sure.badNull": "Leaf.badNull"}),
    _tree("a null that nothing stops", "{ sure { sure { badRaise } } ok }", None, {"sure.sure.badRaise": "broken"}),
    _tree("two failures in one object", "{ node { leaf { badNull badRaise } name } }", {"node": {"leaf": None, "name": "n"}},
          {"node.leaf.badNull": "Cannot", "node.leaf.badRaise": "broken"}, competing=True),
    _tree("failures at two depths below one null", "{ node { sure { badNull } bad name } }", {"node": None},
          {"node.sure.badNull": "Leaf.badNull", "node.bad": "Node.bad"}, competing=True),
    _tree("the shallow failure first in the document", "{ node { bad sure { badNull } } }", {"node": None},
          {"node.sure.badNull": "Leaf.badNull", "node.bad": "Node.bad"}, competing=True),
    _tree("a failure that nulled something in a part that went missing", "{ node { leaf { bad } bad } }", {"node": None},
          {"node.leaf.bad": "broken", "node.bad": "Node.bad"}, competing=True),
    _tree("failures in both lists", "{ node { leaves { badNull } sureLeaves { good } } }",
          {"node": {"leaves": [None, None], "sureLeaves": [{"good": 1}, {"good": 2}]}},
          {"node.leaves.0.badNull": "Leaf.badNull", "node.leaves.1.badNull": "Leaf.badNull"}),
    _tree("two items that null one list", "{ node { sureLeaves { badNull } } ok }", {"node": None, "ok": 1},
          {"node.sureLeaves.0.badNull": "Leaf", "node.sureLeaves.1.badNull": "Leaf"}, competing=True),
    _tree("independent failures are all told", "{ fail nodes { leaf { bad good } } node { leaf { badRaise } } }",
          {"fail": None, "nodes": [{"leaf": {"bad": None, "good": 1}}] * 3, "node": {"leaf": None}},
          {"fail": "broken", "node.leaf.badRaise": "broken", **{f"nodes.{each}.leaf.bad": "broken" for each in range(3)}}),
    _tree("a failure in a fragment", "{ node { ...N } } fragment N on Node { leaf { ... on Leaf { bad } } }",
          {"node": {"leaf": {"bad": None}}}, {"node.leaf.bad": "broken"}),
    _tree("a merged field tells both its places", "{ fail ok fail }", {"fail": None, "ok": 1}, {"fail": "broken"}),
)  # fmt: skip


def _late_lists() -> list[Case]:
    """A list whose items come at their own time, where some fail: every kind of item and list."""
    cases = []
    for kind in ("[Int]", "[Int!]", "[Int]!", "[Int!]!"):
        strict = "Int!" in kind
        left: Any = [1, None, 3] if not strict else None
        gives: Any = {"list": left} if left is not None or kind == "[Int!]" else None
        for failure, message in ((ValueError("broken"), "broken"), (None, "Cannot return null")):
            described = Described(
                f"type Query {{ list: {kind} }}",
                fields={
                    "Query.list": lambda _parent, failure=failure: [
                        awaitable(1, 2),
                        awaitable(failure, 1),
                        awaitable(3, 3),
                    ]
                },
            )
            told = message == "broken" or strict
            name = f"a late item that {'fails' if failure else 'is null'} in {kind}"
            cases.append(Case(name, described, "{ list }", gives, {"list.1": message} if told else {}))
    return cases


@every(_at_depth())
def test_a_null_reaches_up_to_the_nearest_position_that_may_be_null(case: Case, way: Way) -> None:
    check(case, way)


@every((*_WRITTEN, *_late_lists()))
def test_every_null_that_an_error_made_has_one_error(case: Case, way: Way) -> None:
    check(case, way)
