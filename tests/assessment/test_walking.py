"""Walking through questions: what is shown, what it is worth, and which questions are drawn."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.rows import Row
from models.curriculum import BlockFormat
from resolvers.assessment.papers import drawn
from resolvers.assessment.walking import Result, result_of, walk
from resolvers.formats import BY_KIND
from resolvers.formats.base import split, validated

A_FEW = settings(max_examples=60, deadline=None, derandomize=True)


def entry(name: str, kind: BlockFormat, points: int = 0, show_if: str | None = None, **values: Any) -> dict[str, Any]:
    """A question of a paper; its id is its name."""
    own, key = split(validated(BY_KIND[kind], values))
    rest = {"points": points, "is_required": False, "key": name, "show_if": show_if}
    return {"id": name, "format": kind.value, "settings": own, "answer_key": key, **rest}


def scale(name: str, show_if: str | None = None) -> dict[str, Any]:
    return entry(name, BlockFormat.SCALE, show_if=show_if)


def shown(entries: list[dict[str, Any]], **points: int) -> str:
    """The names of the questions that are shown, with these answers."""
    return "".join(step.block_id for step in walk(entries, {name: {"point": point} for name, point in points.items()}))


def test_a_question_is_shown_when_its_condition_holds() -> None:
    survey = [scale("a"), scale("b", "a < 5"), scale("c", "b > 5"), scale("d", "not answered(b)")]
    assert shown(survey) == "ad"
    assert shown(survey, a=3) == "abd"
    assert shown(survey, a=3, b=7) == "abc"
    assert shown(survey, a=3, b=2) == "ab"
    # What was answered before it was hidden counts no more.
    assert shown(survey, a=7, b=7) == "ad"


def test_a_condition_that_cannot_be_read_any_more_hides_nothing() -> None:
    assert shown([scale("a"), scale("b", "a <")]) == "ab"


def test_only_scored_questions_that_are_shown_count() -> None:
    quiz = [
        entry("a", BlockFormat.TRUE_FALSE, 2, correct_answer=True),
        entry("b", BlockFormat.TRUE_FALSE, 3, "a", correct_answer=True),
        entry("c", BlockFormat.TRUE_FALSE, 5),
        entry("d", BlockFormat.FREEFORM, 7),
    ]
    steps = walk(quiz, {"a": {"is_true": False}, "b": {"is_true": True}, "c": {"is_true": True}, "d": {"text": "So"}})
    assert [step.block_id for step in steps] == ["a", "c", "d"]
    assert result_of(steps) == Result(Fraction(0), 2)
    assert [step.awaits_a_person for step in steps] == [False, False, True]
    right = walk(quiz[:3], {"a": {"is_true": True}})
    assert (result_of(right).percentage, result_of(right).passed(40)) == (40, True)


def test_what_people_grade_counts_once_they_have_and_what_was_left_out_earns_nothing() -> None:
    (essay,) = walk([entry("a", BlockFormat.FREEFORM, 8)], {"a": {"text": "So"}})
    assert (essay.awaits_a_person, result_of([essay])) == (True, Result(Fraction(0), 0))
    read = replace(essay, given_share=Fraction(3, 4))
    assert (read.awaits_a_person, result_of([read])) == (False, Result(Fraction(6), 8))
    (left_out,) = walk([entry("a", BlockFormat.FREEFORM, 8)], {})
    assert (left_out.awaits_a_person, result_of([left_out])) == (False, Result(Fraction(0), 8))


def test_whether_it_is_passed_is_not_rounded() -> None:
    just_not = Result(Fraction(69_999, 1000), 100)
    assert (just_not.passed(70), Result(Fraction(70), 100).passed(70)) == (False, True)
    assert Result(Fraction(2, 3), 1).percentage == Fraction(200, 3)
    assert Result(Fraction(-3), 4).percentage == 0
    assert (Result(Fraction(0), 0).percentage, Result(Fraction(0), 0).passed(0)) == (None, None)


def asked(names: str) -> list[dict[str, str]]:
    """Blocks by one letter each: an S begins a section, a T is a text, all else is asked."""
    kinds = {"S": "section", "T": "text"}
    return [{"id": f"{name}{place:02}", "format": kinds.get(name, "scale")} for place, name in enumerate(names)]


@A_FEW
@given(number=st.integers(1, 30), limit=st.none() | st.integers(1, 40), shuffle=st.booleans(), seed=st.integers(0, 9))
def test_as_many_questions_are_drawn_as_are_wanted(number: int, limit: int | None, shuffle: bool, seed: int) -> None:
    blocks = asked("q" * number)
    found = drawn(blocks, Row({"question_limit": limit, "shuffle": shuffle}), seed)
    assert len(found) == len(set(found)) == min(number, limit or number)
    assert set(found) <= {each["id"] for each in blocks}
    assert shuffle or found == sorted(found)
    assert found == drawn(blocks, Row({"question_limit": limit, "shuffle": shuffle}), seed)


def test_every_question_is_drawn_sooner_or_later() -> None:
    blocks = asked("abcdef")
    draw = Row({"question_limit": 2, "shuffle": False})
    assert {each for seed in range(60) for each in drawn(blocks, draw, seed)} == {each["id"] for each in blocks}


@A_FEW
@given(names=st.text("STq", max_size=20), limit=st.none() | st.integers(1, 9), seed=st.integers(0, 9))
def test_texts_keep_their_places_and_questions_their_sections(names: str, limit: int | None, seed: int) -> None:
    blocks = asked(names)
    found = drawn(blocks, Row({"question_limit": limit, "shuffle": True}), seed)
    assert [each for each in found if each[0] != "q"] == [each["id"] for each in blocks if each["id"][0] != "q"]
    assert sections(found) == sections([each["id"] for each in blocks if each["id"] in found])


def sections(names: list[str]) -> list[set[str]]:
    """What stands in each section, the first beginning with nothing."""
    found: list[set[str]] = [set()]
    for each in names:
        if each[0] == "S":
            found.append(set())
        found[-1].add(each)
    return found
