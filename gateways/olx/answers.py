"""Questions answered by typing: a number or a short text."""

import re
import warnings
from decimal import Decimal
from xml.etree.ElementTree import Element

from gateways.olx.choices import Question, Unsupported
from gateways.olx.html import to_inline
from gateways.olx.scope import Scope
from gateways.olx.tree import IssueCode, Settings
from gateways.olx.values import decimal_text
from gateways.olx.xml import inner_html, source_of, text_of

# What Open edX allows where the author said nothing: enough for the rounding of a float.
_DEFAULT_TOLERANCE = "0.001%"
_LONGEST_PATTERN = 200
_RANGE = re.compile(r"^([\[(])([^,]*),([^,]*)([\])])$")


# --- numbers -------------------------------------------------------------------------------------------------------


def read_numeric(response: Element, scope: Scope) -> Question:
    """A number with its tolerance, or a range.

    An answer that is an expression (`sqrt(2)`) cannot be compared as a number; the question becomes a short answer
    with the expression as the accepted text.
    """
    answer = (response.get("answer") or "").strip()
    if not answer:
        raise Unsupported("it has no answer")
    tolerance, kind = _tolerance(response, scope)
    main = _numeric_answer(answer, tolerance, kind)
    if main is None:
        return _as_text(response, answer, scope)
    main["feedback"] = _hint(response, scope)
    answers = [main, *_additional(response, scope), *_partial(response, main, scope)]
    return Question("numeric", {"answers": answers, "unit": _unit(response), "placeholder": None})


def _tolerance(response: Element, scope: Scope) -> tuple[str, str]:
    """The tolerance as a decimal string and its kind."""
    written = _DEFAULT_TOLERANCE
    for parameter in response.iter("responseparam"):
        if parameter.get("type") == "tolerance" and parameter.get("default"):
            written = parameter.get("default", "").strip()
    kind = "percent" if written.endswith("%") else "absolute"
    value = decimal_text(written.removesuffix("%"))
    if value is None or Decimal(value) < 0:
        scope.warn(
            IssueCode.ANSWER_NOT_NUMERIC, f"The tolerance “{written}” is no plain number; answers must be exact."
        )
        return "0", "absolute"
    return value, kind


def _numeric_answer(answer: str, tolerance: str, kind: str) -> Settings | None:
    if match := _RANGE.match(answer):
        minimum, maximum = decimal_text(match[2]), decimal_text(match[3])
        if minimum is None or maximum is None:
            return None
        if Decimal(minimum) == Decimal(maximum):
            return _value(minimum, "0", "absolute")
        if Decimal(minimum) > Decimal(maximum):
            raise Unsupported(f"its range {answer} ends before it begins")
        return _range(minimum, maximum, match[1] == "[", match[4] == "]")
    value = decimal_text(answer)
    return None if value is None else _value(value, tolerance, kind)


def _value(value: str, tolerance: str, kind: str, credit: int = 100) -> Settings:
    exact = not Decimal(tolerance)
    return {
        "value": value,
        "tolerance": None if exact else tolerance,
        "tolerance_kind": kind,
        "minimum": None,
        "maximum": None,
        "minimum_inclusive": True,
        "maximum_inclusive": True,
        "feedback": None,
        "credit_percent": credit,
    }


def _range(minimum: str, maximum: str, with_minimum: bool, with_maximum: bool, credit: int = 100) -> Settings:
    return {
        "value": None,
        "tolerance": None,
        "tolerance_kind": "absolute",
        "minimum": minimum,
        "maximum": maximum,
        "minimum_inclusive": with_minimum,
        "maximum_inclusive": with_maximum,
        "feedback": None,
        "credit_percent": credit,
    }


def _additional(response: Element, scope: Scope) -> list[Settings]:
    """Other right answers, which Open edX compares exactly."""
    answers = []
    for element in response.findall("additional_answer"):
        written = (element.get("answer") or element.text or "").strip()
        value = decimal_text(written)
        if value is None:
            scope.warn(
                IssueCode.ANSWER_NOT_NUMERIC, f"The further answer “{written}” is no plain number.", source_of(element)
            )
            continue
        answers.append(_value(value, "0", "absolute") | {"feedback": _hint(element, scope)})
    return answers


def _partial(response: Element, main: Settings, scope: Scope) -> list[Settings]:
    """Answers worth part of the points, as Open edX counts them.

    `list`: another answer gives half. `close`: an answer within a multiple (2 unless said) of the tolerance gives half,
    and beside another answer a quarter.
    """
    styles = {style.strip().lower() for style in (response.get("partial_credit") or "").split(",")} - {"", "false"}
    for style in styles - {"list", "close"}:
        scope.warn(IssueCode.PARTIAL_CREDIT_NOT_KEPT, f"Partial credit “{style}” has no home here.")
    listed = _listed_values(response, scope) if "list" in styles and main["value"] is not None else []
    factor = _close_factor(response, scope) if "close" in styles else None
    tolerance, kind = main["tolerance"] or "0", main["tolerance_kind"]
    partial = [_value(value, tolerance, kind, 50) for value in listed]
    if factor is None:
        return partial
    if main["value"] is None:
        low, high = Decimal(main["minimum"]), Decimal(main["maximum"])
        return [_range(_text(low - factor * (high - low)), _text(high + factor * (high - low)), False, False, 50)]
    wide = _text(factor * Decimal(tolerance))
    return [*partial, _value(main["value"], wide, kind, 50), *(_value(value, wide, kind, 25) for value in listed)]


def _listed_values(response: Element, scope: Scope) -> list[str]:
    written = [
        v for p in response.iter("responseparam") for v in (p.get("partial_answers") or "").split(",") if v.strip()
    ]
    values = []
    for text in written:
        if (value := decimal_text(text)) is None:
            scope.warn(
                IssueCode.PARTIAL_CREDIT_NOT_KEPT, f"The answer “{text.strip()}” for part of the points is no number."
            )
        else:
            values.append(value)
    return values


def _close_factor(response: Element, scope: Scope) -> Decimal | None:
    written = next((p.get("partial_range", "") for p in response.iter("responseparam") if p.get("partial_range")), "2")
    value = decimal_text(written)
    if value is None or Decimal(value) <= 0:
        scope.warn(IssueCode.PARTIAL_CREDIT_NOT_KEPT, f"The range “{written}” for part of the points is no number.")
        return None
    return Decimal(value)


def _text(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _unit(response: Element) -> str | None:
    tags = ("formulaequationinput", "textline")
    return next((e.get("trailing_text") for e in response.iter() if e.tag in tags and e.get("trailing_text")), None)


def _as_text(response: Element, answer: str, scope: Scope) -> Question:
    message = f"The answer “{answer}” is no plain number; learners have to type it as it is written."
    scope.error(IssueCode.ANSWER_NOT_NUMERIC, message, source_of(response))
    others = [(e.get("answer") or e.text or "").strip() for e in response.findall("additional_answer")]
    accepted = [_accepted(text, "ignore_case", _hint(response, scope)) for text in (answer, *filter(None, others))]
    return Question("short_answer", {"accepted": accepted, "placeholder": None, "maximum_length": None})


# --- short texts ---------------------------------------------------------------------------------------------------


def read_short_answer(response: Element, scope: Scope) -> Question:
    """A word or a phrase. Wrong answers that have feedback of their own are listed with a credit of 0.

    A pattern has to match the whole answer; one that ignores case starts with `(?i)`.
    """
    kinds = (response.get("type") or "").lower().split()
    ignore_case, pattern = "ci" in kinds, "regexp" in kinds
    accepted = []
    for text, feedback in _right_answers(response, scope):
        accepted.append(_matching(text, pattern, ignore_case, feedback, 100, scope))
    for element in response.iter():
        if element.tag in ("stringequalhint", "regexphint"):
            is_pattern = element.tag == "regexphint"
            said = _labelled(element, scope)
            accepted.append(_matching(element.get("answer", "").strip(), is_pattern, ignore_case, said, 0, scope))
    accepted += [_matching(t, pattern, ignore_case, said, 0, scope) for t, said in _old_hints(response, scope)]
    accepted = [entry for entry in accepted if entry["text"]]
    if not accepted:
        raise Unsupported("it has no answer")
    return Question("short_answer", {"accepted": accepted, "placeholder": None, "maximum_length": None})


def _right_answers(response: Element, scope: Scope) -> list[tuple[str, str | None]]:
    main = response.get("answer") or ""
    # Old courses write several answers into one attribute.
    answers: list[tuple[str, str | None]] = [(text.strip(), _hint(response, scope)) for text in main.split("_or_")]
    for element in response.findall("additional_answer"):
        answers.append(((element.get("answer") or element.text or "").strip(), _hint(element, scope)))
    return answers


def _matching(
    text: str, is_pattern: bool, ignore_case: bool, feedback: str | None, credit: int, scope: Scope
) -> Settings:
    match = "ignore_case" if ignore_case else "exact"
    if not is_pattern:
        return _accepted(text, match, feedback, credit)
    pattern = f"(?i){text}" if ignore_case and text else text
    if not _is_pattern(pattern):
        message = f"The pattern “{text}” cannot be read; it is kept as a text that has to be typed exactly."
        scope.error(IssueCode.PATTERN_INVALID, message)
        return _accepted(text, match, feedback, credit)
    return _accepted(pattern, "pattern", feedback, credit)


def _is_pattern(text: str) -> bool:
    if len(text) > _LONGEST_PATTERN:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a pattern may be odd and still work
            re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _old_hints(response: Element, scope: Scope) -> list[tuple[str, str]]:
    """Feedback in the old style: a named hint with the answer, and elsewhere a part with its text."""
    said = {}
    for group in response.iter("hintgroup"):
        if group.get("hintfn"):
            message = "Feedback that a script chose has no home."
            scope.error(IssueCode.FEEDBACK_NOT_KEPT, message, source_of(group))
        said.update({part.get("on", ""): to_inline(inner_html(part), scope) for part in group.iter("hintpart")})
    found = []
    for hint in response.iter("stringhint"):
        if text := said.pop(hint.get("name", ""), ""):
            found.append((hint.get("answer", "").strip(), text))
    for text in said.values():
        scope.warn(IssueCode.FEEDBACK_NOT_KEPT, f"Feedback belongs to no answer: “{text}”.")
    return found


def report_old_hints(response: Element, scope: Scope) -> None:
    """Reports old-style feedback where it has no home."""
    for group in response.iter("hintgroup"):
        scope.warn(IssueCode.FEEDBACK_NOT_KEPT, f"Feedback has no home: “{text_of(group)}”.", source_of(group))


def _accepted(text: str, match: str, feedback: str | None, credit: int = 100) -> Settings:
    return {"text": text, "match": match, "feedback": feedback, "credit_percent": credit}


def _hint(element: Element, scope: Scope) -> str | None:
    hint = element.find("correcthint")
    return None if hint is None else _labelled(hint, scope)


def _labelled(hint: Element, scope: Scope) -> str | None:
    text = to_inline(inner_html(hint), scope)
    return ": ".join(part for part in (hint.get("label", "").strip().rstrip(":"), text) if part) or None
