"""From an OLX course to a plan: which of our objects each of its nodes becomes, with which values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import SeveralErrors
from gateways import olx
from models.content import Staged
from models.curriculum import Block, BlockFormat, Course, Lesson, Module
from resolvers.formats import BY_KIND
from resolvers.formats.base import validated

MAX_TITLE = 200
COURSE_ID = "course"


@dataclass(frozen=True)
class Issue:
    """One finding of an import, as it is stored and shown."""

    severity: str
    code: str
    place: str
    reason: str
    excerpt: str | None = None
    external_id: str | None = None


@dataclass(frozen=True)
class Planned:
    """One object to be: its place in the tree, its values, and where it stood in the export."""

    external_id: str
    model: type[Staged]
    parent: str | None
    values: dict[str, Any]
    place: str
    format: BlockFormat | None = None


@dataclass
class Plan:
    """All objects of a course, parents before children, siblings in order; and what did not fit."""

    source: str
    nodes: list[Planned] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def children(self, external_id: str) -> list[Planned]:
        """The nodes right below one, in order."""
        return [node for node in self.nodes if node.parent == external_id]


def plan(course: olx.OlxCourse) -> Plan:
    """Chapters become modules, sequentials lessons, verticals sections, components blocks."""
    made = Plan(f"olx:{course.key}")
    made.issues = [_issue(each) for each in course.issues]
    made.nodes.append(Planned(COURSE_ID, Course, None, _course_values(course), course.display_name))
    for chapter in course.chapters:
        made.nodes.append(_container(chapter, Module, COURSE_ID))
        for sequential in chapter.sequentials:
            made.nodes.append(_container(sequential, Lesson, chapter.external_id))
            for vertical in sequential.verticals:
                made.nodes.append(_section(vertical, sequential.external_id))
                made.nodes += _blocks(vertical, sequential.external_id)
    return made


def link(made: Plan, course: olx.OlxCourse, ids: Mapping[str, str]) -> None:
    """Turns the plan's neutral links into ours and settles the values.

    Links to units become `cairn:<id>`, links to files `/static/<name>`; each file is reported.
    """
    by_name = {node.url_name: node.external_id for node in _nodes(course)}

    def rewrite(kind: olx.LinkKind, name: str) -> str:
        if kind is olx.LinkKind.STATIC:
            return f"/static/{name}"
        target = ids.get(by_name.get(name, ""))
        return f"cairn:{target}" if target else f"olx:unit/{name}"

    linked = [replace(node, values=_rewritten(node.values, rewrite)) for node in made.nodes]
    made.nodes = [_settled(node, made.issues) for node in linked]
    made.issues += [
        _static_issue(each, course) for each in course.links if each.kind is olx.LinkKind.STATIC and each.exists
    ]


def normalised(kind: BlockFormat, values: Mapping[str, Any]) -> dict[str, Any]:
    """A block's values as they will stand after saving, so that they compare equal with what is read back."""
    own = {name: values[name] for name in ("title", "body", "points", "is_required") if name in values}
    fields = {name: value for name, value in values.items() if name not in own and value is not None}
    return {**own, **validated(BY_KIND[kind], fields).model_dump(mode="json")}


def _course_values(course: olx.OlxCourse) -> dict[str, Any]:
    settings = course.settings
    return {
        "title": _title(course.display_name, course.key),
        "summary": (settings.summary or "")[:1000],
        "description": (settings.description or "")[:50_000],
    }


def _container(node: olx.OlxNode, model: type[Staged], parent: str) -> Planned:
    return Planned(node.external_id, model, parent, {"title": _title(node.title, node.url_name)}, str(node.place))


def _section(vertical: olx.OlxVertical, parent: str) -> Planned:
    values = {"title": _title(vertical.title, vertical.url_name), "body": "", "points": 0, "is_required": False}
    return Planned(vertical.external_id, Block, parent, values, str(vertical.place), BlockFormat.SECTION)


def _blocks(vertical: olx.OlxVertical, parent: str) -> Iterator[Planned]:
    for component in vertical.components:
        for block in component.blocks:
            values = {
                "title": _title(block.title, "") or None,
                "body": block.body,
                "points": block.points,
                "is_required": block.is_required,
                **block.settings,
            }
            yield Planned(block.external_id, Block, parent, values, str(block.place), BlockFormat(block.format))


def _settled(node: Planned, issues: list[Issue]) -> Planned:
    """The node with the values that will stand after saving.

    A block that its format refuses becomes a text block with its words, and an issue says why.
    """
    if node.format is None:
        return node
    values, kind = dict(node.values), node.format
    if BY_KIND[kind].needs_title and not values["title"]:
        values["title"] = _title(node.place.rpartition("›")[2].partition("(")[0], "Untitled")
    if BY_KIND[kind].needs_body and not values["body"].strip():
        values["body"] = values["title"] or "…"
        issues.append(
            _own_issue("warning", "text_missing", node, "The block had no text of its own; its title stands in.")
        )
    try:
        return replace(node, values=normalised(kind, values))
    except SeveralErrors as error:
        reason = f"This {kind.value} does not fit its format and was kept as text: {error}"
        issues.append(_own_issue("error", "block_refused", node, reason[:4000], repr(node.values)[:2000]))
        body = values["body"] or values["title"] or kind.value
        kept = {"title": values["title"], "body": body, "points": 0, "is_required": False}
        return replace(node, values=kept, format=BlockFormat.TEXT)


def _own_issue(severity: str, code: str, node: Planned, reason: str, excerpt: str | None = None) -> Issue:
    return Issue(severity, code, node.place, reason, excerpt, node.external_id)


def _title(text: str | None, otherwise: str) -> str:
    words = " ".join((text or "").split()) or otherwise
    return words if len(words) <= MAX_TITLE else words[: MAX_TITLE - 1] + "…"


def _issue(found: olx.OlxIssue) -> Issue:
    return Issue(
        found.severity.value,
        found.code.value,
        str(found.place)[:1000],
        found.message[:4000],
        found.source,
        found.external_id,
    )


def _static_issue(found: olx.OlxLink, course: olx.OlxCourse) -> Issue:
    file = course.static_files.get(found.resolved or "")
    size = f" ({file.size} bytes)" if file else ""
    reason = (
        f"The text links to the file {found.target}{size}. Files are not copied: serve it at /static/{found.target}."
    )
    return Issue("info", "static_file_linked", found.source, reason, external_id=found.source)


def _nodes(course: olx.OlxCourse) -> Iterator[olx.OlxNode]:
    for chapter in course.chapters:
        yield chapter
        for sequential in chapter.sequentials:
            yield sequential
            for vertical in sequential.verticals:
                yield vertical
                yield from vertical.components


def _rewritten(value: Any, rewrite: Any) -> Any:
    if isinstance(value, str):
        return olx.rewrite_references(value, rewrite)
    if isinstance(value, list):
        return [_rewritten(each, rewrite) for each in value]
    if isinstance(value, dict):
        return {name: _rewritten(each, rewrite) for name, each in value.items()}
    return value
