"""The way through an assessment: sections, jumps, what is hidden and why; and the same by a plain walker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rows import Row
from resolvers.assessment.walking import HiddenBecause, path_through
from resolvers.curriculum.branches import problems_on_the_way, reach, settled
from resolvers.curriculum.conditions import standings
from resolvers.curriculum.sections import pages_of
from tests.assessment.surveys import Entry, leading, points, scale, section, text

MANY = settings(max_examples=150, deadline=None, derandomize=True)


def shown(survey: list[Entry], **answers: int) -> str:
    """The names of what is on the path."""
    return "".join(path_through(survey, points(**answers)).shown_ids)


def test_a_rule_jumps_over_what_does_not_concern_somebody() -> None:
    survey = [leading(scale("a"), ("a < 5", "d"), ("a > 8", None)), scale("b"), scale("c"), scale("d")]
    assert shown(survey) == "abcd"
    assert shown(survey, a=6) == "abcd"
    assert shown(survey, a=3) == "ad"
    assert shown(survey, a=9) == "a"


def test_the_first_rule_that_holds_applies() -> None:
    survey = [leading(scale("a"), ("a < 5", "c"), ("a < 8", "d")), scale("b"), scale("c"), scale("d")]
    assert (shown(survey, a=3), shown(survey, a=6), shown(survey, a=9)) == ("acd", "ad", "abcd")


def test_rules_of_a_block_that_is_hidden_do_not_apply() -> None:
    survey = [scale("a"), leading(text("t", "a < 5"), (None, "c")), scale("b"), scale("c")]
    assert (shown(survey, a=3), shown(survey, a=7)) == ("atc", "abc")


def test_answers_off_the_path_are_not_known() -> None:
    survey = [leading(scale("a"), ("a < 5", "c")), scale("b"), scale("c"), scale("d", "b > 5")]
    assert (shown(survey, a=7, b=7), shown(survey, a=3, b=7)) == ("abcd", "ac")


def test_the_condition_of_a_section_holds_for_all_in_it() -> None:
    survey = [scale("a"), section("S", "a < 5"), scale("b"), text("t"), section("T"), scale("c")]
    assert (shown(survey), shown(survey, a=3)) == ("aTc", "aSbtTc")


def test_the_rules_of_a_section_are_asked_at_its_end() -> None:
    survey = [
        *(leading(section("S"), ("a + b < 5", None)), scale("a"), scale("b", "a < 9")),
        *(section("T"), scale("c")),
    ]
    assert shown(survey, a=1) == "SabTc"
    assert shown(survey, a=1, b=1) == "Sab"
    assert shown(survey, a=9) == "SaTc"


def test_a_section_that_is_jumped_into_is_shown_by_its_own_condition() -> None:
    survey = [leading(scale("a"), ("a < 9", "c")), section("S", "a < 5"), scale("b"), scale("c"), section("T")]
    assert (shown(survey, a=3), shown(survey, a=7), shown(survey, a=9)) == ("aScT", "aT", "aT")


def test_a_section_of_which_nothing_is_left_is_no_page_and_one_with_words_only_is() -> None:
    survey = [scale("a"), section("S"), scale("b", "a < 5"), section("T")]
    assert (shown(survey, a=3), shown(survey, a=7)) == ("aSbT", "aT")


@pytest.mark.parametrize("goto", ["a", "b", "x"])
def test_a_rule_that_leads_back_or_nowhere_does_not_apply(goto: str) -> None:
    survey = [scale("a"), leading(scale("b"), (None, goto), (None, "d")), scale("c"), scale("d")]
    assert shown(survey) == "abd"


def test_a_rule_that_cannot_be_read_any_more_leads_nowhere() -> None:
    assert shown([leading(scale("a"), ("a <", "c")), scale("b"), scale("c")]) == "abc"


def test_what_is_hidden_has_a_reason() -> None:
    survey = [
        *(leading(scale("a"), ("a < 5", "S")), scale("b"), section("S", "a > 5"), scale("c"), section("T")),
        *(scale("d", "a > 5"), section("U"), scale("e")),
    ]
    found = {each.block_id: (each.why, each.because_of) for each in path_through(survey, points(a=3)).hidden}
    assert found == {
        "b": (HiddenBecause.JUMP, "a"),
        "S": (HiddenBecause.SECTION, "S"),
        "c": (HiddenBecause.SECTION, "S"),
        "d": (HiddenBecause.CONDITION, "d"),
        "T": (HiddenBecause.EMPTY, "T"),
    }


def test_a_path_comes_in_pages() -> None:
    blocks = [("a", "scale"), ("S", "section"), ("b", "scale"), ("t", "text"), ("T", "section")]
    assert [(page.section_id, page.block_ids) for page in pages_of(blocks)] == [
        (None, ["a"]), ("S", ["b", "t"]), ("T", []),
    ]  # fmt: skip
    assert list(pages_of([])) == []


# The same, plainly ---------------------------------------------------------------------------------------------------


@dataclass
class Plain:
    """A block: its kind, a condition (the place of a question, and below what its answer must be), and its rules."""

    kind: str
    condition: tuple[int, int] | None = None
    rules: list[tuple[tuple[int, int] | None, int]] = field(default_factory=list)


@st.composite
def plain_surveys(draw: st.DrawFn) -> list[Plain]:
    """Surveys whose conditions and rules speak of anything, before or after; a target behind the last is the end."""
    size = draw(st.integers(1, 14))
    place, limit = st.integers(0, size - 1), st.integers(1, 10)
    condition = st.none() | st.tuples(place, limit)
    rules = st.lists(st.tuples(condition, st.integers(0, size)), max_size=2)
    kinds = st.sampled_from(["scale", "scale", "text", "section"])
    return [Plain(draw(kinds), draw(condition), draw(rules)) for _ in range(size)]


def as_paper(survey: list[Plain]) -> list[Entry]:
    """The same as a paper has it."""
    make = {"scale": scale, "text": text, "section": section}

    def said(condition: tuple[int, int] | None) -> str | None:
        return None if condition is None else f"q{condition[0]} < {condition[1]}"

    return [
        leading(
            make[each.kind](f"q{place}", said(each.condition)),
            *((said(condition), None if to == len(survey) else f"q{to}") for condition, to in each.rules),
        )
        for place, each in enumerate(survey)
    ]


def walked_plainly(survey: list[Plain], answers: dict[int, int]) -> list[int]:
    """The places on the path: looks at every block in turn, and remembers up to where it is to jump over them."""
    known: dict[int, int] = {}
    found: list[int] = []
    jumped_to, heading, is_open = 0, None, True
    for place, each in enumerate(survey):
        if each.kind == "section":
            heading, is_open = place, True
        if place < jumped_to:
            continue
        if heading is not None and heading not in found:
            is_open = holds(survey[heading].condition, known)
            if is_open:
                found.append(heading)
        if not is_open:
            jumped_to = next((p for p in range(place + 1, len(survey)) if survey[p].kind == "section"), len(survey))
            continue
        rules: list[Any] = []
        if each.kind != "section" and holds(each.condition, known):
            found.append(place)
            if each.kind == "scale" and place in answers:
                known[place] = answers[place]
            rules += each.rules
        is_last = place + 1 == len(survey) or survey[place + 1].kind == "section"
        if is_last and heading is not None:
            rules += survey[heading].rules
        jumped_to = next((to for condition, to in rules if to > place and holds(condition, known)), place + 1)
    ends = [p for p in range(1, len(survey)) if survey[p].kind == "section"] + [len(survey)]

    def is_empty(place: int) -> bool:
        end = min(each for each in ends if each > place)
        return survey[place].kind == "section" and end > place + 1 and not set(range(place + 1, end)) & set(found)

    return [place for place in found if not is_empty(place)]


def holds(condition: tuple[int, int] | None, known: dict[int, int]) -> bool:
    """Whether what was answered is below the limit; what was not answered is not."""
    return condition is None or (condition[0] in known and known[condition[0]] < condition[1])


@MANY
@given(survey=plain_surveys(), answers=st.dictionaries(st.integers(0, 13), st.integers(1, 10)))
def test_a_plain_walker_goes_the_same_way(survey: list[Plain], answers: dict[int, int]) -> None:
    asked = {place: point for place, point in answers.items() if place < len(survey) and survey[place].kind == "scale"}
    path = path_through(as_paper(survey), points(**{f"q{place}": point for place, point in asked.items()}))
    assert path.shown_ids == [f"q{place}" for place in walked_plainly(survey, asked)]
    assert {each.block_id for each in path.hidden}.isdisjoint(path.shown_ids)
    assert len(path.hidden) + len(path.shown_ids) == len(survey)


# What nobody would ever come to --------------------------------------------------------------------------------------


def reached(survey: list[Entry]) -> tuple[str, dict[str, list[int]]]:
    """The names of what nobody would come to, and the rules that never apply."""
    found = reach(
        [(each["id"], each["format"], each["show_if"]) for each in survey],
        {each["id"]: [(rule["condition"], rule["goto_block_id"]) for rule in each["branches"]] for each in survey},
    )
    names = [each["id"] for each in survey]
    return "".join(names[place] for place in sorted(found.unreached)), {
        names[place]: list(numbers) for place, numbers in found.idle.items()
    }


@pytest.mark.parametrize(
    ("survey", "unreached", "idle"),
    [
        ([leading(scale("a"), (None, "c")), scale("b"), scale("c")], "b", {}),
        ([leading(scale("a"), ("a < 5", "c")), scale("b"), scale("c")], "", {}),
        ([leading(scale("a", "z < 5"), (None, "c")), scale("b"), scale("c")], "", {}),
        ([leading(scale("a"), (None, None)), scale("b"), section("S"), scale("c")], "bSc", {}),
        ([leading(scale("a"), ("true", "c"), ("a < 5", "b")), scale("b"), scale("c")], "b", {"a": [2]}),
        ([leading(scale("a"), ("1 > 2", "c")), scale("b"), scale("c", "false")], "c", {"a": [1]}),
        ([leading(section("S"), (None, "c")), scale("a"), section("T"), scale("b"), scale("c")], "b", {}),
        ([leading(section("S", "z < 1"), (None, "c")), scale("a"), section("T"), scale("b"), scale("c")], "", {}),
        ([section("S", "false"), scale("a"), section("T")], "Sa", {}),
        ([leading(scale("a"), (None, "c")), section("S", "a < 1"), scale("b"), scale("c"), section("T")], "b", {}),
    ],
)
def test_what_nobody_would_ever_come_to_is_found(survey: list[Entry], unreached: str, idle: dict[str, Any]) -> None:
    assert reached(survey) == (unreached, idle)


@MANY
@given(survey=plain_surveys(), answers=st.dictionaries(st.integers(0, 13), st.integers(1, 10)))
def test_whatever_is_answered_nobody_comes_to_what_cannot_be_reached(
    survey: list[Plain], answers: dict[int, int]
) -> None:
    paper = as_paper(survey)
    unreached = reach(
        [(each["id"], each["format"], each["show_if"]) for each in paper],
        {each["id"]: [(rule["condition"], rule["goto_block_id"]) for rule in each["branches"]] for each in paper},
    ).unreached
    assert not {f"q{place}" for place in unreached} & {f"q{place}" for place in walked_plainly(survey, answers)}


def test_a_condition_is_settled_when_it_speaks_of_no_answer() -> None:
    texts = (None, "true", "1 < 2", "false", "1 / 0 > 1", "a < 5", "a <")
    assert [settled(each) for each in texts] == [True, True, True, False, False, None, None]


# What is wrong with rules --------------------------------------------------------------------------------------------


def problems(*survey: Entry) -> list[tuple[str, str, int | None, int | None]]:
    """(code, block, rule, position) of what is wrong."""
    blocks = [Row({**each, **_BESIDE, "body_text": each["id"]}) for each in survey]
    rules = {each["id"]: [Row(rule) for rule in each["branches"]] for each in survey}
    found: list[Any] = problems_on_the_way(list(standings(blocks)), rules)
    return [(each.code, each.block_id, each.branch, each.position) for each in found]


_BESIDE = {"kind": "assessment", "parent": "A survey", "title": None, "is_mixed": False}


@pytest.mark.parametrize(
    ("survey", "found"),
    [
        ([leading(scale("a"), ("b < 5", "b")), scale("b")], [("CONDITION", "a", 1, 1)]),
        ([leading(scale("a"), ("a < 5", "b"), ("a == 'x'", "b")), scale("b")], [("CONDITION", "a", 2, 1)]),
        ([leading(scale("a"), ("1 < 2 and nothing < 1", "b")), scale("b")], [("CONDITION", "a", 1, 11)]),
        ([scale("a"), leading(scale("b"), ("b < 5", "a"))], [("BACKWARD", "b", 1, None)]),
        ([leading(scale("a"), ("a < 5", "x"))], [("TARGET_GONE", "a", 1, None)]),
        ([leading(section("S"), ("b < 5", "b")), scale("a"), scale("b")], [("BACKWARD", "S", 1, None)]),
        ([leading(section("S"), ("b < 5", "T")), scale("a"), scale("b"), section("T")], []),
        ([leading(section("S"), ("c < 5", "T")), scale("a"), section("T"), scale("c")], [("CONDITION", "S", 1, 1)]),
        ([leading(scale("a"), (None, "c")), scale("b"), scale("c")], [("UNREACHABLE", "b", None, None)]),
    ],
)
def test_rules_that_make_no_sense_are_told_by_block_and_number(survey: list[Entry], found: list[Any]) -> None:
    assert problems(*survey) == found
