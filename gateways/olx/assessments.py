"""Open response assessments, polls and surveys."""

import html
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from gateways.olx.choices import MOST_CHOICES, choice_list, letters
from gateways.olx.html import to_inline, to_markdown
from gateways.olx.scope import Scope
from gateways.olx.tree import IssueCode, OlxBlock, Settings
from gateways.olx.values import decimal_text, json_value, plain
from gateways.olx.xml import inner_html, source_of, text_of

OPEN_RESPONSE_ATTRIBUTES = frozenset({"prompts_type", "rubric_feedback_prompt", "text_response_editor"})
POLL_ATTRIBUTES = frozenset({"question", "answers", "feedback", "block_name"})
SURVEY_ATTRIBUTES = frozenset({"questions", "answers", "feedback", "block_name"})

_MOST_POINTS = 10_000
_MOST_ROWS, _MOST_COLUMNS = 50, 20


# --- open response -------------------------------------------------------------------------------------------------


def read_open_response(element: Element, scope: Scope) -> list[OlxBlock]:
    """A freeform question for each prompt; the first carries the rubric and its points."""
    rubric = element.find("rubric")
    title = html.unescape(_inner_text(element, "title"))
    prompts = [_prompt(text, element, scope) for text in _prompts(element)] or [""]
    blocks = []
    for number, prompt in enumerate(prompts):
        settings: Settings = {
            "minimum_words": None,
            "maximum_words": None,
            "placeholder": None,
            "rubric": _rubric(rubric, scope) if rubric is not None and not number else None,
            "sample_answer": None,
            "hints": [],
            "explanation": None,
        }
        points = _rubric_points(rubric) if rubric is not None and not number else 0
        name = (title or scope.title) if not number else None
        blocks.append(scope.block("freeform", prompt, title=name, points=points, settings=settings))
    _report_steps(element, scope)
    return blocks


def _prompts(element: Element) -> Iterator[str]:
    for prompt in element.iter("prompt"):
        description = prompt.find("description")
        if description is not None:
            yield "".join(description.itertext())
    for prompts in element.findall("prompt"):
        if prompts.find("description") is None:
            yield "".join(prompts.itertext())


def _prompt(text: str, element: Element, scope: Scope) -> str:
    as_html = text if element.get("prompts_type") == "html" else "".join(
        f"<p>{html.escape(paragraph, quote=False)}</p>" for paragraph in text.split("\n\n")
    )  # fmt: skip
    return to_markdown(as_html, scope)


def _rubric(rubric: Element, scope: Scope) -> str:
    lines = []
    for criterion in rubric.findall("criterion"):
        lines.append(f"<h4>{_label(criterion)}</h4><p>{_inner_text(criterion, 'prompt')}</p><ul>")
        for option in criterion.findall("option"):
            points = f" ({html.escape(option.get('points', '0'))})"
            explained = _inner_text(option, "explanation")
            lines.append(f"<li><strong>{_label(option)}{points}</strong>{': ' if explained else ''}{explained}</li>")
        lines.append("</ul>")
    lines += [f"<p>{_inner_text(rubric, tag)}</p>" for tag in ("feedbackprompt", "feedback_default_text")]
    return to_markdown("".join(lines), scope)


def _label(element: Element) -> str:
    return _inner_text(element, "label") or _inner_text(element, "name")


def _inner_text(element: Element, tag: str) -> str:
    child = element.find(tag)
    return html.escape(text_of(child), quote=False) if child is not None else ""


def _rubric_points(rubric: Element) -> int:
    """The most points a response can get: the best option of every criterion."""
    best = []
    for criterion in rubric.findall("criterion"):
        given = [decimal_text(option.get("points", "0")) or "0" for option in criterion.findall("option")]
        best.append(max((int(float(points)) for points in given), default=0))
    return max(0, min(sum(best), _MOST_POINTS))


def _report_steps(element: Element, scope: Scope) -> None:
    steps = [step.get("name", "") for step in element.iter("assessment")]
    if steps:
        message = f"How responses were graded ({', '.join(steps)}) has no home; the rubric is kept."
        assessments = element.find("assessments")
        scope.warn(IssueCode.GRADING_NOT_KEPT, message, source_of(assessments) if assessments is not None else None)
    for example in element.iter("example"):
        scope.warn(IssueCode.GRADING_NOT_KEPT, "An example response for training has no home.", source_of(example))


# --- polls and surveys ---------------------------------------------------------------------------------------------


def read_poll(element: Element, scope: Scope) -> list[OlxBlock]:
    """A question without a right answer, from a poll as attributes hold it."""
    choices = []
    for _, answer in _pairs(element.get("answers")):
        choices.append(to_inline(_pictured(answer), scope))
    question = to_markdown(plain(element.get("question") or ""), scope)
    return _poll(element, question, choices, scope)


def read_poll_question(element: Element, scope: Scope) -> list[OlxBlock]:
    """A question without a right answer, from a poll as elements hold it."""
    answers = list(element.iter("answer"))
    choices = [to_inline(inner_html(answer), scope) for answer in answers]
    rest = Element("div")
    rest.text = element.text
    rest.extend([child for child in element if child.tag != "answer"])
    return _poll(element, to_markdown(inner_html(rest), scope), choices, scope)


def _poll(element: Element, question: str, choices: list[str], scope: Scope) -> list[OlxBlock]:
    feedback = to_markdown(plain(element.get("feedback") or ""), scope) or None
    scope.info(
        IssueCode.GRADING_NOT_KEPT, "A poll became a question without a right answer; its results are not imported."
    )
    if not 2 <= len(choices) <= MOST_CHOICES:
        message = f"A poll with {len(choices)} answers cannot be kept as a question; its text is."
        scope.error(IssueCode.QUESTION_UNSUPPORTED, message, source_of(element))
        return _text([question, _items(choices), feedback], scope.title or None, scope)
    settings: Settings = {
        "choices": choice_list(choice or "–" for choice in choices),
        "shuffle": False,
        "display": "list",
        "hints": [],
        "explanation": feedback,
    }
    return [scope.block("multiple_choice", question, title=scope.title or None, settings=settings)]


def read_survey(element: Element, scope: Scope) -> list[OlxBlock]:
    """Several questions with the same answers: a matrix without right answers."""
    rows = [to_inline(_pictured(question), scope) for _, question in _pairs(element.get("questions"))]
    columns = [to_inline(html.escape(str(answer), quote=False), scope) for _, answer in _pairs(element.get("answers"))]
    feedback = to_markdown(plain(element.get("feedback") or ""), scope) or None
    title = scope.title or plain(element.get("block_name") or "") or None
    if not 1 <= len(rows) <= _MOST_ROWS or not 2 <= len(columns) <= _MOST_COLUMNS:
        message = f"A survey of {len(rows)} questions and {len(columns)} answers cannot be kept; its text is."
        scope.error(IssueCode.QUESTION_UNSUPPORTED, message, source_of(element))
        return _text([*rows, _items(columns), feedback], title, scope)
    scope.info(
        IssueCode.GRADING_NOT_KEPT, "A survey became a matrix without right answers; its results are not imported."
    )
    settings: Settings = {
        "rows": [{"id": letters(n), "text": text or "–", "correct_column_ids": []} for n, text in enumerate(rows)],
        "columns": [{"id": letters(n), "text": text or "–"} for n, text in enumerate(columns)],
        "allows_multiple": False,
        "hints": [],
        "explanation": feedback,
    }
    return [scope.block("matrix", title=title, settings=settings)]


def _items(texts: list[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _text(pieces: list[str | None], title: str | None, scope: Scope) -> list[OlxBlock]:
    body = "\n\n".join(piece for piece in pieces if piece)
    return [scope.block("text", body, title=title)] if body else []


def _pictured(entry: Any) -> str:
    """The label of an answer or question, with its picture before it."""
    fields = entry if isinstance(entry, dict) else {"label": entry}
    label = html.escape(str(fields.get("label") or ""), quote=False)
    if not fields.get("img"):
        return label
    return (
        f'<img src="{html.escape(str(fields["img"]))}" alt="{html.escape(str(fields.get("img_alt") or ""))}"> {label}'
    )


def _pairs(value: str | None) -> Iterator[tuple[str, Any]]:
    """The entries of a JSON list of pairs, as polls store their questions and answers."""
    listed = json_value(value or "")
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, list) and len(entry) == 2:
            yield str(entry[0]), entry[1]
