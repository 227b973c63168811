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
_FOREIGN = re.compile("[\ue100-\ue11f]")
_ESCAPE = re.compile(r"\\([~=#{}:\\n])")
_NAME = re.compile(r"\s*::(.*?)::", re.DOTALL)
_MARKUP = re.compile(r"\s*\[(html|moodle|plain|markdown)\]", re.IGNORECASE)
_CATEGORY = re.compile(r"\$CATEGORY:\s*(.+)", re.IGNORECASE)
_TAGS = re.compile(r"\[(id|tag):((?:[^\[\]\\]|\\.){1,255})\]")
_ANSWERS = re.compile(r"\{[^{}]*\}?")
_TRUTH = re.compile(r"(TRUE|FALSE|T|F)\s*(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_PERCENT = re.compile(r"%(-?[\d.,]+)%")
_GAP = "_____"


def read_gift(text: str) -> Bank:
    """The questions of a file, by their categories. What cannot be understood is a question of an unknown kind."""
    bank, said = Bank(), list[tuple[str, str]]()
    path: tuple[str, ...] = ("Questions",)
    for paragraph in _paragraphs(_FOREIGN.sub("", text)):
        lines = []
        for line in paragraph:
            if line.lstrip().startswith("//"):
                said += _TAGS.findall(line)
            elif found := _CATEGORY.match(line.strip()):
                path = category_path(found[1])
            else:
                lines.append(line)
        for number, source in enumerate(_apart(lines)):
            question = _tagged(_question(source), said)
            if number:
                message = "No blank line stood before it; it was taken for a question of its own."
                question.say(Severity.INFO, IssueCode.TEXT_CHANGED, message, source)
            bank.add(path, question)
            said = []
    return bank


def _tagged(question: Question, said: list[tuple[str, str]]) -> Question:
    """The question with the id that the comments above it say; their tags have no place here."""
    words = [(name, re.sub(r"\\(.)", r"\1", value).strip()) for name, value in said]
    question.id = next((value for name, value in words if name == "id"), "")
    if tags := [value for name, value in words if name == "tag"]:
        question.say(Severity.INFO, IssueCode.SETTING_NOT_KEPT, f"Its tags: {', '.join(tags)}.")
    return question


def category_path(text: str) -> tuple[str, ...]:
    """Where a category stands, without the words with which Moodle begins each: `//` is a slash in a name."""
    parts = [each.strip().replace("\ue11f", "/") for each in text.replace("//", "\ue11f").split("/")]
    if re.fullmatch(r"\$\w+\$", parts[0]):
        del parts[0]
    if parts and parts[0].lower() == "top":
        del parts[0]
    return tuple(filter(None, parts)) or ("Questions",)


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


def _apart(lines: list[str]) -> Iterator[str]:
    """The questions of a paragraph: one, or several where the blank line between them was forgotten.

    Nothing but another question has a second pair of braces; it begins in the line after the one that closes the first.
    """
    hidden = [_hidden(line) for line in lines]
    last_opening = max((number for number, line in enumerate(hidden) if "{" in line), default=-1)
    current: list[str] = []
    is_closed = False
    for number, line in enumerate(lines):
        if is_closed and (line.lstrip().startswith("::") or number <= last_opening):
            yield "\n".join(current).strip()
            current, is_closed = [], False
        current.append(line)
        is_closed = is_closed or hidden[number].rstrip().endswith("}")
    if source := "\n".join(current).strip():
        yield source


def _hidden(source: str) -> str:
    """The text with letters of ours in place of what was escaped."""
    return _ESCAPE.sub(lambda found: "\ue110" if found[1] == "n" else _HIDDEN[found[1]], source)


def _question(source: str) -> Question:
    hidden = _hidden(source)
    name = ""
    if found := _NAME.match(hidden):
        name, hidden = _shown(found[1]).strip(), hidden[found.end() :]
    elif hidden.startswith("::"):
        hidden = hidden[2:]
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
        question.text = Text(_shown(_ANSWERS.sub(_GAP, hidden).replace("}", "")).strip(), markup)
        question.say(Severity.ERROR, IssueCode.QUESTION_UNSUPPORTED, "Its braces do not match.", source)
        return question
    question.text = Text(_shown(f"{before}{_GAP}{after}" if after.strip() else before).strip(), markup)
    known, mark, general = answers.rpartition("####")
    question.explanation = _text(general if mark else "", markup)
    try:
        _answers(question, (known if mark else answers).strip(), markup)
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
        if all(sign == "=" for sign, _ in marked) and any("->" in text.partition("#")[0] for _, text in marked):
            question.kind, question.shuffles = Kind.MATCHING, True
            question.pairs = [_pair(text, markup) for _, text in marked]
            return
        question.options = [_option(sign, text, markup) for sign, text in marked]
        if all(sign == "=" for sign, _ in marked):
            question.kind = Kind.SHORT
            return
        question.kind, question.shuffles = Kind.CHOICE, True
        question.is_single = any(sign == "=" for sign, _ in marked)


def _pair(text: str, markup: str) -> tuple[Text, str]:
    left, arrow, right = text.partition("->")
    if not arrow:
        raise ValueError(f"{_shown(text).strip()[:80]!r} has no -> in it.")
    return _text(left, markup), _shown(right).strip()


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
    """Each answer with the sign before it."""
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
        percent, known = _percent(text.strip(), 100 if sign == "=" else 0)
        said, _, remark = known.partition("#")
        number, feedback = _shown(said).strip(), _text(remark, markup)
        if not number and sign == "=":
            raise ValueError("there is no number after =")
        if not number:
            # All other numbers.
            yield Option(Text("*", "plain"), percent, feedback)
        elif ".." in number:
            low, _, high = number.partition("..")
            yield Option(Text(), percent, feedback, minimum=low.strip(), maximum=high.strip())
        else:
            value, _, tolerance = number.partition(":")
            yield Option(Text(value.strip(), "plain"), percent, feedback, tolerance=tolerance.strip() or "0")


def _text(text: str, markup: str) -> Text:
    if found := _MARKUP.match(text):
        markup, text = found[1].lower(), text[found.end() :]
    return Text(_shown(text).strip(), markup)


def _shown(text: str) -> str:
    return text.translate(_SHOWN)
