"""Tests, and the processes that they start."""

from cairn import garbage

# Every test that is collected would be looked at in each search for garbage: a third of the time went into it.
garbage.seldom()
