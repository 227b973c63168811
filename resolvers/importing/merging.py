"""The three-way merge of an import: what it wrote last time, what it brings now, what stands in the draft."""

from __future__ import annotations

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
    """Field by field: a side that did not change since the base gives way to the one that did."""
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
    """Whether no editor has changed anything that the last import wrote."""
    return all(ours.get(name) == value for name, value in base.items())


@dataclass(frozen=True)
class OrderMerge:
    """The order that known siblings should have (None: as it is), and whether both sides changed it."""

    wanted: Sequence[str] | None
    is_conflict: bool = False


def merge_order(base: Sequence[str], theirs: Sequence[str], ours: Sequence[str]) -> OrderMerge:
    """The same merge for the order of siblings that all three know."""
    common = set(base) & set(theirs) & set(ours)
    before, wanted, current = ([each for each in side if each in common] for side in (base, theirs, ours))
    if wanted in (before, current):
        return OrderMerge(None)
    return OrderMerge(wanted) if current == before else OrderMerge(None, is_conflict=True)
