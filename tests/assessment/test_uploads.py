"""Files are uploaded for an answer, looked at, handed in, fetched and swept: the same on a disk and with S3."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import HttpUrl, SecretStr

from cairn.settings import Settings, StorageSettings
from gateways.storage import DiskStorage
from models.identity import Role
from resolvers import jobs, uploads
from tests.assessment.handing_in import PNG, TASK, Sender
from tests.assessment.taking import CHOICE, quiz
from tests.events.logs import sql
from tests.http.doorkeeper import Doorkeeper
from tests.jobs.crews import ask, until, working
from tests.support.clients import Client, Data
from tests.support.databases import with_database
from tests.support.servers import RunningApplication
from workers.uploads import check_upload, sweep_uploads

Senders = Callable[[], Sender]
House = tuple[str, RunningApplication]


@pytest.fixture(scope="module")
def bucket() -> Iterator[StorageSettings]:
    """A bucket of an S3 server on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1", **keys).create_bucket(
        Bucket="files"
    )
    yield StorageSettings(
        bucket="files",
        endpoint=HttpUrl(f"http://{host}:{port}"),
        region="us-east-1",
        access_key="test",
        secret_key=SecretStr("test"),
    )
    server.stop()


@pytest.fixture(scope="module", params=["disk", "s3"])
def place(
    request: pytest.FixtureRequest, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """(address, running application) that keeps its files in one of the storages, with a worker that looks at them."""
    storage = (
        StorageSettings(folder=tmp_path_factory.mktemp("disk") / "files")
        if request.param == "disk"
        else request.getfixturevalue("bucket")
    )
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), storage=storage))
    address = running.start()
    with working(database_url, check_upload, sweep_uploads, threads=2, files=running.parts.files):
        yield address, running
    running.stop()


@pytest.fixture
def sender(place: House, doorkeeper: Doorkeeper, empty: None) -> Iterator[Senders]:
    """`sender()` is somebody new who is signed in."""
    clients: list[Client] = []

    def come() -> Sender:
        clients.append(Client(place[0]))
        answer = clients[-1].http.get(f"{place[0]}{doorkeeper.link(doorkeeper.person(Role.LEARNER))}")
        assert answer.status_code == 303
        return Sender(clients[-1])

    yield come
    for each in clients:
        each.http.close()


def kept(place: House, upload: str, url: str) -> int | None:
    """How many bytes the storage has of an upload."""
    ((key,),) = sql(url, "SELECT key FROM upload WHERE id = %s", upload)
    return asyncio.run(_size(place[1].parts.files.storage, key))


async def _size(storage: Any, key: str) -> int | None:
    found: int | None = await storage.size(key)
    return found


def test_who_says_that_a_file_is_there_while_it_is_looked_for_is_heard(
    author: Client, sender: Senders, place: House, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FIRST_RETRY", timedelta(seconds=0.2))
    made, (task,) = quiz(author, TASK)
    somebody = sender()
    announced = somebody.announce(somebody.start(made), task)
    looked, storage = threading.Event(), place[1].parts.files.storage
    come, size = threading.Event(), type(storage).size

    async def slow(self: Any, key: str) -> int | None:
        found: int | None = await size(self, key)
        if not looked.is_set():
            looked.set()
            await asyncio.to_thread(come.wait, 30)
        return found

    monkeypatch.setattr(type(storage), "size", slow)
    complete = {"id": announced["upload"]["id"]}
    somebody.client.do("uploadComplete", "__typename", **complete)
    assert looked.wait(30)
    somebody.send(announced["target"])
    somebody.client.do("uploadComplete", "__typename", **complete)
    come.set()
    status = "SELECT status FROM upload WHERE id = %s"
    until(lambda: sql(database_url, status, complete["id"]) == [("ready",)])


def test_a_picture_is_uploaded_handed_in_and_fetched_again(author: Client, sender: Senders) -> None:
    made, (task,) = quiz(author, TASK)
    somebody = sender()
    begun = somebody.start(made)
    first = somebody.announce(begun, task)
    assert (first["upload"]["status"], first["upload"]["downloadUrl"]) == ("AWAITED", None)
    again = somebody.announce(begun, task)
    assert again["upload"]["id"] == first["upload"]["id"]
    assert somebody.send(again["target"]).status_code == 200
    assert somebody.send(first["target"]).status_code == 200
    seen = somebody.complete(first["upload"]["id"])
    assert (seen["status"], seen["reason"], seen["name"]) == ("READY", None, "day.png")
    assert somebody.complete(seen["id"])["status"] == "READY"
    assert somebody.announce(begun, task)["target"] is None
    somebody.answer(begun, task, fileUpload={"fileKeys": [seen["id"]]})
    got = somebody.fetch(seen["downloadUrl"])
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, PNG, "image/png")
    assert got.headers["content-disposition"] == 'attachment; filename="day.png"'
    document = "query($id: ID!) { attempt(id: $id) { answers { files { id name size } } } }"
    answers = somebody.client.ask(document, id=begun["id"])["attempt"]["answers"]
    assert answers == [{"files": [{"id": seen["id"], "name": "day.png", "size": len(PNG)}]}]


def test_what_arrives_is_not_what_was_announced(
    author: Client, sender: Senders, place: House, database_url: str
) -> None:
    made, (task,) = quiz(author, TASK)
    somebody = sender()
    begun = somebody.start(made)
    missing = somebody.announce(begun, task)
    seen = somebody.complete(missing["upload"]["id"])
    assert (seen["status"], seen["reason"]) == ("AWAITED", "The file has not arrived.")
    page = b"<!doctype html><script>alert(1)</script>"
    lie = somebody.announce(begun, task, page)
    assert somebody.send(lie["target"], page).status_code == 200
    seen = somebody.complete(lie["upload"]["id"])
    assert (seen["status"], seen["downloadUrl"]) == ("REFUSED", None)
    assert "does not look like" in seen["reason"]
    refused = somebody.refused(begun, task, fileUpload={"fileKeys": [seen["id"]]})
    assert (refused["code"], refused["path"]) == ("NOT_READY", ["answer", "fileUpload", "fileKeys", "0"])
    other = PNG[:-1] + b"!"
    answer = somebody.send(missing["target"], other)
    if answer.status_code == 200:  # This S3 server checks no signature and no hash.
        assert somebody.complete(missing["upload"]["id"])["status"] == "REFUSED"
    else:
        assert answer.status_code == 403
        assert kept(place, missing["upload"]["id"], database_url) is None


def test_only_ones_own_files_for_this_very_question_are_handed_in(author: Client, sender: Senders) -> None:
    made, (task, other) = quiz(author, TASK, TASK)
    somebody, stranger = sender(), sender()
    begun, elsewhere = somebody.start(made), stranger.start(made)
    mine, theirs = somebody.upload(begun, other), stranger.upload(elsewhere, task)
    for file in (mine, theirs, begun["id"], "nothing"):
        refused = somebody.refused(begun, task, fileUpload={"fileKeys": [file]})
        assert (refused["code"], refused["path"]) == ("NOT_FOUND", ["answer", "fileUpload", "fileKeys", "0"])
    assert somebody.seen(theirs) == {}
    for act in ("uploadComplete", "uploadRemove"):
        assert somebody.client.refused(act, id=theirs)["code"] == "NOT_FOUND"
    wanted = stranger.announced(begun, task)
    assert stranger.client.refused("uploadStart", **wanted)["code"] == "NOT_FOUND"
    found = somebody.client.ask("{ uploads { nodes { id } } }")["uploads"]["nodes"]
    assert found == [{"id": mine}]


def test_an_upload_goes_when_its_owner_gives_it_up_and_not_while_it_is_handed_in(
    author: Client, sender: Senders, place: House, database_url: str
) -> None:
    made, (task,) = quiz(author, TASK)
    somebody = sender()
    begun = somebody.start(made)
    file = somebody.upload(begun, task)
    somebody.answer(begun, task, fileUpload={"fileKeys": [file]})
    assert somebody.client.refused("uploadRemove", id=file)["code"] == "IN_USE"
    assert kept(place, file, database_url) == len(PNG)
    ((key,),) = sql(database_url, "SELECT key FROM upload WHERE id = %s", file)
    somebody.answer(begun, task)
    somebody.client.do("uploadRemove", "__typename", id=file)
    until(lambda: asyncio.run(_size(place[1].parts.files.storage, key)) is None, "the sweep")
    assert somebody.seen(file), "something may still arrive at an address that was handed out"
    sql(database_url, SWEPT, True, True, file)
    ask(database_url, uploads.SWEEP)
    until(lambda: not somebody.seen(file), "the next sweep")


SWEPT = """UPDATE upload SET updated_at = now() - interval '2 days', expires_at = now() - interval '1 hour',
 is_kept = is_kept AND %s, user_id = CASE WHEN %s THEN user_id END WHERE id = %s"""


def test_what_nothing_refers_to_is_swept_and_what_is_handed_in_stays(
    author: Client, sender: Senders, place: House, database_url: str
) -> None:
    made, (task,) = quiz(author, {"fileUpload": {**TASK["fileUpload"], "maximumFiles": 3}})
    somebody = sender()
    begun = somebody.start(made)
    files = [somebody.upload(begun, task, PNG + bytes([number])) for number in range(4)]
    awaited = somebody.announce(begun, task, PNG + b"never sent")["upload"]["id"]
    fresh = somebody.upload(begun, task, PNG + b"fresh")
    handed_in, orphan, loose, given_up = files
    somebody.answer(begun, task, fileUpload={"fileKeys": [handed_in, orphan, given_up]})
    somebody.answer(begun, task, fileUpload={"fileKeys": [handed_in, orphan]})
    for file in (handed_in, loose, given_up, awaited):
        sql(database_url, SWEPT, True, True, file)
    sql(database_url, SWEPT, True, False, orphan)
    keys = dict(sql(database_url, "SELECT id::text, key FROM upload"))
    ask(database_url, uploads.SWEEP)
    left = "SELECT id::text FROM upload ORDER BY id"
    until(lambda: len(sql(database_url, left)) <= 2, "the sweep")
    assert {each for (each,) in sql(database_url, left)} == {handed_in, fresh}
    found = {file for file, key in keys.items() if asyncio.run(_size(place[1].parts.files.storage, key)) is not None}
    assert found == {handed_in, fresh}


def test_a_sweep_that_is_killed_anywhere_is_finished_by_the_next(
    author: Client, sender: Senders, place: House, database_url: str
) -> None:
    made, (task,) = quiz(author, TASK)
    somebody = sender()
    begun = somebody.start(made)
    file = somebody.upload(begun, task)
    sql(database_url, SWEPT, True, True, file)
    files = place[1].parts.files

    class Killed(BaseException):
        """What a kill is like, seen from inside."""

    class Dying:
        """A storage whose process dies before or after the file is gone."""

        def __init__(self, after: bool) -> None:
            self.after = after

        async def remove(self, key: str) -> None:
            if self.after:
                await files.storage.remove(key)
            raise Killed

    for after in (False, True):
        dying: Any = Dying(after)
        with pytest.raises(Killed):
            with_database(
                database_url, lambda database, dying=dying: uploads.sweep(database, replace(files, storage=dying))
            )
        assert somebody.seen(file)["status"] == "REMOVING"
        refused = somebody.refused(begun, task, fileUpload={"fileKeys": [file]})
        assert refused["code"] == "NOT_FOUND"
    with_database(database_url, lambda database: uploads.sweep(database, files))
    assert somebody.seen(file) == {}


# Rules, for one of the storages --------------------------------------------------------------------------------------


for_the_disk = pytest.mark.parametrize("place", ["disk"], indirect=True)


@pytest.fixture
def on_disk(place: House) -> DiskStorage:
    """The disk; what it is used by need not be tried with each storage."""
    storage = place[1].parts.files.storage
    assert isinstance(storage, DiskStorage)
    return storage


REFUSED: list[tuple[Data, str]] = [
    ({"name": "../day.png"}, "name"),
    ({"name": "..\\day.png"}, "name"),
    ({"name": ".png"}, "name"),
    ({"name": ""}, "name"),
    ({"name": "x" * 250 + ".png"}, "name"),
    ({"name": "day\u202egnp.exe.png"}, "name"),
    ({"name": "day.png\x00"}, "name"),
    ({"name": "day.png.exe"}, "name"),
    ({"name": "day"}, "name"),
    ({"mediaType": "text/html", "name": "day.html"}, "mediaType"),
    ({"mediaType": "image/svg+xml", "name": "day.svg"}, "mediaType"),
    ({"mediaType": "application/pdf", "name": "day.pdf"}, "mediaType"),
    ({"size": 0}, "size"),
    ({"size": -1}, "size"),
    ({"size": 20_000_001}, "size"),
    ({"sha256": "../../etc/passwd"}, "sha256"),
]


@for_the_disk
def test_what_cannot_be_taken_is_refused_with_its_field(author: Client, sender: Senders, on_disk: DiskStorage) -> None:
    made, (task,) = quiz(author, TASK)
    somebody = sender()
    begun = somebody.start(made)
    for told, path in REFUSED:
        wanted = somebody.announced(begun, task, **told)
        assert somebody.client.refused("uploadStart", **wanted)["path"] == [path], told


@for_the_disk
def test_only_questions_for_files_take_files_while_there_is_time(
    author: Client, sender: Senders, on_disk: DiskStorage
) -> None:
    made, (choice, task) = quiz(author, {"multipleChoice": CHOICE}, TASK)
    somebody = sender()
    begun = somebody.start(made)
    refused = somebody.client.refused("uploadStart", **somebody.announced(begun, choice))
    assert (refused["code"], refused["path"]) == ("WRONG_FORMAT", ["blockId"])
    refused = somebody.client.refused("uploadStart", **somebody.announced(begun, begun["id"]))
    assert (refused["code"], refused["path"]) == ("NOT_FOUND", ["blockId"])
    somebody.submit(begun)
    refused = somebody.client.refused("uploadStart", **somebody.announced(begun, task))
    assert refused["code"] == "NOT_IN_PROGRESS"


@for_the_disk
def test_however_many_windows_a_person_has_no_more_room(
    author: Client, sender: Senders, on_disk: DiskStorage, place: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, (task,) = quiz(author, TASK)
    somebody = sender()
    begun = somebody.start(made)
    files = place[1].parts.files
    object.__setattr__(files, "person_files", 5)
    try:
        wanted = [somebody.announced(begun, task, PNG + bytes([number])) for number in range(12)]
        with ThreadPoolExecutor(12) as pool:
            tries = pool.map(lambda each: somebody.client.mutate("uploadStart", "__typename", **each), wanted)
            codes = [error["code"] for payload in tries for error in payload["errors"]]
        assert codes == ["NO_ROOM"] * 7
    finally:
        object.__setattr__(files, "person_files", 1000)
    object.__setattr__(files, "person_bytes", 6 * len(PNG))
    try:
        refused = somebody.client.refused("uploadStart", **somebody.announced(begun, task, PNG * 2))
        assert (refused["code"], refused["path"]) == ("NO_ROOM", ["size"])
    finally:
        object.__setattr__(files, "person_bytes", 2_000_000_000)


@for_the_disk
def test_somebody_without_a_name_has_a_twentieth_of_the_room(
    author: Client, sender: Senders, on_disk: DiskStorage, doorkeeper: Doorkeeper
) -> None:
    made, (task,) = quiz(author, TASK)
    nameless, named = sender(), sender()
    user_id = nameless.client.ask("{ viewer { id } }")["viewer"]["id"]
    doorkeeper.sql('UPDATE "user" SET is_anonymous = true, email = NULL WHERE id = %s', user_id)
    for somebody, most in ((nameless, 50), (named, 60)):
        begun = somebody.start(made)
        wanted = [somebody.announced(begun, task, PNG + bytes([number])) for number in range(60)]
        tries = [somebody.client.mutate("uploadStart", "__typename", **each) for each in wanted]
        assert [bool(payload["errors"]) for payload in tries].count(False) == most


@for_the_disk
def test_an_address_is_good_for_one_file_and_one_use(author: Client, sender: Senders, on_disk: DiskStorage) -> None:
    made, (task,) = quiz(author, TASK)
    somebody = sender()
    begun = somebody.start(made)
    target = somebody.announce(begun, task)["target"]
    ways = [
        somebody.send(target, PNG + b"!"),
        somebody.send(target, PNG[:-1]),
        somebody.send({**target, "headers": [{"name": "content-type", "value": "text/html"}]}),
        somebody.send({**target, "url": target["url"][:-3]}),
        somebody.send({**target, "url": "/files/../../etc/passwd"}),
        somebody.fetch(target["url"]),
    ]
    assert [each.status_code for each in ways] == [413, 413, 415, 403, 404, 403]
    file = somebody.upload(begun, task)
    fetched = somebody.seen(file)["downloadUrl"]
    assert somebody.send({**target, "url": fetched}).status_code == 403
    assert somebody.send(target, PNG[:-1] + b"!").status_code == 403
    answer = somebody.fetch(fetched)
    assert answer.content == PNG
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    (on_disk.folder / on_disk.ticket(fetched.rpartition("/")[2], "get")["key"]).unlink()
    assert somebody.fetch(fetched).status_code == 404


@for_the_disk
def test_nothing_is_taken_while_the_disk_is_full_or_closed(
    author: Client, sender: Senders, on_disk: DiskStorage
) -> None:
    made, (task,) = quiz(author, TASK)
    somebody = sender()
    begun = somebody.start(made)
    target = somebody.announce(begun, task)["target"]
    away = Path(f"{on_disk.folder}-away")
    os.rename(on_disk.folder, away)
    on_disk.folder.touch()
    try:
        assert somebody.send(target).status_code == 507
    finally:
        on_disk.folder.unlink()
        os.rename(away, on_disk.folder)
    assert somebody.send(target).status_code == 200


@for_the_disk
def test_the_files_of_all_answers_are_read_in_one_statement(
    author: Client, sender: Senders, on_disk: DiskStorage, place: House
) -> None:
    made, tasks = quiz(author, TASK, TASK, TASK)
    somebody = sender()
    begun = somebody.start(made)
    document = "query($id: ID!) { attempt(id: $id) { answers { files { id downloadUrl } } } }"
    database, costs = place[1].parts.database, []
    for task in tasks:
        somebody.answer(begun, task, fileUpload={"fileKeys": [somebody.upload(begun, task)]})
        sent: list[str] = []
        database.on_statement = sent.append
        somebody.client.ask(document, id=begun["id"])
        database.on_statement = None
        costs.append(sum("FROM upload" in each for each in sent))
    assert costs == [1, 1, 1]


def test_whoever_grades_reads_of_a_file_and_not_whose_it_is(database_url: str) -> None:
    may = "SELECT has_column_privilege('cairn_api', 'upload', %s, 'SELECT')"
    assert [sql(database_url, may, name) for name in ("user_id", "name")] == [[(False,)], [(True,)]]
