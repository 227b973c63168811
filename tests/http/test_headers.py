"""What every answer tells browsers, however it ends."""

from __future__ import annotations

import httpx
import pytest

from cairn.http.headers import HTTPS_ONLY, SECURITY_HEADERS
from cairn.http.pages import Pages

from .conftest import Serve

REQUESTS = [
    ("GET", "/graphql?query=%7B__typename%7D"),
    ("POST", "/graphql"),
    ("PUT", "/graphql"),
    ("GET", "/graphql"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/session"),
    ("GET", "/sign-in?token=x"),
    ("POST", "/sign-out"),
    ("GET", "/"),
    ("GET", "/ide/"),
    ("GET", "/ide/nothing"),
    ("GET", "/nowhere"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_every_answer_carries_the_security_headers(http: httpx.Client, method: str, path: str) -> None:
    answer = http.request(method, path)
    assert {name for name in SECURITY_HEADERS if name not in answer.headers} == set()
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in answer.headers


def test_behind_https_browsers_are_told_to_stay_there(database_url: str, serve: Serve) -> None:
    address = serve(database_url, http={"public_url": "https://cairn.example"})
    (expected,) = HTTPS_ONLY.values()
    assert httpx.get(f"{address}/healthz").headers["strict-transport-security"] == expected


def test_a_page_that_breaks_says_nothing_but_by_which_word_it_is_found(
    database_url: str, serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(Pages, "session", broken)
    answer = httpx.get(f"{serve(database_url)}/session")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
    assert any(answer.headers["x-request-id"] in record.getMessage() for record in caplog.records)
