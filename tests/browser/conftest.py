"""A real Chromium for the tests of the IDE, and a loud word when there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from .announcement import NO_CHROMIUM, pytest_terminal_summary
from .ide_page import IdePage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["pytest_terminal_summary"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Root cannot use Chromium's sandbox, and what phones home would be a request that leaves the machine.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The program to run, or None when this machine has none."""
    return os.environ.get("CAIRN_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless browser for all tests of this process; each test opens a fresh profile in it."""
    program = find_chromium()
    if program is None:
        pytest.skip(NO_CHROMIUM)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def ide(chromium: Browser, base_url: str) -> Iterator[IdePage]:
    """The IDE in a fresh profile. Afterwards the page must have kept to its origin and to its policy."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = IdePage(context, base_url)
    yield page
    page.close()
    page.assert_stayed_at_home()
    page.assert_nothing_complained()
