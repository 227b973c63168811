"""Builds the course tree from its skeleton, and accounts for everything in the export that is no part of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypedDict
from xml.etree.ElementTree import Element

from gateways.olx.archive import Export, OlxLimits, Progress, open_export
from gateways.olx.components import BOOKKEEPING, read_component, report_attributes
from gateways.olx.html import to_markdown
from gateways.olx.leftovers import leftover_issues
from gateways.olx.links import References, canonical_name
from gateways.olx.scope import Scope
from gateways.olx.structure import BESIDE_THE_OUTLINE, Outline, Raw, read_outline
from gateways.olx.tree import (
    IssueCode,
    OlxChapter,
    OlxComponent,
    OlxCourse,
    OlxCourseSettings,
    OlxIssue,
    OlxLink,
    OlxPlace,
    OlxSequential,
    OlxVertical,
)
from gateways.olx.values import flag, instant, is_empty, plain
from gateways.olx.words import names
from gateways.olx.xml import source_of

_COURSE_SETTINGS = names(
    "org course display_name url_name slug start end enrollment_start enrollment_end language self_paced"
    " course_image xml_attributes tabs wiki_slug"
)
_SEQUENTIAL_SETTINGS = frozenset({"graded", "format", "hide_after_due", "hide_from_toc"})
_DEFAULT_LANGUAGE = "en"


class _Common(TypedDict):
    category: str
    url_name: str
    external_id: str
    title: str
    place: OlxPlace
    start: datetime | None
    due: datetime | None
    is_hidden: bool
    attributes: dict[str, str]


def read_course(path: Path, *, progress: Progress | None = None, limits: OlxLimits | None = None) -> OlxCourse:
    """Reads an OLX export, a folder or a .tar.gz, into a course tree.

    `progress(stage, done, total)` is called now and then: stage `files` while the export is opened (total 0: not known
    yet), `units` while its units are read. Raises OlxError when the export is hostile, damaged or no course; everything
    smaller is an issue in the result.
    """
    limits = limits or OlxLimits()
    progress = progress or (lambda stage, done, total: None)
    export = open_export(path, limits, progress)
    outline = read_outline(export, limits)
    return _Builder(export, outline, _references(export, outline), progress).build()


def _references(export: Export, outline: Outline) -> References:
    nodes: dict[str, str] = {}
    waiting = list(reversed(outline.root.children))
    while waiting:
        raw = waiting.pop()
        nodes.setdefault(raw.url_name, raw.external_id)
        waiting.extend(reversed(raw.children))
    static: dict[str, str] = {}
    files = export.static_files()
    for name in files:
        static[name] = name
    for key, name in _renamed_files(export).items():
        if name in files:
            static.setdefault(key, name)
    for name in files:
        static.setdefault(canonical_name(name), name)
    return References(outline.org, outline.course, outline.run, nodes, static)


def _renamed_files(export: Export) -> dict[str, str]:
    """The names that policies/assets.json gives to files whose own names Open edX could not use."""
    content = export.read("policies/assets.json")
    export.read("assets/assets.xml")
    try:
        assets = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    items = assets.items() if isinstance(assets, dict) else ()
    return {str(key): str(asset.get("displayname")) for key, asset in items if isinstance(asset, dict)}


@dataclass(slots=True)
class _Builder:
    """Turns the skeleton into the tree, collecting findings and links in the order of the course."""

    export: Export
    outline: Outline
    references: References
    progress: Progress
    language: str = _DEFAULT_LANGUAGE
    issues: list[OlxIssue] = field(default_factory=list)
    links: list[OlxLink] = field(default_factory=list)
    units_done: int = 0
    units_total: int = 0

    def build(self) -> OlxCourse:
        root = self.outline.root
        self.language = plain(root.element.get("language") or "") or _DEFAULT_LANGUAGE
        self.units_total = sum(len(s.children) for c in root.children for s in c.children)
        self.issues.extend(self.outline.issues)
        settings = self._course_settings(root)
        chapters = tuple(self._chapter(raw) for raw in root.children)
        self.issues.extend(leftover_issues(self.export, self.outline))
        return OlxCourse(
            org=self.outline.org,
            course=self.outline.course,
            run=self.outline.run,
            display_name=root.title,
            settings=settings,
            chapters=chapters,
            static_files=self.export.static_files(),
            issues=tuple(self.issues),
            links=tuple(self.links),
        )

    def _chapter(self, raw: Raw) -> OlxChapter:
        common = self._common(raw, frozenset(), False)
        sequentials = tuple(self._sequential(child, common["is_hidden"]) for child in raw.children)
        return OlxChapter(**common, sequentials=sequentials)

    def _sequential(self, raw: Raw, hidden: bool) -> OlxSequential:
        common = self._common(raw, _SEQUENTIAL_SETTINGS, hidden)
        attributes = raw.element.attrib
        return OlxSequential(
            **common,
            graded=bool(flag(attributes.get("graded"))),
            format=None if is_empty(attributes.get("format")) else plain(attributes["format"]),
            hide_after_due=bool(flag(attributes.get("hide_after_due"))),
            hide_from_toc=bool(flag(attributes.get("hide_from_toc"))),
            verticals=tuple(self._vertical(child, common["is_hidden"]) for child in raw.children),
        )

    def _vertical(self, raw: Raw, hidden: bool) -> OlxVertical:
        common = self._common(raw, frozenset(), hidden)
        components = tuple(self._component(child, common["is_hidden"]) for child in raw.children)
        self.units_done += 1
        self.progress("units", self.units_done, self.units_total)
        return OlxVertical(**common, components=components)

    def _component(self, raw: Raw, hidden: bool) -> OlxComponent:
        scope = self._scope(raw)
        blocks, left = read_component(raw.element, scope)
        self._collect(scope)
        # Which settings have a home differs by component, so its own reader has reported the others.
        common = self._common(raw, frozenset(raw.element.attrib), hidden)
        common["attributes"].update(left)
        return OlxComponent(**common, blocks=tuple(blocks))

    def _common(self, raw: Raw, known: frozenset[str], hidden: bool) -> _Common:
        """The fields all nodes share, with findings for settings that have no field."""
        scope = self._scope(raw)
        attributes = raw.element.attrib
        is_hidden = bool(flag(attributes.get("visible_to_staff_only")))
        if is_hidden:
            scope.warn(IssueCode.HIDDEN_FROM_LEARNERS, "Only staff could see this.")
        if not is_empty(attributes.get("group_access")):
            groups = attributes["group_access"][:500]
            scope.warn(IssueCode.RESTRICTED_TO_GROUPS, f"Only some groups of learners could see this: {groups}.")
        left = report_attributes(attributes, BOOKKEEPING | known | {"olx-implied"}, scope)
        if not is_empty(attributes.get("group_access")):
            left["group_access"] = attributes["group_access"]
        start, due = _moment(scope, attributes, "start"), _moment(scope, attributes, "due")
        self._collect(scope)
        return {
            "category": raw.category,
            "url_name": raw.url_name,
            "external_id": raw.external_id,
            "title": raw.title,
            "place": raw.place,
            "start": start,
            "due": due,
            "is_hidden": hidden or is_hidden,
            "attributes": left,
        }

    def _scope(self, raw: Raw) -> Scope:
        return Scope(raw.external_id, raw.place, raw.title, self.language, self.export, self.references)

    def _collect(self, scope: Scope) -> None:
        self.issues.extend(scope.issues)
        self.links.extend(scope.links)

    # --- the course itself -------------------------------------------------------------------------------------------

    def _course_settings(self, root: Raw) -> OlxCourseSettings:
        scope = self._scope(root)
        attributes = root.element.attrib
        self._report_course_elements(root, scope)
        settings = OlxCourseSettings(
            start=_moment(scope, attributes, "start"),
            end=_moment(scope, attributes, "end"),
            enrollment_start=_moment(scope, attributes, "enrollment_start"),
            enrollment_end=_moment(scope, attributes, "enrollment_end"),
            language=self.language,
            self_paced=flag(attributes.get("self_paced")),
            image=self._image(plain(attributes.get("course_image") or "")),
            summary=" ".join(self._about("short_description").split()) or None,
            description=to_markdown(self._about("overview"), scope) or None,
        )
        names = sorted(
            n for n, v in attributes.items() if n not in _COURSE_SETTINGS and not is_empty(v) and flag(v) is not False
        )
        if names:
            # Names only: among the values are the keys and secrets of external tools.
            scope.info(IssueCode.SETTING_NOT_KEPT, f"Settings of the course without a home: {', '.join(names)}.")
        self._collect(scope)
        return settings

    def _report_course_elements(self, root: Raw, scope: Scope) -> None:
        reports: dict[str, Callable[[Element], None]] = {
            "wiki": lambda e: scope.info(
                IssueCode.WIKI_NOT_KEPT, "The course's wiki is not in the export.", source_of(e)
            ),
            "textbook": lambda e: scope.warn(IssueCode.TEXTBOOK_NOT_KEPT, "A textbook has no home.", source_of(e)),
        }
        for element in root.element:
            if element.tag in reports:
                reports[element.tag](element)
            elif element.tag in BESIDE_THE_OUTLINE:
                scope.info(
                    IssueCode.SETTING_NOT_KEPT, f"<{element.tag}> of the course has no home.", source_of(element)
                )

    def _image(self, name: str) -> str | None:
        return self.references.static.get(name) or self.references.static.get(canonical_name(name)) if name else None

    def _about(self, page: str) -> str:
        content = self.export.read(f"about/{page}.html")
        return content.decode("utf-8", "replace") if content else ""


def _moment(scope: Scope, attributes: dict[str, str], name: str) -> datetime | None:
    if is_empty(attributes.get(name)):
        return None
    try:
        return instant(attributes[name])
    except (ValueError, OverflowError):
        scope.warn(IssueCode.SETTING_INVALID, f"{name} is “{attributes[name][:100]}”, which is no date.")
        return None
