"""From a question of a bank to a block: which format, which settings, and what has no home."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from gateways.banks.embedded import BLANK
from gateways.banks.questions import Gap, Kind, Option, Question, Text
from gateways.olx import IssueCode, OlxBlock
from gateways.olx.fitting import fitted
from gateways.olx.html import to_inline, to_markdown
from gateways.olx.scope import Scope
from gateways.olx.tree import Settings

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_MARK = re.compile(r"\\?\[\\?\[([A-Za-z0-9-]{1,40})\\?\]\\?\]")
_PARAGRAPH = re.compile(r"<p[^<>]*>([^<>]*)</p>", re.IGNORECASE)
_HUNDRED = Decimal(100)
# What a machine cannot tell from another: half a percent in all.
_NEAR = Decimal("0.5")


def to_blocks(question: Question, scope: Scope) -> list[OlxBlock]:
    """The blocks that a question becomes: one, or none where it has no words at all."""
    for each in question.found:
        scope.report(each.severity, each.code, each.message, each.source)
    body = _markdown(question.text, scope)
    make = _MAKERS.get(question.kind)
    made = None if make is None else make(question, scope)
    if made is None:
        body = _with_gaps(body, question, {"gaps": []})
        if question.kind is not Kind.DESCRIPTION and not question.found:
            message = f"Questions of the kind “{question.type_name}” have no counterpart; its words are kept."
            scope.error(IssueCode.COMPONENT_UNSUPPORTED, message, question.source)
        if not body:
            scope.warn(IssueCode.COMPONENT_EMPTY, "It has no words.", question.source)
            return []
        return fitted([scope.block("text", body, title=question.name or None)], scope)
    format, settings = made
    common: Settings = {"hints": [_markdown(each, scope) for each in question.hints], "explanation": None}
    if explanation := _markdown(question.explanation, scope):
        common["explanation"] = explanation
    title = question.name or None
    if format == "cloze":
        settings["text"], body = _with_gaps(body, question, settings), title or "Fill in the gaps."
    return fitted(
        [scope.block(format, body, title=title, points=_points(question, scope), settings={**common, **settings})],
        scope,
    )


def _with_gaps(body: str, question: Question, settings: Settings) -> str:
    """The text with a mark for each gap, and a blank for each that could not be kept."""
    kept = {gap["id"] for gap in settings["gaps"]}
    names = {gap.mark: f"[[{gap.mark}]]" if gap.mark in kept else _SPECIAL.sub(r"\\\1", BLANK) for gap in question.gaps}
    return _MARK.sub(lambda found: names.get(found[1], found[0]), body)


Made = tuple[str, Settings] | None


def _essay(question: Question, scope: Scope) -> Made:
    settings: Settings = {"rubric": _markdown(question.rubric, scope) or None}
    settings |= {"minimum_words": question.minimum_words, "maximum_words": question.maximum_words}
    return "freeform", settings


def _files(question: Question, scope: Scope) -> Made:
    rubric = _markdown(question.rubric, scope) or None
    return "file_upload", {"rubric": rubric, "maximum_files": question.maximum_files}


def _true_false(question: Question, scope: Scope) -> Made:
    by_word = {each.text.value.strip().lower(): each for each in question.options}
    said = {word: _inline(by_word[word].feedback, scope) or None for word in ("true", "false")}
    is_true = by_word["true"].percent >= by_word["false"].percent
    return "true_false", {
        "correct_answer": is_true,
        "feedback_true": said["true"],
        "feedback_false": said["false"],
    }


def _choice(question: Question, scope: Scope) -> Made:
    if len(question.options) < 2:
        scope.error(IssueCode.QUESTION_UNSUPPORTED, "It has fewer than two choices.", question.source)
        return None
    choices = [
        {
            "text": _inline(each.text, scope) or f"({number})",
            "is_correct": each.percent > 0,
            "feedback": _inline(each.feedback, scope) or None,
        }
        for number, each in enumerate(question.options, 1)
    ]
    if question.is_single:
        _single(choices, question, scope)
        return "multiple_choice", {"choices": choices, "shuffle": question.shuffles}
    return "multi_select", {"choices": choices, "shuffle": question.shuffles, **_several(choices, question, scope)}


def _single(choices: list[Settings], question: Question, scope: Scope) -> None:
    """The choice that earns all is right; others that earn or cost something have a credit of their own."""
    best = next((index for index, each in enumerate(question.options) if each.percent >= _HUNDRED), None)
    if best is None:
        scope.error(IssueCode.CORRECT_CHOICE_MISSING, "No choice earns all points, so it is a poll.", question.source)
    for index, (choice, option) in enumerate(zip(choices, question.options, strict=True)):
        choice["is_correct"] = index == best
        if best is None or index == best or not option.percent:
            continue
        if option.percent >= _HUNDRED:
            message = "Several choices earned all points; the first stays so, the others earn 99 percent."
            scope.warn(IssueCode.CORRECT_CHOICES_SEVERAL, message)
        choice["credit_percent"] = min(_whole(option.percent, scope), 99)


def _several(choices: list[Settings], question: Question, scope: Scope) -> Settings:
    """What each earns or costs, where the right ones earn all together."""
    gains = [each.percent for each in question.options if each.percent > 0]
    if not gains:
        scope.error(IssueCode.CORRECT_CHOICE_MISSING, "No choice is right, so it is a poll.", question.source)
        return {}
    if abs(sum(gains) - _HUNDRED) > _NEAR:
        message = f"The right choices earn {sum(gains):g} percent together; here they earn all in equal shares."
        scope.warn(IssueCode.PARTIAL_CREDIT_NOT_KEPT, message)
    else:
        shares = iter(_shares(gains))
        for choice in choices:
            if choice["is_correct"]:
                choice["credit_percent"] = next(shares)
        if any(each != int(each) for each in gains):
            scope.info(IssueCode.PARTIAL_CREDIT_NOT_KEPT, "What each choice earns was rounded to whole percents.")
    for choice, option in zip(choices, question.options, strict=True):
        if option.percent < 0 and any("credit_percent" in each for each in choices if each["is_correct"]):
            choice["credit_percent"] = max(_whole(option.percent, scope), -100)
    return {"partial_credit": "weights"}


def _shares(gains: Sequence[Decimal]) -> list[int]:
    """Whole percents that add up to a hundred, those with the largest rest getting what is left."""
    scaled = [each * _HUNDRED / sum(gains) for each in gains]
    shares = [int(each) for each in scaled]
    by_rest = sorted(range(len(gains)), key=lambda index: (shares[index] - scaled[index], index))
    for index in by_rest[: 100 - sum(shares)]:
        shares[index] += 1
    return shares


def _short(question: Question, scope: Scope) -> Made:
    known = [(each, _typed(each.text)) for each in question.options]
    exactly = question.is_case_sensitive
    return "short_answer", {"accepted": [_accepted(each, text, exactly, scope) for each, text in known if text]}


def _accepted(option: Option, text: str, is_case_sensitive: bool, scope: Scope) -> Settings:
    """A text, or where it has a star, which stands for anything, a pattern."""
    answer: Settings = {
        "match": "exact" if is_case_sensitive else "ignore_case",
        "feedback": _inline(option.feedback, scope) or None,
        "credit_percent": _whole(option.percent, scope),
    }
    pieces = re.split(r"(?<!\\)\*", text)
    words = [each.replace("\\*", "*") for each in pieces]
    if len(words) == 1:
        return {"text": words[0], **answer}
    starred = ".*".join(map(re.escape, words))
    return {**answer, "text": starred if is_case_sensitive else f"(?i){starred}", "match": "pattern"}


def _number(question: Question, scope: Scope) -> Made:
    settings: Settings = {"answers": _numbers(question.options, scope)}
    if question.units:
        (name, _), *others = sorted(question.units, key=lambda each: each[1] not in ("1", "1.0"))
        settings |= {"unit": name[:200], "requires_unit": question.requires_unit}
        # A factor says how many of this unit make one of the main one.
        settings["other_units"] = [
            {"name": other, "factor": f"{1 / Decimal(factor):.12g}"} for other, factor in others if _is_factor(factor)
        ]
    return "numeric", settings


def _numbers(options: Sequence[Option], scope: Scope) -> list[Settings]:
    found = []
    for each in options:
        answer: Settings = {
            "feedback": _inline(each.feedback, scope) or None,
            "credit_percent": _whole(each.percent, scope),
        }
        numbers = [each.text.value, each.minimum or "", each.maximum or "", each.tolerance or ""]
        if each.text.value.strip() == "*":
            if each.feedback:
                message = "What is said to any other number has no place."
                scope.warn(IssueCode.FEEDBACK_NOT_KEPT, message, each.feedback.value)
            continue
        if any(text and not _NUMBER.fullmatch(text.strip()) for text in numbers):
            message = f"“{' '.join(filter(None, numbers))}” is no number."
            scope.error(IssueCode.ANSWER_NOT_NUMERIC, message)
            continue
        if each.minimum is not None and each.minimum == each.maximum:
            found.append({**answer, "value": each.minimum, "tolerance": None})
        elif each.minimum is not None or each.maximum is not None:
            found.append({**answer, "minimum": each.minimum or None, "maximum": each.maximum or None})
        else:
            tolerance = each.tolerance if Decimal(each.tolerance or 0) else None
            found.append({**answer, "value": each.text.value.strip(), "tolerance": tolerance})
    return found


def _is_factor(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and Decimal(text) > 0


def _matching(question: Question, scope: Scope) -> Made:
    # In an order of their own: neither that nor their ids must give away what belongs together.
    targets = sorted({target for _, target in question.pairs if target})
    prompts = [(_inline(text, scope), target) for text, target in question.pairs if text and target]
    if not prompts or len(targets) < 2:
        scope.error(IssueCode.QUESTION_UNSUPPORTED, "It has fewer than two answers to match.", question.source)
        return None
    return "matching", {
        "prompts": [
            {"id": f"p{number}", "text": text, "correct_target_id": f"t{targets.index(target) + 1}"}
            for number, (text, target) in enumerate(prompts, 1)
        ],
        "targets": [{"id": f"t{number}", "text": text} for number, text in enumerate(targets, 1)],
        "shuffle": question.shuffles,
    }


def _ordering(question: Question, scope: Scope) -> Made:
    return "ranking", {
        "items": [
            {"text": _inline(each.text, scope), "correct_position": number}
            for number, each in enumerate(question.options, 1)
        ],
        "order_credit": question.order_credit,
    }


def _cloze(question: Question, scope: Scope) -> Made:
    gaps = [made for each in question.gaps if (made := _gap(each, scope)) is not None]
    question.points = Decimal(sum(gap["weight"] for gap in gaps)) if question.sums_up else question.points
    return ("cloze", {"gaps": gaps}) if gaps else None


def _gap(gap: Gap, scope: Scope) -> Settings | None:
    settings: Settings = {"id": gap.mark, "kind": gap.kind, "weight": min(gap.weight, 100)}
    if gap.kind == "number":
        return {**settings, "numbers": _numbers(gap.options, scope)}
    if gap.kind == "text":
        known = [(each, _plain(each.text)) for each in gap.options]
        texts = [_accepted(each, text, gap.is_case_sensitive, scope) for each, text in known if text]
        return {**settings, "accepted": texts}
    worth = [(each, _plain(each.text)) for each in gap.options]
    accepted = [
        {
            "text": text,
            "match": "exact",
            "feedback": _inline(each.feedback, scope) or None,
            "credit_percent": _whole(each.percent, scope),
        }
        for each, text in worth
        if each.percent or each.feedback
    ]
    options = list(dict.fromkeys(text for _, text in worth if text))
    if len(options) < 2 or all(each.percent < _HUNDRED for each in gap.options):
        said = ", ".join(options)
        scope.error(IssueCode.QUESTION_UNSUPPORTED, "A gap offers no choices, or none that earns all points.", said)
        return None
    return {**settings, "options": options, "accepted": accepted}


_MAKERS: dict[Kind, Callable[[Question, Scope], Made]] = {
    Kind.ESSAY: _essay,
    Kind.FILES: _files,
    Kind.TRUE_FALSE: _true_false,
    Kind.CHOICE: _choice,
    Kind.SHORT: _short,
    Kind.NUMBER: _number,
    Kind.MATCHING: _matching,
    Kind.ORDERING: _ordering,
    Kind.CLOZE: _cloze,
}


def _points(question: Question, scope: Scope) -> int:
    whole = int(question.points.to_integral_value())
    if whole != question.points or whole < 0 or whole > 1000:
        scope.warn(IssueCode.WEIGHT_CHANGED, f"It was worth {question.points:f} points, which are whole ones here.")
        whole = min(max(whole, 1), 1000)
    return whole


def _whole(percent: Decimal, scope: Scope) -> int:
    whole = int(percent.to_integral_value())
    if abs(percent) > _HUNDRED:
        scope.warn(
            IssueCode.PARTIAL_CREDIT_NOT_KEPT, f"An answer earned {percent:f} percent; it earns no more than all."
        )
    elif whole != percent:
        scope.info(IssueCode.PARTIAL_CREDIT_NOT_KEPT, f"{percent:f} percent became {whole}.")
    return max(-100, min(whole, 100))


def _markdown(text: Text, scope: Scope) -> str:
    if text.markup == "markdown":
        return text.value.strip()
    if text.markup == "plain":
        return _SPECIAL.sub(r"\\\1", text.value.strip())
    return to_markdown(_html(text), scope).strip()


def _inline(text: Text, scope: Scope) -> str:
    if text.markup == "markdown":
        return _markdown(text, scope)
    if text.markup == "plain":
        return " ".join(_markdown(text, scope).split())
    return to_inline(_html(text), scope).strip()


def _html(text: Text) -> str:
    source = text.value.replace("@@PLUGINFILE@@/", "/static/")
    return source.strip().replace("\n", "<br>\n") if text.markup == "moodle" else source


def _plain(text: Text) -> str:
    """Words of HTML without any marks."""
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", "", text.value)).split())


def _typed(text: Text) -> str:
    """An answer as it is typed: signs and all, since Moodle compares it so; but for a paragraph that editors made."""
    inside = _PARAGRAPH.fullmatch(text.value.strip()) if text.markup == "html" else None
    return " ".join((html.unescape(inside[1]) if inside else text.value).split())
