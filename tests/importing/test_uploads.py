"""A course is uploaded, imported by a job, and its progress read by whoever sent it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from cairn.settings import Settings, WorkSettings
from tests.events.logs import sql
from tests.importing.habits import Habits
from tests.jobs.crews import until
from tests.support.clients import Client, People
from tests.support.servers import RunningApplication

LOOK = "query($id: ID!) { job(id: $id) { state progress note parkedReason } }"
GZIP = {"content-type": "application/gzip"}


@pytest.fixture
def works(people: People, database_url: str, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """(address, folder of uploads) of an application that does jobs."""
    folder = tmp_path / "imports"
    work = WorkSettings(imports=folder, import_max_bytes=2_000_000)
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), work=work), works=("imports",))
    yield running.start(), folder
    running.stop()


@pytest.fixture
def packed(habits: Habits) -> bytes:
    """A small course as Studio exports it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        archive.add(habits.path, arcname="course")
    return made.getvalue()


def send(address: str, token: str | None, body: Any, headers: dict[str, str] = GZIP, **query: str) -> httpx.Response:
    """The answer to an upload."""
    credentials = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.post(f"{address}/imports", content=body, headers={**headers, **credentials}, params=query, timeout=60)


def outcome(client: Client, answer: httpx.Response) -> dict[str, Any]:
    """The job of an upload, once it is over."""
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job"]

    def look() -> dict[str, Any]:
        found: dict[str, Any] = client.ask(LOOK, id=job_id)["job"]
        return found

    until(lambda: look()["state"] in ("DONE", "PARKED"), "the import")
    return look()


def test_a_course_is_imported_from_an_upload_and_its_file_is_removed(
    people: People, works: tuple[str, Path], database_url: str, packed: bytes
) -> None:
    address, folder = works
    done = outcome(people.editor, send(address, people.editor.token, packed))
    assert (done["state"], done["progress"]) == ("DONE", 100), done
    assert done["note"].startswith("Created course ")
    course_id = done["note"].split()[2].rstrip(":")
    draft = "query($id: ID!) @perspective(stage: DRAFT) { course(id: $id) { id } }"
    assert people.editor.ask(draft, id=course_id)["course"] == {"id": course_id}
    assert list(folder.iterdir()) == []
    ((asked, told),) = sql(
        database_url, "SELECT requested_by = actor_id, type FROM job, fact WHERE type = 'course.imported'"
    )
    assert (asked, told) == (True, "course.imported")


def test_so_many_files_of_one_person_wait_at_once_however_they_come(
    people: People, database_url: str, tmp_path: Path, packed: bytes
) -> None:
    work = WorkSettings(imports=tmp_path / "imports", imports_of_person=3)
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), work=work))
    address = running.start()
    try:
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: send(address, people.editor.token, packed), range(8)))
        codes = sorted(each.status_code for each in answers)
        assert codes == [202] * 3 + [429] * 5
        (refused, *_) = (each.json()["error"]["code"] for each in answers if each.status_code == 429)
        assert refused == "TOO_MANY_IMPORTS"
        assert len(list(work.imports.iterdir())) == 3
        assert send(address, people.admin.token, packed).status_code == 202
    finally:
        running.stop()


def test_all_files_that_wait_have_so_much_room_and_no_more(
    people: People, database_url: str, tmp_path: Path, packed: bytes
) -> None:
    work = WorkSettings(imports=tmp_path / "imports", imports_bytes=2 * len(packed))
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), work=work))
    address = running.start()
    try:
        answers = [send(address, people.editor.token, packed) for _ in range(3)]
        assert [each.status_code for each in answers] == [202, 202, 507]
        assert answers[2].json()["error"]["code"] == "NO_ROOM"
        assert len(list(work.imports.iterdir())) == 2
    finally:
        running.stop()


def test_what_is_no_course_is_parked_with_the_reason(people: People, works: tuple[str, Path]) -> None:
    stuck = outcome(people.editor, send(works[0], people.editor.token, b"no archive at all"))
    assert stuck["state"] == "PARKED"
    assert stuck["parkedReason"]


@pytest.mark.parametrize("theme", ["\0", "a\nb", "x" * 101, "\u202eslug"])
def test_what_can_be_no_slug_of_a_theme_is_refused_at_once(
    people: People, works: tuple[str, Path], packed: bytes, theme: str
) -> None:
    address, folder = works
    answer = send(address, people.editor.token, packed, theme=theme)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")
    assert not folder.exists() or list(folder.iterdir()) == []


def test_an_unknown_theme_is_told(people: People, works: tuple[str, Path], packed: bytes) -> None:
    stuck = outcome(people.editor, send(works[0], people.editor.token, packed, theme="nowhere"))
    assert stuck["parkedReason"] == "There is no theme with the slug nowhere."


@pytest.mark.parametrize(
    ("who", "headers", "body", "status"),
    [
        ("anonymous", GZIP, b"x", 401),
        ("learner", GZIP, b"x", 403),
        ("editor", {"content-type": "text/plain"}, b"x", 415),
        ("editor", GZIP, b"x" * 2_000_001, 413),
        ("editor", GZIP, b"", 400),
    ],
)
def test_what_is_not_taken_leaves_nothing(
    people: People,
    works: tuple[str, Path],
    database_url: str,
    who: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
) -> None:
    address, folder = works
    assert send(address, getattr(people, who).token, body, headers).status_code == status
    assert sql(database_url, "SELECT 1 FROM job WHERE actor = 'import_olx'") == []
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_file_without_a_length_is_cut_off_when_it_grows_too_large(people: People, works: tuple[str, Path]) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    assert send(works[0], people.editor.token, endless()).status_code == 413
