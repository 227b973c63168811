"""Sections: a block of the format section begins a page, which goes on to the next one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from models.curriculum import BlockFormat

SECTION = BlockFormat.SECTION.value


@dataclass(frozen=True)
class Page:
    """The id of the section's block, None before the first section; and the ids of what stands in it, in order."""

    section_id: str | None
    block_ids: list[str] = field(default_factory=list)


def sections_of(formats: Sequence[str]) -> list[int | None]:
    """For each block the place of the section that it stands in, its own for a section; None before the first."""
    found: list[int | None] = []
    current = None
    for place, kind in enumerate(formats):
        current = place if kind == SECTION else current
        found.append(current)
    return found


def ends_of(sections: Sequence[int | None]) -> dict[int, int]:
    """The place of each section to the place behind its last block."""
    return {section: place + 1 for place, section in enumerate(sections) if section is not None}


def pages_of(blocks: Sequence[tuple[str, str]]) -> Iterator[Page]:
    """The pages that blocks make, which are given as (id, format) in order."""
    page: Page | None = None
    for block_id, kind in blocks:
        if kind == SECTION:
            if page is not None:
                yield page
            page = Page(block_id)
        else:
            page = page or Page(None)
            page.block_ids.append(block_id)
    if page is not None:
        yield page
