"""How much a document may hold: counted with fragments followed, each fragment once."""

from __future__ import annotations

import sys

import pytest
from graphql import parse

from benchmarks import hostile
from benchmarks.hostile import many, query
from core.errors import RequestError
from graph.documents import measuring
from graph.documents.accepting import Refused, accept
from graph.documents.measuring import measure
from graph.limits import Limits
from graph.schema import schema

DOUBLING = query("...f0") + "".join(f" fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(40))
REFUSED = {
    "operations": (many(31, "query q{} {{ a }}"), "DOCUMENT_TOO_LARGE"),
    "fragments": (query("a ") + many(101, "fragment f{} on Query {{ a }}"), "DOCUMENT_TOO_LARGE"),
    "variables": (f"query({many(101, '$v{}: Int')}) {{ a }}", "DOCUMENT_TOO_LARGE"),
    "arguments": (query(f"a({many(31, 'b{}: 1')})"), "DOCUMENT_TOO_LARGE"),
    "arguments of a directive": (query(f"a @b({many(31, 'c{}: 1')})"), "DOCUMENT_TOO_LARGE"),
    "directives": (query("a" + " @skip(if: true)" * 6), "DOCUMENT_TOO_LARGE"),
    "directives of an operation": ("query" + " @a" * 6 + " { a }", "DOCUMENT_TOO_LARGE"),
    "directives of a fragment": ("{ ...f } fragment f on Query" + " @a" * 6 + " { a }", "DOCUMENT_TOO_LARGE"),
    "directives of a variable": ("query($b: Int" + " @a" * 6 + ") { a }", "DOCUMENT_TOO_LARGE"),
    "values of a default": ("query($b: [Int] = [" + "1 " * 201 + "]) { a }", "DOCUMENT_TOO_LARGE"),
    "definitions": ("{ a } type A { b: Int }", "GRAPHQL_VALIDATION_FAILED"),
    "values of a list": (query("a(b: [" + "1 " * 201 + "])"), "DOCUMENT_TOO_LARGE"),
    "values of a list in an object": (query("a(b: {c: [" + "1 " * 201 + "]})"), "DOCUMENT_TOO_LARGE"),
    "fields of an input object": (query("a(b: [{" + many(51, "c{}: 1") + "}])"), "DOCUMENT_TOO_LARGE"),
    "fragments at one place": (query("...f " * 61) + " fragment f on Query { a }", "DOCUMENT_TOO_LARGE"),
    "fragments in all places": (
        query("...f0") + "".join(f" fragment f{n} on Query {{ {'...f0 ' * 41} }}" for n in range(10)),
        "DOCUMENT_TOO_LARGE",
    ),
    "inline fragments at one place": (query("... { a } " * 61), "DOCUMENT_TOO_LARGE"),
    "fields of one name": (query("a " * 11), "DOCUMENT_TOO_LARGE"),
    "fields of one alias": (query(many(11, "a: b{}")), "DOCUMENT_TOO_LARGE"),
    "depth": (query("a {" * 20 + " b " + "}" * 20), "TOO_DEEP"),
    "depth in a fragment": (
        query("a {" * 10 + "...f" + "}" * 10) + "fragment f on A {" + "a {" * 10 + "b" + "}" * 11,
        "TOO_DEEP",
    ),
    "fields that double": (DOUBLING + " fragment f40 on Query { a b }", "TOO_MANY_FIELDS"),
    "root fields": (query(many(51, "a{}")), "TOO_MANY_FIELDS"),
    "root fields in a fragment": (
        query("...f ...f") + f"fragment f on Query {{ {many(26, 'a{}')} }}",
        "TOO_MANY_FIELDS",
    ),
    "aliases": (query("a { " + many(201, "a{}: b") + " }"), "TOO_MANY_ALIASES"),
    "the schema": (query("__schema { a } " * 5), "TOO_MANY_FIELDS"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_too_much_of_anything_is_refused_before_validation(what: str) -> None:
    text, code = REFUSED[what]
    with pytest.raises(RequestError) as refused:
        measure(parse(text), Limits())
    assert refused.value.code == code


def test_a_chain_of_fragments_may_be_so_long_and_no_longer() -> None:
    def chain(links: int) -> str:
        spreads = "".join(f" fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(links))
        return "{ ...f0 }" + spreads + f" fragment f{links} on Query {{ a }}"

    measure(parse(chain(58)), Limits())
    with pytest.raises(RequestError) as refused:
        measure(parse(chain(59)), Limits())
    assert refused.value.code == "TOO_DEEP"


@pytest.mark.parametrize(
    "cycle",
    [
        "fragment f on Query { ...f }",
        "fragment f on Query { a { ...g } } fragment g on Query { ...f b }",
        "fragment f on Query { ...g ...h } fragment g on Query { ...h } fragment h on Query { a { ...f } b { ...f } }",
    ],
)
def test_a_fragment_within_itself_is_followed_no_further(cycle: str) -> None:
    with pytest.raises(RequestError, match=r"Cannot spread fragment 'f' within itself\.") as refused:
        measure(parse("{ ...f } " + cycle), Limits())
    assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"


def test_a_fragment_may_be_spread_at_several_places() -> None:
    measure(
        parse(
            "{ ...f ...h a { ...h } } fragment f on Query { ...g ...h } fragment g on Query { ...h } "
            "fragment h on Query { a }"
        ),
        Limits(),
    )


def test_each_fragment_is_added_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[object] = []
    real = measuring._total

    def counted(places: list[object], known: object) -> object:
        added.append(places)
        return real(places, known)  # type: ignore[arg-type]

    monkeypatch.setattr(measuring, "_total", counted)
    with pytest.raises(RequestError):
        measure(parse(DOUBLING + " fragment f40 on Query { a b }"), Limits())
    # 41 fragments and the operation, though the last fragment is reached a million million times.
    assert len(added) == 42


@pytest.mark.parametrize("text", hostile.documents().values(), ids=hostile.documents())
def test_no_document_makes_python_recurse_deeply(text: str) -> None:
    limit = sys.getrecursionlimit()
    # Less than half of what there is.
    sys.setrecursionlimit(len(_frames()) + 420)
    try:
        why = _refusal(text)
    finally:
        sys.setrecursionlimit(limit)
    assert not isinstance(why, RecursionError)


def _refusal(text: str) -> BaseException | None:
    try:
        accept(text, schema()._schema, Limits())
    except Refused as refused:
        return refused.__cause__
    return None


def _frames() -> list[object]:
    found: list[object] = []
    frame = sys._getframe()
    while frame is not None:
        found.append(frame)
        frame = frame.f_back  # type: ignore[assignment]
    return found
