"""Which component is read how. What has no home becomes a finding, and the words learners saw in it a text block."""

import copy
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from gateways.olx import assessments, media, problem
from gateways.olx.fitting import fitted
from gateways.olx.html import text_blocks
from gateways.olx.scope import Scope, numbered
from gateways.olx.tree import IssueCode, OlxBlock, Severity
from gateways.olx.unsupported import as_list, as_paragraphs
from gateways.olx.values import first, flag, is_empty, json_value, plain
from gateways.olx.words import names
from gateways.olx.xml import inner_html, source_of

Read = Callable[[Element, Scope], list[OlxBlock]]

# Attributes that name or describe the component itself; they are in the tree or mean nothing outside Studio.
BOOKKEEPING = names(
    "url_name display_name slug name xml_attributes xblock-family filename editor visible_to_staff_only"
    " group_access start due parent upstream upstream_version upstream_display_name downstream_customized"
    " copied_from_block tags-v1 last_synced use_latex_compiler data_dir"
)
# The findings that say by themselves why a component became no block.
_WHY_NOTHING = frozenset(
    {
        IssueCode.COMPONENT_UNSUPPORTED,
        IssueCode.FILE_MISSING,
        IssueCode.FILE_TOO_LARGE,
        IssueCode.QUESTION_UNSUPPORTED,
        IssueCode.VIDEO_WITHOUT_SOURCE,
    }
)
# Never repeated in a finding.
_SECRETS = ("passport", "secret", "password", "api_key", "token", "consumer_key")


@dataclass(frozen=True, slots=True)
class Reader:
    """How one category is read, and the attributes that its reader understands."""

    read: Read
    known: frozenset[str] = frozenset()


def read_component(element: Element, scope: Scope) -> tuple[list[OlxBlock], dict[str, str]]:
    """The blocks of a component, whatever its category, and its settings without a home; findings go to the scope."""
    reader = READERS.get(element.tag, _UNKNOWN)
    blocks = numbered(fitted(reader.read(element, scope), scope))
    if not blocks and not any(issue.code in _WHY_NOTHING for issue in scope.issues):
        scope.info(IssueCode.COMPONENT_EMPTY, "This component is empty: learners saw nothing in it.")
    return blocks, report_attributes(element.attrib, BOOKKEEPING | reader.known, scope)


def report_attributes(attributes: dict[str, str], known: frozenset[str], scope: Scope) -> dict[str, str]:
    """Reports the settings nobody understood, and returns them. Values that may be credentials are masked."""
    left = {
        name: "(not shown)" if any(secret in name.lower() for secret in _SECRETS) else plain(value)
        for name, value in attributes.items()
        if name not in known and not is_empty(value) and flag(value) is not False
    }
    if left:
        listed = "; ".join(f"{name} = {value[:100]}" for name, value in sorted(left.items()))
        scope.info(IssueCode.SETTING_NOT_KEPT, f"Settings without a home: {listed}.")
    return left


def read_html(element: Element, scope: Scope) -> list[OlxBlock]:
    """An HTML component: its content stands in a file of its own, or inside the element."""
    content = _html_content(element, scope)
    return text_blocks(content, scope) if content is not None else []


def _html_content(element: Element, scope: Scope) -> str | None:
    name = plain(element.get("filename") or "")
    if not name:
        return inner_html(element) if len(element) else element.text or ""
    path = name.replace(":", "/")
    candidates = [f"html/{path}.html", f"html/{path}", f"html/{path}.xml", f"{path}.html", path]
    found = next((candidate for candidate in candidates if scope.export.has(candidate)), None)
    if found is None:
        scope.error(IssueCode.FILE_MISSING, f"The text of this component, html/{path}.html, is not in the export.")
        return None
    content = scope.export.read(found)
    if content is None:
        scope.error(IssueCode.FILE_TOO_LARGE, f"The text of this component, {found}, is too large.")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        scope.warn(IssueCode.ENCODING_GUESSED, f"{found} is not in UTF-8; it was read as Windows-1252.")
        return content.decode("cp1252", "replace")


# --- components without a counterpart ------------------------------------------------------------------------------


def _without_home(reason: str, words: Callable[[Element], str], severity: Severity = Severity.ERROR) -> Read:
    """A reader that reports `reason` and keeps what `words` finds for learners, as HTML."""

    def read(element: Element, scope: Scope) -> list[OlxBlock]:
        scope.report(severity, IssueCode.COMPONENT_UNSUPPORTED, f"<{element.tag}> {reason}.", _harmless_source(element))
        blocks = text_blocks(words(element), scope)
        if blocks and scope.title:
            blocks[0] = _titled(blocks[0], scope.title)
        return blocks

    return read


def _titled(block: OlxBlock, title: str) -> OlxBlock:
    return replace(block, title=block.title or title)


def _harmless_source(element: Element) -> str:
    """The element's XML without attributes that may hold credentials."""
    bare = copy.copy(element)
    for name in [name for name in bare.attrib if any(secret in name.lower() for secret in _SECRETS)]:
        bare.set(name, "(not shown)")
    return source_of(bare)


def _nothing(_element: Element) -> str:
    return ""


def _attributes(*names: str) -> Callable[[Element], str]:
    """The words in some of the attributes, which may be HTML."""

    def words(element: Element) -> str:
        return "".join(_as_html(plain(element.attrib[name])) for name in names if not is_empty(element.get(name)))

    return words


def _as_html(value: str) -> str:
    return f"<div>{value}</div>" if re.search(r"<[A-Za-z/]", value) else as_paragraphs(*re.split(r"\n\s*\n", value))


def _unknown_words(element: Element) -> str:
    """Whatever a component of an unknown kind says: its usual text attributes, then its content."""
    said = _attributes(
        "question",
        "question_text",
        "prompt",
        "instructions",
        "description",
        "text",
        "content",
        "html",
        "embed_code",
        "body",
    )(element)
    inner = inner_html(element)
    # Some components store data as JSON text; that is nothing to read.
    return said if json_value(inner) is not None else said + inner


def _annotated(element: Element) -> str:
    """The text with a number behind each annotated passage, and the annotations below."""
    shown = copy.deepcopy(element)
    notes = []
    for number, annotation in enumerate(shown.iter("annotation"), 1):
        title, body = annotation.get("title") or "", annotation.get("body") or ""
        notes.append(f"<p>[{number}] <strong>{html.escape(title)}</strong> {html.escape(body)}</p>")
        inner = list(annotation)
        target = inner[-1] if inner else annotation
        if inner:
            target.tail = f"{target.tail or ''} [{number}]"
        else:
            target.text = f"{target.text or ''} [{number}]"
    for annotation in [e for e in shown.iter() if e.tag in ("annotation", "instructions")]:
        annotation.tag, annotation.attrib = ("span" if annotation.tag == "annotation" else "div"), {}
    return inner_html(shown) + "".join(notes)


def _dragged(element: Element) -> str:
    """What is said around a drag-and-drop exercise: the task, the picture, the places and the things to put there."""
    data = json_value(element.get("data") or "")
    data = data if isinstance(data, dict) else {}
    picture, described = str(data.get("targetImg") or ""), html.escape(str(data.get("targetImgDescription") or ""))
    feedback = data.get("feedback")
    start = str(feedback.get("start") or "") if isinstance(feedback, dict) else ""
    return (
        _as_html(plain(element.get("question_text") or ""))
        + _as_html(start)
        + (f'<p><img src="{html.escape(picture)}" alt="{described}"></p>' if picture else "")
        + as_list([_joined(zone, "title", "description") for zone in _dicts(data.get("zones"))])
        + as_list([_joined(item, "displayName", "imageDescription") for item in _dicts(data.get("items"))])
    )


def _dicts(value: object) -> list[dict[str, object]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _joined(entry: dict[str, object], *names: str) -> str:
    return " – ".join(str(entry[name]) for name in names if entry.get(name))


def _external_tool(element: Element) -> str:
    return _attributes("description")(element) + as_paragraphs(plain(first(element.attrib, "button_text")))


_UNKNOWN = Reader(
    _without_home("is a component that Cairn does not know", _unknown_words),
    frozenset(
        {
            "question",
            "question_text",
            "prompt",
            "instructions",
            "description",
            "text",
            "content",
            "html",
            "embed_code",
            "body",
        }
    ),
)
_TOOL = Reader(
    _without_home("opens a tool on another site (LTI), which Cairn cannot start yet", _external_tool),
    frozenset({"description", "button_text"}),
)

READERS: dict[str, Reader] = {
    "html": Reader(read_html),
    "video": Reader(media.read_video, media.KNOWN_ATTRIBUTES),
    "videoalpha": Reader(media.read_video, media.KNOWN_ATTRIBUTES),
    "problem": Reader(problem.read_problem, problem.KNOWN_ATTRIBUTES),
    "openassessment": Reader(assessments.read_open_response, assessments.OPEN_RESPONSE_ATTRIBUTES),
    "poll": Reader(assessments.read_poll, assessments.POLL_ATTRIBUTES),
    "poll_question": Reader(assessments.read_poll_question, assessments.POLL_ATTRIBUTES),
    "survey": Reader(assessments.read_survey, assessments.SURVEY_ATTRIBUTES),
    "annotatable": Reader(
        _without_home("has annotations, which became notes below the text", _annotated, Severity.WARNING)
    ),
    "drag-and-drop-v2": Reader(
        _without_home("asks for things to be put in their places", _dragged), frozenset({"data", "question_text"})
    ),
    "discussion": Reader(
        _without_home("is a place for discussion, which belongs to the community and not to a lesson", _nothing),
        frozenset({"discussion_category", "discussion_target", "discussion_id", "sort_key"}),
    ),
    "word_cloud": Reader(
        _without_home("collects words from learners into a cloud", _attributes("instructions")),
        frozenset({"instructions"}),
    ),
    "show": Reader(
        _without_home("showed parts that stand elsewhere in the course", _nothing, Severity.WARNING),
    ),
    "done": Reader(_without_home("lets learners mark a unit as done", _nothing)),
    "edx_sga": Reader(
        _without_home("takes files that staff grade", _attributes("instructions")), frozenset({"instructions"})
    ),
    "staffgradedxblock": Reader(
        _without_home("gives points that staff enter", _attributes("instructions")), frozenset({"instructions"})
    ),
    "lti": _TOOL,
    "lti_consumer": _TOOL,
}
