"""Reads GIFT, the text format that Moodle documents: a paragraph for each question.

What a backslash stands before is taken out of the way first, so that everything else can look for plain signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from gateways.banks.questions import Bank, Kind, Option, Question, Text
from gateways.olx import IssueCode, Severity

_ESCAPABLE = "~=#{}:\\"
# Letters for private use stand for what was escaped; a file's own are taken out beforehand.
_HIDDEN = {each: chr(0xE100 + index) for index, each in enumerate(_ESCAPABLE)}
_SHOWN = str.maketrans({hidden: each for each, hidden in _HIDDEN.items()} | {"\ue110": "\n"})
_ESCAPE = re.compile(r"\\([~=#{}:\\n])")
_NAME = re.compile(r"\s*::(.*?)::", re.DOTALL)
_MARKUP = re.compile(r"\s*\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_CATEGORY = re.compile(r"\$CATEGORY:\s*(.+)", re.IGNORECASE)
_TAGS = re.compile(r"\[(id|tag):([^\]]+)\]")
_TRUTH = re.compile(r"(TRUE|FALSE|T|F)\s*(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_PERCENT = re.compile(r"%(-?[\d.,]+)%")
_GAP = "_____"
_MOST = 50_000


def read_gift(text: str) -> Bank:
    """The questions of a file, by their categories. What cannot be understood is a question of an unknown kind."""
    bank, tags = Bank(), dict[str, str]()
    path: tuple[str, ...] = ("Questions",)
    text = "".join(each for each in text if not 0xE100 <= ord(each) <= 0xE11F)
    for paragraph in _paragraphs(text):
        lines = []
        for line in paragraph:
            if line.lstrip().startswith("//"):
                tags |= dict(_TAGS.findall(line))
            elif found := _CATEGORY.match(line.strip()):
                path = category_path(found[1])
            else:
                lines.append(line)
        source = "\n".join(lines).strip()
        if source:
            category = bank.category(path)
            question = _question(source)
            question.id = tags.get("id", "")
            category.questions.append(question)
            tags = {}
    return bank


def category_path(text: str) -> tuple[str, ...]:
    """Where a category stands, without the words with which Moodle begins each: `//` is a slash in a name."""
    parts = [each.replace("\ue11f", "/").strip() for each in text.replace("//", "\ue11f").split("/")]
    parts = [each for each in parts if each and each.lower() != "top" and not re.fullmatch(r"\$\w+\$", each)]
    return tuple(parts) or ("Questions",)


def _paragraphs(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.strip():
            lines.append(line)
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def _question(source: str) -> Question:
    hidden = _ESCAPE.sub(lambda found: "\ue110" if found[1] == "n" else _HIDDEN[found[1]], source)
    name = ""
    if found := _NAME.match(hidden):
        name, hidden = _shown(found[1]).strip(), hidden[found.end() :]
    markup = "moodle"
    if found := _MARKUP.match(hidden):
        markup, hidden = found[1].lower(), hidden[found.end() :]
    question = Question(Kind.UNKNOWN, name=" ".join(name.split()), source=source)
    before, brace, rest = hidden.partition("{")
    if not brace:
        question.kind, question.text, question.points = (
            Kind.DESCRIPTION,
            Text(_shown(hidden).strip(), markup),
            Decimal(0),
        )
        return question
    answers, brace, after = rest.partition("}")
    if not brace or "{" in after or "}" in before:
        question.text = Text(_shown(hidden).strip(), "plain")
        question.say(Severity.ERROR, IssueCode.QUESTION_UNSUPPORTED, "Its braces do not match.", source)
        return question
    gap = f" {_GAP} " if after.strip() else ""
    question.text = Text(_shown(f"{before.rstrip()}{gap}{after.strip()}").strip(), markup)
    answers, _, general = answers.partition("####")
    question.explanation = Text(_shown(general).strip(), markup)
    try:
        _answers(question, answers.strip(), markup)
    except (ValueError, InvalidOperation) as error:
        question.kind = Kind.UNKNOWN
        question.say(Severity.ERROR, IssueCode.QUESTION_UNSUPPORTED, f"Its answers make no sense: {error}", source)
    return question


def _answers(question: Question, answers: str, markup: str) -> None:
    if not answers:
        question.kind = Kind.ESSAY
    elif found := _TRUTH.fullmatch(answers):
        _truth(question, found[1].upper().startswith("T"), found[2] or "", markup)
    elif answers.startswith("#"):
        question.kind = Kind.NUMBER
        question.options = list(_numbers(answers[1:].strip(), markup))
    else:
        marked = list(_marked(answers))
        if all(sign == "=" and "->" in text for sign, text in marked):
            question.kind, question.shuffles = Kind.MATCHING, True
            pairs = [text.partition("->") for _, text in marked]
            question.pairs = [(_text(left, markup), _shown(right).strip()) for left, _, right in pairs]
            return
        question.options = [_option(sign, text, markup) for sign, text in marked]
        if all(sign == "=" for sign, _ in marked):
            question.kind = Kind.SHORT
            return
        question.kind, question.shuffles = Kind.CHOICE, True
        question.is_single = any(sign == "=" for sign, _ in marked)


def _truth(question: Question, is_true: bool, feedback: str, markup: str) -> None:
    """The first feedback is for a wrong answer, the second for the right one."""
    wrong, _, right = feedback.partition("#")
    question.kind = Kind.TRUE_FALSE
    said = {is_true: _text(right, markup), not is_true: _text(wrong, markup)}
    question.options = [
        Option(Text(word, "plain"), Decimal(100 if value == is_true else 0), said[value])
        for word, value in (("true", True), ("false", False))
    ]


def _marked(answers: str) -> Iterator[tuple[str, str]]:
    """Each answer with the sign before it. A sign within a pair of percent signs is none."""
    parts = re.split(r"([=~])", answers)
    if parts[0].strip():
        raise ValueError(f"{_shown(parts[0]).strip()[:80]!r} has no = or ~ before it.")
    yield from zip(parts[1::2], parts[2::2], strict=True)


def _option(sign: str, text: str, markup: str) -> Option:
    percent, text = _percent(text.strip(), 100 if sign == "=" else 0)
    said, _, feedback = text.partition("#")
    return Option(_text(said, markup), percent, _text(feedback, markup))


def _percent(text: str, usual: int) -> tuple[Decimal, str]:
    found = _PERCENT.match(text)
    if found is None:
        return Decimal(usual), text
    return Decimal(found[1].replace(",", ".")), text[found.end() :].strip()


def _numbers(answers: str, markup: str) -> Iterator[Option]:
    if not answers.startswith(("=", "~")):
        answers = f"={answers}"
    for sign, text in _marked(answers):
        option = _option(sign, text, "plain")
        feedback = Text(option.feedback.value, markup)
        number = option.text.value.strip()
        if ".." in number:
            low, _, high = number.partition("..")
            yield Option(Text(), option.percent, feedback, minimum=low.strip(), maximum=high.strip())
        else:
            value, _, tolerance = number.replace(_HIDDEN[":"], ":").partition(":")
            yield Option(Text(value.strip(), "plain"), option.percent, feedback, tolerance=tolerance.strip() or "0")


def _text(text: str, markup: str) -> Text:
    if found := _MARKUP.match(text):
        markup, text = found[1].lower(), text[found.end() :]
    return Text(_shown(text).strip(), markup)


def _shown(text: str) -> str:
    return text.translate(_SHOWN)
