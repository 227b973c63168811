"""What an import has to say: findings of the export's reader, and its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from gateways import olx

_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


class Code(StrEnum):
    """The importer's own kinds of finding, beside those of `olx.IssueCode`; `docs/import-olx.md` explains each."""

    FILE_NOT_COPIED = "file_not_copied"
    SETTING_WITHOUT_HOME = "setting_without_home"
    TEXT_MISSING = "text_missing"
    BLOCK_REFUSED = "block_refused"
    LINK_TARGET_MISSING = "link_target_missing"
    THEME_KEPT = "theme_kept"
    CHANGED_ON_BOTH_SIDES = "changed_on_both_sides"
    ORDER_CHANGED_ON_BOTH_SIDES = "order_changed_on_both_sides"
    MOVED_ON_BOTH_SIDES = "moved_on_both_sides"
    FORMAT_CHANGED = "format_changed"
    TRASHED_HERE = "trashed_here"
    PARENT_IN_TRASH = "parent_in_trash"
    GONE_BUT_CHANGED_HERE = "gone_but_changed_here"
    GONE_AND_TRASHED = "gone_and_trashed"
    HIDDEN_BUT_CHANGED_HERE = "hidden_but_changed_here"
    HIDDEN_AND_TRASHED = "hidden_and_trashed"


@dataclass(frozen=True)
class Issue:
    """One finding of an import, as it is stored and shown."""

    severity: str
    code: str
    place: str
    reason: str
    excerpt: str | None = None
    external_id: str | None = None


def storable(text: str) -> str:
    """The text with the characters that PostgreSQL cannot hold (NUL, halves of surrogate pairs) replaced."""
    return _NOT_STORABLE.sub("\ufffd", text)


def found(issue: olx.OlxIssue) -> Issue:
    """A finding of the export's reader."""
    return Issue(
        issue.severity.value,
        issue.code.value,
        storable(str(issue.place)),
        storable(issue.message),
        storable(issue.source) if issue.source else None,
        storable(issue.external_id) if issue.external_id else None,
    )


def files_not_copied(course: olx.OlxCourse) -> Iterator[Issue]:
    """One issue for each file of the export that its texts use."""
    places = {block.external_id: str(block.place) for block in course.blocks()}
    uses: dict[str, list[str]] = {}
    for link in course.links:
        if link.kind is olx.LinkKind.STATIC and link.resolved is not None:
            uses.setdefault(link.resolved, []).append(link.source)
    for name, sources in uses.items():
        file, first = course.static_files[name], sources[0]
        used = "once" if len(sources) == 1 else f"{len(sources)} times"
        reason = f"{name} ({file.size} bytes) is used {used}. Files are not copied: serve it at {static_path(name)}."
        place = places.get(first, first)
        yield Issue("warning", Code.FILE_NOT_COPIED, storable(place), storable(reason), external_id=storable(first))


def settings_without_home(course: olx.OlxCourse) -> Iterator[Issue]:
    """What the export says about dates and grading, which drafts do not hold."""
    settings = course.settings
    of_course = [
        *_dates(starts=settings.start, ends=settings.end),
        *_dates(enrolment_starts=settings.enrollment_start, enrolment_ends=settings.enrollment_end),
        f"language {settings.language}" if settings.language else "",
        {True: "self-paced", False: "led by an instructor", None: ""}[settings.self_paced],
        f"image {settings.image}" if settings.image else "",
    ]
    yield from _without_home(course.display_name, None, of_course)
    for chapter in course.chapters:
        yield from _without_home(str(chapter.place), chapter.external_id, _of_node(chapter))
        for sequential in chapter.sequentials:
            said = [*_of_node(sequential), *_of_sequential(sequential)]
            yield from _without_home(str(sequential.place), sequential.external_id, said)
            for vertical in sequential.verticals:
                for node in (vertical, *vertical.components):
                    yield from _without_home(str(node.place), node.external_id, _of_node(node))


def static_path(name: str) -> str:
    """The address that texts use for a file of the export."""
    return f"/static/{quote(name)}"


def _of_node(node: olx.OlxNode) -> list[str]:
    return _dates(opens=node.start, due=node.due)


def _of_sequential(node: olx.OlxSequential) -> list[str]:
    graded = f"graded as {node.format}" if node.format else "graded"
    return [
        graded if node.graded else f"assignment type {node.format}" if node.format else "",
        "hidden after its due date" if node.hide_after_due else "",
        "hidden from the table of contents" if node.hide_from_toc else "",
    ]


def _dates(**dates: datetime | None) -> list[str]:
    return [f"{name.replace('_', ' ')} {date.isoformat(' ', 'minutes')}" for name, date in dates.items() if date]


def _without_home(place: str, external_id: str | None, said: list[str]) -> Iterator[Issue]:
    if any(said):
        reason = f"Without a home here: {', '.join(each for each in said if each)}."
        yield Issue("info", Code.SETTING_WITHOUT_HOME, storable(place), storable(reason), external_id=external_id)
