"""What a chart is made of."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# What begins or ends a run of other direction would turn the words after it around, too.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


@dataclass(frozen=True)
class Arrow:
    """Where it goes on: when, in words (None for always), and the place of a box, or None for the end."""

    when: str | None
    target: int | None


@dataclass(frozen=True)
class Box:
    """A step: its number, what it is, its words, a note beneath them, and its arrows, the first first.

    `goes_on` says whether the next box may come after it; `warning` is a sentence about what is wrong with it.
    """

    number: int
    kind: str
    words: str
    note: str | None = None
    arrows: Sequence[Arrow] = ()
    goes_on: bool = True
    warning: str | None = None


@dataclass(frozen=True)
class Frame:
    """Something around the boxes from the place `first` up to the one before `end`; its arrows begin at their end."""

    words: str
    first: int
    end: int
    note: str | None = None
    arrows: Sequence[Arrow] = ()


@dataclass(frozen=True)
class Chart:
    """The boxes in order, and the frames around them, which do not overlap."""

    title: str
    boxes: Sequence[Box]
    frames: Sequence[Frame] = ()

    @property
    def summary(self) -> str:
        """A sentence about how large it is."""
        arrows = sum(len(box.arrows) for box in self.boxes) + sum(len(frame.arrows) for frame in self.frames)
        counted = (_number(len(self.boxes), "step"), _number(len(self.frames), "section"), _number(arrows, "rule"))
        return f"{', '.join(counted[:2])} and {counted[2]}."

    def arrows_at(self, place: int) -> list[Arrow]:
        """The arrows that are asked at a box, in order: its own, then those of the frame that ends there."""
        ending = (frame.arrows for frame in self.frames if frame.end == place + 1)
        return [*self.boxes[place].arrows, *(each for arrows in ending for each in arrows)]


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def one_line(text: str, most: int = 200) -> str:
    """Words on one line, without anything that is no character to be seen, and cut where they are too long."""
    kept = "".join(" " if each.isspace() else each for each in text if each.isspace() or _is_seen(each))
    line = " ".join(kept.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _is_seen(char: str) -> bool:
    joins = char in "\u200d\ufe0f"  # Between the parts of an emoji.
    return joins or (char not in _TURNING and unicodedata.category(char) not in ("Cc", "Cs", "Cn", "Co", "Cf"))
