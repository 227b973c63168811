"""The first look at a text: as many tokens as the parser would find, and not one more than is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from graphql import TokenKind, parse
from graphql.language import Lexer, Source

from benchmarks import hostile
from benchmarks.queries import PAGES
from core.errors import RequestError
from graph.documents import accepting
from graph.documents.accepting import Refused, accept
from graph.documents.scanning import scan, scan_variables
from graph.limits import Limits
from graph.schema import schema

TEXTS = {
    **{page.name: page.document for page in PAGES},
    "punctuation": "query q($a: [Int!]! = 1) @d(e: 1) { a: b(c: $a, d: {e: [1.5e-3, -2]}) { ...f ... on G { h } } }",
    "strings": r'{ a(b: "x \" { y", c: """ " \""" { """, d: "", e: """""") }',
    "comments": "# { one\n{ a # two {\r\n b #\n }#three",
    "blanks": "\ufeff,, {\t a\r\n,b }  \n,,",
    "a name beside a number": "{ a(b: 1 c: -1.25E+7) }",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_tokens_are_those_of_the_parser(text: str) -> None:
    number = sum(1 for _ in _tokens(text))
    scan(text, Limits(max_tokens=number))
    with pytest.raises(RequestError) as refused:
        scan(text, Limits(max_tokens=number - 1))
    assert refused.value.code == "DOCUMENT_TOO_LARGE"


def test_a_document_over_a_limit_never_meets_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def watched(text: str) -> object:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(accepting, "parse", watched)
    texts = {
        "tokens": "{ " + "a " * Limits().max_tokens + "}",
        "brackets": "{a" * 61 + "}" * 61,
        "values in brackets": "{ a(b: " + "[" * 60 + "]" * 60 + ") }",
        "digits": "{ a(b: " + "1" * 401 + ") }",
        "characters": '{ a(b: "' + "x" * Limits().max_characters + '") }',
        "comments": "#\n" * Limits().max_tokens + "{ a }",
    }
    codes = {}
    for name, text in texts.items():
        with pytest.raises(Refused) as refused:
            accept(text, schema()._schema, Limits())
        codes[name] = (refused.value.errors[0].extensions or {})["code"]
    assert parsed == []
    assert codes == dict.fromkeys(texts, "DOCUMENT_TOO_LARGE") | dict.fromkeys(
        ("brackets", "values in brackets"), "TOO_DEEP"
    )


@pytest.mark.parametrize("text", hostile.documents().values(), ids=hostile.documents())
def test_of_10_kb_no_more_is_parsed_than_the_tokens_that_are_allowed(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(accepting, "parse", lambda text: parsed.append(text) or parse(text))
    with suppress(Refused):
        accept(text, schema()._schema, Limits())
    assert [each for each in parsed if sum(1 for _ in _tokens(each)) > Limits().max_tokens] == []


@pytest.mark.parametrize("ending", [",", " ", '"', '"""', '\\"""', "#", "\x01", "é", "\u00a0", "."])
def test_what_never_ends_is_looked_at_once(ending: str) -> None:
    scan("{" + ending * (90_000 // len(ending)), Limits(max_tokens=100_000))


def _tokens(text: str) -> Iterator[object]:
    """The parser's own tokens, comments among them, up to the first that is none."""
    lexer = Lexer(Source(text))
    token = lexer.token
    try:
        while token.kind is not TokenKind.EOF:
            token = lexer.read_next_token(token.end)
            if token.kind is not TokenKind.EOF:
                yield token
    except Exception:
        return


@pytest.mark.parametrize(
    "place", [lambda text: text, lambda text: [1, [text]], lambda text: {"a": None, "b": {"c": text}}]
)
def test_a_text_longer_than_any_field_is_refused_however_deep_it_stands(place: Callable[[str], Any]) -> None:
    scan_variables({"input": place("x" * Limits().max_text), "other": 1}, Limits())
    with pytest.raises(RequestError) as refused:
        scan_variables({"input": place("x" * (Limits().max_text + 1)), "other": 1}, Limits())
    assert refused.value.code == "TEXT_TOO_LONG"
