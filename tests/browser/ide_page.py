"""The IDE as a person uses it: tabs, editors and the Play button, and a record of what the page did behind them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Response, expect

# Requests of pages and workers that never touch the network.
LOCAL_SCHEMES = {"about", "blob", "data"}

PATIENCE_MS = 15_000

# Not through the clipboard, which the browsers of tests that run side by side would share.
PASTE = """(text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}"""

NAMELESS_CONTROLS = """() => {
  const own = (el) => el.getAttribute('aria-label') || el.textContent || el.title || el.placeholder || '';
  const labels = (el) => [
    ...(el.getAttribute('aria-labelledby') || '').split(' ').map((id) => document.getElementById(id)),
    ...(el.labels || []),
  ];
  const name = (el) => [own(el), ...labels(el).map((each) => each?.textContent || '')].join('').trim();
  return [...document.querySelectorAll('button, a[href], input, select, textarea, [role=button], [role=tab]')]
    .filter((el) => el.checkVisibility() && !name(el))
    .map((el) => el.outerHTML.slice(0, 200));
}"""


class IdePage:
    """One visit to the IDE in a profile of its own. Times out loudly: every wait is for something on the page."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.base_url = base_url.rstrip("/")
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self._tolerated: list[re.Pattern[str]] = []
        context.on("request", lambda request: self.requested.append(request.url))
        context.on("console", self._listen)
        context.on("weberror", lambda error: self.complaints.append(f"uncaught: {error.error}"))
        context.set_default_timeout(PATIENCE_MS)
        self.page = context.new_page()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    # --- coming and going ---------------------------------------------------------------------------------------

    def open(self, address: str | None = None) -> IdePage:
        """Go to the IDE, or through a sign-in link, and wait until one can type and the page knows the schema."""
        with self.page.expect_response(is_answer_about_schema):
            self.page.goto(address or f"{self.base_url}/ide/")
        expect(self.page.get_by_role("button", name="Execute query")).to_be_visible()
        expect(self.lines("Operation Editor")).to_be_visible()
        return self

    def close(self) -> None:
        self.context.close()

    # --- using it -----------------------------------------------------------------------------------------------

    @property
    def header(self) -> Locator:
        return self.page.get_by_role("banner")

    @property
    def notice(self) -> Locator:
        """What the page says above the editors; the code editors' own alerts live outside of the root."""
        return self.page.locator("#root").get_by_role("alert")

    @property
    def perspective(self) -> Locator:
        return self.header.get_by_role("status")

    @property
    def cost(self) -> Locator:
        """What the header says that the last operation cost."""
        return self.header.get_by_text(re.compile(r"^Cost "))

    @property
    def answer(self) -> Locator:
        """The pane that shows what the server said; only the lines in view are in it."""
        return self.editor("Result Window")

    def editor(self, label: str) -> Locator:
        return self.page.get_by_role("region", name=label, exact=True)

    def lines(self, label: str) -> Locator:
        """The text of an editor; the headers' editor hides behind that of the variables."""
        return self.editor(label).locator(".view-lines").filter(visible=True)

    def tab(self, operation: str) -> Locator:
        return self.page.get_by_role("tablist").get_by_role("button", name=operation, exact=True)

    def choose(self, operation: str) -> None:
        self.tab(operation).click()
        expect(self.editor("Operation Editor")).to_contain_text(operation)

    def write(self, label: str, text: str) -> None:
        """Replace the text of an editor, as select-all and paste do; typing would bring closing brackets along."""
        self.lines(label).click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.evaluate(PASTE, text)
        expect(self.lines(label)).to_contain_text(text.strip().splitlines()[0])

    def write_variables(self, variables: dict[str, Any]) -> None:
        self.write("Variables", json.dumps(variables, indent=2))

    def play(self) -> dict[str, Any]:
        """Press Play and return the server's whole answer to it, once it has arrived."""
        with self.page.expect_response(is_answer_to_play) as arrived:
            self.press_play()
        answer: dict[str, Any] = arrived.value.json()
        return answer

    def press_play(self) -> None:
        self.page.get_by_role("button", name="Execute query").click()

    def screenshot(self, name: str) -> None:
        """Keep a picture, in the folder that CAIRN_SCREENSHOTS names, if it names one."""
        if folder := os.environ.get("CAIRN_SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    # --- what it did --------------------------------------------------------------------------------------------

    def tolerate(self, pattern: str) -> None:
        """Let the console say this, as it must when a test breaks the connection on purpose."""
        self._tolerated.append(re.compile(pattern))

    def assert_stayed_at_home(self) -> None:
        foreign = [url for url in self.requested if not is_local(url) and not url.startswith(f"{self.base_url}/")]
        assert not foreign, f"requests left the origin: {foreign}"

    def assert_nothing_complained(self) -> None:
        loud = [each for each in self.complaints if not any(known.search(each) for known in self._tolerated)]
        assert not loud, "the console complained:\n" + "\n".join(loud)

    def nameless_controls(self) -> list[str]:
        """The markup of every visible control that a screen reader could not name."""
        found: list[str] = self.page.evaluate(NAMELESS_CONTROLS)
        return found


def is_answer_to_play(response: Response) -> bool:
    """The page asks for the schema on its own account, and the answer to that may arrive at any time."""
    return is_graphql(response) and not is_answer_about_schema(response)


def is_answer_about_schema(response: Response) -> bool:
    return is_graphql(response) and "IntrospectionQuery" in (response.request.post_data or "")


def is_graphql(response: Response) -> bool:
    return urlsplit(response.url).path == "/graphql"


def is_local(url: str) -> bool:
    return urlsplit(url).scheme in LOCAL_SCHEMES
