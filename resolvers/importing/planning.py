"""From an OLX course to a plan: which of our objects each of its nodes becomes, with which values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.errors import DomainError
from gateways import olx
from models.content import Staged
from models.curriculum import Block, BlockFormat, Course, Lesson, Module
from resolvers.importing.issues import Issue, files_not_copied, found, settings_without_home, storable

COURSE_ID = "course"
MAX_TITLE, MAX_NAME = 200, 300

# Findings that say a part of the course could not be read: that it is missing does not mean that it was removed.
_UNREADABLE = {olx.IssueCode.FILE_MISSING, olx.IssueCode.FILE_UNREADABLE, olx.IssueCode.FILE_TOO_LARGE}


@dataclass(frozen=True)
class Planned:
    """One object to be: where it stands in the export (a block below its section), and its values.

    `is_hidden` is true for what learners could not see in the export.
    """

    external_id: str
    model: type[Staged]
    parent: str | None
    values: dict[str, Any]
    place: str
    format: BlockFormat | None = None
    is_hidden: bool = False

    @property
    def word(self) -> str:
        """What to call it in a summary."""
        if self.format is None:
            return self.model.__name__.lower()
        return "section" if self.format is BlockFormat.SECTION else "block"


@dataclass
class Plan:
    """All objects of a course, parents before children, siblings in order; and what did not fit.

    `targets` says which object a link to a url_name leads to. `unreadable` are outside ids of parts that the export
    has, but damaged.
    """

    source: str
    nodes: list[Planned] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    targets: dict[str, str] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()


def plan(course: olx.OlxCourse) -> Plan:
    """Chapters become modules, sequentials lessons, verticals sections, components blocks.

    Values still hold the reader's neutral links. Raises `DomainError` when a component became nothing at all.
    """
    if lost := course.accounts().lost:
        raise DomainError(f"{len(lost)} components would get lost without a word, {lost[0]} for one.", "LOST")
    made = Plan(named(f"{course.system}:{course.key}"))
    made.issues = [*map(found, course.issues), *settings_without_home(course), *files_not_copied(course)]
    made.unreadable = frozenset(
        named(each.external_id) for each in course.issues if each.code in _UNREADABLE and each.external_id
    )
    made.nodes.append(Planned(COURSE_ID, Course, None, _course_values(course), storable(course.display_name)))
    for chapter in course.chapters:
        made.nodes.append(_container(chapter, Module, COURSE_ID))
        for sequential in chapter.sequentials:
            made.nodes.append(_container(sequential, Lesson, chapter.external_id))
            for vertical in sequential.verticals:
                made.nodes.append(_section(vertical, sequential.external_id))
                for component in vertical.components:
                    made.nodes += _blocks(component, vertical)
    made.targets = _targets(course, {node.external_id for node in made.nodes})
    return made


def named(outside: str) -> str:
    """An outside name as it is stored: as it is, or cut and told apart by a hash where it is too long."""
    text = storable(outside)
    if len(text) <= MAX_NAME:
        return text
    return f"{text[: MAX_NAME - 65]}~{hashlib.sha256(text.encode()).hexdigest()}"


def titled(text: str | None, otherwise: str) -> str:
    """A title on one line, cut to the length that titles may have; the other one where there is none."""
    words = " ".join(storable(text or "").split()) or otherwise
    return words if len(words) <= MAX_TITLE else words[: MAX_TITLE - 1] + "…"


def _course_values(course: olx.OlxCourse) -> dict[str, Any]:
    settings = course.settings
    return {
        "title": titled(course.display_name, course.key),
        "summary": (settings.summary or "")[:1000],
        "description": (settings.description or "")[:50_000],
    }


def _container(node: olx.OlxNode, model: type[Staged], parent: str) -> Planned:
    values = {"title": titled(node.title, node.url_name)}
    return Planned(
        named(node.external_id), model, named(parent), values, storable(str(node.place)), None, node.is_hidden
    )


def _section(vertical: olx.OlxVertical, parent: str) -> Planned:
    values = {"title": titled(vertical.title, vertical.url_name), "body": "", "points": 0, "is_required": False}
    place = storable(str(vertical.place))
    name = named(vertical.external_id)
    return Planned(name, Block, named(parent), values, place, BlockFormat.SECTION, vertical.is_hidden)


def _blocks(component: olx.OlxComponent, vertical: olx.OlxVertical) -> Iterator[Planned]:
    for block in component.blocks:
        values = {
            "title": titled(block.title, "") or None,
            "body": block.body,
            "points": block.points,
            "is_required": block.is_required,
            **block.settings,
        }
        name, place = named(block.external_id), storable(str(block.place))
        kind = BlockFormat(block.format)
        yield Planned(name, Block, named(vertical.external_id), values, place, kind, component.is_hidden)


def _targets(course: olx.OlxCourse, planned: set[str]) -> dict[str, str]:
    """Which object each url_name stands for in links; for a component that became no block that is its section."""
    homes = {
        component.external_id: vertical.external_id
        for vertical in course.verticals()
        for component in vertical.components
    }
    found: dict[str, str] = {}
    for link in course.links:
        if link.kind is olx.LinkKind.UNIT and link.resolved is not None:
            name = named(link.resolved)
            found[link.target] = name if name in planned else named(homes.get(link.resolved, link.resolved))
    return found
