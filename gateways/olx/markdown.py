"""HTML to Markdown, block by block, proven: a block whose Markdown does not give back the same words and links stays
HTML.

markdownify does the conversion. Where Markdown has no words for a thing (tables with spans, definition lists,
MathJax, arranged layout), the block's HTML is kept inside the Markdown, which Cairn's Markdown allows.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag
from markdownify import ATX, BACKSLASH, MarkdownConverter

from core.text import to_html
from gateways.olx.cleaning import EMBED_TAG, has_layout
from gateways.olx.words import INLINE_TAGS, link_targets, names, parse_html, render_markdown, visible_words

MAXIMUM_DEPTH = 60

_WRAPPERS = frozenset({"div", EMBED_TAG})
_INLINE = INLINE_TAGS | {"img", "br", EMBED_TAG}
# Elements that open a block of raw HTML in CommonMark.
_STARTS_HTML_BLOCK = names("blockquote details div dl figure h1 h2 h3 h4 h5 h6 hr ol p table ul")
_STAYS_HTML = frozenset({"dl", "details", "figure", "ruby", "caption", "colgroup", "col", "bdi", "bdo"})
# Elements whose parts read best on lines of their own.
_ROWS = names("table thead tbody tfoot tr ul ol dl")
_MATH = re.compile(r"\\\(|\\\[|\[mathjax(inline)?\]")
_LINE_START = "\ue000"
_PRE_NEWLINE = "\ue001"
_URL_CHARACTERS = "!#$%&'*+,-./:;=?@_~"
_NOT_IN_TEXT = str.maketrans("", "", _LINE_START + _PRE_NEWLINE)


def to_blocks(root: Tag) -> list[list[PageElement]]:
    """The top-level blocks: wrappers that only group are opened, and runs of inline content are kept together."""
    blocks: list[list[PageElement]] = []
    run: list[PageElement] = []
    for node in _flatten(root):
        if isinstance(node, Tag) and node.name not in _INLINE:
            blocks.extend([run, [node]])
            run = []
        elif node is _BOUNDARY:
            blocks.append(run)
            run = []
        else:
            run.append(node)
    blocks.append(run)
    return [block for block in blocks if _has_content(block)]


_BOUNDARY = NavigableString("")


def _flatten(root: Tag) -> Iterator[PageElement]:
    waiting: list[PageElement] = list(reversed(root.contents))
    while waiting:
        node = waiting.pop()
        if isinstance(node, Tag) and node.name == "div" and not has_layout(node):
            waiting.extend([_BOUNDARY, *reversed(node.contents), _BOUNDARY])
        else:
            yield node


def _has_content(block: Iterable[PageElement]) -> bool:
    for node in block:
        if isinstance(node, Tag) and (node.name in ("img", "hr", EMBED_TAG) or node.find(["img", "hr", EMBED_TAG])):
            return True
        if node.get_text().strip():
            return True
    return False


def too_deep(root: Tag) -> bool:
    """Whether the HTML is nested deeper than a person writes."""
    level: list[Tag] = [root]
    for _ in range(MAXIMUM_DEPTH):
        level = [child for tag in level for child in tag.contents if isinstance(child, Tag)]
        if not level:
            return False
    return True


def block_to_markdown(nodes: list[PageElement]) -> str | None:
    """One block as Markdown, or as HTML inside Markdown where only that keeps what it says; None when neither does."""
    element = _as_element(nodes)
    said = _Said.by(element)
    if not _must_stay_html(element):
        markdown = _convert(element)
        if said == _Said.by(markdown):
            return markdown
    raw = _raw_html(element)
    return raw if said == _Said.by(raw) else None


def inline_to_markdown(root: Tag) -> str:
    """Everything in one line of Markdown, blocks separated by line breaks. For choices and other short texts."""
    lines = []
    for nodes in to_blocks(root):
        element = _as_element(nodes)
        markdown = " ".join(_convert(_only_inline(element)).split("\n")).strip()
        lines.append(markdown if _Said.by(markdown) == _Said.by(element) else plain_text(element))
    return "<br>".join(line for line in lines if line)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a reader gets: the words in order, and where the links lead."""

    words: list[str]
    targets: Counter[str]

    @classmethod
    def by(cls, text: str | Tag) -> "_Said":
        """What Markdown says once it is shown, or an element as it is."""
        if isinstance(text, Tag):
            return cls(visible_words(text), link_targets(text))
        # Neutral links do not pass the sanitiser before they are rewritten, so these are looked for ahead of it.
        return cls(visible_words(to_html(text)), link_targets(render_markdown(text)))


def _raw_html(element: Tag) -> str:
    """The element as raw HTML that Markdown passes through whole: no blank line in it, and starting like a block."""
    for text in list(element.find_all(string=True)):
        if text.find_parent("pre") is not None:
            text.replace_with(str(text).replace("\n", _PRE_NEWLINE))
        elif not text.strip() and text.parent is not None and text.parent.name in _ROWS:
            text.replace_with("\n")
    for tag in [element, *element.find_all(True)]:
        tag.attrs.update({name: " ".join(str(value).split()) for name, value in tag.attrs.items()})
    html = element.decode(formatter="minimal").strip()
    html = re.sub(r"\n\s*\n", "\n", html).replace(_PRE_NEWLINE, "&#10;")
    return html if element.name in _STARTS_HTML_BLOCK else f"<div>{html}</div>"


def plain_text(root: Tag) -> str:
    """Only the words, as Markdown that shows them as they are."""
    return _escape(_LINE_START + " ".join(visible_words(root)))


def _as_element(nodes: list[PageElement]) -> Tag:
    """One element holding the block: the node itself, or a paragraph around a run of inline nodes.

    Detached and prepared.
    """
    soup = BeautifulSoup("", "lxml")
    if len(nodes) == 1 and isinstance(nodes[0], Tag) and nodes[0].name not in _INLINE:
        element = nodes[0].extract()
    else:
        element = soup.new_tag("p")
        element.extend([node.extract() for node in nodes])
    soup.append(element)
    _tidy(element)
    return element


def _must_stay_html(element: Tag) -> bool:
    every = [element, *element.find_all(True)]
    if any(tag.name in _STAYS_HTML or has_layout(tag) or _has_own_numbers(tag) for tag in every):
        return True
    return bool(_MATH.search(element.get_text())) or any(
        tag.name == "table" and not _is_simple_table(tag) for tag in every
    )


def _has_own_numbers(tag: Tag) -> bool:
    """Whether a list counts in a way Markdown cannot write."""
    return (tag.name == "ol" and (tag.has_attr("type") or tag.has_attr("reversed"))) or (
        tag.name == "li" and tag.has_attr("value")
    )


def _is_simple_table(table: Tag) -> bool:
    """Whether Markdown can draw it: a header row, rows of one width, and nothing but inline content in the cells."""
    rows = table.find_all("tr")
    cells = [row.find_all(["td", "th"]) for row in rows]
    if not rows or table.find("table") or len({len(row) for row in cells}) != 1:
        return False
    if any(cell.name != "th" for cell in cells[0]) or any(cell.name != "td" for row in cells[1:] for cell in row):
        return False
    every = [cell for row in cells for cell in row]
    return not any(
        cell.get("colspan") or cell.get("rowspan") or cell.find(lambda tag: tag.name not in _INLINE) for cell in every
    )


# --- tidying before the conversion ----------------------------------------------------------------------------------


def _tidy(element: Tag) -> None:
    """Removes what only gets in a converter's way; no word changes."""
    for text in list(element.find_all(string=True)):
        in_pre = text.find_parent("pre") is not None
        tidy = str(text).translate(_NOT_IN_TEXT)
        tidy = tidy if in_pre else re.sub(r"[ \t\r\n\f]+", " ", tidy)
        if tidy != text:
            text.replace_with(tidy)
    for span in element.find_all("span"):
        if not span.attrs:
            span.unwrap()
    for tag in element.find_all(["strong", "b", "em", "i", "a"]):
        _move_spaces_out(tag)
        if not tag.get_text().strip() and tag.find(True) is None:
            tag.unwrap()
    element.smooth()
    for tag in element.find_all(["strong", "b", "em", "i"]):
        _merge_with_next(tag)
    for tag in element.find_all("br"):
        if _is_at_edge(tag):
            tag.decompose()
        elif isinstance(tag.next_sibling, NavigableString) and tag.next_sibling.startswith(" "):
            tag.next_sibling.replace_with(str(tag.next_sibling).lstrip(" "))
    element.smooth()


def _move_spaces_out(tag: Tag) -> None:
    """No-break spaces at the edge of emphasis are spaces: Markdown's stars do not work beside them."""
    texts = list(tag.find_all(string=True))
    if texts and texts[0].startswith("\xa0"):
        texts[0].replace_with(" " + str(texts[0]).lstrip("\xa0"))
    texts = list(tag.find_all(string=True))
    if texts and texts[-1].endswith("\xa0"):
        texts[-1].replace_with(str(texts[-1]).rstrip("\xa0") + " ")


def _merge_with_next(tag: Tag) -> None:
    following = tag.next_sibling
    while isinstance(following, Tag) and following.name == tag.name and following is not tag and tag.parent is not None:
        tag.extend([child.extract() for child in list(following.contents)])
        following.decompose()
        following = tag.next_sibling


def _is_at_edge(tag: Tag) -> bool:
    """Whether a line break begins or ends its block, where it shows nothing."""
    if tag.parent is None or tag.parent.name in INLINE_TAGS:
        return False
    before, after = _content(tag.previous_siblings), _content(tag.next_siblings)
    return before is None or after is None or (isinstance(after, Tag) and after.name not in _INLINE)


def _content(siblings: Iterator[PageElement]) -> PageElement | None:
    """The first sibling that is no white space."""
    return next((node for node in siblings if not (isinstance(node, NavigableString) and not node.strip())), None)


def _only_inline(element: Tag) -> Tag:
    """A copy whose block elements are opened, so that it can stand in one line."""
    copy = parse_html(str(element))
    for tag in copy.find_all(lambda tag: tag.name not in _INLINE):
        tag.insert_after(" ")
        tag.unwrap()
    paragraph = copy.new_tag("p")
    paragraph.extend([node.extract() for node in list(copy.contents)])
    copy.append(paragraph)
    _tidy(paragraph)
    return paragraph


# --- the conversion -------------------------------------------------------------------------------------------------


def _convert(element: Tag) -> str:
    copy = parse_html(str(element))
    _mark_line_starts(copy)
    markdown = _Converter(
        heading_style=ATX, newline_style=BACKSLASH, bullets="-", autolinks=False, strip_pre=None
    ).convert_soup(copy)
    return markdown.replace(_LINE_START, "").strip("\n").rstrip()


# Where no text begins a line of Markdown.
_NO_LINES = ["pre", "code", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6"]


def _mark_line_starts(root: Tag) -> None:
    """Marks the texts that begin a line, since only there `1.`, `#`, `-`, `>` and `=` have to be escaped."""
    at_start = True
    for node in list(root.descendants):
        if isinstance(node, Tag):
            at_start = at_start or node.name not in _INLINE or node.name == "br"
            at_start = at_start and node.name != "img"
        elif isinstance(node, NavigableString) and node.strip():
            if at_start and node.find_parent(_NO_LINES) is None:
                text = str(node)
                stripped = text.lstrip()
                node.replace_with(text[: len(text) - len(stripped)] + _LINE_START + stripped)
            at_start = False


_SPECIAL = re.compile(r"[\\`*\[\]]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w+;)|~(?=~)|(?<=~)~")
_SPECIAL_AT_START = re.compile(
    _LINE_START + r"(#{1,6}(?=\s|$)|[-+](?=\s|$)|\d{1,9}(?=[.)](?:\s|$))|>|=+\s*$|-[-\s]*$|~)"
)


def _escape(text: str) -> str:
    text = _SPECIAL.sub(lambda match: "\\" + match[0], text)
    return _SPECIAL_AT_START.sub(_escape_at_start, text).replace(_LINE_START, "")


def _escape_at_start(match: re.Match[str]) -> str:
    return f"{match[1]}\\" if match[1].isdigit() else f"\\{match[1]}"


def _destination(url: str) -> str:
    return quote(url, safe=_URL_CHARACTERS)


def _title(tag: Tag) -> str:
    title = " ".join(str(tag.get("title") or "").split())
    return ' "{}"'.format(_escape(title).replace('"', '\\"')) if title else ""


def _raw_inline(name: str) -> Callable[..., str]:
    """Inline elements Markdown has no sign for are written as HTML, which stands well in a line."""

    def convert(_self: MarkdownConverter, tag: Tag, text: str, parent_tags: set[str]) -> str:
        if "_noformat" in parent_tags or not text.strip():
            return text
        title = str(tag.get("title") or "").replace("&", "&amp;").replace('"', "&quot;")
        attributes = f' title="{title}"' if title else ""
        return f"<{name}{attributes}>{text}</{name}>"

    return convert


class _Converter(MarkdownConverter):
    """markdownify with exact escaping, images that survive in headings and cells, and HTML for what Markdown lacks."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        escaped = _escape(text)
        return escaped.replace("|", "\\|") if parent_tags & {"td", "th"} else escaped

    def convert_a(self, tag: Tag, text: str, parent_tags: set[str]) -> str:
        if "_noformat" in parent_tags or not text.strip() or not tag.get("href"):
            return text
        before = " " if text[0] == " " else ""
        after = " " if text[-1] == " " else ""
        return f"{before}[{text.strip()}]({_destination(str(tag['href']))}{_title(tag)}){after}"

    def convert_img(self, tag: Tag, text: str, parent_tags: set[str]) -> str:
        alt = " ".join(str(tag.get("alt") or "").split())
        size = "".join(f' {name}="{tag[name]}"' for name in ("width", "height") if str(tag.get(name) or "").isdigit())
        if size:
            return f'<img src="{_destination(str(tag["src"]))}" alt="{_attribute(alt)}"{size}>'
        return f"![{_escape(alt)}]({_destination(str(tag['src']))}{_title(tag)})"

    def convert_br(self, tag: Tag, text: str, parent_tags: set[str]) -> str:
        if "pre" in parent_tags:
            return "\n"
        if parent_tags & {"td", "th"}:
            return "<br>"
        return " " if "_inline" in parent_tags else "\\\n"

    def convert_pre(self, tag: Tag, text: str, parent_tags: set[str]) -> str:
        code = text.strip("\n")
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
        return f"\n\n{fence}\n{code}\n{fence}\n\n" if code.strip() else ""

    convert_abbr = _raw_inline("abbr")
    convert_acronym = _raw_inline("abbr")
    convert_cite = _raw_inline("cite")
    convert_del = _raw_inline("del")
    convert_dfn = _raw_inline("dfn")
    convert_ins = _raw_inline("ins")
    convert_mark = _raw_inline("mark")
    convert_q = _raw_inline("q")
    convert_s = _raw_inline("s")
    convert_small = _raw_inline("small")
    convert_sub = _raw_inline("sub")
    convert_sup = _raw_inline("sup")
    convert_time = _raw_inline("time")
    convert_u = _raw_inline("u")
    convert_var = _raw_inline("var")


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
