"""How long a list is taken to be before anybody has asked for it: what fields declare for the cost of documents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ListSize:
    """`assumed`, unless one of the `slicing` arguments is given: then that number, or its length; at most `most`."""

    assumed: int = 5
    slicing: tuple[str, ...] = ()
    most: int = 100


# Of lists that declare nothing: a course has about five modules, a module five lessons, a lesson five blocks.
ASSUMED = ListSize()
