"""HTML of a component to Cairn's Markdown, with frames that stand alone as pieces of their own."""

from dataclasses import dataclass
from html import escape

from bs4.element import PageElement, Tag

from gateways.olx.cleaning import EMBED_TAG, clean, embed_link
from gateways.olx.markdown import block_to_markdown, inline_to_markdown, plain_text, to_blocks, too_deep
from gateways.olx.scope import Scope
from gateways.olx.tree import IssueCode, OlxBlock, Settings
from gateways.olx.words import parse_html

MAXIMUM_HTML = 1 << 20
MOST_TAGS = 10_000


@dataclass(frozen=True, slots=True)
class Embed:
    """A frame that stood alone. `height` is in pixels."""

    url: str
    title: str
    height: int | None


def to_pieces(html: str, scope: Scope) -> list[str | Embed]:
    """The HTML as Markdown texts and embeds, in order; an empty list when learners saw nothing."""
    if (root := _prepared(html, scope, keep_embeds=True)) is None:
        return []
    if too_deep(root):
        return [_flat(root, scope)]
    pieces: list[str | Embed] = []
    texts: list[str] = []
    for block in to_blocks(root):
        if embeds := _embeds_alone(block):
            pieces.extend([_joined(texts), *embeds])
            texts = []
        else:
            texts.append(_block(_without_embeds(block, scope), scope))
    pieces.append(_joined(texts))
    return [piece for piece in pieces if piece]


def to_markdown(html: str, scope: Scope) -> str:
    """The HTML as one Markdown text; frames become links."""
    if (root := _prepared(html, scope, keep_embeds=False)) is None:
        return ""
    if too_deep(root):
        return _flat(root, scope)
    return _joined([_block(block, scope) for block in to_blocks(root)])


def to_inline(html: str, scope: Scope) -> str:
    """The HTML as one line of Markdown, for choices, feedback and other short texts."""
    if (root := _prepared(html, scope, keep_embeds=False)) is None:
        return ""
    return _flat(root, scope) if too_deep(root) else inline_to_markdown(root)


def text_blocks(html: str, scope: Scope) -> list[OlxBlock]:
    """The HTML as text and embed blocks of the component."""
    blocks = []
    for piece in to_pieces(html, scope):
        if isinstance(piece, Embed):
            settings: Settings = {"url": piece.url, "height": piece.height, "aspect_ratio": None}
            blocks.append(scope.block("embed", title=piece.title or scope.title, settings=settings))
        else:
            blocks.append(scope.block("text", piece))
    return blocks


def _prepared(html: str, scope: Scope, *, keep_embeds: bool) -> Tag | None:
    if len(html) > MAXIMUM_HTML:
        scope.error(
            IssueCode.FILE_TOO_LARGE,
            f"The HTML is longer than {MAXIMUM_HTML} characters and was left out.",
            html[:3000],
        )
        return None
    if not html.strip():
        return None
    if html.count("<") > MOST_TAGS:
        scope.error(IssueCode.FILE_TOO_LARGE, f"The HTML has more than {MOST_TAGS} tags and was left out.", html[:3000])
        return None
    return clean(html, scope, keep_embeds=keep_embeds)


def _block(nodes: list[PageElement], scope: Scope) -> str:
    source = "".join(str(n) if isinstance(n, Tag) else escape(str(n), quote=False) for n in nodes)
    if (markdown := block_to_markdown(nodes)) is not None:
        return markdown
    scope.error(IssueCode.TEXT_CHANGED, "A piece of HTML could not be kept as it was; only its words are.", source)
    return plain_text(parse_html(source))


def _flat(root: Tag, scope: Scope) -> str:
    scope.warn(
        IssueCode.MARKUP_DROPPED, "The HTML is nested too deeply to be kept; only its words are.", str(root)[:3000]
    )
    return plain_text(root)


def _joined(texts: list[str]) -> str:
    return "\n\n".join(text for text in texts if text.strip())


def _embeds_alone(block: list[PageElement]) -> list[Embed]:
    """The block's frames, when it has nothing else; else none."""
    if any(node.get_text().strip() for node in block):
        return []
    tags = [node for node in block if isinstance(node, Tag)]
    if any(tag.name == "img" or tag.find("img") for tag in tags):
        return []
    found = [embed for tag in tags for embed in ([tag] if tag.name == EMBED_TAG else tag.find_all(EMBED_TAG))]
    return [_embed(tag) for tag in found]


def _embed(tag: Tag) -> Embed:
    height = str(tag.get("height") or "")
    return Embed(str(tag["url"]), str(tag.get("title") or ""), int(height) if height else None)


def _without_embeds(block: list[PageElement], scope: Scope) -> list[PageElement]:
    """The block with links in the place of frames among other content."""
    soup = parse_html("")
    result: list[PageElement] = []
    for node in block:
        if isinstance(node, Tag):
            for tag in [node] if node.name == EMBED_TAG else node.find_all(EMBED_TAG):
                scope.warn(IssueCode.EMBED_LINKED, "A frame among other content became a link.", str(tag))
                link = embed_link(soup, str(tag["url"]), str(tag.get("title") or ""))
                tag.replace_with(link)
                node = link if tag is node else node
        result.append(node)
    return result
