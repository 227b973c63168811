"""Takes everything out of a component's HTML that Cairn has no home for, and reports what it took. The words stay."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString, PreformattedString, Tag

from gateways.olx.fitting import is_address
from gateways.olx.scope import Scope
from gateways.olx.tree import IssueCode
from gateways.olx.words import names, parse_html

EMBED_TAG = "olx-embed"

ALLOWED_TAGS = names(
    "a abbr acronym b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em"
    " figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong"
    " sub summary sup table tbody td tfoot th thead time tr u ul var wbr"
)
_SAME_THING = {
    "strike": "s",
    "tt": "code",
    "center": "div",
    "big": "span",
    "font": "span",
    "data": "span",
    "text": "span",
}
_LAYOUT_TAGS = names("section article header footer main aside nav address hgroup body search")
_FORM_BLOCKS = frozenset({"form", "fieldset", "legend", "textarea"})
_FORM_CONTROLS = names("button select option optgroup datalist label input output meter progress")
_PLAYERS = frozenset({"iframe", "video", "audio", "object", "embed", "applet"})
_STYLING_ATTRIBUTES = names(
    "style class align valign border cellpadding cellspacing bgcolor color face size clear noshade nowrap hspace"
    " vspace frame rules background marginwidth marginheight frameborder scrolling"
)
# Where a link opens, how a browser fetches: no part of what is said.
_BROWSER_ATTRIBUTES = names("target rel loading decoding referrerpolicy crossorigin fetchpriority sizes")
_KEPT_EVERYWHERE = frozenset({"title", "lang", "dir"})
_KEPT_BY_TAG = {
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "td": frozenset({"colspan", "rowspan", "headers"}),
    "th": frozenset({"colspan", "rowspan", "headers", "scope", "abbr"}),
    "ol": frozenset({"start", "type", "reversed"}),
    "li": frozenset({"value"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "time": frozenset({"datetime"}),
    "blockquote": frozenset({"cite"}),
    "q": frozenset({"cite"}),
    "del": frozenset({"cite", "datetime"}),
    "ins": frozenset({"cite", "datetime"}),
    EMBED_TAG: frozenset({"url", "height"}),
}
_LAYOUT_STYLE = re.compile(r"\b(display|float|position|columns|column-count|flex|grid)[\w-]*\s*:", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"%%[A-Z_]+%%")


def clean(html: str, scope: Scope, *, keep_embeds: bool) -> BeautifulSoup:
    """The HTML with only tags and attributes Cairn shows, its links in neutral form.

    A frame becomes an `olx-embed` element (attributes url, title, height) when `keep_embeds` is true, else a link.
    """
    soup = parse_html(html)
    _drop_comments(soup, scope)
    _drop_scripts(soup, scope)
    _rewrite_links(soup, scope)
    _replace_players(soup, scope, keep_embeds)
    _drop_styling(soup, scope)
    _replace_forms(soup, scope)
    _open_clarifications(soup)
    _replace_unknown_tags(soup, scope)
    _drop_attributes(soup, scope)
    _note_placeholders(soup, scope)
    return soup


def _drop_comments(soup: BeautifulSoup, scope: Scope) -> None:
    found = soup.find_all(string=lambda text: isinstance(text, PreformattedString))
    for text in found:
        text.extract()
    said = [str(text).strip() for text in found if isinstance(text, Comment) and str(text).strip()]
    if said:
        scope.info(IssueCode.COMMENT_DROPPED, "A comment that learners never saw was left out.", "\n".join(said))


def _drop_scripts(soup: BeautifulSoup, scope: Scope) -> None:
    sources = []
    for tag in soup.find_all(["script", "template"]):
        sources.append(str(tag))
        tag.decompose()
    for tag in soup.find_all(True):
        for name in [name for name in tag.attrs if name.lower().startswith("on")]:
            sources.append(f'<{tag.name} {name}="{tag.attrs.pop(name)}">')
    if sources:
        scope.warn(
            IssueCode.SCRIPT_DROPPED, "Scripts were left out; what they did no longer happens.", "\n".join(sources)
        )


def _drop_styling(soup: BeautifulSoup, scope: Scope) -> None:
    sources = []
    for tag in soup.find_all(["style", "link", "meta", "base", "title"]):
        if tag.name in ("style", "link"):
            sources.append(str(tag))
        tag.decompose()
    for tag in soup.find_all(True):
        for name in [name for name in tag.attrs if _is_styling(tag, name)]:
            value = tag.attrs[name] if _is_layout(tag, name) else tag.attrs.pop(name)
            sources.append(f'<{tag.name} {name}="{" ".join(value) if isinstance(value, list) else value}">')
    if sources:
        unique = list(dict.fromkeys(sources))
        scope.info(
            IssueCode.STYLING_DROPPED,
            "Styling has no home: colours, sizes and layout come from the front end.",
            "\n".join(unique),
        )


def _is_styling(tag: Tag, name: str) -> bool:
    return name in _STYLING_ATTRIBUTES or (
        name in ("width", "height") and tag.name not in ("img", *_PLAYERS, EMBED_TAG)
    )


def _is_layout(tag: Tag, name: str) -> bool:
    """Styles that arrange content stay in the source for the editor, who can see there what was meant."""
    return name == "style" and tag.name not in ("img", EMBED_TAG) and bool(_LAYOUT_STYLE.search(str(tag["style"])))


def has_layout(tag: Tag) -> bool:
    """Whether the element arranges its content by a style of its own."""
    return tag.has_attr("style")


# --- frames and players ---------------------------------------------------------------------------------------------


def _replace_players(soup: BeautifulSoup, scope: Scope, keep_embeds: bool) -> None:
    for tag in soup.find_all(list(_PLAYERS)):
        if tag.parent is None or tag.decomposed:
            continue
        source = str(tag)
        address = _player_address(tag)
        url = scope.link(address) if address else None
        title = str(tag.get("title") or tag.get("aria-label") or "").strip()
        if tag.name != "iframe":
            _keep_fallback(tag)
        if url is None:
            scope.error(IssueCode.MARKUP_DROPPED, f"A <{tag.name}> without a usable address was left out.", source)
            tag.decompose()
        elif keep_embeds and tag.name == "iframe" and url.startswith("https://") and is_address(url):
            tag.replace_with(_embed(soup, url, title, str(tag.get("height") or "")))
        else:
            scope.warn(IssueCode.EMBED_LINKED, "Embedded content became a link.", source)
            tag.replace_with(" ", embed_link(soup, url, title), " ")


def _player_address(tag: Tag) -> str:
    for name in ("src", "data", "code"):
        if tag.get(name):
            return str(tag[name])
    inner = tag.find(["source", "embed"], src=True)
    parameter = tag.find("param", attrs={"name": re.compile("^(movie|src|url)$", re.IGNORECASE)})
    return str(inner["src"]) if inner else str(parameter.get("value") or "") if parameter else ""


def _keep_fallback(tag: Tag) -> None:
    """What a player shows where it cannot play is text like any other: it moves behind the player."""
    for inner in tag.find_all(["source", "track", "param", "embed"]):
        inner.unwrap()
    for child in reversed(list(tag.contents)):
        tag.insert_after(child.extract())


def _embed(soup: BeautifulSoup, url: str, title: str, height: str) -> Tag:
    embed = soup.new_tag(EMBED_TAG, attrs={"url": url, "title": title})
    if height.removesuffix("px").isdigit():
        embed["height"] = height.removesuffix("px")
    return embed


def embed_link(soup: BeautifulSoup, url: str, title: str) -> Tag:
    """A link with words of its own to what was embedded."""
    link = soup.new_tag("a", attrs={"href": url})
    link.string = title or _words_for(url)
    return link


def _words_for(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}".strip("/") or url


# --- tags and attributes --------------------------------------------------------------------------------------------


def _replace_forms(soup: BeautifulSoup, scope: Scope) -> None:
    sources = []
    for tag in soup.find_all(list(_FORM_BLOCKS | _FORM_CONTROLS)):
        if tag.name != "label":
            sources.append(_opening(tag))
        label = tag.get("value") if tag.name == "input" and tag.get("type") in ("button", "submit", "reset") else None
        if label:
            tag.append(str(label))
        if tag.name in _FORM_CONTROLS:
            tag.insert_after(" ")
        tag.name = "div" if tag.name in _FORM_BLOCKS else "span"
        tag.attrs = {}
    if sources:
        message = "Buttons and input fields do nothing any more; their words are kept."
        scope.warn(IssueCode.MARKUP_DROPPED, message, "\n".join(dict.fromkeys(sources)))


def _open_clarifications(soup: BeautifulSoup) -> None:
    """Open edX's own element for a remark that opens beside a word: it becomes a remark in brackets."""
    for tag in soup.find_all("clarification"):
        tag.insert_before(" (")
        tag.insert_after(") ")
        tag.unwrap()


def _replace_unknown_tags(soup: BeautifulSoup, scope: Scope) -> None:
    dropped: dict[str, str] = {}
    for tag in soup.find_all(lambda tag: tag.name not in ALLOWED_TAGS and tag.name != EMBED_TAG):
        if tag.name in _SAME_THING:
            tag.name = _SAME_THING[tag.name]
        elif tag.name in _LAYOUT_TAGS:
            tag.name = "div"
        else:
            dropped.setdefault(tag.name, str(tag))
            tag.insert_before(" ")
            tag.insert_after(" ")
            tag.unwrap()
    if dropped:
        names = ", ".join(f"<{name[:40]}>" for name in list(dropped)[:10])
        scope.warn(
            IssueCode.MARKUP_DROPPED,
            f"There is no home for {names}; the words inside are kept.",
            "\n".join(dropped.values()),
        )


def _rewrite_links(soup: BeautifulSoup, scope: Scope) -> None:
    for tag in soup.find_all("a", href=True):
        _rewrite(tag, "href", scope.link)
    for tag in soup.find_all("img"):
        source = str(tag)
        if tag.get("src"):
            _rewrite(tag, "src", scope.link)
        if not tag.get("src"):
            scope.error(
                IssueCode.MARKUP_DROPPED,
                "An image without a usable address was left out; its description is kept.",
                source,
            )
            tag.replace_with(NavigableString(f" {tag.get('alt') or ''} "))


def _rewrite(tag: Tag, name: str, link: Callable[[str], str | None]) -> None:
    url = link(str(tag[name]))
    if url is None:
        del tag[name]
    else:
        tag[name] = url


def _drop_attributes(soup: BeautifulSoup, scope: Scope) -> None:
    dropped: dict[str, str] = {}
    for tag in soup.find_all(True):
        kept = _KEPT_EVERYWHERE | _KEPT_BY_TAG.get(tag.name, frozenset())
        for name in [name for name in tag.attrs if name not in kept and not (name == "style" and has_layout(tag))]:
            value = tag.attrs.pop(name)
            if name not in _BROWSER_ATTRIBUTES:
                dropped.setdefault(name, f'<{tag.name} {name}="{value}">')
    if dropped:
        names = ", ".join(name[:40] for name in list(dropped)[:20])
        scope.info(
            IssueCode.ATTRIBUTE_DROPPED,
            f"Attributes without a home were left out: {names}.",
            "\n".join(dropped.values()),
        )


def _opening(tag: Tag) -> str:
    return str(tag).split(">", 1)[0] + ">"


def _note_placeholders(soup: BeautifulSoup, scope: Scope) -> None:
    found = dict.fromkeys(_PLACEHOLDER.findall(soup.get_text()))
    if found:
        message = f"The text has placeholders that Open edX filled in: {', '.join(list(found)[:10])}."
        scope.warn(IssueCode.PLACEHOLDER_KEPT, message)
