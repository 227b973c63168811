"""Accounts for what the outline does not reach: pages, policies, drafts, and files nothing refers to."""

import json
from collections.abc import Iterator
from typing import Any

from gateways.olx.archive import Export
from gateways.olx.structure import Outline
from gateways.olx.tree import IssueCode, OlxIssue, OlxPlace, Severity
from gateways.olx.values import json_value
from gateways.olx.words import visible_words
from gateways.olx.xml import clip

_PAGES = {
    "tabs": "A page of the course outside its units",
    "info": "A page of news or handouts",
    "about": "A page that described the course in a catalogue",
    "static_tab": "A page of the course outside its units",
    "textbooks": "A textbook",
}
_SMALL_PAGE = 10_000
_DEFINITIONS = frozenset({"chapter", "sequential", "vertical", "html", "problem", "video", "course"})


def leftover_issues(export: Export, outline: Outline) -> Iterator[OlxIssue]:
    """A finding for each non-empty file that was not read, and for the course's tabs and grading."""
    yield from _tabs(outline)
    grading = f"policies/{outline.run}/grading_policy.json"
    if (content := export.read(grading)) is not None:
        yield _issue(Severity.WARNING, IssueCode.GRADING_POLICY_NOT_KEPT, grading, _grading_message(content), content)
    if export.outside:
        message = f"{export.outside} file(s) beside the course's folder were not read."
        yield _issue(Severity.INFO, IssueCode.FILE_NOT_USED, "..", message, None)
    for path in export.unused():
        content = export.documents.get(path)
        if not (path.endswith(".html") and content is not None and _says_nothing(content)):
            yield _unused(path, content)


def _tabs(outline: Outline) -> Iterator[OlxIssue]:
    written = outline.root.element.get("tabs")
    tabs = json_value(written) if written else None
    if isinstance(tabs, list) and tabs:
        names = [str(tab.get("name") or tab.get("type")) for tab in tabs if isinstance(tab, dict)]
        message = f"The course's menu has no home: {', '.join(names[:30])}."
        file = f"policies/{outline.run}/policy.json"
        yield _issue(
            Severity.INFO, IssueCode.TABS_NOT_KEPT, file, message, json.dumps(tabs, ensure_ascii=False).encode()
        )


def _grading_message(content: bytes) -> str:
    try:
        policy: Any = json.loads(content)
        graders = [
            f"{grader.get('type')} {float(grader.get('weight') or 0):.0%}" for grader in policy.get("GRADER") or []
        ]
        cutoffs = [f"{name} from {float(value):.0%}" for name, value in (policy.get("GRADE_CUTOFFS") or {}).items()]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return "The grading policy has no home, and cannot be read."
    return f"The grading policy has no home: {', '.join(graders + cutoffs)}."[:1000]


def _says_nothing(page: bytes) -> bool:
    return len(page) < _SMALL_PAGE and not visible_words(page.decode("utf-8", "replace"))


def _unused(path: str, content: bytes | None) -> OlxIssue:
    top = path.split("/")[0]
    if top == "drafts":
        message = "A draft that was not published is not imported."
        return _issue(Severity.WARNING, IssueCode.DRAFT_NOT_IMPORTED, path, message, content)
    if top in _PAGES:
        message = f"{_PAGES[top]} is not imported."
        return _issue(Severity.WARNING, IssueCode.PAGE_NOT_IMPORTED, path, message, content)
    if top in _DEFINITIONS and "/" in path:
        message = f"No part of the course refers to this {top}, so it is not imported."
        return _issue(Severity.WARNING, IssueCode.ORPHAN_NOT_IMPORTED, path, message, content)
    message = "Nothing in the course refers to this file, so it is not imported."
    return _issue(Severity.INFO, IssueCode.FILE_NOT_USED, path, message, None)


def _issue(severity: Severity, code: IssueCode, file: str, message: str, content: bytes | None) -> OlxIssue:
    source = clip(content[:4096].decode("utf-8", "replace")) if content else None
    return OlxIssue(severity, code, OlxPlace((), file), message, None, source)
