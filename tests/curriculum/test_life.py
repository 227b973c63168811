"""A course's whole life against a plain model of it: whatever editors do, draft, live tree and trash are as expected.

The model is a few dictionaries; it knows what the documentation says and nothing of SQL.
"""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data

LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
PARENT = {"lesson": "module", "block": "lesson", "module": "course"}
CHILD = {parent: child for child, parent in PARENT.items()}
_TREE = "modules { id title lessons { id title blocks { id plainText } } }"
EVERYTHING = f"""query($id: ID!) @perspective(stage: DRAFT) {{ course(id: $id) {{ publishState {_TREE} }}
    trash(first: 100) {{ nodes {{ id kind }} }} }}"""
PUBLISHED = f"query($id: ID!) {{ course(id: $id) {{ {_TREE} }} }}"
PLACES = st.sampled_from(["start", "end", "behind"])
numbers = st.integers(0, 10**6)


@dataclass
class Thing:
    """An object of the draft."""

    kind: str
    parent: str
    text: str
    position: int
    revision: int = 1
    trashed_with: str | None = None


@dataclass
class Model:
    """What a course is: its draft, what readers see, and what was sealed."""

    course: str
    things: dict[str, Thing] = field(default_factory=dict)
    live: dict[str, Thing] | None = None
    sealed: list[dict[str, Thing]] = field(default_factory=list)

    def of(self, kind: str, *, trashed: bool = False) -> list[str]:
        """The ids of a kind, in or out of the trash."""
        kept = (each for each, thing in self.things.items() if thing.kind == kind)
        return [each for each in kept if (self.things[each].trashed_with is not None) == trashed]

    def siblings(self, parent: str) -> list[str]:
        """All children of a parent in order, those in the trash among them."""
        children = [each for each, thing in self.things.items() if thing.parent == parent]
        return sorted(children, key=lambda each: self.things[each].position)

    def kept(self) -> dict[str, Thing]:
        """The draft without what lies in the trash."""
        return {each: copy.copy(thing) for each, thing in self.things.items() if thing.trashed_with is None}

    def put(self, mine: str, parent: str, after: str | None, where: str) -> None:
        """Puts an object among the children of a parent; they are numbered anew."""
        row = [each for each in self.siblings(parent) if each != mine]
        index = {"start": 0, "end": len(row)}.get(where)
        row.insert(row.index(str(after)) + 1 if index is None else index, mine)
        self.things[mine].parent = parent
        for number, each in enumerate(row, 1):
            self.things[each].position = number

    def below(self, mine: str) -> list[str]:
        """An object and everything below it."""
        found = [mine]
        for each in found:
            found += [other for other, thing in self.things.items() if thing.parent == each]
        return found

    def load(self, sealed: dict[str, Thing]) -> None:
        """Makes the draft equal to what was sealed; what it has beyond that goes to the trash with what is above it."""
        for each, thing in self.things.items():
            if each in sealed:
                thing.trashed_with = None
        for kind in ("module", "lesson", "block"):
            for each, thing in self.things.items():
                if thing.kind != kind or each in sealed or thing.trashed_with not in (None, *sealed):
                    continue
                above = self.things.get(thing.parent)
                thing.trashed_with = (above.trashed_with if above else None) or each
        for each, was in sealed.items():
            thing = self.things[each]
            if (thing.text, thing.parent, thing.position) != (was.text, was.parent, was.position):
                thing.text, thing.parent, thing.position = was.text, was.parent, was.position
                thing.revision += 1
        for parent in {thing.parent for thing in self.things.values()}:
            row = sorted(
                (each for each, thing in self.things.items() if thing.parent == parent),
                key=lambda each: (self.things[each].trashed_with is not None, self.things[each].position, each),
            )
            for number, each in enumerate(row, 1):
                self.things[each].position = number

    def state(self) -> str:
        """How the draft stands to what readers see."""
        if self.live is None:
            return "DRAFT"
        draft = {each: thing.revision for each, thing in self.kept().items()}
        return "PUBLISHED" if draft == {each: thing.revision for each, thing in self.live.items()} else "CHANGED"


def outline(things: dict[str, Thing], parent: str) -> list[tuple[str, str, Any]]:
    """The tree below a parent: id, text and what is below, in order."""
    children = sorted((thing.position, each) for each, thing in things.items() if thing.parent == parent)
    return [(each, things[each].text, outline(things, each)) for _, each in children]


def outline_of(tree: Data) -> list[tuple[str, str, Any]]:
    """The same of a course as the API shows it."""
    return [
        (
            module["id"],
            module["title"],
            [
                (
                    lesson["id"],
                    lesson["title"],
                    [(block["id"], block["plainText"], []) for block in lesson["blocks"]],
                )
                for lesson in module["lessons"]
            ],
        )
        for module in tree["modules"]
    ]


class Life(RuleBasedStateMachine):
    """Editors at work on one course."""

    editor: Client
    reader: Client

    @initialize()
    def begin(self) -> None:
        self.model = Model(factories.course(self.editor))
        self.words = 0

    # Which objects a step is about is told by numbers, so that any number is some object.

    def pick(self, number: int, ids: list[str]) -> str:
        return ids[number % len(ids)]

    def word(self) -> str:
        self.words += 1
        return f"Word {self.words}"

    def place(self, where: str, parent: str, number: int, mine: str | None = None) -> tuple[Data, str, str | None]:
        """The arguments for a place, and the place itself: behind something if there is something to be behind."""
        others = [each for each in self.model.siblings(parent) if each != mine]
        if where == "behind" and not others:
            where = "end"
        after = self.pick(number, others) if where == "behind" else None
        return ({} if where == "end" else {"afterId": after}), where, after

    @rule(kind=st.sampled_from(["module", "lesson", "lesson", "block", "block"]), number=numbers, where=PLACES)
    def create(self, kind: str, number: int, where: str) -> None:
        parents = [self.model.course] if kind == "module" else self.model.of(PARENT[kind])
        if not parents:
            return
        parent, text = self.pick(number, parents), self.word()
        given, where, after = self.place(where, parent, number)
        if kind == "block":
            made = factories.block(self.editor, parent, {"text": {"markdown": text}}, **given)
        else:
            made = {"module": factories.module, "lesson": factories.lesson}[kind](
                self.editor, parent, title=text, **given
            )
        last = max((self.model.things[each].position for each in self.model.siblings(parent)), default=0)
        self.model.things[made] = Thing(kind, parent, text, last + 1, revision=1 if where == "end" else 2)
        if where != "end":
            self.model.put(made, parent, after, where)

    @precondition(lambda self: self.model.kept())
    @rule(number=numbers)
    def update(self, number: int) -> None:
        mine = self.pick(number, list(self.model.kept()))
        thing, text = self.model.things[mine], self.word()
        changes: Data = {"block": {"text": {"markdown": text}}} if thing.kind == "block" else {"title": text}
        given: Data = {"id": mine, "expectedRevision": thing.revision, **changes}
        self.editor.do(f"{thing.kind}Update", "__typename", **given)
        thing.text, thing.revision = text, thing.revision + 1

    @precondition(lambda self: self.model.kept())
    @rule(number=numbers, where=PLACES, away=st.booleans())
    def move(self, number: int, where: str, away: bool) -> None:
        mine = self.pick(number, list(self.model.kept()))
        thing = self.model.things[mine]
        parent = thing.parent
        given: Data = {"id": mine}
        if away and thing.kind != "module":
            parent = self.pick(number // 7, self.model.of(PARENT[thing.kind]))
            given[f"{PARENT[thing.kind]}Id"] = parent
        place, where, after = self.place(where, parent, number, mine)
        self.editor.do(f"{thing.kind}Move", "__typename", **given, **place)
        self.model.put(mine, parent, after, where)
        thing.revision += 1

    @precondition(lambda self: self.model.kept())
    @rule(number=numbers)
    def trash(self, number: int) -> None:
        mine = self.pick(number, list(self.model.kept()))
        self.editor.do(f"{self.model.things[mine].kind}Trash", "__typename", id=mine)
        for each in self.model.below(mine):
            self.model.things[each].trashed_with = self.model.things[each].trashed_with or mine

    @precondition(lambda self: len(self.model.kept()) < len(self.model.things))
    @rule(number=numbers)
    def restore(self, number: int) -> None:
        mine = self.pick(number, [each for each, thing in self.model.things.items() if thing.trashed_with])
        thing = self.model.things[mine]
        above = self.model.things.get(thing.parent)
        if above is not None and above.trashed_with:
            assert self.editor.refused(f"{thing.kind}Restore", id=mine)["code"] == "PARENT_IN_TRASH"
            return
        self.editor.do(f"{thing.kind}Restore", "__typename", id=mine)
        assert thing.trashed_with == mine
        for each in self.model.things.values():
            if each.trashed_with == mine:
                each.trashed_with = None

    @rule()
    def publish(self) -> None:
        assert factories.publish(self.editor, self.model.course) == len(self.model.sealed) + 1
        self.model.live = self.model.kept()
        self.model.sealed.append(self.model.kept())

    @rule()
    def unpublish(self) -> None:
        if self.model.live is None:
            assert self.editor.refused("courseUnpublish", id=self.model.course)["code"] == "NOT_PUBLISHED"
            return
        self.editor.do("courseUnpublish", "__typename", id=self.model.course)
        self.model.live = None

    @precondition(lambda self: self.model.sealed)
    @rule(number=numbers)
    def restore_revision(self, number: int) -> None:
        index = number % len(self.model.sealed)
        authors.restore(self.editor, self.model.course, index + 1)
        self.model.sealed.append(self.model.kept())
        self.model.load(self.model.sealed[index])

    @invariant()
    def draft_live_state_and_trash_are_as_expected(self) -> None:
        shown = self.editor.ask(EVERYTHING, id=self.model.course)
        draft = shown["course"]
        assert outline_of(draft) == outline(self.model.kept(), self.model.course)
        assert draft["publishState"] == self.model.state()
        live = self.reader.ask(PUBLISHED, id=self.model.course)["course"]
        assert (live is None) == (self.model.live is None)
        if live is not None and self.model.live is not None:
            assert outline_of(live) == outline(self.model.live, self.model.course)
        things = self.model.things
        expected = {each: thing.kind for each, thing in things.items() if thing.trashed_with == each}
        # Courses of examples before this one are in it too.
        assert {each["id"]: each["kind"] for each in shown["trash"]["nodes"] if each["id"] in things} == expected


def test_a_course_is_what_its_editors_made_of_it_whatever_they_do(editor: Client, reader: Client) -> None:
    class LifeHere(Life):
        """Over the application that runs now."""

    LifeHere.editor, LifeHere.reader = editor, reader
    long, short = (150, 40), (8, 14)
    examples, steps = long if LONG else short
    run_state_machine_as_test(
        LifeHere,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not LONG,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
