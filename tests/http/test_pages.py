"""The small pages around the API: health, and the files of the IDE."""

from __future__ import annotations

from pathlib import Path

import httpx
import psycopg
import pytest

from cairn.settings import PROJECT, Settings
from tests.support.servers import cloned

from .conftest import Serve

POLICY = "default-src 'none'; script-src 'self'"


@pytest.fixture
def ide_folder(tmp_path: Path) -> Path:
    """A small IDE as the build would leave it, with its policy beside it and a secret out of reach."""
    built = tmp_path / "ide" / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<title>IDE</title>")
    (built / "assets" / "main.js").write_text("alert(1)")
    (tmp_path / "ide" / "csp.txt").write_text(f"{POLICY}\n")
    (tmp_path / "ide" / "secret.txt").write_text("secret")
    return built


def test_the_process_is_alive(http: httpx.Client) -> None:
    answer = http.get("/healthz")
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, "ok\n", "no-store")


def test_the_system_is_ready(http: httpx.Client) -> None:
    answer = http.get("/readyz")
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, "ready\n", "no-store")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_may_ask_for_the_head_alone(http: httpx.Client, path: str) -> None:
    answer = http.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "change",
    ["UPDATE alembic_version SET version_num = '0000'", "DELETE FROM alembic_version", "DROP TABLE alembic_version"],
)
def test_a_database_that_lacks_migrations_is_not_ready(fresh_database: str, serve: Serve, change: str) -> None:
    address = serve(fresh_database)
    with psycopg.connect(fresh_database) as connection:
        connection.execute(change)
    answer = httpx.get(f"{address}/readyz")
    assert answer.status_code == 503
    assert "cairn migrate" in answer.text
    assert httpx.get(f"{address}/healthz").status_code == 200


def test_an_empty_database_is_not_ready(database_server: tuple[str, str], serve: Serve) -> None:
    with cloned(database_server[0], "template0") as url:
        answer = httpx.get(f"{serve(url)}/readyz")
    assert answer.status_code == 503
    assert "cairn migrate" in answer.text


def test_the_front_door_leads_to_the_ide(http: httpx.Client) -> None:
    answer = http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ide/")


@pytest.mark.parametrize("path", ["/nowhere", "/graphql/", "/graphql/x", "/sign-in/", "/ide-not", "/.env", "//graphql"])
def test_there_is_nothing_elsewhere(http: httpx.Client, path: str) -> None:
    answer = http.get(str(http.base_url).rstrip("/") + path, follow_redirects=False)
    assert answer.status_code in (404, 307)
    assert "Traceback" not in answer.text


def test_the_ide_comes_with_its_policy(database_url: str, serve: Serve, ide_folder: Path) -> None:
    address = serve(database_url, ide_folder=ide_folder)
    for path in ("/ide/", "/ide/index.html", "/ide/assets/main.js"):
        answer = httpx.get(address + path)
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert httpx.get(f"{address}/ide/").text == "<title>IDE</title>"
    assert httpx.get(f"{address}/ide/").headers["cache-control"] == "no-cache"


def test_the_ide_without_its_slash_is_found_as_well(database_url: str, serve: Serve, ide_folder: Path) -> None:
    address = serve(database_url, ide_folder=ide_folder)
    assert httpx.get(f"{address}/ide", follow_redirects=True).text == "<title>IDE</title>"


@pytest.mark.parametrize(
    "path", ["/ide/../secret.txt", "/ide/%2e%2e/secret.txt", "/ide/..%2fsecret.txt", "/ide/assets/..%2f..%2fsecret.txt"]
)
def test_files_outside_of_the_ide_stay_outside(database_url: str, serve: Serve, ide_folder: Path, path: str) -> None:
    url = httpx.URL(serve(database_url, ide_folder=ide_folder))
    answer = httpx.get(url.copy_with(raw_path=path.encode()))
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_before_the_ide_is_built_its_address_says_so(database_url: str, serve: Serve, tmp_path: Path) -> None:
    address = serve(database_url, ide_folder=tmp_path / "not-built")
    for path in ("/ide", "/ide/", "/ide/index.html"):
        answer = httpx.get(address + path)
        assert answer.status_code == 503
        assert "not built yet" in answer.text


def test_the_built_ide_has_the_policy_of_its_sources(http: httpx.Client) -> None:
    assert Settings(DATABASE_URL="postgresql://").ide_folder.exists(), "The IDE is not built. Run `make ide` first."
    answer = http.get("/ide/")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == (PROJECT / "ide" / "csp.txt").read_text().strip()
