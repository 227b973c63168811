"""Addresses, numbers, languages and patterns that authors write."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.formats.patterns import pattern
from resolvers.formats.values import address, decimal, https_address, language_tag

A_FEW = settings(deadline=None, derandomize=True)


@pytest.mark.parametrize(
    "text",
    ["https://example.org", "HTTPS://example.org/a?b#c", "https://bücher.example:8443/ü", "https://[2001:db8::1]/x"],
)
def test_https_addresses_are_taken_everywhere(text: str) -> None:
    assert https_address(text) == address(text) == text


@pytest.mark.parametrize("text", ["/", "/files/a.pdf", "/a?b=c#d", "/käse"])
def test_paths_of_this_site_are_taken_where_files_may_be_ours(text: str) -> None:
    assert address(text) == text
    with pytest.raises(ValueError, match=r"https://"):
        https_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "http://example.org",
        "ftp://example.org",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,hello",
        "vbscript:x",
        "blob:https://example.org/x",
        "//example.org/x",
        "/\\example.org/x",
        "\\\\example.org",
        "/\t/example.org",
        "https:example.org",
        "https:/example.org",
        "https:///path",
        "https://",
        "https://user:secret@example.org",
        "https://example.org@evil.example",
        "https://example.org:99999/",
        "https://example.org:port/",
        "https://[::1/",
        "https://exa mple.org",
        "https://example.org/a\nb",
        "https://example.org/a\u00a0b",
        "https://example.org/\x00",
        "../a",
        "a/b",
    ],
)
def test_nothing_else_is_an_address(text: str) -> None:
    for check in (address, https_address):
        with pytest.raises(ValueError, match=r"https://"):
            check(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0", "0"),
        ("-0.00", "0"),
        ("+1.50", "1.5"),
        ("100", "100"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1E3", "1000"),
        ("6.02214076e23", "6.02214076e+23"),
        ("1e-34", "1e-34"),
        ("0.1234567890123456789012345678901234567", "0.1234567890123456789012345678901234567"),
    ],
)
def test_a_number_has_one_written_form(text: str, written: str) -> None:
    assert decimal(text) == written
    assert decimal(written) == written


@A_FEW
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=8))
def test_the_written_form_keeps_the_number_exactly(number: Decimal) -> None:
    assert Decimal(decimal(str(number))) == number


@pytest.mark.parametrize(
    ("text", "written"), [("en", "en"), ("PT-br", "pt-BR"), ("zh-hans-cn", "zh-Hans-CN"), ("es-419", "es-419")]
)
def test_a_language_tag_is_written_in_its_usual_case(text: str, written: str) -> None:
    assert language_tag(text) == written


@pytest.mark.parametrize("text", ["", "e", "english", "en_US", "en-", "-en", "en us", "en-x"])
def test_what_does_not_look_like_a_language_tag_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="language tag"):
        language_tag(text)


@pytest.mark.parametrize(
    "text",
    [
        r"\d+",
        r"(?i)vienna|wien",
        r"(the\s+)?heart",
        r"\d{1,3}(,\d{3})*",
        r"(?:ab){2,5}",
        r"(?P<year>\d{4})-\d\d",
        r"[(+*]+\(a\+\)",
        r"[]a]+",
        r"a{,3}b{}",
        r"colou??r",
        r"^\s*x = -?\d+(\.\d+)?\s*$",
    ],
)
def test_ordinary_patterns_are_taken(text: str) -> None:
    assert pattern(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+",
        "(a*)*b",
        "(a|aa)+",
        "(a?){30}",
        "((ab)+c)*",
        "(?:x+x+)+y",
        "(a{1,9}){1,9}",
        "(.*,){12}P",
        "((a+))+",
        "(a{,5})+?",
    ],
)
def test_a_repetition_of_what_repeats_or_chooses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="repeat"):
        pattern(text)


@pytest.mark.parametrize(
    "text", [r"(a)\1", "(?=a)b", "(?!a)b", "(?<=a)b", "(?P<x>a)(?P=x)", "(?s).", "(?>a)", "(?#x)a"]
)
def test_what_engines_of_linear_time_do_not_know_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must not use"):
        pattern(text)


@pytest.mark.parametrize("text", ["a++", "a*+", "a?+", "a{2}+", "a{1,2}+"])
def test_possessive_repetition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="possessive"):
        pattern(text)


@pytest.mark.parametrize("text", ["(", ")", "[a", "*a", "a**", "(?P<1>a)", "a{99999999999999}", "\\"])
def test_what_is_no_pattern_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        pattern(text)


def test_a_pattern_is_short() -> None:
    with pytest.raises(ValueError, match="at most 200"):
        pattern("a" * 201)


@A_FEW
@given(st.text(alphabet="ab()|*+?{},0123[]^\\.:P<>i=!", max_size=40))
def test_any_text_is_either_a_valid_pattern_or_refused(text: str) -> None:
    try:
        taken = pattern(text)
    except ValueError:
        return
    re.compile(taken)
