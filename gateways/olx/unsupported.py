"""Questions Cairn has no format for: why, and the words learners read in them."""

import copy
import html
from xml.etree.ElementTree import Element

from gateways.olx.choices import legacy_options
from gateways.olx.words import names
from gateways.olx.xml import outer_html, take_out

REASONS = {
    "customresponse": "its answer is judged by a script",
    "externalresponse": "its answer is judged by another system",
    "coderesponse": "its answer is code that another system judges",
    "schematicresponse": "it asks for an electric circuit",
    "formularesponse": "it asks for a formula",
    "symbolicresponse": "it asks for a formula",
    "imageresponse": "it asks for a place in a picture",
    "jsmeresponse": "it asks for a molecule",
    "javascriptresponse": "it is drawn and judged by a script",
    "annotationresponse": "it asks for a comment on an annotation",
    "choicetextresponse": "its choices have fields to type in",
    "draganddropresponse": "it asks for things to be put in their places",
}

_PARAGRAPHS = frozenset({"label", "description", "comment", "comment_prompt", "tag_prompt", "title", "text", "textbox"})
_LISTS = frozenset({"choicegroup", "checkboxgroup", "radiogroup", "radiotextgroup", "checkboxtextgroup", "options"})
# Not shown to a learner who has not answered yet, or no words at all.
_UNSEEN = names(
    "answer script codeparam responseparam hintgroup hintpart choicehint optionhint compoundhint correcthint"
    " stringequalhint regexphint additional_answer solution solutionset targetedfeedbackset initial_display"
    " answer_display grader_payload"
)


def learner_html(response: Element) -> str:
    """What a learner read in the question, as HTML: its text, its choices, the picture or the page it worked on."""
    shown = copy.deepcopy(response)
    take_out(shown, *_UNSEEN)
    for element in list(shown.iter()):
        _show(element)
    shown.tag, shown.attrib = "div", {}
    return outer_html(shown)


def _show(element: Element) -> None:
    if element.tag == "imageinput":
        element.attrib = {"src": element.get("src", ""), "alt": element.get("alt", "")}
        element.tag = "img"
    elif element.tag == "jsinput":
        element.attrib = {"src": element.get("html_file", ""), "title": element.get("title", "")}
        element.tag = "iframe"
    elif element.tag == "optioninput":
        _show_options(element)
    elif element.tag in _LISTS:
        element.tag, element.attrib = "ul", {}
    elif element.tag in ("choice", "option"):
        element.tag, element.attrib = "li", {}
    elif element.tag in _PARAGRAPHS:
        element.tag, element.attrib = "div", {}
    elif element.get("label"):
        element.text = f"{element.get('label')} {element.text or ''}"
        element.tag, element.attrib = "div", {}
    elif element.tag.endswith("input") or element.tag == "textline":
        element.tag, element.attrib = "span", {}


def _show_options(element: Element) -> None:
    options = legacy_options(element.get("options") or "")
    element.tag, element.attrib = "ul", {}
    for text in options:
        option = Element("li")
        option.text = text
        element.append(option)


def as_paragraphs(*texts: str) -> str:
    """Plain texts as HTML paragraphs."""
    return "".join(f"<p>{html.escape(text, quote=False)}</p>" for text in texts if text.strip())


def as_list(texts: list[str]) -> str:
    """Plain texts as an HTML list."""
    items = "".join(f"<li>{html.escape(text, quote=False)}</li>" for text in texts if text.strip())
    return f"<ul>{items}</ul>" if items else ""
