"""The three-way merge of an import: what it brought last time, what it brings now, what stands in the draft."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, Any]


@dataclass
class Merge:
    """What to write, and the fields in which both sides changed something different (the draft's value stays)."""

    changes: dict[str, Any] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)


def merge(base: Values, theirs: Values, ours: Values) -> Merge:
    """Field by field: a side that did not change since the base gives way to the one that did.

    `theirs` is the base of the next merge, conflicts or not: a conflict is decided for the draft once, and what the
    draft then says counts as the editor's own until the export changes again.
    """
    merged = Merge()
    for name, wanted in theirs.items():
        before, current = base.get(name), ours.get(name)
        if wanted in (current, before):
            continue
        if current == before:
            merged.changes[name] = wanted
        else:
            merged.conflicts.append(name)
    return merged


def is_untouched(base: Values, ours: Values) -> bool:
    """Whether no editor has changed anything that the last import brought."""
    return all(ours.get(name) == value for name, value in base.items())


@dataclass(frozen=True)
class OrderMerge:
    """The order that known siblings should have (None: as it is), and whether both sides changed it."""

    wanted: Sequence[str] | None
    is_conflict: bool = False


def merge_order(base: Sequence[str], theirs: Sequence[str], ours: Sequence[str]) -> OrderMerge:
    """The same merge for the order of siblings, among those that all three know."""
    common = set(base) & set(theirs) & set(ours)
    before, wanted, current = ([each for each in side if each in common] for side in (base, theirs, ours))
    if wanted in (before, current):
        return OrderMerge(None)
    return OrderMerge(wanted) if current == before else OrderMerge(None, is_conflict=True)


def staying(current: Sequence[str], wanted: Sequence[str]) -> set[str]:
    """As many as possible that can stay where they are while the others move to make `current` read like `wanted`.

    They are a longest increasing subsequence of the present positions, read in the wanted order.
    """
    position = {each: number for number, each in enumerate(current)}
    known = [each for each in wanted if each in position]
    ends: list[int] = []  # of the best run of each length, the position it ends at ...
    last: list[str] = []  # ... and what stands there
    before: dict[str, str | None] = {}
    for each in known:
        length = bisect_left(ends, position[each])
        before[each] = last[length - 1] if length else None
        ends[length : length + 1], last[length : length + 1] = [position[each]], [each]
    found: set[str] = set()
    step = last[-1] if last else None
    while step is not None:
        found.add(step)
        step = before[step]
    return found
