"""Where everything stands: a course as a tree in which a section holds the blocks of its page, and the merge of places.

In a lesson, sections and blocks are siblings, and a section opens a page that lasts until the next one. An export
thinks in pages, and so do editors: when a page moves, what an editor added to it should come along. So places are
merged in this tree, and flattened to siblings again when they are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from resolvers.importing.merging import merge_order, staying


@dataclass
class Outline:
    """Ids by parent, in order. Blocks before a lesson's first section stand below `start_of(lesson)`."""

    children: dict[str, list[str]] = field(default_factory=dict)
    parent: dict[str, str] = field(default_factory=dict)
    sections: set[str] = field(default_factory=set)

    def copy(self) -> Outline:
        """One that can be changed while this stays."""
        children = {parent: list(each) for parent, each in self.children.items()}
        return Outline(children, dict(self.parent), set(self.sections))

    def add(self, child: str, parent: str, *, is_section: bool = False) -> None:
        """Adds the last child of a parent."""
        self.children.setdefault(parent, []).append(child)
        self.parent[child] = parent
        if is_section:
            self.sections.add(child)

    def put(self, child: str, parent: str, before_it: Sequence[str]) -> None:
        """Puts a child, new or from elsewhere, behind the last of `before_it` that stands there, else first."""
        if child in self.parent:
            self.children[self.parent[child]].remove(child)
        siblings = self.children.setdefault(parent, [])
        previous = next((each for each in reversed(before_it) if each in siblings), None)
        siblings.insert(0 if previous is None else siblings.index(previous) + 1, child)
        self.parent[child] = parent

    def rename(self, old: str, new: str) -> None:
        """Puts another object in the place of one."""
        parent = self.parent[new] = self.parent.pop(old)
        siblings = self.children[parent]
        siblings[siblings.index(old)] = new

    def reorder(self, parent: str, wanted: Sequence[str]) -> None:
        """Brings some children of a parent into the wanted order, moving as few as possible."""
        keep = staying(self.children[parent], wanted)
        for number, each in enumerate(wanted):
            if each not in keep:
                self.put(each, parent, wanted[:number])

    def owner(self, parent: str) -> str:
        """What holds the rows of a parent's children: for a page its lesson, else the parent itself."""
        if parent in self.sections:
            return self.parent[parent]
        return parent.removesuffix(_START)

    def rows(self, owner: str) -> list[str]:
        """The ids of an owner's rows in order, pages flattened."""
        flat = list(self.children.get(start_of(owner), ()))
        for child in self.children.get(owner, ()):
            flat.append(child)
            if child in self.sections:
                flat += self.children.get(child, ())
        return flat

    def below(self, top: str) -> Iterator[str]:
        """An id and all below it, parents before children."""
        yield top
        for parent in (start_of(top), top):
            for child in self.children.get(parent, ()):
                yield from self.below(child)


_START = ":start"


def start_of(lesson_id: str) -> str:
    """The page before a lesson's first section."""
    return f"{lesson_id}{_START}"


_PUT = "put"


@dataclass
class Places:
    """What a merge of places could not do: (code, id) of conflicts, and new ids that have nowhere to stand.

    `postponed` are known ones whose new parent is in the trash: they move when it is restored.
    """

    conflicts: list[tuple[str, str]] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    postponed: set[str] = field(default_factory=set)


def merge_places(ours: Outline, base: Outline, theirs: Outline, trashed: AbstractSet[str]) -> Places:
    """Changes `ours`: moves what only the export moved, and adds what is new, each behind what it follows there.

    What is in the trash stays where it is, and nothing is moved or added below it.
    """
    places = Places()
    ours.sections |= theirs.sections
    for parent, wanted in theirs.children.items():
        if parent in places.left_out:
            places.left_out.update(wanted)
            continue
        _merge_order(places, ours, base, parent, [each for each in wanted if each not in trashed])
        for number, child in enumerate(wanted):
            verdict = _verdict(ours, base, child, parent, trashed)
            if verdict is _PUT:
                ours.put(child, parent, wanted[:number])
            elif verdict is not None:
                places.conflicts.append((verdict, child))
            if verdict == "parent_in_trash":
                (places.postponed if child in ours.parent else places.left_out).add(child)
    return places


def _merge_order(places: Places, ours: Outline, base: Outline, parent: str, wanted: Sequence[str]) -> None:
    order = merge_order(base.children.get(parent, ()), wanted, ours.children.get(parent, ()))
    if order.is_conflict:
        places.conflicts.append(("order_changed_on_both_sides", parent))
    if order.wanted is not None:
        ours.reorder(parent, order.wanted)


def _verdict(ours: Outline, base: Outline, child: str, parent: str, trashed: AbstractSet[str]) -> str | None:
    """What becomes of the export's wish to have the child below the parent: `_PUT`, a conflict, or nothing to do."""
    before, current = base.parent.get(child), ours.parent.get(child)
    if current is not None and parent in (before, current):
        return None
    if child in trashed:
        return "trashed_here"
    if current not in (None, before):
        return "moved_on_both_sides"
    return "parent_in_trash" if ours.owner(parent) in trashed else _PUT
