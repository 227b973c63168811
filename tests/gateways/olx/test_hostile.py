"""Exports that are hostile or damaged are refused as a whole, with a reason in plain words."""

import gzip
import io
import os
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from gateways.olx import OlxError, OlxLimits, read_course

from .exports import member as tar_member
from .exports import one_unit, tar, write_archive, write_folder

UNIT = one_unit(["<html url_name='h'><p>Hello</p></html>"])


def refusal(path: Path, limits: OlxLimits | None = None) -> str:
    """What is said about an export that is refused."""
    with pytest.raises(OlxError) as caught:
        read_course(path, limits=limits)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "course/../../outside.txt",
        "/etc/outside.txt",
        "C:/outside.txt",
        "course\\..\\outside.txt",
        "a\nb",
    ],
)
def test_names_that_lead_outside_are_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "down"
    folder.mkdir(parents=True)
    path = write_archive(folder / "course.tar.gz", tar(UNIT, tar_member(name, "x")))
    assert "file name" in refusal(path)
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("a symbolic link", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        ("a hard link", {"type": tarfile.LNKTYPE, "linkname": "course/course.xml"}),
        ("a device", {"type": tarfile.CHRTYPE}),
        ("a pipe", {"type": tarfile.FIFOTYPE}),
        ("a type nobody knows", {"type": b"Z"}),
    ],
)
def test_anything_but_plain_files_is_refused(tmp_path: Path, kind: str, fields: dict[str, object]) -> None:
    path = write_archive(tmp_path / "c.tar.gz", tar(UNIT, tar_member("course/static/x", **fields)))
    assert "link or a device" in refusal(path), kind


def test_two_files_of_the_same_name_are_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "c.tar.gz", tar(UNIT, tar_member("course/./course.xml", "<course/>")))
    assert "same name" in refusal(path)


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    members = [tar_member(f"course/static/{number}") for number in range(30)]
    assert "more than 20" in refusal(write_archive(tmp_path / "c.tar.gz", tar(UNIT, *members)), OlxLimits(members=20))


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (OlxLimits(file_bytes=1000), "larger than 1000 bytes"),
        (OlxLimits(total_bytes=3000), "larger than 3000 bytes in all"),
        (OlxLimits(documents_bytes=200), "texts in the export are larger"),
    ],
)
def test_too_large_exports_are_refused(tmp_path: Path, limits: OlxLimits, reason: str) -> None:
    files = {**UNIT, "static/a.bin": b"\0" * 3000}
    assert reason in refusal(write_archive(tmp_path / "c.tar.gz", tar(files)), limits)
    assert reason in refusal(write_folder(tmp_path / "c", files), limits)


def test_a_decompression_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    info = tarfile.TarInfo("course/static/bomb.bin")
    info.size = 900 << 20
    path = tmp_path / "c.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(info.tobuf())
        for _ in range(100):
            stream.write(bytes(1 << 20))
    tracemalloc.start()
    assert "unpacks to far more" in refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 << 20


def test_a_header_of_megabytes_is_refused(tmp_path: Path) -> None:
    info, data = tar_member("pax", b"1" * (1 << 20), type=tarfile.XHDTYPE)
    assert "header larger" in refusal(write_archive(tmp_path / "c.tar.gz", tar({}, (info, data)) + tar(UNIT)))


def test_a_header_with_a_negative_size_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("course/x")
    block = bytearray(info.tobuf(format=tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 11 + b"\x00"
    checksum = sum(block[:148]) + 8 * 32 + sum(block[156:512])
    block[148:156] = f"{checksum:06o}\0 ".encode()
    path = write_archive(tmp_path / "c.tar.gz", bytes(block) + tar(UNIT))
    assert refusal(path)


def test_a_damaged_header_in_the_middle_is_not_taken_for_the_end(tmp_path: Path) -> None:
    content = bytearray(tar(UNIT))
    content[1024 + 20] ^= 0xFF
    assert "damaged" in refusal(write_archive(tmp_path / "c.tar.gz", bytes(content)))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_half_an_archive_is_refused(tmp_path: Path, share: float) -> None:
    whole = gzip.compress(tar(UNIT), mtime=0)
    path = tmp_path / "c.tar.gz"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert "cannot be read" in refusal(path)


def test_half_a_tar_in_a_whole_gzip_is_refused(tmp_path: Path) -> None:
    content = tar(UNIT)
    for cut in (512, 700, 1024 + 100, len(content) // 2, len(content.rstrip(b"\0"))):
        assert refusal(write_archive(tmp_path / "c.tar.gz", content[:cut]))


def test_data_behind_the_archive_is_refused(tmp_path: Path) -> None:
    assert "data follows" in refusal(write_archive(tmp_path / "c.tar.gz", tar(UNIT) + b"more" * 512))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04zip", b"just text", b"\x1f\x8b", b"\x1f\x8b\x08\x00garbage"])
def test_other_files_are_no_archives(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.tar.gz"
    path.write_bytes(content)
    assert refusal(path)


def test_what_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "nowhere")


def test_an_export_without_a_course_is_refused(tmp_path: Path) -> None:
    assert "no course.xml" in refusal(write_folder(tmp_path, {"readme.txt": "Hello"}))


def test_two_courses_in_one_export_are_refused(tmp_path: Path) -> None:
    files = {f"{top}/{name}": content for top in ("a", "b") for name, content in UNIT.items()}
    assert "several course.xml" in refusal(write_folder(tmp_path, files))


@pytest.mark.parametrize("target", ["outside.xml", "course.xml"])
def test_symbolic_links_in_a_folder_are_refused(tmp_path: Path, target: str) -> None:
    folder = write_folder(tmp_path / "course", UNIT)
    (tmp_path / "outside.xml").write_text("<html/>")
    (folder / "html").mkdir()
    (folder / "html" / "linked.xml").symlink_to(tmp_path / target)
    assert "symbolic link" in refusal(folder)


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "course", UNIT)
    (folder / "static").symlink_to(tmp_path)
    assert "symbolic link" in refusal(folder)


def test_a_pipe_in_a_folder_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "course", UNIT)
    os.mkfifo(folder / "pipe.xml")
    assert "no plain file" in refusal(folder)


def test_hidden_files_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "course", {**UNIT, ".git/config": "x", ".DS_Store": "x"})
    assert read_course(folder).issues == ()


BILLION_LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">]>
<problem><p title="&lol3;">&lol3;</p></problem>"""
EXTERNAL = '<!DOCTYPE problem [<!ENTITY file SYSTEM "file:///etc/passwd">]><problem>&file;</problem>'
DEFAULTS = '<!DOCTYPE problem [<!ATTLIST p title CDATA "x">]><problem><p/></problem>'


@pytest.mark.parametrize(
    "xml", [BILLION_LAUGHS, EXTERNAL, DEFAULTS, '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>']
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_documents_with_declarations_are_refused_in_any_encoding(tmp_path: Path, xml: str, encoding: str) -> None:
    files = one_unit(["<problem url_name='p'/>"], {"problem/p.xml": xml.encode(encoding)})
    assert "DOCTYPE" in refusal(write_folder(tmp_path, files))


def test_xml_nested_beyond_reason_is_refused(tmp_path: Path) -> None:
    deep = "<p>" * 100_000 + "</p>" * 100_000
    files = one_unit(["<problem url_name='p'/>"], {"problem/p.xml": f"<problem>{deep}</problem>"})
    assert "nested" in refusal(write_folder(tmp_path, files))


@pytest.mark.parametrize(
    "files",
    [
        {"vertical/unit.xml": '<vertical><vertical url_name="unit"/></vertical>'},
        {
            "vertical/unit.xml": '<vertical><vertical url_name="b"/></vertical>',
            "vertical/b.xml": '<vertical><conditional><vertical url_name="unit"/></conditional></vertical>',
        },
        {"sequential/lesson.xml": '<sequential><sequential url_name="lesson"/></sequential>'},
    ],
)
def test_a_node_that_contains_itself_is_refused(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    assert "contains itself" in refusal(write_folder(tmp_path, one_unit([], files)))


def test_nodes_that_multiply_are_refused(tmp_path: Path) -> None:
    ten = {n: "".join(f'<vertical url_name="v{n + 1}"/>' for _ in range(10)) for n in range(12)}
    levels = {f"vertical/v{n}.xml": f"<vertical>{children}</vertical>" for n, children in ten.items()}
    files = one_unit(["<vertical url_name='v0'/>"], levels)
    assert "more than 20000 parts" in refusal(write_folder(tmp_path, files))


def test_a_chain_of_nodes_without_end_is_refused(tmp_path: Path) -> None:
    chain = {f"vertical/v{n}.xml": f'<vertical><vertical url_name="v{n + 1}"/></vertical>' for n in range(500)}
    assert "nested deeper" in refusal(write_folder(tmp_path, one_unit(["<vertical url_name='v0'/>"], chain)))


@pytest.mark.parametrize("policy", ["{", "[]", "[" * 100_000])
def test_a_broken_policy_is_refused(tmp_path: Path, policy: str) -> None:
    assert "policy" in refusal(write_folder(tmp_path, {**UNIT, "policies/run/policy.json": policy}))


def test_a_url_name_cannot_lead_outside_the_export(tmp_path: Path) -> None:
    (tmp_path / "secret.xml").write_text("<html>secret</html>")
    files = one_unit(['<html url_name="../../secret"/>', '<html url_name="h" filename="../../secret"/>'])
    course = read_course(write_folder(tmp_path / "course", files))
    assert list(course.blocks()) == []
    assert {issue.code for issue in course.issues} == {"file_missing"}


def test_reading_leaves_the_archive_and_its_folder_as_they_were(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "c.tar.gz", tar(UNIT))
    before = path.read_bytes()
    read_course(path)
    assert (path.read_bytes(), os.listdir(tmp_path)) == (before, ["c.tar.gz"])


def test_an_archive_as_studio_writes_it_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tar_member("course", type=tarfile.DIRTYPE)[0])
        for name, content in {**UNIT, f"static/{'long' * 40} ünïcode.txt": "x"}.items():
            info, data = tar_member(f"course/{name}", content, mtime=1700000000.5)
            archive.addfile(info, io.BytesIO(data))
    course = read_course(write_archive(tmp_path / "c.tar.gz", buffer.getvalue()))
    assert list(course.static_files) == [f"{'long' * 40} ünïcode.txt"]
