"""Scores of whole quizzes, through the API, equal those of a second scorer that shares nothing with the house."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from tests.assessment import scorer
from tests.assessment.taking import Taker, quiz
from tests.support.clients import Client, Data

IDS = "abcdef"
WORDS = ["rest", "Straße", "STRASSE", "  two   words ", "two words", "é", "e\u0301", "walk"]


def question(chance: random.Random, kind: str) -> Data:
    """A question of a kind, made by chance."""
    ids = IDS[: chance.randint(2, len(IDS))]
    common: Data = {"markdown": "?", "points": chance.randint(1, 7), "penaltyPercent": chance.choice([0, 0, 25, 33])}
    return {kind: {**common, **_MADE[kind](chance, ids)}}


def answer(chance: random.Random, asked: Data) -> Data | None:
    """An answer to a question, made by chance: right, wrong, or none at all."""
    ((kind, settings),) = asked.items()
    return None if chance.random() < 0.1 else {kind: _GIVEN[kind](chance, settings)}


def _some(chance: random.Random, ids: str, least: int = 0) -> list[str]:
    return chance.sample(list(ids), chance.randint(least, len(ids)))


def _choices(chance: random.Random, ids: str) -> Data:
    right = chance.choice(ids)
    return {
        "choices": [
            {"id": each, "text": each, "isCorrect": each == right}
            | ({} if each == right else {"creditPercent": chance.choice([None, -50, 0, 40])})
            for each in ids
        ]
    }


def _ticks(chance: random.Random, ids: str) -> Data:
    right = set(_some(chance, ids, 1))
    rule = chance.choice(["NONE", "EVERY_DECISION", "HALVES", "RIGHT_MINUS_WRONG", "WEIGHTS"])
    choices = [{"id": each, "text": each, "isCorrect": each in right} for each in ids]
    if rule == "WEIGHTS":
        left = 100
        for place, each in enumerate(one for one in choices if one["isCorrect"]):
            each["creditPercent"] = left if place == len(right) - 1 else left // 2
            left -= int(each["creditPercent"])
        for each in (one for one in choices if not one["isCorrect"]):
            each["creditPercent"] = chance.choice([0, -30])
    return {"choices": choices, "partialCredit": rule}


def _accepted(chance: random.Random) -> list[Data]:
    return [
        {"text": each, "match": chance.choice(["IGNORE_CASE", "EXACT"]), "creditPercent": credit}
        for each, credit in zip(chance.sample(WORDS, 3), (100, 50, -20), strict=True)
    ]


def _numbers(chance: random.Random, _ids: str) -> Data:
    near = {"value": "1.5", "tolerance": chance.choice(["0", "0.05", "0.5"])}
    return {
        "answers": [near, {"value": "3", "tolerance": "1", "creditPercent": 40}],
        "unit": "m",
        "otherUnits": [{"name": "cm", "factor": "0.01"}],
    }


def _order(chance: random.Random, ids: str) -> Data:
    places = chance.sample(range(1, len(ids) + 1), len(ids))
    items = [{"id": each, "text": each, "correctPosition": place} for each, place in zip(ids, places, strict=True)]
    return {"items": items, "orderCredit": chance.choice(["NONE", "POSITIONS", "PAIRS"])}


def _rows(chance: random.Random, ids: str) -> Data:
    keyed = [{"id": each, "text": each, "correctColumnIds": _some(chance, "xyz", 1)} for each in ids]
    loose = {"id": "loose", "text": "loose", "correctColumnIds": []}
    columns = [{"id": each, "text": each} for each in "xyz"]
    part = {"everyPartCounts": chance.random() < 0.7}
    return {"rows": [*keyed, loose], "columns": columns, "allowsMultiple": True, **part}


def _prompts(chance: random.Random, ids: str) -> Data:
    prompts = [{"id": each, "text": each, "correctTargetId": chance.choice("xyz")} for each in ids]
    targets = [{"id": each, "text": each} for each in "xyz"]
    return {"prompts": prompts, "targets": targets, "everyPartCounts": chance.random() < 0.7}


def _gaps(chance: random.Random, ids: str) -> Data:
    gaps = [{"id": each, "weight": chance.randint(1, 4), "accepted": _accepted(chance)} for each in ids]
    text = " and ".join(f"[[{each}]]" for each in ids)
    return {"text": text, "gaps": gaps, "everyPartCounts": chance.random() < 0.7}


_MADE: dict[str, Callable[[random.Random, str], Data]] = {
    "multipleChoice": _choices,
    "trueFalse": lambda chance, _ids: {"correctAnswer": chance.random() < 0.5},
    "multiSelect": _ticks,
    "shortAnswer": lambda chance, _ids: {"accepted": _accepted(chance)},
    "numeric": _numbers,
    "ranking": _order,
    "matrix": _rows,
    "matching": _prompts,
    "cloze": _gaps,
}


def _ids(items: list[Data]) -> str:
    return "".join(each["id"] for each in items if len(each["id"]) == 1)


def _right_or_any_order(chance: random.Random, asked: Data) -> Data:
    right = [each["id"] for each in sorted(asked["items"], key=lambda item: item["correctPosition"])]
    return {"itemIds": right if chance.random() < 0.3 else chance.sample(right, len(right))}


def _right_or_any_row(chance: random.Random, row: Data) -> Data:
    right = row["correctColumnIds"] if chance.random() < 0.5 else []
    return {"rowId": row["id"], "columnIds": right or _some(chance, "xyz", 1)}


_GIVEN: dict[str, Callable[[random.Random, Data], Data]] = {
    "multipleChoice": lambda chance, asked: {"choiceId": chance.choice(asked["choices"])["id"]},
    "trueFalse": lambda chance, _asked: {"isTrue": chance.random() < 0.5},
    "multiSelect": lambda chance, asked: {
        "choiceIds": [each["id"] for each in asked["choices"] if each["isCorrect"] != (chance.random() < 0.25)]
    },
    "shortAnswer": lambda chance, _asked: {"text": chance.choice(WORDS)},
    "numeric": lambda chance, _asked: {
        "number": chance.choice(["1.5", "1.45", "150", "154.9", "2", "4", "-3"]),
        "unit": chance.choice(["m", "cm", None]),
    },
    "ranking": _right_or_any_order,
    "matrix": lambda chance, asked: {"rows": [_right_or_any_row(chance, each) for each in asked["rows"]]},
    "matching": lambda chance, asked: {
        "pairs": [
            {"promptId": each["id"], "targetId": chance.choice([each["correctTargetId"], *"xyz"])}
            for each in asked["prompts"]
        ]
    },
    "cloze": lambda chance, asked: {
        "gaps": [
            {"gapId": each["id"], "text": chance.choice([*(one["text"] for one in each["accepted"]), *WORDS])}
            for each in asked["gaps"]
        ]
    },
}  # fmt: skip


@pytest.mark.usefixtures("grader")
@pytest.mark.parametrize("seed", range(3))
def test_scores_equal_those_of_a_scorer_of_its_own(author: Client, taker: Callable[[], Taker], seed: int) -> None:
    chance = random.Random(seed)
    asked = [question(chance, kind) for kind in _MADE for _ in range(2)]
    made, ids = quiz(author, *asked, passingScore=30)
    attempts: list[tuple[Taker, Data, list[Any]]] = []
    for _ in range(4):
        somebody, given = taker(), [answer(chance, each) for each in asked]
        begun = somebody.start(made)
        # All answers of an attempt in one request: what matters here is what they are worth.
        fields = " ".join(
            f"a{place}: attemptAnswerSave(input: $i{place}) {{ errors {{ message path }} }}"
            for place, each in enumerate(given)
            if each is not None
        )
        inputs = {
            f"i{place}": {"id": begun["id"], "blockId": ids[place], "answer": each}
            for place, each in enumerate(given)
            if each is not None
        }
        declared = ", ".join(f"${name}: AttemptAnswerSaveInput!" for name in inputs)
        saved = somebody.client.ask(f"mutation({declared}) {{ {fields} }}", **inputs)
        assert [each["errors"] for each in saved.values()] == [[]] * len(inputs)
        somebody.submit(begun)
        attempts.append((somebody, begun, given))
    seen = set()
    for somebody, begun, given in attempts:
        done = somebody.graded(begun)
        earned, there, percentage = scorer.total(asked, given)
        for mark, one, each in zip(done["marks"], asked, given, strict=True):
            assert (Fraction(mark["share"]) * mark["points"], one, each) == (scorer.points(one, each), one, each)
            seen.add(Fraction(mark["share"]))
        assert (done["score"], done["maxScore"]) == (float(earned), float(there))
        assert (done["percentage"], done["passed"]) == (float(percentage), percentage >= 30)
    # Right, wrong, partly right and less than nothing: all of it was there.
    assert {0, 1} < seen
    assert min(seen) < 0 < len([each for each in seen if 0 < each < 1])
