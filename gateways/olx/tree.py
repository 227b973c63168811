"""The neutral course tree that an OLX export is read into: plain values, no database, no GraphQL.

Field names inside `OlxBlock.settings` are those of Cairn's block formats, so that putting a tree into the database is
a straight mapping. Everything the tree cannot hold is an `OlxIssue`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Settings = dict[str, Any]


class OlxError(Exception):
    """The export as a whole cannot be read: it is hostile, damaged, or no course.

    `message` is one sentence in plain words; `place` is the file inside the export, where one can be named.
    """

    def __init__(self, message: str, place: str | None = None) -> None:
        super().__init__(f"{message} ({place})" if place else message)
        self.message = message
        self.place = place


class Severity(StrEnum):
    """How much an editor should care: `error` lost something, `warning` changed it, `info` is for the record."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class IssueCode(StrEnum):
    """Every kind of finding. `docs/import-olx.md` explains each in plain words; a test keeps the two in step."""

    FILE_MISSING = "file_missing"
    FILE_UNREADABLE = "file_unreadable"
    FILE_TOO_LARGE = "file_too_large"
    FILE_NOT_USED = "file_not_used"
    ENCODING_GUESSED = "encoding_guessed"
    URL_NAME_MISSING = "url_name_missing"
    URL_NAME_REPEATED = "url_name_repeated"
    CONTAINER_IMPLIED = "container_implied"
    CONTAINER_FLATTENED = "container_flattened"
    COMPONENT_EMPTY = "component_empty"
    COMPONENT_UNSUPPORTED = "component_unsupported"
    SETTING_NOT_KEPT = "setting_not_kept"
    SETTING_INVALID = "setting_invalid"
    HIDDEN_FROM_LEARNERS = "hidden_from_learners"
    RESTRICTED_TO_GROUPS = "restricted_to_groups"
    PAGE_NOT_IMPORTED = "page_not_imported"
    DRAFT_NOT_IMPORTED = "draft_not_imported"
    ORPHAN_NOT_IMPORTED = "orphan_not_imported"
    GRADING_POLICY_NOT_KEPT = "grading_policy_not_kept"
    TABS_NOT_KEPT = "tabs_not_kept"
    WIKI_NOT_KEPT = "wiki_not_kept"
    TEXTBOOK_NOT_KEPT = "textbook_not_kept"
    SCRIPT_DROPPED = "script_dropped"
    STYLING_DROPPED = "styling_dropped"
    ATTRIBUTE_DROPPED = "attribute_dropped"
    MARKUP_DROPPED = "markup_dropped"
    EMBED_LINKED = "embed_linked"
    COMMENT_DROPPED = "comment_dropped"
    PLACEHOLDER_KEPT = "placeholder_kept"
    TEXT_CHANGED = "text_changed"
    LINK_BROKEN = "link_broken"
    LINK_COURSE_PAGE = "link_course_page"
    LINK_OTHER_COURSE = "link_other_course"
    STATIC_MISSING = "static_missing"
    QUESTION_UNSUPPORTED = "question_unsupported"
    PYTHON_SCRIPT = "python_script"
    EXPLANATION_NOT_KEPT = "explanation_not_kept"
    HINT_NOT_KEPT = "hint_not_kept"
    FEEDBACK_NOT_KEPT = "feedback_not_kept"
    FEEDBACK_COMBINATION = "feedback_combination"
    PARTIAL_CREDIT_NOT_KEPT = "partial_credit_not_kept"
    CORRECT_CHOICE_MISSING = "correct_choice_missing"
    CORRECT_CHOICES_SEVERAL = "correct_choices_several"
    CHOICE_EMPTY = "choice_empty"
    CHOICE_ORDER_NOT_KEPT = "choice_order_not_kept"
    ANSWER_POOL_NOT_KEPT = "answer_pool_not_kept"
    ANSWER_NOT_NUMERIC = "answer_not_numeric"
    PATTERN_INVALID = "pattern_invalid"
    TEXT_TOO_LONG = "text_too_long"
    ADDRESS_CHANGED = "address_changed"
    WEIGHT_CHANGED = "weight_changed"
    GRADING_NOT_KEPT = "grading_not_kept"
    VIDEO_WITHOUT_SOURCE = "video_without_source"


_UNREADABLE = {IssueCode.FILE_MISSING, IssueCode.FILE_UNREADABLE, IssueCode.FILE_TOO_LARGE}


@dataclass(frozen=True, slots=True)
class OlxPlace:
    """Where something stands: the titles from the chapter down, and the file inside the export."""

    trail: tuple[str, ...]
    file: str

    def below(self, title: str, file: str | None = None) -> "OlxPlace":
        """The place of a child called `title`; `file` when the child has a file of its own."""
        return OlxPlace((*self.trail, title), file or self.file)

    def __str__(self) -> str:
        trail = " › ".join(self.trail)
        return f"{trail} ({self.file})" if trail else self.file


@dataclass(frozen=True, slots=True)
class OlxIssue:
    """One finding. `message` is for an editor; `source` is at most about 2 KB of the original, never a credential."""

    severity: Severity
    code: IssueCode
    place: OlxPlace
    message: str
    external_id: str | None = None
    source: str | None = None


class LinkKind(StrEnum):
    """What a link inside the course points at."""

    UNIT = "unit"
    STATIC = "static"
    COURSE_PAGE = "course_page"


@dataclass(frozen=True, slots=True)
class OlxLink:
    """A link from the text of `source` (external id) to a part of the course, or to one of its static files.

    `target` is a url_name, a static file's name or a path of the old site. `resolved` is the external id of the
    linked node or the key in `OlxCourse.static_files`; None when the export holds no such thing.
    """

    source: str
    kind: LinkKind
    target: str
    resolved: str | None

    @property
    def exists(self) -> bool:
        """Whether the export holds what the link points at."""
        return self.resolved is not None


@dataclass(frozen=True, slots=True)
class OlxStaticFile:
    """A file under `static/`: its name there, its size in bytes and the SHA-256 of its content in hexadecimal."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class OlxBlock:
    """One neutral content or question block; `format` and `settings` follow Cairn's block formats.

    `external_id` is the component's id, with a suffix where a component yields several blocks (`problem/quiz#2`).
    `points` are whole points; content blocks have 0.
    """

    external_id: str
    place: OlxPlace
    format: str
    title: str | None = None
    body: str = ""
    points: int = 0
    is_required: bool = False
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OlxNode:
    """What chapters, sequentials, verticals and components share.

    `is_hidden` is true when the node or one above it is visible to staff only. `attributes` holds the OLX settings
    that have no field of their own, as they were written (each is also reported).
    """

    category: str
    url_name: str
    external_id: str
    title: str
    place: OlxPlace
    start: datetime | None = None
    due: datetime | None = None
    is_hidden: bool = False
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OlxComponent(OlxNode):
    """A component of a unit and the blocks it became (none, one or several)."""

    blocks: tuple[OlxBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class OlxVertical(OlxNode):
    """A unit: one page of components."""

    components: tuple[OlxComponent, ...] = ()


@dataclass(frozen=True, slots=True)
class OlxSequential(OlxNode):
    """A subsection. `format` is the assignment type that a grading policy counts."""

    graded: bool = False
    format: str | None = None
    hide_after_due: bool = False
    hide_from_toc: bool = False
    verticals: tuple[OlxVertical, ...] = ()


@dataclass(frozen=True, slots=True)
class OlxChapter(OlxNode):
    """A section of the course."""

    sequentials: tuple[OlxSequential, ...] = ()


@dataclass(frozen=True, slots=True)
class OlxCourseSettings:
    """The course's own settings; instants carry a time zone. `image` is a name in `OlxCourse.static_files`."""

    start: datetime | None = None
    end: datetime | None = None
    enrollment_start: datetime | None = None
    enrollment_end: datetime | None = None
    language: str | None = None
    self_paced: bool | None = None
    image: str | None = None
    summary: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class OlxAccounts:
    """Where the components of an export went: none may be `lost`.

    `kept` became blocks; `reported` became none, and a finding says why; `unreadable` are parts (a whole chapter may be
    one) whose own file is missing or broken, as a finding says.
    """

    kept: int
    reported: int
    unreadable: int
    lost: tuple[str, ...]

    @property
    def met(self) -> int:
        """All that the outline led to."""
        return self.kept + self.reported + self.unreadable + len(self.lost)


@dataclass(frozen=True, slots=True)
class OlxCourse:
    """A whole course as read. `issues` and `links` hold those of every part, in the order they were met.

    `system` names the kind of thing that it was read from.
    """

    org: str
    course: str
    run: str
    display_name: str
    settings: OlxCourseSettings
    chapters: tuple[OlxChapter, ...]
    static_files: dict[str, OlxStaticFile]
    issues: tuple[OlxIssue, ...]
    links: tuple[OlxLink, ...]
    system: str = "olx"

    @property
    def key(self) -> str:
        """The course's identity across imports: `org/course/run`."""
        return f"{self.org}/{self.course}/{self.run}"

    def sequentials(self) -> Iterator[OlxSequential]:
        """Every sequential, in order."""
        return (sequential for chapter in self.chapters for sequential in chapter.sequentials)

    def verticals(self) -> Iterator[OlxVertical]:
        """Every vertical, in order."""
        return (vertical for sequential in self.sequentials() for vertical in sequential.verticals)

    def components(self) -> Iterator[OlxComponent]:
        """Every component, in order."""
        return (component for vertical in self.verticals() for component in vertical.components)

    def blocks(self) -> Iterator[OlxBlock]:
        """Every block, in order."""
        return (block for component in self.components() for block in component.blocks)

    def accounts(self) -> OlxAccounts:
        """Where every component went: to blocks, or at least into a finding."""
        said = {issue.external_id for issue in self.issues}
        known = {each.external_id for each in (*self.chapters, *self.sequentials(), *self.verticals())}
        known |= {each.external_id for each in self.components()}
        without = [each.external_id for each in self.components() if not each.blocks]
        lost = tuple(each for each in without if each not in said)
        return OlxAccounts(
            kept=sum(1 for each in self.components() if each.blocks),
            reported=len(without) - len(lost),
            unreadable=sum(issue.code in _UNREADABLE and issue.external_id not in known for issue in self.issues),
            lost=lost,
        )

    def counts(self) -> dict[str, int]:
        """The numbers of a summary: nodes by level, static files, `block:<format>` and `issue:<code>`."""
        counts = Counter(
            chapters=len(self.chapters),
            sequentials=sum(1 for _ in self.sequentials()),
            verticals=sum(1 for _ in self.verticals()),
            components=sum(1 for _ in self.components()),
            blocks=sum(1 for _ in self.blocks()),
            static_files=len(self.static_files),
            links=len(self.links),
            issues=len(self.issues),
        )
        counts.update(f"block:{block.format}" for block in self.blocks())
        counts.update(f"issue:{issue.code}" for issue in self.issues)
        return dict(counts)
