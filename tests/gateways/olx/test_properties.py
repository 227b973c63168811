"""Whatever an export holds: it is read or refused, and no word of its HTML gets lost."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from core.text import to_html
from gateways.olx import OlxCourse, OlxError, read_course

from .exports import SAMPLE, one_unit, read_folder, tar, write_archive

calm = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def sample_tar() -> bytes:
    return tar(read_folder(SAMPLE))


def read_or_refuse(path: Path) -> OlxCourse | None:
    try:
        return read_course(path)
    except OlxError:
        return None


@calm
@given(content=st.binary(max_size=2000))
def test_arbitrary_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.tar.gz"
    path.write_bytes(content)
    assert read_or_refuse(path) is None


@calm
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_archive_is_refused(tmp_path: Path, sample_tar: bytes, share: float) -> None:
    whole = gzip.compress(sample_tar, compresslevel=1, mtime=0)
    path = tmp_path / "c.tar.gz"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert read_or_refuse(path) is None


@calm
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_an_archive_with_a_flipped_bit_is_read_or_refused(
    tmp_path: Path, sample_tar: bytes, position: float, bit: int
) -> None:
    whole = bytearray(gzip.compress(sample_tar, compresslevel=1, mtime=0))
    whole[int(len(whole) * position)] ^= 1 << bit
    path = tmp_path / "c.tar.gz"
    path.write_bytes(whole)
    read_or_refuse(path)


@settings(calm, max_examples=25)
@given(position=st.floats(0, 1, exclude_max=True), replacement=st.binary(min_size=1, max_size=40))
def test_damage_below_the_checksum_is_read_or_refused(
    tmp_path: Path, sample_tar: bytes, position: float, replacement: bytes
) -> None:
    start = int(len(sample_tar) * position)
    damaged = sample_tar[:start] + replacement + sample_tar[start + len(replacement) :]
    read_or_refuse(write_archive(tmp_path / "c.tar.gz", damaged))


def names(text: str) -> list[str]:
    return text.split()


TAGS = names(
    "choice choicegroup checkboxgroup choiceresponse multiplechoiceresponse optionresponse optioninput option"
    " choicehint numericalresponse stringresponse textline responseparam additional_answer solution demandhint hint"
    " label p table tr td script customresponse text compoundhint correcthint hintgroup stringhint hintpart"
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["answer", "correct", "type", "default", "options", "partial_credit", "name", "weight", "label"]),
    st.sampled_from(
        ["", "true", "[1,2)", "5%", "('a','b')", "list,close", "ci regexp", "(((", "$x", "1e9", "tolerance"]
    ),
    max_size=3,
)


def element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda tag, attributes, inside: (
            f"<{tag}{''.join(f' {n}={v!r}' if chr(39) not in v else '' for n, v in attributes.items())}>"
            f"{''.join(inside)}</{tag}>"
        ),
        st.sampled_from(TAGS),
        ATTRIBUTES,
        st.lists(children, max_size=4),
    )


PROBLEMS = st.recursive(st.sampled_from(["word", " ", "1. x", "$x", "x = 1"]), element, max_leaves=25)


@calm
@given(problem=PROBLEMS)
def test_any_problem_is_read(tmp_path: Path, problem: str) -> None:
    files = one_unit(["<problem url_name='p'/>"], {"problem/p.xml": f"<problem>{problem}</problem>"})
    assert read_or_refuse(write_archive(tmp_path / "c.tar.gz", tar(files))) is not None


WORDS = st.sampled_from(
    [
        "word",
        "two words",
        " ",
        "1. one",
        "# x",
        "- y",
        "*",
        "**bold**",
        "_a_",
        "a_b",
        "`c`",
        "[l](u)",
        "&lt;b&gt;",
        "|",
        "&amp;amp;",
        "\\",
        "\\(x_1\\)",
        "> q",
        "~~s~~",
        "+",
        "=",
        "---",
        "&nbsp;",
        "    ",
        "<br>",
        "![i](j)",
        "é",
        "\n\n",
    ]
)
BLOCK_TAGS = names("p div li ul ol h2 blockquote table tr td th pre dl dt dd section")
INLINE_TAGS = [*names("b strong em i code span sub u q small"), "a href='https://example.org/x'"]


def nested(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda tag, inside: f"<{tag}>{''.join(inside)}</{tag.split()[0]}>",
        st.sampled_from([*BLOCK_TAGS, *INLINE_TAGS]),
        st.lists(children, max_size=4),
    )


HTML = st.recursive(WORDS, nested, max_leaves=20)


def words(html: str) -> list[str]:
    """The words of a fragment by lxml alone, everything that is no inline element set apart."""
    root = lxml.html.fragment_fromstring(html, create_parent="div")
    inline = {tag.split()[0] for tag in INLINE_TAGS}
    for found in root.iter():
        if found.tag not in inline:
            found.text = f" {found.text or ''}"
            found.tail = f" {found.tail or ''}"
    return re.findall(r"[^\s\xa0]+", str(root.text_content()))


@settings(calm, max_examples=100)
@given(parts=st.lists(HTML, min_size=1, max_size=4))
@example(parts=["<ul><li>a<p>1. b</p></li></ul>", "<p>**c**</p>"])
@example(parts=["<li>---<tr></tr>---</li>"])
@example(parts=["&lt;b&gt;", "<b><tr>word</tr></b>"])
@example(parts=["<li>word<table>word</table></li>"])
def test_no_word_of_any_html_is_lost_or_added(tmp_path: Path, parts: list[str]) -> None:
    html = "".join(parts)
    assume(html.strip())
    files = one_unit(["<html url_name='h'/>"], {"html/h.xml": "<html filename='h'/>", "html/h.html": html})
    course = read_course(write_archive(tmp_path / "c.tar.gz", tar(files)))
    shown = to_html("\n\n".join(block.body for block in course.blocks()))
    assert words(f"<div>{shown}</div>") == words(f"<div>{html}</div>")


Outline = list[tuple[str, Any]]
COMPONENTS = names(
    "html video problem discussion word_cloud lti poll_question openassessment no_such_thing drag-and-drop-v2"
)
# Below each of these, what may stand there: itself a container, or a component.
BELOW = {
    "chapter": names("sequential videosequence vertical section wrapper"),
    "sequential": names("vertical wrapper conditional abtest"),
    "videosequence": names("vertical"),
    "vertical": names("library_content split_test randomize vertical"),
    "section": names("vertical"),
    "wrapper": names("vertical"),
    "conditional": names("vertical"),
    "abtest": names("group default"),
    "library_content": [],
    "split_test": names("vertical"),
    "randomize": names("wrapper"),
    "group": [],
    "default": [],
}


def nodes(kind: str, depth: int = 4) -> st.SearchStrategy[tuple[str, Outline]]:
    """A container with what is below it, to some depth."""
    below = [st.tuples(st.sampled_from(COMPONENTS), st.sampled_from(["", "words", "<p>A</p>", "<b"]))]
    if depth:
        below += [nodes(each, depth - 1) for each in BELOW[kind]]
    return st.tuples(st.just(kind), st.lists(st.one_of(below), max_size=3))


def written(outline: Outline, files: dict[str, str | bytes], choose: Callable[[], bool], ids: list[str]) -> str:
    """The outline as XML, each node right here or in a file of its own; one in a file may be missing or broken."""
    here = []
    for kind, inside in outline:
        name = f"n{len(files)}-{len(ids)}-{kind}"
        if isinstance(inside, str):
            ids.append(f"{kind}/{name}")
            text = inside
        else:
            ids.append(f"<{kind}")
            text = written(inside, files, choose, ids)
        # What has nothing in it would point at a file; what is broken would break the file around it.
        if text in ("", "<b") or choose():
            here.append(f'<{kind} url_name="{name}"/>')
            files[f"{kind}/{name}.xml"] = f"<{kind}>{text}</{kind}>"
        else:
            here.append(f'<{kind} url_name="{name}">{text}</{kind}>')
    return "".join(here)


@settings(calm, max_examples=100)
@given(outline=st.lists(nodes("chapter"), min_size=1, max_size=3), data=st.data())
def test_every_component_of_any_course_is_a_block_or_a_finding(
    tmp_path: Path, outline: Outline, data: st.DataObject
) -> None:
    files: dict[str, str | bytes] = {}
    found: list[str] = []
    inside = written(outline, files, lambda: data.draw(st.booleans()), found)
    files["course.xml"] = f'<course url_name="run" org="Org" course="C1">{inside}</course>'
    components = [each for each in found if not each.startswith("<")]
    course = read_course(write_archive(tmp_path / "c.tar.gz", tar(files)))
    blocks = {each.external_id for each in course.components() if each.blocks}
    said = {issue.external_id for issue in course.issues}
    assert [each for each in components if each not in blocks and each not in said] == []
    accounts = course.accounts()
    assert accounts.lost == ()
    assert accounts.met == accounts.kept + accounts.reported + accounts.unreadable == len(components)
    assert accounts.kept == len(blocks)
