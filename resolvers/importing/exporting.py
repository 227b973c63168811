"""A course's questions as a question bank: the way back, with what the other format has no word for."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core.errors import InvalidInput, NotFound, wrong_kind
from core.ids import tag_of
from core.writing import Transaction
from gateways.banks import BankFormat, Category, Kind, Option, Question, Text, cannot, write_bank
from models.curriculum import Block, BlockFormat, Course, Lesson, Module
from resolvers.content.drafts import CONTENT
from resolvers.importing.standing import Known, Standing, read_draft

Values = Mapping[str, Any]
_HUNDRED = Decimal(100)
_STARRED = re.compile(r"(\(\?i\))?((?:[^\\.*+?()\[\]{}|^$]|\\.|\.\*)*)")


class _Unsayable(Exception):
    """The block has no counterpart; the words say why."""


@dataclass(frozen=True)
class Exported:
    """The file, and a line for each thing that is not in it."""

    text: str
    lost: tuple[str, ...]
    number: int


async def export_course(tx: Transaction, course_id: str, kind: BankFormat) -> Exported:
    """The questions of a draft course, keys included: a category for each lesson. Raises `NotFound`."""
    if tag_of(course_id) != Course.__tag__:
        raise InvalidInput(wrong_kind("course"), "WRONG_KIND_OF_ID", ("id",))
    if not await tx.rows(sa.select(CONTENT.c.id).where(CONTENT.c.id == course_id, CONTENT.c.trashed_at.is_(None))):
        raise NotFound("course")
    known = Known()
    await read_draft(tx, known, course_id)
    return await asyncio.to_thread(_exported, known, course_id, kind)


def _exported(known: Known, course_id: str, kind: BankFormat) -> Exported:
    below = defaultdict[tuple[type[Any], str | None], list[Standing]](list)
    for each in known.objects.values():
        if not each.is_trashed:
            below[each.model, each.parent].append(each)
    categories, lost = [], []
    for module in below[Module, course_id]:
        for lesson in below[Lesson, module.id]:
            category = Category((module.values["title"], lesson.values["title"]))
            for block in below[Block, lesson.id]:
                try:
                    question = _question(block)
                    if reason := cannot(question, kind):
                        raise _Unsayable(reason)
                    category.questions.append(question)
                except _Unsayable as error:
                    name = block.values["title"] or block.values["body"][:60]
                    lost.append(f"not exported: {lesson.values['title']} › {name} ({block.values['format']}): {error}")
            if category.questions:
                categories.append(category)
    number = sum(len(each.questions) for each in categories)
    return Exported(write_bank(categories, kind, lost), tuple(lost), number)


def _question(block: Standing) -> Question:
    values = block.values
    make = _MAKERS.get(BlockFormat(values["format"]))
    if make is None:
        raise _Unsayable("there is no way to write it as a question of a bank")
    question = make(values)
    question.id, question.name = block.id, values["title"] or ""
    question.text = question.text or _markdown(values["body"])
    question.points = Decimal(values["points"])
    question.explanation = _markdown(values.get("explanation"))
    question.hints = [_markdown(each) for each in values.get("hints") or ()]
    if values["show_if"]:
        raise _Unsayable("it is shown on a condition")
    return question


def _description(values: Values) -> Question:
    return Question(Kind.DESCRIPTION)


def _choice(values: Values) -> Question:
    wrong = Decimal(-values["penalty_percent"])
    options = [
        _option(each["text"], _HUNDRED if each["is_correct"] else _credit(each, wrong), each["feedback"])
        for each in values["choices"]
    ]
    if all(each.percent < _HUNDRED for each in options):
        raise _Unsayable("no choice is right")
    return Question(Kind.CHOICE, options=options, shuffles=values["shuffle"])


def _several(values: Values) -> Question:
    if values["partial_credit"] != "weights":
        raise _Unsayable("its rule of partial credit has no counterpart")
    right = sum(each["is_correct"] for each in values["choices"])
    if not right:
        raise _Unsayable("no choice is right")
    equal = (_HUNDRED / right).quantize(Decimal("0.00001"))
    options = [
        _option(each["text"], _credit(each, equal if each["is_correct"] else Decimal(0)), each["feedback"])
        for each in values["choices"]
    ]
    return Question(Kind.CHOICE, options=options, is_single=False, shuffles=values["shuffle"])


def _true_false(values: Values) -> Question:
    if values["correct_answer"] is None:
        raise _Unsayable("no answer is right")
    options = [
        Option(
            Text(word, "plain"), _HUNDRED if values["correct_answer"] is truth else Decimal(0), _markdown(values[field])
        )
        for word, truth, field in (("true", True, "feedback_true"), ("false", False, "feedback_false"))
    ]
    return Question(Kind.TRUE_FALSE, options=options)


def _short(values: Values) -> Question:
    accepted = values["accepted"]
    if not accepted:
        raise _Unsayable("no answer is right")
    if len({_is_exact(each) for each in accepted}) > 1:
        raise _Unsayable("case counts for some of its answers only")
    options = [
        Option(Text(_star(each), "plain"), Decimal(each["credit_percent"]), _markdown(each["feedback"]))
        for each in accepted
    ]
    return Question(Kind.SHORT, options=options, is_case_sensitive=_is_exact(accepted[0]))


def _is_exact(answer: Values) -> bool:
    return bool(answer["match"] == "exact" or (answer["match"] == "pattern" and not answer["text"].startswith("(?i)")))


def _star(answer: Values) -> str:
    """The answer with a star for anything; a pattern that says more has no counterpart."""
    if answer["match"] != "pattern":
        return str(answer["text"]).replace("*", r"\*")
    found = _STARRED.fullmatch(answer["text"])
    if found is None:
        raise _Unsayable("a pattern says more than that anything may stand in a place")
    pieces = [re.sub(r"\\(.)", r"\1", each) for each in found[2].split(".*")]
    return "*".join(each.replace("*", r"\*") for each in pieces)


def _number(values: Values) -> Question:
    if not values["answers"]:
        raise _Unsayable("no number is right")
    if values["other_units"]:
        raise _Unsayable("several units are taken")
    units = [(values["unit"], "1")] if values["unit"] and values["requires_unit"] else []
    return Question(
        Kind.NUMBER, options=list(map(_known_number, values["answers"])), units=units, requires_unit=bool(units)
    )


def _known_number(answer: Values) -> Option:
    percent, said = Decimal(answer["credit_percent"]), _markdown(answer["feedback"])
    if answer["value"] is not None:
        tolerance = Decimal(answer["tolerance"] or 0)
        if answer["tolerance_kind"] == "percent":
            tolerance = abs(Decimal(answer["value"])) * tolerance / 100
        return Option(Text(answer["value"], "plain"), percent, said, tolerance=f"{tolerance.normalize():f}")
    if answer["minimum"] is None or answer["maximum"] is None:
        raise _Unsayable("a range has no end")
    if not (answer["minimum_inclusive"] and answer["maximum_inclusive"]):
        raise _Unsayable("the end of a range is not part of it")
    low, high = Decimal(answer["minimum"]), Decimal(answer["maximum"])
    middle, half = (low + high) / 2, (high - low) / 2
    return Option(Text(f"{middle.normalize():f}", "plain"), percent, said, tolerance=f"{half.normalize():f}")


def _matching(values: Values) -> Question:
    if not values["every_part_counts"]:
        raise _Unsayable("only all of its pairs together earn anything")
    targets = {each["id"]: each["text"] for each in values["targets"]}
    used = {each["correct_target_id"] for each in values["prompts"]}
    if None in used or used != set(targets):
        raise _Unsayable("not every part of it belongs to another")
    pairs = [(_markdown(each["text"]), targets[each["correct_target_id"]]) for each in values["prompts"]]
    return Question(Kind.MATCHING, pairs=pairs, shuffles=values["shuffle"])


def _ranking(values: Values) -> Question:
    if values["order_credit"] == "pairs" or any(each["correct_position"] is None for each in values["items"]):
        raise _Unsayable("its rule of partial credit has no counterpart")
    items = sorted(values["items"], key=lambda each: each["correct_position"])
    options = [_option(each["text"], Decimal(1), None) for each in items]
    return Question(Kind.ORDERING, options=options, order_credit=values["order_credit"])


def _essay(values: Values) -> Question:
    return Question(
        Kind.ESSAY,
        rubric=_markdown(values["rubric"]),
        minimum_words=values["minimum_words"],
        maximum_words=values["maximum_words"],
    )


def _files(values: Values) -> Question:
    return Question(Kind.FILES, rubric=_markdown(values["rubric"]), maximum_files=values["maximum_files"])


_MAKERS: dict[BlockFormat, Callable[[Values], Question]] = {
    BlockFormat.TEXT: _description,
    BlockFormat.MULTIPLE_CHOICE: _choice,
    BlockFormat.MULTI_SELECT: _several,
    BlockFormat.TRUE_FALSE: _true_false,
    BlockFormat.SHORT_ANSWER: _short,
    BlockFormat.NUMERIC: _number,
    BlockFormat.MATCHING: _matching,
    BlockFormat.RANKING: _ranking,
    BlockFormat.FREEFORM: _essay,
    BlockFormat.FILE_UPLOAD: _files,
}


def _option(text: str, percent: Decimal, feedback: str | None) -> Option:
    return Option(_markdown(text), percent, _markdown(feedback))


def _credit(choice: Values, usual: Decimal) -> Decimal:
    return usual if choice["credit_percent"] is None else Decimal(choice["credit_percent"])


def _markdown(text: str | None) -> Text:
    return Text(text or "", "markdown")
