"""Files are uploaded to the storage itself, and looked at when they have arrived: the same for a disk and for S3."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from gateways.storage import MEDIA_TYPES, Announced, DiskStorage, NotAsAnnounced, NotKept, Storage, Target, verify
from gateways.storage.disk import BadTicket
from gateways.storage.s3 import S3Storage
from gateways.storage.verifying import looks_like

T = TypeVar("T")
Uploader = Callable[[Any, str, bytes, Announced], Awaitable[None]]
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 40
KEYS = {"access_key": "test", "secret_key": "test"}


def announced(data: bytes, media_type: str = "image/png") -> Announced:
    """What somebody says who is going to upload just this."""
    return Announced(media_type, len(data), hashlib.sha256(data).hexdigest())


def run(act: Awaitable[T]) -> T:
    async def wait() -> T:
        return await act

    return asyncio.run(wait())


async def collected(storage: Storage, key: str) -> bytes:
    return b"".join([part async for part in storage.read(key)])


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of an S3 server on this machine that has a bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket="files")
    yield address
    server.stop()


def on_disk(folder: Path) -> DiskStorage:
    return DiskStorage(folder / "files", "http://localhost/files")


@pytest.fixture(params=["disk", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """One of the storages."""
    if request.param == "disk":
        return on_disk(tmp_path)
    return S3Storage("files", endpoint=request.getfixturevalue("bucket"), region="us-east-1", **KEYS)


async def put(storage: Any, key: str, data: bytes, told: Announced) -> None:
    """Uploads as a browser does: with nothing but the address and the headers."""
    upload = await storage.upload(key, told)
    if isinstance(storage, DiskStorage):
        await storage.receive(upload.url.rpartition("/")[2], pieces(data))
        return
    async with httpx.AsyncClient(verify=False) as client:
        answer = await client.request(upload.method, upload.url, content=data, headers=dict(upload.headers))
    assert answer.status_code == 200, answer.text


def test_what_is_uploaded_is_kept_and_found_to_be_what_was_announced(storage: Any) -> None:
    async def life() -> None:
        assert await storage.size("picture") is None
        await put(storage, "picture", PNG, announced(PNG))
        await put(storage, "picture", PNG, announced(PNG))
        assert await storage.size("picture") == len(PNG)
        assert await collected(storage, "picture") == PNG
        await verify(storage, "picture", announced(PNG))
        await storage.remove("picture")
        await storage.remove("picture")
        assert await storage.size("picture") is None

    run(life())


@pytest.mark.parametrize(
    ("arrived", "told", "reason"),
    [
        (None, announced(PNG), "has not arrived"),
        (PNG[:-1], announced(PNG), "bytes, and"),
        (PNG[:-1] + b"!", announced(PNG), "hash is another"),
        (PNG, announced(PNG, "image/jpeg"), "does not look like image/jpeg"),
        (b"<script>alert(1)</script>", announced(b"<script>alert(1)</script>", "image/png"), "does not look like"),
        (b"<html></html>", announced(b"<html></html>", "text/html"), "does not look like"),
    ],
)
def test_what_is_not_as_announced_is_found_out(
    storage: Any, arrived: bytes | None, told: Announced, reason: str
) -> None:
    async def life() -> None:
        if arrived is not None:
            await put(storage, "other", arrived, announced(arrived))
        with pytest.raises(NotAsAnnounced, match=reason):
            await verify(storage, "other", told)
        await storage.remove("other")

    run(life())


def test_what_is_not_there_cannot_be_read(storage: Any) -> None:
    with pytest.raises(NotKept):
        run(collected(storage, "nothing"))


def test_a_download_saves_the_file_under_its_name(bucket: str) -> None:
    storage = S3Storage("files", endpoint=bucket, region="us-east-1", **KEYS)

    async def life() -> httpx.Response:
        await put(storage, "essay", PNG, announced(PNG))
        address = await storage.download("essay", 'my "day"\n.png', "image/png")
        async with httpx.AsyncClient(verify=False) as client:
            return await client.get(address)

    answer = run(life())
    assert answer.content == PNG
    assert answer.headers["content-disposition"] == 'attachment; filename="my _day__.png"'


def test_what_is_signed_for_s3_says_which_file_it_is(bucket: str) -> None:
    upload = run(S3Storage("files", endpoint=bucket, region="us-east-1", **KEYS).upload("a", announced(PNG)))
    signed = httpx.URL(upload.url).params["X-Amz-SignedHeaders"].split(";")
    assert {"content-length", "content-type", "host"} <= set(signed)


def test_a_storage_that_does_not_answer_is_told_apart_from_one_that_has_nothing() -> None:
    away = S3Storage("files", endpoint="http://127.0.0.1:1", region="us-east-1", **KEYS)
    with pytest.raises(NotKept):
        run(away.size("a"))


# The disk ------------------------------------------------------------------------------------------------------------


def kept(folder: Path) -> list[str]:
    """What lies in the folder of `on_disk`, but for its secret."""
    return sorted(each.name for each in (folder / "files").iterdir() if each.name != ".secret")


def token(storage: DiskStorage, data: bytes = PNG) -> str:
    """What a disk hands out for an upload."""
    return token_of(run(storage.upload("key", announced(data))))


def token_of(target: Target) -> str:
    return target.url.rpartition("/")[2]


def test_an_address_is_good_for_what_it_was_handed_out_for(tmp_path: Path) -> None:
    storage, other = on_disk(tmp_path), on_disk(tmp_path)
    good = token(storage)
    assert other.ticket(good, "put")["key"] == "key"
    stranger = DiskStorage(tmp_path / "elsewhere", "http://localhost")
    for keeper, bad, act in ((storage, good, "get"), (storage, good[:-2], "put"), (stranger, good, "put")):
        with pytest.raises(BadTicket):
            keeper.ticket(bad, act)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [PNG + b"!", PNG[:-1], PNG[:-1] + b"!", b""])
def test_nothing_but_what_was_announced_is_taken_and_anything_else_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    storage = on_disk(tmp_path)
    with pytest.raises(BadTicket, match="announced"):
        run(storage.receive(token(storage), pieces(data)))
    assert kept(tmp_path) == []


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    storage = on_disk(tmp_path)

    async def breaking() -> AsyncIterator[bytes]:
        yield PNG[:100]
        raise ConnectionError

    with pytest.raises(NotKept):
        run(storage.receive(token(storage), breaking()))
    assert kept(tmp_path) == []


def test_however_many_send_one_file_at_once_only_a_few_take_room_for_it(tmp_path: Path) -> None:
    storage = on_disk(tmp_path)

    async def race() -> list[BaseException | None]:
        address, go, begun = token_of(await storage.upload("key", announced(PNG))), asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield PNG[:100]
            begun.set()
            await go.wait()
            yield PNG[100:]

        senders = [asyncio.create_task(storage.receive(address, slowly())) for _ in range(8)]
        await begun.wait()
        done, _ = await asyncio.wait(senders, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 5:
            done, _ = await asyncio.wait(senders, timeout=0.01)
        assert len(list((tmp_path / "files").glob("*.part"))) == 3
        go.set()
        return list(await asyncio.gather(*senders, return_exceptions=True))

    came = run(race())
    assert sorted(type(each).__name__ for each in came) == ["Busy"] * 5 + ["NoneType"] * 3
    assert kept(tmp_path) == ["key"]
    assert run(collected(storage, "key")) == PNG
    run(storage.receive(token(storage), pieces(PNG)))


def test_what_a_killed_upload_left_behind_is_removed_in_time_and_nothing_else(tmp_path: Path) -> None:
    storage = on_disk(tmp_path)
    run(storage.receive(token(storage), pieces(PNG)))
    old, fresh = (tmp_path / "files" / name for name in ("key.old.part", "key.fresh.part"))
    for each in (old, fresh, tmp_path / "files" / "key"):
        each.touch()
        os.utime(each, (0, 0))
    fresh.touch()
    run(storage.tidy())
    assert kept(tmp_path) == ["key", "key.fresh.part"]


def test_whether_files_can_be_kept_is_known(tmp_path: Path, bucket: str) -> None:
    (tmp_path / "a file").touch()
    assert run(on_disk(tmp_path).problem()) is None
    assert "written" in str(run(DiskStorage(tmp_path / "a file", "").problem()))
    assert run(S3Storage("files", endpoint=bucket, region="us-east-1", **KEYS).problem()) is None
    assert "none" in str(run(S3Storage("others", endpoint=bucket, region="us-east-1", **KEYS).problem()))
    assert "does not answer" in str(
        run(S3Storage("files", endpoint="http://127.0.0.1:1", region="x", **KEYS).problem())
    )


def test_all_processes_of_a_folder_sign_with_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: on_disk(tmp_path).secret, range(8)))
    assert len(secrets) == 1
    assert kept(tmp_path) == []


@pytest.mark.parametrize("key", ["../etc/passwd", "a/b", "", "a" * 101, "ä", "a\0"])
def test_a_key_never_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        run(on_disk(tmp_path).size(key))


# What files look like ------------------------------------------------------------------------------------------------


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of these."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def office(name: str, **more: bytes) -> bytes:
    """The least that is a file of an office."""
    return zipped({"[Content_Types].xml": b"<Types/>", name: b"<x/>", **more})


OFFICE, OPEN = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."
WORD = f"{OFFICE}wordprocessingml.document"
HEADS = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "image/png": PNG,
    "image/gif": b"GIF89a....",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "application/pdf": b"%PDF-1.7\n",
    "text/plain": "Grüße,\r\n\tMaya".encode(),
    f"{OFFICE}wordprocessingml.document": office("word/document.xml"),
    f"{OFFICE}spreadsheetml.sheet": office("xl/workbook.xml"),
    f"{OFFICE}presentationml.presentation": office("ppt/presentation.xml"),
    **{
        f"{OPEN}{kind}": zipped({"mimetype": f"{OPEN}{kind}".encode(), "content.xml": b"<x/>"})
        for kind in ("text", "spreadsheet", "presentation")
    },
    "audio/mpeg": b"\xff\xfb\x90\x00" * 10,
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00",
    "audio/ogg": b"OggS\x00\x02" + bytes(20) + b"\x01vorbis",
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "video/mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
    "video/webm": b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm",
}


def test_every_media_type_has_an_example() -> None:
    assert set(HEADS) == set(MEDIA_TYPES)


@pytest.mark.parametrize("media_type", HEADS)
def test_a_file_looks_like_what_it_is_and_a_page_like_none(media_type: str) -> None:
    assert looks_like(HEADS[media_type], media_type)
    assert not looks_like(b"\x7fELF\x02\x01\x01" + bytes(9), media_type)
    assert not looks_like(b"MZ\x90\x00\x03", media_type)
    if media_type != "text/plain":
        assert not looks_like(b"<!doctype html><script>", media_type)
        assert not looks_like(b"", media_type)


@pytest.mark.parametrize("media_type", [each for each in HEADS if HEADS[each].startswith(b"PK")])
def test_a_document_of_an_office_is_looked_into(tmp_path: Path, media_type: str) -> None:
    storage, data = on_disk(tmp_path), HEADS[media_type]

    async def life() -> None:
        await put(storage, "letter", data, announced(data, media_type))
        await verify(storage, "letter", announced(data, media_type))

    run(life())


def bomb() -> bytes:
    """Some kilobytes that would be some megabytes."""
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": bytes(8_000_000)}, zipfile.ZIP_DEFLATED)


def encrypted() -> bytes:
    """An archive whose entries say that they are encrypted."""
    data = bytearray(office("word/document.xml"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(mark, place + 1)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04", "begins otherwise"),
        (office("xl/workbook.xml"), "another kind"),
        (zipped({"word/document.xml": b""}), "another kind"),
        (b"PK\x03\x04" + b"<script>" + office("word/document.xml"), "more than the document"),
        (b"%PDF-1.7\n" + office("word/document.xml"), "begins otherwise"),
        (office("word/document.xml") + b"<script>alert(1)</script>", "ends otherwise"),
        (office("word/document.xml")[:-6] + b"\x01" + bytes(5), "more than the document"),
        (bomb(), "unpack to far more"),
        (encrypted(), "encrypted"),
        (zipped({"[Content_Types].xml": b"", **{f"word/{n}": b"" for n in range(20_001)}}), "too many parts"),
    ],
)
def test_what_only_looks_like_a_document_is_found_out_and_not_unpacked(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    storage = on_disk(tmp_path)

    async def life() -> None:
        await put(storage, "letter", data, announced(data, WORD))
        with pytest.raises(NotAsAnnounced, match=reason):
            await verify(storage, "letter", announced(data, WORD))

    run(life())


@pytest.mark.parametrize(
    ("head", "is_text"), [(b"", True), ("ü".encode()[:1], True), (b"\xff" * 9, False), (b"a\x00b", False)]
)
def test_a_text_is_letters(head: bytes, is_text: bool) -> None:
    assert looks_like(head, "text/plain") is is_text


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/javascript", "", "image/png; x"])
def test_what_browsers_run_is_not_taken(media_type: str) -> None:
    assert not looks_like(b"<svg xmlns='http://www.w3.org/2000/svg'/>", media_type)
