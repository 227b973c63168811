"""Questions as GIFT and Moodle XML have them: what both readers make, before it becomes blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from gateways.olx import IssueCode, OlxError, Severity

MAX_QUESTIONS = 20_000


class BankFormat(StrEnum):
    """The formats of files with questions."""

    GIFT = "gift"
    MOODLE = "moodle"


class Kind(StrEnum):
    """What is asked for."""

    DESCRIPTION = "description"
    ESSAY = "essay"
    FILES = "files"
    TRUE_FALSE = "truefalse"
    CHOICE = "multichoice"
    SHORT = "shortanswer"
    NUMBER = "numerical"
    MATCHING = "matching"
    ORDERING = "ordering"
    CLOZE = "cloze"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Text:
    """Words, and how they are marked up: `html`, `markdown`, `plain`, or `moodle`: HTML whose line ends count."""

    value: str = ""
    markup: str = "html"

    def __bool__(self) -> bool:
        return bool(self.value.strip())


@dataclass(frozen=True)
class Option:
    """One answer that is known, and what it earns in percent. Numbers have a tolerance, or a range."""

    text: Text
    percent: Decimal = Decimal(100)
    feedback: Text = Text()
    tolerance: str | None = None
    minimum: str | None = None
    maximum: str | None = None


@dataclass(frozen=True)
class Gap:
    """One gap in a text: its mark there, what it counts, and its known answers. Those of a choice are all there are."""

    mark: str
    kind: str
    weight: int
    options: tuple[Option, ...]
    is_case_sensitive: bool = False


@dataclass(frozen=True)
class Found:
    """Something that a reader has to say about a question."""

    severity: Severity
    code: IssueCode
    message: str
    source: str | None = None


@dataclass
class Question:
    """One question. `id` is what its file calls it by, as far as it does."""

    kind: Kind
    text: Text = field(default_factory=Text)
    name: str = ""
    id: str = ""
    points: Decimal = Decimal(1)
    options: list[Option] = field(default_factory=list)
    pairs: list[tuple[Text, str]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    # Whether each gap is worth what it weighs in points, rather than all of them what the question is worth.
    sums_up: bool = False
    units: list[tuple[str, str]] = field(default_factory=list)
    is_single: bool = True
    shuffles: bool = False
    is_case_sensitive: bool = False
    requires_unit: bool = False
    is_hidden: bool = False
    explanation: Text = field(default_factory=Text)
    rubric: Text = field(default_factory=Text)
    hints: list[Text] = field(default_factory=list)
    minimum_words: int | None = None
    maximum_words: int | None = None
    maximum_files: int = 1
    order_credit: str = "positions"
    type_name: str = ""
    found: list[Found] = field(default_factory=list)
    source: str = ""

    def say(self, severity: Severity, code: IssueCode, message: str, source: str | None = None) -> None:
        """Notes something for the report."""
        self.found.append(Found(severity, code, message, source))


@dataclass
class Category:
    """Questions that stand together; its path from the top down."""

    path: tuple[str, ...]
    questions: list[Question] = field(default_factory=list)


@dataclass
class Bank:
    """All of a file. `files` are those that it brings along: name to content."""

    files: dict[str, bytes] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)
    number: int = 0
    _by_path: dict[tuple[str, ...], Category] = field(default_factory=dict)

    @property
    def categories(self) -> list[Category]:
        """Those with questions, in the order in which they were first met."""
        return list(self._by_path.values())

    def add(self, path: tuple[str, ...], question: Question) -> None:
        """Puts a question into the category with this path; raises `OlxError` when there are too many questions."""
        self.number += 1
        if self.number > MAX_QUESTIONS:
            raise OlxError(f"There are more than {MAX_QUESTIONS} questions in the file.")
        self._by_path.setdefault(path, Category(path)).questions.append(question)
