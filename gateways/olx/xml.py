"""Parses XML that strangers wrote.

XML goes through defusedxml on the standard library's parser: it refuses a DOCTYPE at the moment the parser meets one,
in whatever encoding, so neither entity bombs, external entities nor attribute defaults can come in, and nothing has
to be searched for beforehand. lxml, with entities and network off, would still expand entities inside attributes.
(HTML, which has no such declarations, is parsed by lxml in `html.py`: Python's own HTML parser takes quadratic time
on hostile input.)
"""

import copy
import html
from collections.abc import Iterator
from typing import cast
from xml.etree.ElementTree import Element, ParseError, tostring

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from gateways.olx.tree import OlxError

MAXIMUM_DEPTH = 100
SOURCE_BYTES = 2048


class UnreadableXml(Exception):
    """One file is no well-formed XML. The reason is in plain words."""


def parse_xml(content: bytes, file: str) -> Element:
    """The root element, with namespaces taken off the names.

    Raises UnreadableXml for XML that is broken, and OlxError for XML that is hostile: with a DOCTYPE, or nested
    beyond reason.
    """
    try:
        root = cast(Element, fromstring(content, forbid_dtd=True))
    except DefusedXmlException as error:
        raise OlxError("An XML file has a DOCTYPE, which OLX never has and attacks use.", file) from error
    except (ParseError, ValueError, LookupError) as error:
        # ValueError and LookupError: an encoding in the declaration that does not exist or does not fit.
        raise UnreadableXml(f"It is no well-formed XML: {error}.") from error
    _check_depth(root, file)
    for element in root.iter():
        _drop_namespace(element)
    return root


def _check_depth(root: Element, file: str) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAXIMUM_DEPTH:
            raise OlxError(f"An XML file is nested more than {MAXIMUM_DEPTH} levels deep.", file)
        level = [child for element in level for child in element]


def _drop_namespace(element: Element) -> None:
    if "}" in element.tag:
        element.tag = element.tag.rpartition("}")[2]
    for name in [name for name in element.attrib if "}" in name]:
        element.attrib[name.rpartition("}")[2]] = element.attrib.pop(name)


def is_utf8(content: bytes) -> bool:
    """Whether the bytes are text in UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def clip(text: str) -> str:
    """`text` cut to about 2 KB for use as an issue's source."""
    data = text.strip().encode()
    return data.decode() if len(data) <= SOURCE_BYTES else data[:SOURCE_BYTES].decode(errors="ignore") + " …"


def source_of(element: Element) -> str:
    """The element as XML, clipped."""
    return clip(outer_xml(element))


def outer_xml(element: Element) -> str:
    """The element as XML, without the text that follows it."""
    bare = copy.copy(element)
    bare.tail = None
    return tostring(bare, encoding="unicode")


def outer_html(element: Element) -> str:
    """The element as HTML, without the text that follows it."""
    bare = copy.copy(element)
    bare.tail = None
    return tostring(bare, encoding="unicode", method="html")


def inner_html(element: Element) -> str:
    """The element's content as HTML: its text, its children and what stands between them."""
    return html.escape(element.text or "", quote=False) + "".join(
        outer_html(child) + html.escape(child.tail or "", quote=False) for child in element
    )


def text_of(element: Element) -> str:
    """All text inside, with white space normalised."""
    return " ".join("".join(element.itertext()).split())


def parents(root: Element) -> dict[Element, Element]:
    """Every element below `root` with its parent."""
    return {child: parent for parent in root.iter() for child in parent}


def remove(parent: Element, child: Element) -> None:
    """Takes `child` out and leaves the text that follows it where it was."""
    replace(parent, child, "")


def replace(parent: Element, child: Element, text: str) -> None:
    """Puts `text` in the place of `child`."""
    following = text + (child.tail or "")
    index = list(parent).index(child)
    if index:
        before = parent[index - 1]
        before.tail = (before.tail or "") + following
    else:
        parent.text = (parent.text or "") + following
    parent.remove(child)


def take_out(root: Element, *tags: str) -> list[Element]:
    """Removes every outermost element with one of `tags` from below `root` and returns them in order."""
    found = list(_outermost(root, tags))
    for parent, child in found:
        remove(parent, child)
    return [child for _, child in found]


def _outermost(element: Element, tags: tuple[str, ...]) -> Iterator[tuple[Element, Element]]:
    for child in list(element):
        if child.tag in tags:
            yield element, child
        else:
            yield from _outermost(child, tags)
