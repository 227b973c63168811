"""Reads Moodle XML, as Moodle exports its question bank."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from itertools import count, islice
from xml.etree.ElementTree import Element

from gateways.banks.attached import keep_files
from gateways.banks.embedded import read_embedded
from gateways.banks.gift import category_path
from gateways.banks.questions import Bank, Found, Gap, Kind, Option, Question, Text
from gateways.olx import IssueCode, OlxError, Severity
from gateways.olx.xml import UnreadableXml, clip, inner_html, outer_xml, parse_xml

_MARKUPS = {"html": "html", "markdown": "markdown", "plain_text": "plain", "moodle_auto_format": "moodle"}
_USUAL_PENALTIES = {"", "0", "1", "0.3333333", "0.3333", "0.333333", "0.1"}
_MOST_WORDS, _MOST_FILES = 100_000, 20
_ORDER = {"": "positions", "0": "positions", "-1": "none"}
_Read = Callable[[Question, Element], None]


def read_moodle(content: bytes) -> Bank:
    """The questions of a file, by their categories; raises `OlxError` when it is no such file."""
    try:
        # Before what says that it is XML, nothing may stand; tools leave blank lines there.
        root = parse_xml(content.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n"), "questions.xml")
    except UnreadableXml as error:
        raise OlxError(str(error)) from error
    if root.tag != "quiz":
        raise OlxError("This is no Moodle XML: it does not begin with <quiz>.")
    bank = Bank()
    path: tuple[str, ...] = ("Questions",)
    for element in root.findall("question"):
        kind = element.get("type", "")
        if kind == "category":
            path = category_path(_words(element, "category/text"))
            if said := _words(element, "info/text"):
                message = f"The description of the category {' / '.join(path)} has no place."
                bank.found.append(Found(Severity.INFO, IssueCode.SETTING_NOT_KEPT, message, clip(said)))
            continue
        bank.add(path, _question(element, kind, bank))
    return bank


def _question(element: Element, type_name: str, bank: Bank) -> Question:
    source = clip(outer_xml(element))
    damaged = keep_files(element, bank)
    question = Question(
        Kind.UNKNOWN,
        text=_text(element, "questiontext"),
        name=" ".join(_words(element, "name/text").split()),
        id=_words(element, "idnumber"),
        points=_decimal(_words(element, "defaultgrade"), 1),
        explanation=_text(element, "generalfeedback"),
        hints=[each for hint in element.findall("hint") if (each := _of(hint))],
        shuffles=_flag(element, "shuffleanswers") or type_name in ("matching", "match", "ddmatch"),
        is_hidden=_flag(element, "hidden"),
        type_name=type_name,
        source=source,
        found=[Found(*each) for each in damaged],
    )
    _report(question, element)
    read = _READERS.get(type_name)
    if read is None:
        return question
    try:
        read(question, element)
    except (ValueError, InvalidOperation) as error:
        question.kind = Kind.UNKNOWN
        question.say(Severity.ERROR, IssueCode.QUESTION_UNSUPPORTED, f"It makes no sense: {error}.", question.source)
    return question


def _choice(question: Question, element: Element) -> None:
    question.kind = Kind.CHOICE
    question.options = _options(element)
    question.is_single = _words(element, "single").lower() not in ("false", "0")


def _true_false(question: Question, element: Element) -> None:
    question.kind, question.options = Kind.TRUE_FALSE, _options(element)
    if {each.text.value.strip().lower() for each in question.options} != {"true", "false"}:
        raise ValueError("its answers are not true and false")


def _short(question: Question, element: Element) -> None:
    question.kind, question.options = Kind.SHORT, _options(element)
    question.is_case_sensitive = _flag(element, "usecase")


def _number(question: Question, element: Element) -> None:
    question.kind = Kind.NUMBER
    question.options = [
        Option(each.text, each.percent, each.feedback, tolerance=_words(answer, "tolerance") or "0")
        for each, answer in zip(_options(element), element.findall("answer"), strict=True)
    ]
    for unit in element.findall("units/unit"):
        question.units.append((_words(unit, "unit_name"), _words(unit, "multiplier") or "1"))
    question.requires_unit = bool(question.units) and _words(element, "unitgradingtype") in ("1", "2")
    if question.requires_unit:
        message = "A wrong unit cost part of the points; here it costs all of them."
        question.say(Severity.WARNING, IssueCode.PARTIAL_CREDIT_NOT_KEPT, message)


def _matching(question: Question, element: Element) -> None:
    question.kind = Kind.MATCHING
    for each in element.findall("subquestion"):
        question.pairs.append((_of(each), _words(each, "answer/text")))


def _ordering(question: Question, element: Element) -> None:
    question.kind, question.shuffles = Kind.ORDERING, True
    question.options = _options(element)
    rule = _words(element, "gradingtype").upper()
    question.order_credit = _ORDER.get({"ALL_OR_NOTHING": "-1", "ABSOLUTE_POSITION": "0"}.get(rule, rule), "")
    if not question.order_credit:
        question.order_credit = "positions"
        message = "Orders that are right in part earned otherwise; here each item at its right place earns its part."
        question.say(Severity.WARNING, IssueCode.PARTIAL_CREDIT_NOT_KEPT, message, f"gradingtype {rule}")
    if _words(element, "selecttype").upper() not in ("", "0", "ALL"):
        message = "Some of its items were asked for at a time; here all of them are."
        question.say(Severity.WARNING, IssueCode.SETTING_NOT_KEPT, message)


def _essay(question: Question, element: Element) -> None:
    question.kind, question.rubric = Kind.ESSAY, _text(element, "graderinfo")
    _word_limits(question, element)
    attachments = _words(element, "attachments")
    if _words(element, "responseformat") == "noinline":
        question.kind = Kind.FILES
        question.maximum_files = min(_whole(attachments) or _MOST_FILES, _MOST_FILES)
        if types := _words(element, "filetypeslist"):
            message = f"Only files of some types were taken: {types}."
            question.say(Severity.WARNING, IssueCode.SETTING_NOT_KEPT, message)
    elif attachments not in ("", "0"):
        message = "Files could be attached to the answer; ask for them in a question of their own."
        question.say(Severity.WARNING, IssueCode.SETTING_NOT_KEPT, message)
    if _text(element, "responsetemplate"):
        message = "The text that answers began with is left out."
        question.say(Severity.WARNING, IssueCode.SETTING_NOT_KEPT, message, _words(element, "responsetemplate/text"))


def _word_limits(question: Question, element: Element) -> None:
    """The limits of words, brought into order where they make no sense."""
    least, most = _whole(_words(element, "minwordlimit")), _whole(_words(element, "maxwordlimit"))
    question.minimum_words = min(least, _MOST_WORDS, most or _MOST_WORDS) or None
    question.maximum_words = min(most, _MOST_WORDS) or None
    if (question.minimum_words or 0) != least or (question.maximum_words or 0) != most:
        message = f"Its limits of {least} to {most} words were changed to ones that can be met."
        question.say(Severity.WARNING, IssueCode.SETTING_INVALID, message)


def _description(question: Question, _element: Element) -> None:
    question.kind, question.points = Kind.DESCRIPTION, Decimal(0)


def _cloze(question: Question, _element: Element) -> None:
    question.kind = Kind.CLOZE
    marked, question.gaps, lost = read_embedded(question.text.value)
    question.text = Text(marked, question.text.markup)
    for message, source in lost:
        question.say(Severity.ERROR, IssueCode.QUESTION_UNSUPPORTED, message, source)
    if not question.gaps:
        raise ValueError("there is no gap in its text")
    question.sums_up = True


def _gap_select(question: Question, element: Element) -> None:
    """Gaps `[[2]]`, each of which takes one of the choices of a group; the second choice is right in that."""
    question.kind = Kind.CLOZE
    boxes = [*element.findall("selectoption"), *element.findall("dragbox")]
    texts = [(_words(box, "text"), _words(box, "group") or "1") for box in boxes]
    text = question.text.value
    for number, (right, group) in enumerate(texts, 1):
        if (mark := f"[[{number}]]") not in text:
            continue
        among = dict.fromkeys(each for each, its in texts if its == group)
        options = tuple(Option(Text(each, "html"), Decimal(100 if each == right else 0)) for each in among)
        # A choice may be right in several gaps.
        names = (f"gap-{number}" if again == 1 else f"gap-{number}-{again}" for again in count(1))
        for name in islice(names, text.count(mark)):
            text = text.replace(mark, f"[[{name}]]", 1)
            question.gaps.append(Gap(name, "choice", 1, options))
    question.gaps.sort(key=lambda gap: text.index(f"[[{gap.mark}]]"))
    question.text = Text(text, question.text.markup)
    if not question.gaps:
        raise ValueError("there is no gap in its text")


_READERS: dict[str, _Read] = {
    "multichoice": _choice,
    "truefalse": _true_false,
    "shortanswer": _short,
    "numerical": _number,
    "matching": _matching,
    "match": _matching,
    "ddmatch": _matching,
    "ordering": _ordering,
    "essay": _essay,
    "description": _description,
    "cloze": _cloze,
    "multianswer": _cloze,
    "gapselect": _gap_select,
    "ddwtos": _gap_select,
}


def _options(element: Element) -> list[Option]:
    return [
        Option(_of(answer), _decimal(answer.get("fraction", "0"), 0), _text(answer, "feedback"))
        for answer in element.findall("answer")
    ]


def _report(question: Question, element: Element) -> None:
    """Settings that nothing here stands for."""
    for name, meaning in (
        ("correctfeedback", "what was said to right answers"),
        ("partiallycorrectfeedback", "what was said to half-right answers"),
        ("incorrectfeedback", "what was said to wrong answers"),
    ):
        if said := _words(element, f"{name}/text"):
            code = IssueCode.FEEDBACK_NOT_KEPT
            question.say(Severity.INFO, code, f"There is no place for {meaning}.", said)
    numbering = _words(element, "answernumbering")
    if numbering not in ("", "abc"):
        question.say(Severity.INFO, IssueCode.SETTING_NOT_KEPT, f"Its choices were numbered in a way: {numbering}.")
    penalty = _words(element, "penalty")
    if penalty.rstrip("0").rstrip(".") not in _USUAL_PENALTIES:
        message = f"Each further try cost {penalty} of the points; here an answer counts once."
        question.say(Severity.INFO, IssueCode.SETTING_NOT_KEPT, message)
    if tags := [_words(tag, "text") for tag in element.findall("tags/tag")]:
        question.say(Severity.INFO, IssueCode.SETTING_NOT_KEPT, f"Its tags: {', '.join(tags)}.")


def _text(element: Element, name: str) -> Text:
    found = element.find(name)
    return Text() if found is None else _of(found)


def _of(element: Element) -> Text:
    markup = _MARKUPS.get(element.get("format", "html"), "html")
    found = element.find("text")
    if found is not None and len(found):
        # Tags that should have been escaped.
        return Text(inner_html(found).strip(), "html")
    return Text(_words(element, "text"), markup)


def _words(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else "".join(found.itertext()).strip()


def _whole(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def _flag(element: Element, name: str) -> bool:
    return _words(element, name).lower() in ("1", "true")


def _decimal(text: str, usual: int) -> Decimal:
    try:
        found = Decimal(text.strip() or usual)
    except InvalidOperation:
        return Decimal(usual)
    return found if found.is_finite() and abs(found) < 10_000 else Decimal(usual)
