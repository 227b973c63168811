"""Writes questions as GIFT or Moodle XML: what both readers read back as the same questions.

Texts are Markdown and say so. What a format has no word for is said by whoever makes the questions, and by `cannot`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from gateways.banks.questions import BankFormat, Category, Kind, Option, Question, Text

_ESCAPE = re.compile(r"([\\~=#{}:])")
_ONLY_MOODLE = {Kind.ORDERING, Kind.FILES}
# Characters that no XML may hold.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def cannot(question: Question, kind: BankFormat) -> str | None:
    """Why a question cannot be written in a format; None when it can."""
    if kind is BankFormat.GIFT and question.kind in _ONLY_MOODLE:
        return f"GIFT has no word for questions of the kind {question.kind.value}"
    if kind is BankFormat.GIFT and question.units:
        return "GIFT has no word for units"
    if kind is BankFormat.GIFT and question.kind is Kind.SHORT and any("->" in each for each in _said(question)):
        return "GIFT would take an arrow in it for a pair to match"
    if kind is BankFormat.GIFT and any("->" in left.value for left, _ in question.pairs):
        return "GIFT has no word for an arrow in what is matched"
    return None


def _said(question: Question) -> Iterable[str]:
    for each in question.options:
        yield from (each.text.value, each.feedback.value)


def write_bank(categories: Sequence[Category], kind: BankFormat, lost: Iterable[str] = ()) -> str:
    """The file; what is lost stands in it as a comment."""
    if kind is BankFormat.GIFT:
        return "\n".join([*(f"// {_one_line(each)}" for each in lost), "", *map(_gift_category, categories)])
    said = "".join(f"<!-- {_commented(each)} -->\n" for each in lost)
    inside = "".join(map(_moodle_category, categories))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{said}<quiz>\n{inside}</quiz>\n'


def _commented(text: str) -> str:
    """Words that may stand in a comment: no two hyphens in a row, and nothing that XML has no place for."""
    return re.sub("-(?=-)", "- ", escape(_NOT_IN_XML.sub("", _one_line(text))))


def _path(category: Category) -> str:
    """Where a category stands, as Moodle writes it. A space keeps a slash that begins a name from what is before it."""
    names = (_one_line(each).replace("/", "//") for each in category.path)
    return "/".join(["$course$", "top", *(f" {each}" if each.startswith("/") else each for each in names)])


# GIFT ----------------------------------------------------------------------------------------------------------------


def _gift_category(category: Category) -> str:
    return "\n".join([f"$CATEGORY: {_path(category)}", "", *(f"{_gift(each)}\n" for each in category.questions)])


def _gift(question: Question) -> str:
    tag = f"// [id:{question.id}]\n" if question.id else ""
    name = f"::{_gift_text(question.name)}::" if question.name else ""
    text = f"{name}[markdown]{_gift_text(question.text.value)}"
    if question.kind is Kind.DESCRIPTION:
        return f"{tag}{text}"
    general = f"####{_gift_part(question.explanation)}" if question.explanation else ""
    return f"{tag}{text} {{{_gift_answers(question)}{general}}}"


def _gift_answers(question: Question) -> str:
    match question.kind:
        case Kind.TRUE_FALSE:
            right, wrong = sorted(question.options, key=lambda each: -each.percent)
            said = f"#{_gift_part(wrong.feedback)}#{_gift_part(right.feedback)}"
            return f"{right.text.value.upper()}{said}"
        case Kind.NUMBER:
            return "#" + "".join(
                f"\n={_percent(each)}{_gift_number(each)}{_feedback(each)}" for each in question.options
            )
        case Kind.MATCHING:
            return "".join(f"\n={_gift_part(left)} -> {_gift_text(right)}" for left, right in question.pairs) + "\n"
        case Kind.SHORT:
            return "".join(f"\n={_percent(each)}{_gift_part(each.text)}{_feedback(each)}" for each in question.options)
        case Kind.CHOICE:
            return "".join(f"\n{_gift_choice(each, question.is_single)}" for each in question.options) + "\n"
        case _:
            return ""


def _gift_choice(option: Option, is_single: bool) -> str:
    if is_single and option.percent == 100:
        return f"={_gift_part(option.text)}{_feedback(option)}"
    percent = f"%{option.percent:f}%" if option.percent else ""
    return f"~{percent}{_gift_part(option.text)}{_feedback(option)}"


def _gift_number(option: Option) -> str:
    if option.minimum is not None:
        return f"{option.minimum}..{option.maximum}"
    return f"{option.text.value}:{option.tolerance or 0}"


def _percent(option: Option) -> str:
    return "" if option.percent == 100 else f"%{option.percent:f}%"


def _feedback(option: Option) -> str:
    return f"#{_gift_part(option.feedback)}" if option.feedback else ""


def _gift_part(text: Text) -> str:
    """A text within a question. What begins with a sign that GIFT would read says first how it is marked up."""
    words = text.value.strip()
    return (f"[{text.markup}]" if words.startswith(("[", "%")) else "") + _gift_text(words)


def _gift_text(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _ESCAPE.sub(r"\\\1", lines).replace("\n", r"\n")


# Moodle XML ----------------------------------------------------------------------------------------------------------


def _moodle_category(category: Category) -> str:
    head = f'<question type="category"><category>{_words(_path(category))}</category></question>\n'
    return head + "".join(map(_moodle, category.questions))


def _moodle(question: Question) -> str:
    parts = [
        f"<name>{_words(question.name)}</name>",
        _marked("questiontext", question.text.value),
        _marked("generalfeedback", question.explanation.value),
        f"<defaultgrade>{question.points:f}</defaultgrade><penalty>0</penalty><hidden>0</hidden>",
        f"<idnumber>{_escaped(question.id)}</idnumber>" if question.id else "",
        *(_marked("hint", each.value) for each in question.hints),
        f"<shuffleanswers>{int(question.shuffles)}</shuffleanswers>",
        f"<single>{'true' if question.is_single else 'false'}</single>" if question.kind is Kind.CHOICE else "",
        f"<usecase>{int(question.is_case_sensitive)}</usecase>" if question.kind is Kind.SHORT else "",
        *_moodle_answers(question),
    ]
    kind = "essay" if question.kind is Kind.FILES else question.kind.value
    return f"<question type={quoteattr(kind)}>{''.join(parts)}</question>\n"


def _moodle_answers(question: Question) -> Iterable[str]:
    match question.kind:
        case Kind.MATCHING:
            for left, right in question.pairs:
                answer = f"<answer>{_words(right)}</answer>"
                yield f'<subquestion format="markdown">{_words(left.value)}{answer}</subquestion>'
        case Kind.ESSAY | Kind.FILES:
            yield _marked("graderinfo", question.rubric.value)
            yield f"<responseformat>{'noinline' if question.kind is Kind.FILES else 'editor'}</responseformat>"
            yield f"<attachments>{question.maximum_files if question.kind is Kind.FILES else 0}</attachments>"
            yield f"<minwordlimit>{question.minimum_words or 0}</minwordlimit>"
            yield f"<maxwordlimit>{question.maximum_words or 0}</maxwordlimit>"
        case _:
            for each in question.options:
                yield _moodle_option(each)
            if question.kind is Kind.ORDERING:
                yield f"<gradingtype>{-1 if question.order_credit == 'none' else 0}</gradingtype>"
            if question.units:
                units = (
                    f"<unit><multiplier>{factor}</multiplier><unit_name>{_escaped(name)}</unit_name></unit>"
                    for name, factor in question.units
                )
                yield f"<unitgradingtype>{int(question.requires_unit)}</unitgradingtype><units>{''.join(units)}</units>"


def _moodle_option(option: Option) -> str:
    tolerance = "" if option.tolerance is None else f"<tolerance>{option.tolerance}</tolerance>"
    said = _marked("feedback", option.feedback.value)
    inside = f"{_words(option.text.value)}{said}{tolerance}"
    return f'<answer fraction="{option.percent:f}" format="{_format(option)}">{inside}</answer>'


def _format(option: Option) -> str:
    return "plain_text" if option.text.markup == "plain" else "markdown"


def _marked(name: str, text: str) -> str:
    return f'<{name} format="markdown">{_words(text)}</{name}>'


def _words(text: str) -> str:
    return f"<text>{_escaped(text)}</text>"


def _escaped(text: str) -> str:
    return escape(_NOT_IN_XML.sub("", text))


def _one_line(text: str) -> str:
    return " ".join(text.split())
