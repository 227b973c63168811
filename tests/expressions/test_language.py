"""Every expression that makes sense is read, checked, written and evaluated; every other text is refused in words."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.expressions import (
    MAX_LENGTH,
    Expression,
    ExpressionError,
    Kind,
    check,
    evaluate,
    holds,
    in_words,
    names,
    parse,
    written,
)
from tests.expressions import reference
from tests.expressions.writing import SCOPE, conditions, known, nonsense, numbers

MANY = settings(max_examples=150, deadline=None, derandomize=True)
F = Fraction


def problems(text: str, wanted: Kind = Kind.TRUTH) -> list[tuple[int, str]]:
    """What is wrong with a text where these names are known."""
    return [(each.position, each.message) for each in check(parse(text), SCOPE, wanted)]


# For all expressions -------------------------------------------------------------------------------------------------


@MANY
@given(node=conditions())
def test_an_expression_is_written_so_that_it_is_read_as_the_same_again(node: Expression) -> None:
    text = written(node)
    if len(text) > MAX_LENGTH:
        return
    assert parse(text) == node
    assert names(parse(text)) == names(node)
    assert in_words(node)


@MANY
@given(node=conditions(), values=known())
def test_a_condition_comes_to_what_a_plain_evaluator_says(node: Expression, values: dict[str, Any]) -> None:
    told = {-1: False, reference.UNKNOWN: None, 1: True}
    assert evaluate(node, values) is told[reference.truth(node, values)]
    assert holds(node, values) == (reference.truth(node, values) == 1)


@MANY
@given(node=numbers(), values=known())
def test_a_number_comes_to_what_a_plain_evaluator_says(node: Expression, values: dict[str, Any]) -> None:
    expected = reference.value(node, values)
    assert evaluate(node, values) == (None if expected is None else Fraction(*expected))


@MANY
@given(node=conditions())
def test_what_makes_sense_is_let_through(node: Expression) -> None:
    assert check(node, SCOPE) == []
    assert [each.position for each in check(node, SCOPE, Kind.NUMBER)] == [1]


@MANY
@given(node=conditions(), values=nonsense())
def test_it_comes_to_something_whatever_the_values_are(node: Expression, values: dict[str, Any]) -> None:
    assert evaluate(node, values) in (True, False, None) or isinstance(
        evaluate(node, values), Fraction | str | frozenset
    )
    assert isinstance(holds(node, values), bool)


@MANY
@given(text=st.text(alphabet="ab(1.5)<>= andornotin'\"[],+-*/!\\&true", max_size=40))
def test_any_text_is_either_read_or_refused_at_a_place_of_it(text: str) -> None:
    found = read(text)
    if isinstance(found, ExpressionError):
        assert 1 <= found.position <= len(text) + 1
        assert found.message.endswith(".")
    else:
        assert in_words(found)
        assert isinstance(holds(found, {}), bool)
        assert all(1 <= each.position <= len(text) for each in check(found, SCOPE))


def read(text: str) -> Expression | ExpressionError:
    """What a text says, or why it says nothing."""
    try:
        return parse(text)
    except ExpressionError as error:
        return error


@MANY
@given(node=conditions(1), more=known(), values=known())
def test_knowing_more_never_turns_yes_into_no(node: Expression, more: dict[str, Any], values: dict[str, Any]) -> None:
    """But where it is asked what was answered, and where numbers that are missing are left out."""
    asks = ("answered", "sum(", "mean(", "min(", "max(", "default(")
    if any(each in written(node) for each in asks):
        return
    before = evaluate(node, values)
    assert before is None or evaluate(node, {**more, **values}) is before


# Bounds --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000,
        "(" * 400 + "smoker" + ")" * 400,
        "-" * 999 + "1",
        "not " * 249 + "true",
        "+".join(["1"] * 500),
        " or ".join(["true"] * 100),
        "*".join(["999999999999999"] * 62) + " > 0",
        "[" * 500,
        "'" * 999,
        "x" * 1001,
        "1" * 16,
        "0." + "1" * 16,
        "sum(" * 200,
    ],
)
def test_nothing_that_can_be_written_takes_long(text: str) -> None:
    began = time.process_time()
    found = read(text)
    if not isinstance(found, ExpressionError):
        check(found, SCOPE)
        assert written(found)
        assert in_words(found)
        assert isinstance(holds(found, {}), bool)
    assert time.process_time() - began < 0.5


# Examples ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mood < 4", "mood is below 4"),
        ("mood = 4", "mood is 4"),
        ("mood >= 1.50 and mood <= 3", "mood is at least 1.5 and mood is at most 3"),
        ("smoker", "smoker is yes"),
        ("not smoker", "smoker is no"),
        ("smoker == false", "smoker is no"),
        ("not answered(sleep['week-end'])", "sleep.week-end is not answered"),
        ('drink == "it\'s"', "drink is 'it\\'s'"),
        ("drink in ['a', 'b']", "drink is 'a' or 'b'"),
        ("mood not in [1, 2, -3]", "mood is none of 1, 2 and -3"),
        ("'a' in habits", "habits includes 'a'"),
        ("'a' not in habits", "habits does not include 'a'"),
        ("count(habits) > 2", "the number of choices in habits is above 2"),
        ("mean(mood, sleep['week-end']) < 5", "the mean of mood and sleep.week-end is below 5"),
        ("default(mood, 5) * 2 - 1 != 3", "mood (or 5 where that is not answered) times 2 minus 1 is not 3"),
        ("(smoker or mood < 4) and true", "(smoker is yes or mood is below 4) and yes"),
        ("not (smoker and mood < 4)", "it is not so that (smoker is yes and mood is below 4)"),
        ("10 / (mood + 1) > 2", "10 divided by (mood plus 1) is above 2"),
    ],
)
def test_a_condition_is_shown_in_words(text: str, words: str) -> None:
    assert in_words(parse(text)) == words


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("mood < 4", {"mood": F(3)}, True),
        ("mood < 4", {}, None),
        ("mood != 4", {}, None),
        ("not (mood < 4)", {}, None),
        ("mood < 4 or true", {}, True),
        ("mood < 4 and false", {}, False),
        ("answered(mood)", {}, False),
        ("answered(mood) and mood < 4", {"mood": F(2)}, True),
        ("default(mood, 5) < 4", {}, False),
        ("1 / mood > 0", {"mood": F(0)}, None),
        ("0.1 + 0.2 == 0.3", {}, True),
        ("1 / 3 * 3 == 1", {}, True),
        ("2 + 3 * 4 == 14 and (2 + 3) * 4 == 20 and 10 - 3 - 2 == 5 and 12 / 3 / 2 == 2", {}, True),
        ("sum(mood, sleep['week-end']) == 3", {"mood": F(3)}, True),
        ("sum(mood) == 0", {}, None),
        ("'a' in habits", {"habits": frozenset("ab")}, True),
        ("'a' not in habits", {"habits": frozenset()}, True),
        ("'a' not in habits", {}, None),
        ("not true or true", {}, True),
        ("true or true and false", {}, True),
        ("smoker == true", {"smoker": True}, True),
    ],
)
def test_what_an_expression_comes_to(text: str, values: dict[str, Any], expected: bool | None) -> None:
    assert evaluate(parse(text), values) is expected


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("", 1, "Something is missing at the end."),
        ("mood <", 7, "Something is missing at the end."),
        ("mood < 4 smoker", 10, "'smoker' cannot stand here."),
        ("1 < mood < 4", 10, "'<' cannot stand here."),
        ("mood && smoker", 6, "'&' has no meaning here. Write and."),
        ("smoker | smoker", 8, "'|' has no meaning here. Write or."),
        ("!smoker", 1, "'!' has no meaning here. Write not, or != for two values."),
        ("town == 'Vienna", 9, '"\'" has no meaning here. A text that begins here does not end.'),
        ("mood == 1234567890123456", 9, "A number has at most 15 digits."),
        ("x" * 1001, 1001, "A condition has at most 1000 characters."),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_where_it_is_wrong(text: str, position: int, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert (caught.value.position, str(caught.value)) == (position, said)


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("mod < 4", 1, "Nothing here is called mod. Did you mean mood?"),
        ("xyz < 4", 1, "Nothing here is called xyz."),
        ("smoker and later > 1", 12, "later cannot be used here: It is answered later."),
        ("mood", 1, "This is a number, and a yes or no is needed."),
        ("not mood", 5, "This is a number, and a yes or no is needed."),
        ("mood + town > 1", 8, "This is a text, and a number is needed."),
        ("mood == 'a'", 1, "A number is never a text."),
        ("drink == 'c'", 10, "There is no choice 'c'. There are: a, b, it's."),
        ("drink in ['a', 'c']", 16, "There is no choice 'c'. There are: a, b, it's."),
        ("drink < 'b'", 1, "Only numbers are more or less than each other."),
        ("town < 'b'", 1, "Only numbers are more or less than each other."),
        ("'c' in habits", 1, "There is no choice 'c'. There are: a, b, it's."),
        ("'a' in drink", 8, "This is a choice: compare it with ==, or list values in brackets."),
        ("mood in habits", 1, "Write the id of a choice in quotes before in."),
        ("habits == 'a'", 1, "This cannot be compared. Ask as in: 'a' in habits, or: answered(habits)."),
        ("diary == 'a'", 1, "This cannot be compared. Ask as in: 'a' in habits, or: answered(habits)."),
        ("count(mood) > 1", 7, "This is a number: only choices are counted."),
        ("count(1 + 1) > 1", 7, "count takes a name."),
        ("answered(mood, town)", 1, "answered takes 1 in its brackets."),
        ("sum() > 1", 1, "sum takes one number at least."),
        (
            "median(mood) > 1",
            1,
            "There is no function median. There are: answered, count, default, sum, mean, min, max.",
        ),
        ("default(mood, 'a') > 1", 1, "A number is never a text."),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_where_it_is_wrong(text: str, position: int, said: str) -> None:
    assert problems(text) == [(position, said)]


def test_every_mistake_is_told_of_in_order() -> None:
    assert [position for position, _ in problems("nothing > 1 and town > 2 and drink == 'z'")] == [1, 17, 39]


def test_numbers_are_checked_where_a_score_is_wanted() -> None:
    assert problems("mean(mood, 3) * 10", Kind.NUMBER) == []
    assert problems("mood < 3", Kind.NUMBER) == [(1, "This is a yes or no, and a number is needed.")]
