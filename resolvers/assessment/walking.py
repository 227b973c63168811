"""Walking through an assessment with given answers: which blocks are shown, why others are not, what it comes to.

Pure functions over the blocks of a paper; attempts are shown and graded by them, and so is the dry run of an editor. A
walk goes forward only, so it comes to an end, in time that grows with the number of blocks and rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any

from core.expressions import ExpressionError, Value, holds, parse
from models.curriculum import BlockFormat
from resolvers.curriculum.sections import ends_of, sections_of
from resolvers.formats import BY_KIND, QUESTIONS
from resolvers.formats.answering import Outcome, answered, outcome
from resolvers.formats.base import QuestionFormat, Response, join, validated

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One question that is shown, and what was answered to it, if anything."""

    block_id: str
    entry: Entry
    points: int
    is_required: bool
    response: Response | None
    # What somebody who read the answer says it is worth, where that is for people to say.
    given_share: Fraction | None = None

    @cached_property
    def question(self) -> QuestionFormat:
        """The question, key included."""
        return question_of(self.entry)

    @property
    def outcome(self) -> Outcome:
        """What the answer is worth. What was left out earns nothing, whoever would have graded it."""
        found = outcome(self.question, self.response)
        if not self.is_for_people:
            return found
        return replace(found, share=Fraction(0) if self.response is None else self.given_share)

    @property
    def is_for_people(self) -> bool:
        """Whether somebody has to say what an answer to this is worth."""
        return self.question.is_graded_by_people and self.points > 0

    @property
    def awaits_a_person(self) -> bool:
        """Whether somebody has yet to say what the answer is worth."""
        return self.is_for_people and self.response is not None and self.given_share is None


class HiddenBecause(StrEnum):
    """Why a block is not on the path."""

    CONDITION = "condition"
    SECTION = "section"
    JUMP = "jump"
    EMPTY = "empty"


@dataclass(frozen=True)
class Hidden:
    """A block that is not on the path, and what it is due to: its own id, its section's, or where a jump began."""

    block_id: str
    why: HiddenBecause
    because_of: str


@dataclass(frozen=True)
class Jump:
    """A rule that applied: the block that has it, the rule itself, and where it led; None for the end."""

    from_block_id: str
    branch: Mapping[str, Any]
    goto_block_id: str | None


@dataclass
class Path:
    """The way through an assessment."""

    shown_ids: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    jumps: list[Jump] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """What an attempt comes to: exact points. Without any points there is nothing to pass."""

    score: Fraction
    max_score: int

    @property
    def percentage(self) -> Fraction | None:
        """The score in percent, never below nothing; None where nothing has points."""
        return max(self.score, Fraction(0)) * 100 / self.max_score if self.max_score else None

    def passed(self, passing_score: int) -> bool | None:
        """Whether the percentage, not rounded, is enough; None where nothing has points."""
        return None if self.percentage is None else self.percentage >= passing_score


def question_of(entry: Entry) -> QuestionFormat:
    """The question as its paper has it, key included."""
    made = validated(BY_KIND[BlockFormat(entry["format"])], join(entry["settings"], entry["answer_key"]))
    assert isinstance(made, QuestionFormat)
    return made


def walk(entries: Sequence[Entry], answers: Mapping[str, Mapping[str, Any]]) -> list[Step]:
    """The questions on the path, in order."""
    return path_through(entries, answers).steps


def path_through(entries: Sequence[Entry], answers: Mapping[str, Mapping[str, Any]]) -> Path:
    """The way through blocks in order, each with its `answer_key` and its `branches`, with these answers.

    A condition speaks of what was answered before, on the way itself. A section's condition holds for all that stands
    in it; its rules are asked when its end is reached. A rule that would lead back, or nowhere, does not apply.
    """
    return _Walker(entries, answers).walked()


class _Walker:
    def __init__(self, entries: Sequence[Entry], answers: Mapping[str, Mapping[str, Any]]) -> None:
        self.entries, self.answers = entries, answers
        self.places = {entry["id"]: place for place, entry in enumerate(entries)}
        self.sections = sections_of([entry["format"] for entry in entries])
        self.ends = ends_of(self.sections)
        self.known: dict[str, Value] = {}
        self.path = Path()
        self.section: int | None = None
        self.headings: list[int] = []

    def walked(self) -> Path:
        place = 0
        while place < len(self.entries):
            place = self._visit(place)
        self._drop_empty_sections()
        # A heading that was jumped over is shown after all where the jump led into its section.
        shown, latest = set(self.path.shown_ids), {each.block_id: each for each in self.path.hidden}
        self.path.hidden = [each for each in latest.values() if each.block_id not in shown]
        return self.path

    def _visit(self, place: int) -> int:
        """Takes in one block; answers the place of the one after it."""
        section = self.sections[place]
        if section is not None and section != self.section:
            self.section = section
            if not is_shown(self.entries[section]["show_if"], self.known):
                self._hide(place, self.ends[section], HiddenBecause.SECTION, section)
                return self.ends[section]
            # By a jump into the middle one comes into the section all the same.
            self.headings.append(section)
            self.path.shown_ids.append(self.entries[section]["id"])
        entry = self.entries[place]
        if place != section:
            if is_shown(entry["show_if"], self.known):
                self._take_in(entry)
                jump = self._jump(place, place)
                if jump is not None:
                    return jump
            else:
                self.path.hidden.append(Hidden(entry["id"], HiddenBecause.CONDITION, entry["id"]))
        if section is not None and place + 1 == self.ends[section]:
            jump = self._jump(section, place)
            if jump is not None:
                return jump
        return place + 1

    def _take_in(self, entry: Entry) -> None:
        self.path.shown_ids.append(entry["id"])
        if entry["format"] not in QUESTIONS:
            return
        given = self.answers.get(entry["id"])
        response = None
        if given is not None:
            question = question_of(entry)
            response = answered(question, given)
            if entry["key"] is not None:
                self.known |= known_of(entry["key"], question, response)
        self.path.steps.append(Step(entry["id"], entry, entry["points"], entry["is_required"], response))

    def _jump(self, owner: int, place: int) -> int | None:
        """Where the first rule of a block that applies leads from this place; None where none does."""
        for branch in self.entries[owner].get("branches", ()):
            goto = branch["goto_block_id"]
            target = len(self.entries) if goto is None else self.places.get(goto, -1)
            if target > place and applies(branch["condition"], self.known):
                self.path.jumps.append(Jump(self.entries[owner]["id"], branch, goto))
                self._hide(place + 1, target, HiddenBecause.JUMP, owner)
                return target
        return None

    def _hide(self, first: int, end: int, why: HiddenBecause, because_of: int) -> None:
        because = self.entries[because_of]["id"]
        self.path.hidden += [Hidden(self.entries[place]["id"], why, because) for place in range(first, end)]

    def _drop_empty_sections(self) -> None:
        """A section of which nothing is left is no page; one that is only a heading with words is."""
        shown = set(self.path.shown_ids)
        for heading in self.headings:
            inside = [each["id"] for each in self.entries[heading + 1 : self.ends[heading]]]
            if inside and not shown.intersection(inside):
                name = self.entries[heading]["id"]
                self.path.shown_ids.remove(name)
                self.path.hidden.append(Hidden(name, HiddenBecause.EMPTY, name))


def known_of(key: str, question: QuestionFormat, response: Response) -> dict[str, Value]:
    """What conditions may ask of an answer, by name."""
    return {f"{key}.{part}" if part else key: value for part, value in question.values(response).items()}


def is_shown(condition: str | None, known: Mapping[str, Value]) -> bool:
    """Whether something with this condition is shown; one that cannot be read any more hides nothing."""
    return condition is None or _holds(condition, known, unread=True)


def applies(condition: str | None, known: Mapping[str, Value]) -> bool:
    """Whether a rule applies; one that cannot be read any more leads nowhere."""
    return condition is None or _holds(condition, known, unread=False)


def _holds(condition: str, known: Mapping[str, Value], *, unread: bool) -> bool:
    try:
        return holds(parse(condition), known)
    except ExpressionError:
        return unread


def result_of(steps: Sequence[Step]) -> Result:
    """The sum over all questions that are scored, as far as that was done."""
    scored = [(step.outcome.score(step.points), step.points) for step in steps]
    earned = sum((score for score, _ in scored if score is not None), Fraction(0))
    return Result(earned, sum(points for score, points in scored if score is not None))
