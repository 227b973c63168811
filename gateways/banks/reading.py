"""A file of questions as a course tree: its categories are lessons, its questions blocks."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

from gateways.banks.gift import read_gift
from gateways.banks.mapping import to_blocks
from gateways.banks.moodle import read_moodle
from gateways.banks.questions import Bank, BankFormat, Category, Found, Question
from gateways.olx import (
    IssueCode,
    OlxChapter,
    OlxComponent,
    OlxCourse,
    OlxCourseSettings,
    OlxError,
    OlxIssue,
    OlxLink,
    OlxPlace,
    OlxSequential,
    OlxStaticFile,
    OlxVertical,
    Severity,
)
from gateways.olx.archive import Export, Progress
from gateways.olx.links import References
from gateways.olx.scope import Scope, numbered

MAX_BYTES = 64_000_000
# A lesson holds at most 500 blocks, those in the trash included.
_PER_LESSON = 200
# What tells parts of a name apart here, and what could be taken for that when it is written otherwise.
_IN_NAMES, _IN_PATHS = re.compile(r"~|%(?=25|7E)"), re.compile(r"[~/]|%(?=25|2F|7E)")


def read_bank(path: Path, kind: BankFormat, name: str, *, progress: Progress | None = None) -> OlxCourse:
    """Reads a file of questions; `name` tells it from other banks, and a later import finds it again by that.

    Raises `OlxError` when the file is hostile, damaged or no such file; everything smaller is an issue in the result.
    """
    progress = progress or (lambda stage, done, total: None)
    progress("files", 0, 0)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise OlxError(f"The file has {size} bytes; at most {MAX_BYTES} are read.")
    bank = _read(path.read_bytes(), kind)
    if bank.number == 0:
        raise OlxError("There is no question in the file.")
    return _Builder(bank, kind, name, path.name, progress).build()


def _read(content: bytes, kind: BankFormat) -> Bank:
    if kind is BankFormat.MOODLE:
        return read_moodle(content)
    text, is_guessed = _decoded(content)
    bank = read_gift(text)
    if is_guessed:
        message = "It is not in UTF-8 and was read as Windows-1252."
        bank.found.insert(0, Found(Severity.WARNING, IssueCode.ENCODING_GUESSED, message))
    return bank


def _decoded(content: bytes) -> tuple[str, bool]:
    """(the text, whether its encoding was guessed)."""
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16"), False
        return content.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return content.decode("windows-1252", errors="replace"), True


class _Builder:
    """Turns a bank into the tree, collecting findings and links."""

    def __init__(self, bank: Bank, kind: BankFormat, name: str, file: str, progress: Progress) -> None:
        self.bank, self.kind, self.name = bank, kind, name
        self.place = OlxPlace((), file)
        self.progress, self.done = progress, 0
        self.issues = [
            OlxIssue(each.severity, each.code, self.place, each.message, source=each.source) for each in bank.found
        ]
        self.links: list[OlxLink] = []
        self.taken: Counter[str] = Counter()
        files = {each: each for each in bank.files}
        self.references = References("bank", name, kind.value, {}, files)

    def build(self) -> OlxCourse:
        """The tree."""
        lessons = [
            self._lesson(category, part)
            for category in self.bank.categories
            for part in range(0, len(category.questions), _PER_LESSON)
        ]
        chapter = OlxChapter(
            "chapter", "questions", "chapter/questions", "Questions", self.place, sequentials=tuple(lessons)
        )
        return OlxCourse(
            org="bank",
            course=self.name,
            run=self.kind.value,
            display_name=self.name,
            settings=OlxCourseSettings(),
            chapters=(chapter,),
            static_files={
                name: OlxStaticFile(name, len(content), hashlib.sha256(content).hexdigest())
                for name, content in self.bank.files.items()
            },
            issues=tuple(self.issues),
            links=tuple(self.links),
            system=self.kind.value,
        )

    def _lesson(self, category: Category, start: int) -> OlxSequential:
        part = start // _PER_LESSON + 1
        title = " / ".join(category.path) + (f" ({part})" if part > 1 else "")
        name = "/".join(_own(each, _IN_PATHS) for each in category.path) + (f"~{part}" if part > 1 else "")
        place = self.place.below(title)
        components = [self._component(each, place) for each in category.questions[start : start + _PER_LESSON]]
        page = OlxVertical("page", name, f"page/{name}", title, place, components=tuple(components))
        return OlxSequential("category", name, f"category/{name}", title, place, verticals=(page,))

    def _component(self, question: Question, place: OlxPlace) -> OlxComponent:
        name = self._identity(question)
        title = question.name or " ".join(question.text.value.split())[:80] or name
        here: Any = place.below(title)
        scope = Scope(f"question/{name}", here, title, "en", Export(), self.references)
        blocks = numbered(to_blocks(question, scope))
        self.issues += scope.issues
        self.links += scope.links
        if not blocks and not scope.issues:
            scope.warn(IssueCode.COMPONENT_EMPTY, "It became nothing.")
        self.done += 1
        self.progress("units", self.done, self.bank.number)
        return OlxComponent(
            "question", name, scope.external_id, title, here, is_hidden=question.is_hidden, blocks=tuple(blocks)
        )

    def _identity(self, question: Question) -> str:
        """What a later import knows it by: its own id; else its name; else its words. The second of a kind is ~2."""
        if question.id:
            name = f"id/{_own(question.id, _IN_NAMES)}"
        elif question.name:
            name = f"name/{_own(question.name, _IN_NAMES)}"
        else:
            name = f"words/{hashlib.sha256(question.text.value.encode('utf-8', 'replace')).hexdigest()[:32]}"
        self.taken[name] += 1
        return name if self.taken[name] == 1 else f"{name}~{self.taken[name]}"


def _own(name: str, marks: re.Pattern[str]) -> str:
    """A name as it may stand within another: without signs that tell parts apart. No two names come to the same."""
    return marks.sub(lambda found: f"%{ord(found[0]):02X}", name)
