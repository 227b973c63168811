"""Markdown in; sanitised HTML and plain text out.

Authors may write raw HTML inside Markdown (imported courses do); what leaves is only what the allow-list of `nh3`
(ammonia) lets through, plus tables, figures and media-free structure.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

_TAGS = nh3.ALLOWED_TAGS | {"figure", "figcaption", "section", "mark", "details", "summary"}
_BLOCK_END = re.compile(
    r"</(?:p|h[1-6]|li|tr|div|section|figure|figcaption|blockquote|pre|dt|dd|details|summary)>|<br ?/?>|<hr ?/?>"
)
_CELL_END = re.compile(r"</t[dh]>\s*")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True, "typographer": False}).enable(["table", "strikethrough"])


def to_html(markdown: str) -> str:
    """Sanitised HTML of a Markdown text. Links open without handing over the window or the referrer."""
    return nh3.clean(
        _markdown().render(markdown),
        tags=_TAGS,
        url_schemes={"http", "https", "mailto", "tel", "cairn"},
        link_rel="noopener noreferrer",
    ).strip()


def to_plain(sanitised: str) -> str:
    """The words of sanitised HTML, one line per block, without any markup."""
    spaced = _BLOCK_END.sub("\n", _CELL_END.sub(" ", sanitised))
    bare = html.unescape(nh3.clean(spaced, tags=set()))
    return _LINES.sub("\n", _SPACES.sub(" ", bare)).strip()
