"""Questions answered by choosing: radio buttons, dropdowns and checkboxes."""

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from gateways.olx.html import to_inline
from gateways.olx.scope import Scope
from gateways.olx.tree import IssueCode, Settings
from gateways.olx.values import flag
from gateways.olx.xml import inner_html, source_of, take_out, text_of

MOST_CHOICES = 50
LONGEST_CHOICE = 2000
HINT_TAGS = ("choicehint", "optionhint")

_ID = re.compile(r"[a-z0-9_-]{1,40}")
_OPTION = re.compile(
    r"""\s*(?: '((?:[^'\\]|\\.)*)' | "((?:[^"\\]|\\.)*)" | ([^,]*) )\s*(?:,|$)""",
    re.VERBOSE | re.DOTALL,
)
_MULTIPLE_CREDIT = {"": "none", "false": "none", "edc": "every_decision", "halves": "halves"}


class Unsupported(Exception):
    """The question cannot be kept as one; the reason is in plain words."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as read from one response element; what is left of the element is its prompt."""

    format: str
    settings: Settings


def read_single(response: Element, group_tag: str, scope: Scope) -> Question:
    """One of several, by radio buttons."""
    group = _group(response, group_tag)
    choices = _choices(group.iter("choice"), scope)
    _report_partial_points(response, group, scope)
    _report_order(group, scope)
    _keep_one_correct(choices, scope)
    shuffle = bool(flag(group.get("shuffle")))
    return Question("multiple_choice", {"choices": choices, "shuffle": shuffle, "display": "list"})


def read_dropdown(response: Element, scope: Scope) -> Question:
    """One of several, from a dropdown."""
    group = _group(response, "optioninput")
    if group.find("option") is None:
        _spell_out_options(group)
    choices = _choices(group.iter("option"), scope)
    _keep_one_correct(choices, scope)
    return Question("multiple_choice", {"choices": choices, "shuffle": False, "display": "dropdown"})


def read_multiple(response: Element, group_tag: str, scope: Scope) -> Question:
    """Any number of several, by checkboxes."""
    group = _group(response, group_tag)
    for hint in take_out(group, "compoundhint"):
        message = f"Feedback for choosing exactly “{hint.get('value', '')}” has no home: “{text_of(hint)}”."
        scope.warn(IssueCode.FEEDBACK_COMBINATION, message, source_of(hint))
    choices = _choices(group.iter("choice"), scope)
    _report_order(group, scope)
    if not any(choice["is_correct"] for choice in choices):
        scope.warn(IssueCode.CORRECT_CHOICE_MISSING, "No choice is marked as correct, so the question became a poll.")
    return Question(
        "multi_select",
        {
            "choices": choices,
            "minimum_selected": None,
            "maximum_selected": None,
            "shuffle": bool(flag(group.get("shuffle"))),
            "partial_credit": _multiple_credit(response, scope),
        },
    )


def choice_list(texts: Iterable[str]) -> list[Settings]:
    """Choices without a right answer, for polls. The texts are Markdown."""
    return [_choice(letters(number), text, False, None) for number, text in enumerate(texts)]


def apply_targeted_feedback(question: Question, response: Element, feedback: Element, scope: Scope) -> None:
    """Gives choices the feedback that is written beside the question and named by `explanation-id`."""
    written = {item.get("explanation-id", ""): item for item in feedback.iter("targetedfeedback")}
    elements = [element for element in response.iter() if element.tag in ("choice", "option")]
    for element, choice in zip(elements, question.settings.get("choices", ()), strict=False):
        item = written.pop(element.get("explanation-id") or "\0", None)
        if item is not None:
            texts = [choice["feedback"], to_inline(inner_html(item), scope)]
            choice["feedback"] = "<br>".join(text for text in texts if text) or None
    for item in written.values():
        scope.warn(IssueCode.FEEDBACK_NOT_KEPT, f"Feedback belongs to no choice: “{text_of(item)}”.", source_of(item))


def letters(number: int) -> str:
    """a, b, … z, aa, ab, …"""
    head, tail = divmod(number, 26)
    return (letters(head - 1) if head else "") + chr(ord("a") + tail)


def _group(response: Element, tag: str) -> Element:
    group = next(response.iter(tag), None)
    if group is None:
        raise Unsupported(f"it has no <{tag}>")
    return group


def _choices(elements: Iterable[Element], scope: Scope) -> list[Settings]:
    found = list(elements)
    if not 2 <= len(found) <= MOST_CHOICES:
        raise Unsupported(f"it has {len(found)} choices, and a question has 2 to {MOST_CHOICES}")
    names = [(element.get("name") or "").strip() for element in found]
    named = len(set(names)) == len(names) and all(_ID.fullmatch(name) for name in names)
    ids = names if named else [letters(number) for number in range(len(found))]
    return [_read_choice(id_, element, scope) for id_, element in zip(ids, found, strict=True)]


def _read_choice(id_: str, element: Element, scope: Scope) -> Settings:
    content = copy.deepcopy(element)
    hints = take_out(content, *HINT_TAGS)
    text = to_inline(inner_html(content), scope)
    if len(text) > LONGEST_CHOICE:
        raise Unsupported(f"one of its choices is longer than {LONGEST_CHOICE} characters")
    if not text:
        scope.warn(IssueCode.CHOICE_EMPTY, "A choice has no text; it became “–”.", source_of(element))
    return _choice(id_, text or "–", _is_correct(element), _feedback(hints, text, scope))


def _choice(id_: str, text: str, is_correct: bool, feedback: str | None) -> Settings:
    return {"id": id_, "text": text, "is_correct": is_correct, "feedback": feedback}


def _is_correct(element: Element) -> bool:
    return (element.get("correct") or "").strip().lower() == "true"


def _feedback(hints: list[Element], choice: str, scope: Scope) -> str | None:
    """What is said when the choice was made. What Open edX says when it was *not* made has no home."""
    said = []
    for hint in hints:
        text = to_inline(inner_html(hint), scope)
        text = ": ".join(part for part in (hint.get("label", "").strip().rstrip(":"), text) if part)
        if (hint.get("selected") or "").strip().lower() == "false":
            message = f"Feedback for not choosing “{choice}” has no home: “{text}”."
            scope.warn(IssueCode.FEEDBACK_NOT_KEPT, message, source_of(hint))
        elif text:
            said.append(text)
    return "<br>".join(said) or None


def _keep_one_correct(choices: list[Settings], scope: Scope) -> None:
    correct = [choice for choice in choices if choice["is_correct"]]
    if not correct:
        scope.warn(IssueCode.CORRECT_CHOICE_MISSING, "No choice is marked as correct, so the question became a poll.")
    for choice in correct[1:]:
        choice["is_correct"] = False
        message = f"“{choice['text']}” was right too, but a question has one right choice: “{correct[0]['text']}”."
        scope.error(IssueCode.CORRECT_CHOICES_SEVERAL, message)


def _report_partial_points(response: Element, group: Element, scope: Scope) -> None:
    partial = [c for c in group.iter("choice") if (c.get("correct") or "").strip().lower() == "partial"]
    for choice in partial:
        text = text_of(choice)
        message = f"“{text}” gave {choice.get('point_value', '0.5')} of the points; now it gives none."
        scope.warn(IssueCode.PARTIAL_CREDIT_NOT_KEPT, message, source_of(choice))
    credit = (response.get("partial_credit") or "").strip().lower()
    if credit not in ("", "false", "points"):
        scope.warn(IssueCode.PARTIAL_CREDIT_NOT_KEPT, f"Partial credit “{credit}” has no home here.")


def _report_order(group: Element, scope: Scope) -> None:
    if flag(group.get("shuffle")) and any(flag(choice.get("fixed")) for choice in group.iter("choice")):
        message = "Some choices kept their place when the others were shuffled; now all are shuffled."
        scope.warn(IssueCode.CHOICE_ORDER_NOT_KEPT, message, source_of(group))
    if (pool := group.get("answer-pool", "0")) not in ("", "0"):
        message = f"Learners saw {pool} of the choices, drawn at random; now they see all."
        scope.warn(IssueCode.ANSWER_POOL_NOT_KEPT, message, source_of(group))


def _multiple_credit(response: Element, scope: Scope) -> str:
    credit = (response.get("partial_credit") or "").strip().lower()
    if credit not in _MULTIPLE_CREDIT:
        scope.warn(IssueCode.PARTIAL_CREDIT_NOT_KEPT, f"Partial credit “{credit}” has no home here.")
    return _MULTIPLE_CREDIT.get(credit, "none")


def _spell_out_options(group: Element) -> None:
    """Old dropdowns list their options in one attribute, `('a','b')`, and name the right one in another."""
    correct = (group.get("correct") or "").strip()
    for text in legacy_options(group.get("options") or ""):
        option = SubElement(group, "option", correct=str(text == correct))
        option.text = text


def legacy_options(value: str) -> list[str]:
    """The options in `('a', "b, c")`, or in `(a, b)`. A quotation mark counts only where an option begins and ends."""
    inside = value.strip().removeprefix("(").removesuffix(")")
    options = (_option(match) for match in _OPTION.finditer(inside))
    return [option for option in options if option]


def _option(match: re.Match[str]) -> str:
    single, double, bare = match.groups()
    quoted = single if single is not None else double
    return bare.strip().strip("'\"") if quoted is None else re.sub(r"\\(.)", r"\1", quoted).strip()
