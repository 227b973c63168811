"""Requests to the GraphQL endpoint, byte by byte where it matters, and what every refusal has in common."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

GRAPHQL_JSON, JSON = "application/graphql-response+json", "application/json"
TYPENAME = b'{"query": "{ __typename }"}'


def post(http: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    """Posts bytes as they are; underscores in header names stand for hyphens."""
    given = {"content-type": JSON, "accept": GRAPHQL_JSON}
    given.update({name.replace("_", "-"): value for name, value in headers.items()})
    return http.post("/graphql", content=body, headers=given)


def ask(http: httpx.Client, document: str, *, accept: str = GRAPHQL_JSON, **rest: Any) -> httpx.Response:
    """Posts a document."""
    return http.post("/graphql", json={"query": document, **rest}, headers={"accept": accept})


def refusal(answer: httpx.Response, status: int) -> str:
    """The code of the one error in a well-formed refusal with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].partition(";")[0] in (GRAPHQL_JSON, JSON)
    found = answer.json()
    assert set(found) == {"errors"}
    (error,) = found["errors"]
    assert error["message"]
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    code: str = error["extensions"]["code"]
    return code


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fails when the block keeps this process, in which the application runs too, busy for longer.

    Processor time, because other processes may slow the clock on the wall.
    """
    began = time.process_time()
    yield
    spent = time.process_time() - began
    assert spent < seconds, f"this took {spent:.1f} s of work"
