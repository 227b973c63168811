"""Markdown in; sanitised HTML and plain text out. And one spelling for texts that look alike.

Authors may write raw HTML inside Markdown (imported courses do); what leaves is only what the allow-list of `nh3`
(ammonia) lets through, plus tables, figures and media-free structure.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import Literal

import nh3
from markdown_it import MarkdownIt

_TAGS = nh3.ALLOWED_TAGS | {"figure", "figcaption", "section", "mark", "details", "summary"}
_BLOCK_END = re.compile(
    r"</(?:p|h[1-6]|li|tr|div|section|figure|figcaption|blockquote|pre|dt|dd|details|summary)>|<br ?/?>|<hr ?/?>"
)
_CELL_END = re.compile(r"</t[dh]>\s*")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")
# Texts up to here are spelt anew in a millisecond, whatever they hold.
_SHORT = 500
# No language puts so many marks on one letter.
_MOST_MARKS = 64


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


def unified(text: str, form: Literal["NFC", "NFKC", "NFKD"] = "NFC") -> str:
    """The text in one Unicode form, in time that grows with its length.

    Putting a run of combining marks into order takes the square of its length, during which nothing else runs: longer
    runs than any language has are left as they are. Nothing else in the house normalises.
    """
    if len(text) <= _SHORT or text.isascii():
        return unicodedata.normalize(form, text)
    parts = _long_runs().split(text)
    return "".join(part if number % 2 else unicodedata.normalize(form, part) for number, part in enumerate(parts))


@lru_cache(maxsize=1)
def _long_runs() -> re.Pattern[str]:
    """Runs of what is a mark, or begins with one once it is taken apart."""
    marks = (each for each in map(chr, range(0x300, 0x1F000)) if _begins_with_a_mark(each))
    return re.compile(f"([{''.join(marks)}]{{{_MOST_MARKS},}})")


def _begins_with_a_mark(letter: str) -> bool:
    return unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]) != 0
