"""Says loudly that the browser tests were left out.

Imported by this folder's conftest and by the one above it: with several workers, the process that writes the summary
loads only the latter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

NO_CHROMIUM = "THE BROWSER TESTS DID NOT RUN: no Chromium here (install one, or name it in CAIRN_CHROMIUM)"
ANNOUNCED = pytest.StashKey[bool]()


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Puts a red line at the end of the run, which a few among the skipped would not be."""
    skipped = [each for each in terminalreporter.stats.get("skipped", []) if NO_CHROMIUM in str(each.longrepr)]
    if skipped and not terminalreporter.config.stash.get(ANNOUNCED, False):
        terminalreporter.config.stash[ANNOUNCED] = True
        terminalreporter.section(f"{NO_CHROMIUM}: {len(skipped)} left out", sep="!", red=True, bold=True)
