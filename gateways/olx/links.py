"""Recognises the links Open edX writes and gives them one neutral form: `olx:unit/{url_name}` and
`olx:static/{name}`.

Names are percent-encoded inside a reference, so that one is always a run of URL characters and can be found in
Markdown, in raw HTML and in settings by the same pattern.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from gateways.olx.tree import IssueCode, LinkKind

_REFERENCE = re.compile(r"(?<![\w-])olx:(unit|static)/([\w.~%/-]+)", re.ASCII)

_LONGEST = 4096
_SEGMENT = r"[^/?#]+"
_NEW_KEY = r"course-v1:(?P<{0}o>[^/+]+)\+(?P<{0}c>[^/+]+)\+(?P<{0}r>[^/+?#]+)"
_ASSET = re.compile(r"asset-v1:(?P<o>[^/+]+)\+(?P<c>[^/+]+)\+(?P<r>[^/+]+)\+type@asset\+block@(?P<name>.+)")
_OLD_ASSET = re.compile(r"^/c4x/(?P<o>[^/]+)/(?P<c>[^/]+)/asset/(?P<name>.+)")
_JUMP_BY_NAME = re.compile(r"(?:^|/)jump_to_id/(?P<name>[^/?#]+)")
_USAGE = re.compile(r"block-v1:(?P<o>[^/+]+)\+(?P<c>[^/+]+)\+(?P<r>[^/+]+)\+type@[^/+]+\+block@(?P<name>[^/?#]+)")
_OLD_USAGE = re.compile(r"i4x:/{1,2}(?P<o>[^/]+)/(?P<c>[^/]+)/[^/]+/(?P<name>[^/?#]+)")
_COURSE_PATH = re.compile(
    rf"^/(?:learning/course|courses|course)(?:/(?:{_NEW_KEY.format('n')}|(?P<o>{_SEGMENT})/(?P<c>{_SEGMENT})/(?P<r>{_SEGMENT})))?"
    r"(?P<rest>/.*)?$"
)
_COURSEWARE = re.compile(rf"^/courseware/(?P<chapter>{_SEGMENT})(?:/(?P<sequential>{_SEGMENT}))?")
_STATIC = re.compile(r"^(?:\.{0,2}/)*static/(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL turned out to be.

    `url` is what to write instead (None: leave the text without a link). `kind`, `name` and `resolved` describe a
    link into the course; `code` and `message` a finding.
    """

    url: str | None
    kind: LinkKind | None = None
    name: str = ""
    resolved: str | None = None
    code: IssueCode | None = None
    message: str = ""


def unit_reference(url_name: str) -> str:
    """The neutral link to the node called `url_name`."""
    return f"olx:unit/{quote(url_name, safe='')}"


def static_reference(name: str) -> str:
    """The neutral link to the static file called `name`."""
    return f"olx:static/{quote(name, safe='/')}"


def rewrite_references(text: str, rewrite: Callable[[LinkKind, str], str]) -> str:
    """Replaces every neutral link in `text` by what `rewrite(kind, name)` returns; `name` comes decoded."""
    return _REFERENCE.sub(lambda match: rewrite(LinkKind(match[1]), unquote(match[2])), text)


def canonical_name(name: str) -> str:
    """A file's name as Open edX writes it in links: all but letters, digits, `_`, `.`, `%` and `-` becomes `_`."""
    return re.sub(r"[^\w.%-]", "_", name)


@dataclass(frozen=True, slots=True)
class References:
    """What there is to link to.

    `nodes` maps a url_name to its external id, `static` any known spelling of a file's name to its name.
    """

    org: str
    course: str
    run: str
    nodes: Mapping[str, str]
    static: Mapping[str, str]

    def resolve(self, url: str) -> Target:
        """What `url`, found in the course's text, points at."""
        if len(url) > _LONGEST:
            return _broken(f"An address of {len(url)} characters (“{url[:40]}…”) cannot be linked to.")
        url = re.sub(r"[\x00-\x20\x7f]+", " ", url).strip()
        try:
            parts = urlsplit(url)
        except ValueError:
            return _broken(f"The address “{url[:200]}” is not valid.")
        scheme = parts.scheme.lower()
        if not url or url == "#":
            return Target(None)
        if url.startswith("#"):
            return _broken(f"The link to “{url[:200]}”, a place on the same page, has nothing to point at any more.")
        if url.startswith("//"):
            return self.resolve("https:" + url)
        if scheme in ("http", "https"):
            return self._own_course_by_host(parts.path, bool(parts.query)) or Target(url.replace(" ", "%20"))
        if scheme in ("mailto", "tel"):
            return Target(url.replace(" ", "%20"))
        if (path := self._old_style(url)) is not None:
            return path
        if scheme in ("javascript", "vbscript"):
            return Target(
                None, code=IssueCode.SCRIPT_DROPPED, message="A link ran a script; its text is kept without it."
            )
        if (
            scheme
            and re.match(r"^[a-z][a-z0-9+.-]*$", scheme)
            and scheme not in ("asset-v1", "block-v1", "course-v1", "i4x")
        ):
            return _broken(f"The address “{url[:80]}” is of a kind that cannot be linked to.")
        return self._inside(unquote(parts.path) if parts.scheme == "" else unquote(url))

    def _old_style(self, url: str) -> Target | None:
        """Addresses that carry a usage key, which urlsplit takes for a scheme."""
        match = _USAGE.search(url) or _OLD_USAGE.search(url)
        return self._unit(unquote(match["name"]), match["o"], match["c"]) if match else None

    def _own_course_by_host(self, path: str, has_query: bool) -> Target | None:
        """An absolute address of this very course on the old site; None for the rest of the web."""
        path = unquote(path)
        match = _ASSET.search(path) or _OLD_ASSET.search(path)
        if match and (match["o"], match["c"]) == (self.org, self.course):
            return self._static(match["name"])
        match = _USAGE.search(path) or _OLD_USAGE.search(path)
        if match and (match["o"], match["c"]) == (self.org, self.course):
            return self._unit(match["name"], match["o"], match["c"])
        page = _COURSE_PATH.match(path)
        if page and (page["no"] or page["o"], page["nc"] or page["c"]) == (self.org, self.course) and not has_query:
            return self._page(page)
        return None

    def _inside(self, path: str) -> Target:
        """An address without a host."""
        for pattern in (_ASSET, _OLD_ASSET, _STATIC):
            if match := pattern.search(path):
                return self._static(match["name"].split("?")[0])
        if match := _JUMP_BY_NAME.search(path):
            return self._unit(match["name"], self.org, self.course)
        if page := _COURSE_PATH.match(path):
            return self._page(page)
        last = path.rstrip("/").rpartition("/")[2]
        if last in self.nodes:
            return self._unit(last, self.org, self.course)
        if last in self.static:
            return self._static(last)
        return _broken(f"The link to “{path[:200]}” points at a page of the old site that is no part of the export.")

    def _page(self, page: re.Match[str]) -> Target:
        rest = page["rest"] or "/"
        if page["no"] or page["o"]:
            key = (page["no"] or page["o"], page["nc"] or page["c"])
            if key != (self.org, self.course):
                message = f"A link points into another course ({key[0]}/{key[1]})."
                return Target(None, code=IssueCode.LINK_OTHER_COURSE, message=message)
        if match := _JUMP_BY_NAME.search(rest):
            return self._unit(match["name"], self.org, self.course)
        if match := _COURSEWARE.match(rest):
            return self._unit(match["sequential"] or match["chapter"], self.org, self.course)
        message = (
            f"A link points at a page of the course on the old site (“{rest[:200]}”); its text is kept without it."
        )
        return Target(None, LinkKind.COURSE_PAGE, rest, None, IssueCode.LINK_COURSE_PAGE, message)

    def _unit(self, name: str, org: str, course: str) -> Target:
        resolved = self.nodes.get(name)
        if resolved is None and (org, course) != (self.org, self.course):
            message = f"A link points into another course ({org}/{course})."
            return Target(None, code=IssueCode.LINK_OTHER_COURSE, message=message)
        code = None if resolved else IssueCode.LINK_BROKEN
        message = f"A link points at “{name[:200]}”, which the course does not have."
        return Target(unit_reference(name), LinkKind.UNIT, name, resolved, code, message)

    def _static(self, name: str) -> Target:
        resolved = self.static.get(name) or self.static.get(canonical_name(name))
        code = None if resolved else IssueCode.STATIC_MISSING
        message = f"The file “{name[:200]}” is used but is not in the export."
        return Target(static_reference(resolved or name), LinkKind.STATIC, resolved or name, resolved, code, message)


def _broken(message: str) -> Target:
    return Target(None, code=IssueCode.LINK_BROKEN, message=f"{message} Its text is kept without it.")
