"""What a client asks for, out of a body, an address or a message: no larger than allowed, and well-formed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request

from cairn.http.bodies import EndedEarly, TooLarge, is_deeper, read
from cairn.http.origins import is_json

JSON = "application/json"
_CHARSET = re.compile(r'charset\s*=\s*"?([^\s;"]+)', re.IGNORECASE)


@dataclass(frozen=True)
class BadRequest(Exception):
    """The request is no GraphQL request; answered with this status and one error."""

    status: int
    message: str
    code: str = "BAD_REQUEST"
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)


class Call(NamedTuple):
    """The parameters of a GraphQL request."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: Mapping[str, Any]


async def from_body(request: Request, most_bytes: int, deepest: int) -> Call:
    """The call in a request's body; raises `BadRequest`."""
    _check_headers(request, most_bytes)
    given = parsed(await _read(request, most_bytes), deepest, "The body")
    if not isinstance(given, dict):
        raise BadRequest(400, "The body must be a JSON object.")
    return call_of(given)


def from_url(request: Request, deepest: int) -> Call:
    """The call in a request's address; raises `BadRequest`."""
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        text = given.pop(name, "")
        if text:
            given[name] = parsed(text.encode(), deepest, f"The parameter {name}")
    return call_of(given)


def _check_headers(request: Request, most: int) -> None:
    """Refuses a body that we cannot read, or that is too large, before any of it is read."""
    if request.headers.get("content-type") != JSON:
        _check_content_type(request)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        plain = {"accept-encoding": "identity"}
        raise BadRequest(415, "Send the body uncompressed.", "UNSUPPORTED_MEDIA_TYPE", plain)
    if int(request.headers.get("content-length", 0)) > most:
        raise _too_large(most)


def _check_content_type(request: Request) -> None:
    if not is_json(request):
        raise BadRequest(415, f"Send the request as {JSON}.", "UNSUPPORTED_MEDIA_TYPE")
    charset = _CHARSET.search(request.headers.get("content-type", "").partition(";")[2])
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise BadRequest(415, "Send the request in UTF-8.", "UNSUPPORTED_MEDIA_TYPE")


def _too_large(most: int) -> BadRequest:
    return BadRequest(413, f"The body is larger than {most} bytes.", "BODY_TOO_LARGE")


def parsed(text: bytes, deepest: int, what: str) -> Any:
    """JSON as data, refused when it nests too deeply or is none."""
    if is_deeper(text, deepest):
        raise BadRequest(400, f"{what} is nested too deeply.", "BODY_TOO_DEEP")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, f"{what} is not JSON.") from error


def call_of(given: Mapping[str, Any]) -> Call:
    """The call that these parameters make; raises `BadRequest` naming what is wrong."""
    query, document_id, name = given.get("query"), given.get("documentId"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    if document_id is not None and not isinstance(document_id, str):
        raise BadRequest(400, "The parameter documentId must be a string.")
    if document_id and query is not None:
        raise BadRequest(400, "Give either the parameter query or the parameter documentId.")
    if not document_id and (not isinstance(query, str) or not query):
        raise BadRequest(400, "The parameter query is missing.")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, "The parameter operationName must be a string.")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, "The parameter variables must be an object.")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest(400, "The parameter extensions must be an object.")
    return Call(query, document_id or None, name or None, variables, extensions or {})


async def _read(request: Request, most: int) -> bytes:
    """The body, refused as soon as it is known to be too large."""
    try:
        return await read(request, most)
    except TooLarge as error:
        raise _too_large(most) from error
    except EndedEarly as error:
        raise BadRequest(400, "The body ended too early.") from error
