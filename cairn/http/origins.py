"""Which site a browser's request comes from, and what a foreign one may have done.

A browser says so in `Origin`, and in `Sec-Fetch-Site` where it sends no origin. Programs that are no browsers send
neither; whoever could make a browser leave both out has the browser itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request

# `none` is a person's own doing: an address typed, a bookmark.
_OWN_SITES = ("same-origin", "none")
# Of what a page makes a browser load, a whole new page is all that a person notices.
_WHOLE_PAGES = ("document", "")


@dataclass(frozen=True)
class Origins:
    """Knows our own origin (what `Host` says where none is configured) and those that the settings allow."""

    own: str | None = None
    allowed: frozenset[str] = frozenset()

    def is_foreign(self, request: HTTPConnection) -> bool:
        """Whether another site's page has made a browser send this."""
        origin = request.headers.get("origin")
        if origin is not None:
            return not self._is_ours(origin, request)
        return request.headers.get("sec-fetch-site", "none") not in _OWN_SITES

    def may_act(self, request: Request) -> bool:
        """Whether a POST may do something. What no form can send has passed a preflight, or comes from no browser."""
        if self.is_foreign(request):
            return False
        says_whence = "origin" in request.headers or "sec-fetch-site" in request.headers
        return says_whence or is_json(request) or "x-cairn-client" in request.headers

    def _is_ours(self, origin: str, request: HTTPConnection) -> bool:
        if origin in self.allowed:
            return True
        if self.own is not None:
            return origin == self.own
        return origin in {f"{scheme}://{request.headers.get('host', '')}" for scheme in ("http", "https")}


def is_json(request: Request) -> bool:
    """Whether the body says that it is JSON, which a browser sends elsewhere only after it has asked."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def is_whole_page(request: Request) -> bool:
    """Whether a browser asks for a page to show, and not for a picture, a frame, or something to have ready."""
    headers = request.headers
    is_ahead = "prefetch" in headers.get("sec-purpose", headers.get("purpose", ""))
    return headers.get("sec-fetch-dest", "") in _WHOLE_PAGES and not is_ahead


def origin_of_url(url: str) -> str:
    """The origin of an address, as browsers write it: scheme, host, and the port unless it is the usual one."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].rpartition("@")[2].lower()
    usual = ":443" if scheme == "https" else ":80"
    return f"{scheme}://{host.removesuffix(usual)}"
