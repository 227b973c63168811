"""Problems: one or several questions among text, which become question blocks and text blocks in the same order.

A problem with one question has everything before the answer as its prompt. With several, a question's own label and
description are its prompt and the text before it stands as a text block; a question without words of its own takes the
text before it as its prompt. Answer fields inside a table or a list leave a numbered gap there, and each question says
where its gap is.

Points: the problem's weight if it has one, else one point for each question. A weight is divided among the questions in
whole points, the first ones getting the rest; where it is no whole number or smaller than the number of questions, each
counts one point and the difference is reported.
"""

import copy
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from xml.etree.ElementTree import Element

from gateways.olx.answers import read_numeric, read_short_answer, report_old_hints
from gateways.olx.choices import (
    Question,
    Unsupported,
    apply_targeted_feedback,
    read_dropdown,
    read_multiple,
    read_single,
)
from gateways.olx.gaps import GAP, gap_prompt, with_gaps
from gateways.olx.html import text_blocks, to_inline, to_markdown
from gateways.olx.scope import Scope
from gateways.olx.tree import IssueCode, OlxBlock, Severity
from gateways.olx.unsupported import REASONS, learner_html
from gateways.olx.values import decimal_text
from gateways.olx.words import names, visible_words
from gateways.olx.xml import inner_html, outer_html, source_of, take_out, text_of

KNOWN_ATTRIBUTES = frozenset({"weight", "markdown", "markdown_edited", "data", "filename"})
MOST_ELEMENTS = 10_000
MOST_QUESTIONS = 200
MOST_HINTS = 200
MOST_POINTS = 10_000

_TRANSPARENT = frozenset({"div", "section", "article", "text", "center", "span", "font", "form", "fieldset"})
_EXPLANATIONS = frozenset({"solution", "solutionset"})
# Inside a response: what is the answer's own and no part of the prompt.
_FIELDS = names("choicegroup checkboxgroup radiogroup optioninput textline formulaequationinput")
_NOT_PROMPT = _FIELDS | names(
    "responseparam additional_answer correcthint stringequalhint regexphint hintgroup answer codeparam"
)
_HANDLED = names(
    "answer type partial_credit tolerance id inline direction size name label correct options shuffle answer-pool"
    " trailing_text targeted-feedback multiple_inputtypes rows cols"
)
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class _Ask:
    """A response; where it stood inside other elements, with HTML that says where its gap is.

    `is_sentence` is true when that HTML is all the text around it, and not a pointer into a table or a list.
    """

    response: Element
    gap: str = ""
    is_sentence: bool = False


@dataclass(frozen=True, slots=True)
class _Beside:
    """An explanation or feedback written beside the questions."""

    element: Element


_Part = str | _Ask | _Beside


def is_response(element: Element) -> bool:
    """Whether the element asks for an answer."""
    return element.tag.endswith("response")


def read_problem(element: Element, scope: Scope) -> list[OlxBlock]:
    """The problem's question, text and embed blocks, in order."""
    inside = list(element.iter())
    if len(inside) > MOST_ELEMENTS or sum(map(is_response, inside)) > MOST_QUESTIONS:
        message = f"The problem has more than {MOST_ELEMENTS} elements or {MOST_QUESTIONS} questions and was left out."
        scope.error(IssueCode.FILE_TOO_LARGE, message, source_of(element))
        return []
    problem = copy.deepcopy(element)
    script = _words_in(_take_scripts(problem, scope))
    take_out(problem, "startouttext", "endouttext")
    hints = [hint for group in take_out(problem, "demandhint") for hint in group.iter("hint")]
    _split_dropdowns(problem)
    parts = list(_merged(_parts(problem)))
    return _Builder(scope, script, sum(isinstance(part, _Ask) for part in parts)).build(parts, hints, element)


def _take_scripts(problem: Element, scope: Scope) -> str:
    scripts = take_out(problem, "script")
    text = "\n".join("".join(script.itertext()) for script in scripts)
    if scripts:
        used = sorted(_used_variables(inner_html(problem)) & _words_in(text))
        shown = f" The text uses values it computed: {', '.join(used[:10])}." if used else ""
        message = f"A script that ran inside the problem was left out.{shown}"
        severity = Severity.ERROR if used else Severity.WARNING
        scope.report(severity, IssueCode.PYTHON_SCRIPT, message, "\n".join(source_of(script) for script in scripts))
    return text


def _used_variables(text: str) -> set[str]:
    """The names behind a `$`, which Open edX replaced by what a script had computed."""
    return set(_VARIABLE.findall(text))


def _words_in(script: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", script))


def _split_dropdowns(problem: Element) -> None:
    """Several dropdowns in one response become one response each, so that every question has one answer."""
    for response in [e for e in problem.iter("optionresponse") if sum(1 for _ in e.iter("optioninput")) > 1]:
        for parent in list(response.iter()):
            for index, child in enumerate(list(parent)):
                if child.tag == "optioninput":
                    single = Element("optionresponse")
                    single.tail, child.tail = child.tail, None
                    single.append(child)
                    parent[index] = single
        response.tag, response.attrib = "div", {}


def _parts(element: Element) -> Iterator[_Part]:
    yield html.escape(element.text or "", quote=False)
    gaps = 0
    for child in element:
        if is_response(child):
            yield _Ask(child)
        elif child.tag in _EXPLANATIONS or child.tag == "targetedfeedbackset":
            yield _Beside(child)
        elif not any(is_response(inner) for inner in child.iter()):
            yield outer_html(child)
        elif child.tag in _TRANSPARENT:
            yield from _parts(child)
        else:
            responses = [inner for inner in child.iter() if is_response(inner)]
            yield from _gapped(child, responses, gaps)
            gaps += len(responses)
        yield html.escape(child.tail or "", quote=False)


def _gapped(element: Element, responses: list[Element], before: int) -> Iterator[_Part]:
    """Questions inside an element that cannot be taken apart: a sentence with one gap, or a text with numbered gaps."""
    if len(responses) == 1 and element.tag not in ("table", "ul", "ol", "dl"):
        yield _Ask(responses[0], outer_html(with_gaps(element, is_response, [GAP])), is_sentence=True)
        return
    labels = [f"[{before + number}]" for number in range(1, len(responses) + 1)]
    yield outer_html(with_gaps(element, is_response, labels))
    for response, label in zip(responses, labels, strict=True):
        yield _Ask(response, f"<p>{html.escape(gap_prompt(element, response, label), quote=False)}</p>")


def _merged(parts: Iterator[_Part]) -> Iterator[_Part]:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text.strip():
            yield text
        text = ""
        yield part
    if text.strip():
        yield text


@dataclass(slots=True)
class _Builder:
    """Puts blocks together from the parts of one problem."""

    scope: Scope
    script: frozenset[str]
    asked: int
    blocks: list[OlxBlock] = field(default_factory=list)
    pending: str = ""
    last: tuple[Question, Element] | None = None
    beside: list[Element] = field(default_factory=list)

    def build(self, parts: list[_Part], hints: list[Element], element: Element) -> list[OlxBlock]:
        for part in parts:
            if isinstance(part, str):
                self.pending += part
            elif isinstance(part, _Ask):
                self._ask(part)
            else:
                self._place_beside(part.element)
        self._flush()
        self._explain()
        self._hint(hints)
        self._weigh(element)
        if self.blocks:
            self.blocks[0] = replace(self.blocks[0], title=self.scope.title or self.blocks[0].title)
        return self.blocks

    def _ask(self, ask: _Ask) -> None:
        response = copy.deepcopy(ask.response)
        response.tail = None
        try:
            self._check_script(response)
            question = _READERS[response.tag](response, self.scope) if response.tag in _READERS else None
        except Unsupported as error:
            self._keep_words(ask, f"A question could not be kept: {error}. Its text is.")
            return
        if question is None:
            reason = REASONS.get(response.tag, f"<{response.tag}> is of a kind that Cairn does not know")
            self._keep_words(ask, f"A question could not be kept: {reason}. Its text is.")
            return
        _report_attributes(response, self.scope)
        if response.tag != "stringresponse":
            report_old_hints(response, self.scope)
        question.settings.update(hints=[], explanation=None)
        explanations = take_out(response, *_EXPLANATIONS)
        body = self._prompt(ask, response)
        self.blocks.append(self.scope.block(question.format, body, settings=question.settings))
        self.last = (question, ask.response)
        for explanation in explanations:
            self._place_beside(explanation)
        for feedback in take_out(response, "targetedfeedbackset"):
            self._place_beside(feedback)

    def _check_script(self, response: Element) -> None:
        written = [inner_html(response), *(v for e in response.iter() for v in e.attrib.values())]
        if any(_used_variables(text) & self.script for text in written):
            raise Unsupported("its text or its answer is computed by a script")

    def _prompt(self, ask: _Ask, response: Element) -> str:
        own = _own_prompt(response, self.pending + ask.gap)
        has_words = bool(visible_words(own))
        if ask.gap and (ask.is_sentence or not has_words):
            own, has_words = ask.gap + own, True
        if has_words and (self.asked > 1 or (ask.gap and not ask.is_sentence)):
            self._flush()
        own, self.pending = self.pending + own, ""
        return to_markdown(own, self.scope)

    def _keep_words(self, ask: _Ask, message: str) -> None:
        self.scope.error(IssueCode.QUESTION_UNSUPPORTED, message, source_of(ask.response))
        rest = copy.deepcopy(ask.response)
        rest.tail = None
        for explanation in take_out(rest, *_EXPLANATIONS):
            text = text_of(explanation)
            self.scope.error(
                IssueCode.EXPLANATION_NOT_KEPT, "The explanation of a question that could not be kept.", text
            )
        self.pending += (ask.gap if ask.is_sentence else "") + learner_html(rest)

    def _flush(self) -> None:
        self.blocks.extend(text_blocks(self.pending, self.scope))
        self.pending = ""

    def _place_beside(self, element: Element) -> None:
        """Feedback and explanations belong to the question before them; those before all questions wait."""
        if self.last is None:
            self.beside.append(element)
        elif element.tag == "targetedfeedbackset":
            apply_targeted_feedback(*self.last, element, self.scope)
        else:
            self._add_explanation(self.last[0], element)

    def _explain(self) -> None:
        for element in self.beside:
            if self.last is not None:
                self._place_beside(element)
            else:
                message = "An explanation or feedback has no question to belong to."
                self.scope.error(IssueCode.EXPLANATION_NOT_KEPT, message, text_of(element))

    def _add_explanation(self, question: Question, element: Element) -> None:
        wanted = _right_explanation(element, self.last[1] if self.last else element)
        for solution in element.iter("solution"):
            text = to_markdown(_without_heading(solution), self.scope)
            if solution.get("explanation-id") not in (None, wanted):
                self.scope.warn(IssueCode.EXPLANATION_NOT_KEPT, f"An explanation for another answer: “{text[:500]}”.")
            elif text:
                texts = [question.settings["explanation"], text]
                question.settings["explanation"] = "\n\n".join(t for t in texts if t)

    def _hint(self, hints: list[Element]) -> None:
        """Hints are for the whole problem; they go to its first question."""
        question = next((block for block in self.blocks if "hints" in block.settings), None)
        if left := hints[MOST_HINTS:]:
            message = f"The problem has more than {MOST_HINTS} hints; {len(left)} were left out."
            self.scope.warn(IssueCode.HINT_NOT_KEPT, message, "\n".join(text_of(hint) for hint in left))
        for hint in hints[:MOST_HINTS]:
            text = to_inline(inner_html(hint), self.scope)
            if question is not None and text:
                question.settings["hints"].append(text)
            elif text:
                self.scope.warn(IssueCode.HINT_NOT_KEPT, f"A hint has no question to belong to: “{text[:500]}”.")

    def _weigh(self, element: Element) -> None:
        questions = [index for index, block in enumerate(self.blocks) if "hints" in block.settings]
        points = _points(element.get("weight"), self.asked, self.scope) if questions else []
        for index, value in zip(questions, points, strict=False):
            self.blocks[index] = replace(self.blocks[index], points=value)


_READERS: dict[str, Callable[[Element, Scope], Question]] = {
    "multiplechoiceresponse": lambda response, scope: read_single(response, "choicegroup", scope),
    "truefalseresponse": lambda response, scope: read_multiple(response, "choicegroup", scope),
    "optionresponse": read_dropdown,
    "choiceresponse": lambda response, scope: _read_choiceresponse(response, scope),
    "numericalresponse": read_numeric,
    "stringresponse": read_short_answer,
}


def _read_choiceresponse(response: Element, scope: Scope) -> Question:
    if next(response.iter("radiogroup"), None) is not None:
        return read_single(response, "radiogroup", scope)
    return read_multiple(response, "checkboxgroup", scope)


def _own_prompt(response: Element, before: str) -> str:
    """What the response itself says: text, label, description, and its field's accessible name if that is new."""
    fields = take_out(response, *_NOT_PROMPT)
    for element in response.iter():
        if element.tag in ("label", "description"):
            element.tag = "div"
    said = inner_html(response)
    for name in (taken.get("label", "").strip() for taken in fields):
        if name and " ".join(visible_words(html.escape(name))) not in " ".join(visible_words(before + said)):
            said = f"<p>{html.escape(name, quote=False)}</p>{said}"
    return said


def _without_heading(solution: Element) -> str:
    """The explanation without what Studio puts around each: a class, and the word “Explanation” above it."""
    solution = copy.deepcopy(solution)
    for element in solution.iter():
        if element.get("class") in ("detailed-solution", "worked-solution"):
            del element.attrib["class"]
    first = next((e for e in solution.iter() if e.tag in ("p", "h2", "h3", "h4") and text_of(e)), None)
    if first is not None and text_of(first).rstrip(":").strip().lower() == "explanation":
        first.clear()
    return inner_html(solution)


def _right_explanation(element: Element, response: Element) -> str | None:
    """Which of several explanations is that of the right choice."""
    correct = (
        c for c in response.iter() if c.tag in ("choice", "option") and (c.get("correct") or "").lower() == "true"
    )
    return next((c.get("explanation-id") for c in correct), None)


def _report_attributes(response: Element, scope: Scope) -> None:
    fields = [e for e in response.iter() if e is response or e.tag in _FIELDS]
    left = {name: value for e in fields for name, value in e.attrib.items() if name not in _HANDLED and value}
    if left:
        listed = "; ".join(f"{name} = {value[:100]}" for name, value in sorted(left.items()))
        scope.info(IssueCode.SETTING_NOT_KEPT, f"Settings of a question have no home: {listed}.")


def _points(weight: str | None, questions: int, scope: Scope) -> list[int]:
    value = decimal_text(weight or "")
    if value is None:
        return [1] * questions
    if Decimal(value) == 0:
        return [0] * questions
    if Decimal(value) != int(Decimal(value)) or not questions <= Decimal(value) <= MOST_POINTS:
        message = f"The weight {value} cannot be divided into whole points for {questions} question(s); each counts 1."
        scope.warn(IssueCode.WEIGHT_CHANGED, message)
        return [1] * questions
    each, rest = divmod(int(Decimal(value)), questions)
    return [each + (index < rest) for index in range(questions)]
