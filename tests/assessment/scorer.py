"""A second scorer, written from the words of docs/scoring.md alone: what an answer earns, from the inputs of the API.

It shares no line with the house. Questions are what `blockCreate` takes, answers what `attemptAnswerSave` takes.
"""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from itertools import combinations
from typing import Any

Data = dict[str, Any]
NOTHING, ALL = Fraction(0), Fraction(1)


def points(question: Data, answer: Data | None) -> Fraction:
    """The points that an answer to a question earns; a question that was left out earns nothing and costs nothing."""
    ((kind, settings),) = question.items()
    if answer is None:
        return NOTHING
    ((answered, given),) = answer.items()
    assert kind == answered
    penalty = -Fraction(settings.get("penaltyPercent", 0), 100)
    earned: Fraction = _RULES[kind](settings, given, penalty)
    return earned * int(settings.get("points", 1))


def total(questions: list[Data], answers: list[Data | None]) -> tuple[Fraction, int, Fraction]:
    """(points earned, points there were, percentage) of a whole quiz."""
    earned = sum((points(*pair) for pair in zip(questions, answers, strict=True)), NOTHING)
    there = sum(settings.get("points", 1) for each in questions for settings in each.values())
    return earned, there, max(earned, NOTHING) * 100 / there


def _costs_when_nothing(share: Fraction, penalty: Fraction) -> Fraction:
    return share if share > 0 else penalty


def _sum(share: Fraction, penalty: Fraction) -> Fraction:
    return max(penalty, min(share, ALL))


def _multiple_choice(question: Data, given: Data, penalty: Fraction) -> Fraction:
    chosen = next(each for each in question["choices"] if each["id"] == given["choiceId"])
    if chosen.get("isCorrect"):
        return ALL
    return penalty if chosen.get("creditPercent") is None else Fraction(chosen["creditPercent"], 100)


def _true_false(question: Data, given: Data, penalty: Fraction) -> Fraction:
    return ALL if question["correctAnswer"] == given["isTrue"] else penalty


def _multi_select(question: Data, given: Data, penalty: Fraction) -> Fraction:
    right = {each["id"] for each in question["choices"] if each.get("isCorrect")}
    every = {each["id"] for each in question["choices"]}
    ticked = set(given["choiceIds"])
    mistakes = len(right ^ ticked)
    rule = question.get("partialCredit", "NONE")
    if rule == "NONE":
        return ALL if ticked == right else penalty
    if rule == "EVERY_DECISION":
        return _costs_when_nothing(ALL - Fraction(mistakes, len(every)), penalty)
    if rule == "HALVES":
        return {0: ALL, 1: Fraction(1, 2), 2: Fraction(1, 4)}.get(mistakes, penalty)
    if rule == "RIGHT_MINUS_WRONG":
        wrong = every - right
        lost = Fraction(len(ticked & wrong), len(wrong)) if wrong else NOTHING
        return _sum(Fraction(len(ticked & right), len(right)) - lost, penalty)
    credits = {each["id"]: Fraction(each.get("creditPercent") or 0, 100) for each in question["choices"]}
    return _sum(sum((credits[each] for each in ticked), NOTHING), penalty)


def _text(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _matching(accepted: Data, text: str) -> bool:
    one, other = _text(accepted["text"]), _text(text)
    return one == other if accepted.get("match") == "EXACT" else one.casefold() == other.casefold()


def _first(accepted: list[Data], text: str) -> Fraction | None:
    for each in accepted:
        if _matching(each, text):
            return Fraction(each.get("creditPercent", 100), 100)
    return None


def _short_answer(question: Data, given: Data, penalty: Fraction) -> Fraction:
    found = _first(question["accepted"], given["text"])
    return penalty if found is None else found


def _numeric(question: Data, given: Data, penalty: Fraction) -> Fraction:
    number = Fraction(given["number"])
    factors = {each["name"]: Fraction(each["factor"]) for each in question.get("otherUnits", ())}
    number *= factors.get(given.get("unit") or "", ALL)
    for each in question["answers"]:
        if abs(number - Fraction(each["value"])) <= Fraction(each.get("tolerance") or 0):
            return Fraction(each.get("creditPercent", 100), 100)
    return penalty


def _ranking(question: Data, given: Data, penalty: Fraction) -> Fraction:
    right = [each["id"] for each in sorted(question["items"], key=lambda item: item["correctPosition"])]
    given_order, rule = given["itemIds"], question.get("orderCredit", "NONE")
    if rule == "POSITIONS":
        held = sum(right.index(each) == place for place, each in enumerate(given_order))
        return _costs_when_nothing(Fraction(held, len(right)), penalty)
    if rule == "PAIRS":
        pairs = list(combinations(given_order, 2))
        good = sum(right.index(one) < right.index(other) for one, other in pairs)
        return _sum(Fraction(good - (len(pairs) - good), len(pairs)), penalty)
    return ALL if given_order == right else penalty


def _parts(question: Data, right: list[bool], penalty: Fraction) -> Fraction:
    if question.get("everyPartCounts") is False:
        return ALL if all(right) else penalty
    return _costs_when_nothing(Fraction(sum(right), len(right)), penalty)


def _matrix(question: Data, given: Data, penalty: Fraction) -> Fraction:
    chosen = {each["rowId"]: set(each["columnIds"]) for each in given["rows"]}
    keyed = [each for each in question["rows"] if each.get("correctColumnIds")]
    return _parts(question, [chosen.get(each["id"], set()) == set(each["correctColumnIds"]) for each in keyed], penalty)


def _pairs(question: Data, given: Data, penalty: Fraction) -> Fraction:
    chosen = {each["promptId"]: each["targetId"] for each in given["pairs"]}
    keyed = [each for each in question["prompts"] if each.get("correctTargetId")]
    return _parts(question, [chosen.get(each["id"]) == each["correctTargetId"] for each in keyed], penalty)


def _cloze(question: Data, given: Data, penalty: Fraction) -> Fraction:
    filled = {each["gapId"]: each["text"] for each in given["gaps"]}
    earned = []
    for gap in question["gaps"]:
        found = _first(gap["accepted"], filled[gap["id"]]) if gap["id"] in filled else None
        earned.append((found or NOTHING, gap.get("weight", 1)))
    if question.get("everyPartCounts") is False:
        return ALL if all(share == 1 for share, _ in earned) else penalty
    whole = sum(weight for _, weight in earned)
    return _costs_when_nothing(sum((share * weight for share, weight in earned), NOTHING) / whole, penalty)


_RULES: dict[str, Any] = {
    "multipleChoice": _multiple_choice,
    "trueFalse": _true_false,
    "multiSelect": _multi_select,
    "shortAnswer": _short_answer,
    "numeric": _numeric,
    "ranking": _ranking,
    "matrix": _matrix,
    "matching": _pairs,
    "cloze": _cloze,
}
