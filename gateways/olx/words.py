"""What a reader sees of a piece of HTML: its words, and where its links lead.

Used to prove that a conversion lost nothing.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag
from markdown_it import MarkdownIt


def names(text: str) -> frozenset[str]:
    """The words of `text` as a set."""
    return frozenset(text.split())


INVISIBLE_TAGS = names("script style template title head iframe meta link base")
INLINE_TAGS = names(
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i ins kbd label mark q rp rt ruby s samp small"
    " span strike strong sub sup time tt u var wbr"
)

_NO_WORD = re.compile(r"[\s\u00a0\u200b-\u200d\u2060\ufeff\x00-\x1f]+")
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
_RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def parse_html(html: str) -> BeautifulSoup:
    """Parses a fragment; what lxml wraps around it (html, head, body) is taken off again.

    Characters that no HTML may contain (controls, lone surrogates) are left out.
    """
    text = html.translate(_CONTROLS).encode("utf-8", "ignore").decode()
    with warnings.catch_warnings():
        # It warns of text that might be a file name or XML; here it is always HTML.
        warnings.simplefilter("ignore")
        soup = BeautifulSoup(text, "lxml")
    for tag in soup.find_all(["html", "head", "body"]):
        tag.unwrap()
    return soup


def render_markdown(markdown: str) -> str:
    """The HTML of `markdown`: CommonMark with tables and raw HTML."""
    return str(_RENDERER.render(markdown))


def visible_words(html: str | Tag) -> list[str]:
    """The words a reader sees, in order, with the alternative texts of images among them."""
    root = parse_html(html) if isinstance(html, str) else html
    return [word for word in _NO_WORD.split("".join(_visible(root))) if word]


def link_targets(html: str | Tag) -> Counter[str]:
    """Where links and images lead, each as often as it occurs."""
    root = parse_html(html) if isinstance(html, str) else html
    found = [*(tag.get("href") for tag in root.find_all("a")), *(tag.get("src") for tag in root.find_all("img"))]
    return Counter(unquote(str(url)).strip() for url in found if url)


def _visible(root: Tag) -> Iterator[str]:
    """Text with a space wherever a block begins or ends.

    Walks without recursion: hostile HTML nests deeper than Python's stack.
    """
    waiting: list[PageElement | str] = list(reversed(root.contents))
    while waiting:
        node = waiting.pop()
        if isinstance(node, str) and not isinstance(node, NavigableString):
            yield node
        elif isinstance(node, PreformattedString):
            continue
        elif isinstance(node, NavigableString):
            yield str(node)
        elif isinstance(node, Tag) and node.name not in INVISIBLE_TAGS:
            gap = "" if node.name in INLINE_TAGS else " "
            yield gap
            if node.name == "img":
                yield f" {node.get('alt') or ''} "
            waiting.append(gap)
            waiting.extend(reversed(node.contents))
