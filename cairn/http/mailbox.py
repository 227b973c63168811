"""The mailbox page: what was sent, while developing. Where a mail server is named there is no such page."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from core.addresses import read_address
from gateways.mail import Mailbox, Message

_LINK = re.compile(r"https?://[^\s<>\"]+")
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Mailbox</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<style>body{{font:16px/1.5 system-ui;max-width:44rem;margin:2rem auto;padding:0 1rem}}
article{{border:1px solid #8886;border-radius:.5rem;padding:0 1rem;margin:1rem 0}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}}h2{{font-size:1.1rem}}
:root{{color-scheme:light dark}}</style>
<h1>Mailbox</h1>
<p>What this server would have sent, newest first. It is kept in memory, and gone when the server stops.</p>
{mails}</html>"""


@dataclass(frozen=True)
class MailboxPage:
    """Answers `/mailbox`, under this machine's own names and the one that browsers use (`host`).

    Any other name is somebody's who has it point here, so that a page of theirs may read what only this machine should.
    """

    mailbox: Mailbox
    host: str | None = None

    async def __call__(self, request: Request) -> Response:
        """The mails as a page, or as JSON for programs that ask for it."""
        if not self._is_ours(request.url.hostname or ""):
            return PlainTextResponse("This page is not shown under this name.\n", 421, _HEADERS)
        newest = list(reversed(self.mailbox.kept))
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse([vars(each) for each in newest], headers=_HEADERS)
        mails = "".join(_shown(each) for each in newest) or "<p>Nothing was sent yet.</p>"
        return HTMLResponse(_PAGE.format(mails=mails), headers=_HEADERS)

    def _is_ours(self, name: str) -> bool:
        """Whether a browser came by an address, which no name can be made to stand for, or by a name of ours."""
        return name in ("localhost", self.host) or name.endswith(".localhost") or read_address(name) is not None


def _shown(message: Message) -> str:
    text = _LINK.sub(lambda link: f'<a href="{link[0]}">{link[0]}</a>', html.escape(message.text, quote=False))
    return (
        f"<article><h2>{html.escape(message.subject)}</h2><p>To {html.escape(message.recipient)}</p>"
        f"<pre>{text}</pre></article>"
    )
