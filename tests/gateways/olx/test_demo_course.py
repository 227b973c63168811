"""The Open edX demo course, read whole: the numbers that go in and come out."""

import json
import re
import tarfile
from collections import Counter
from pathlib import PurePosixPath

import pytest
from lxml import etree

from core.text import to_html
from gateways.olx import IssueCode, LinkKind, OlxCourse, Severity, read_course

from .exports import DEMO_COURSE
from .test_fitting import accept
from .test_html import words

pytestmark = pytest.mark.skipif(
    not DEMO_COURSE.exists(),
    reason=f"The Open edX demo course is not there: {DEMO_COURSE}",
)


@pytest.fixture(scope="module")
def demo() -> OlxCourse:
    return read_course(DEMO_COURSE)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The export's files by path, read without the gateway."""
    with tarfile.open(DEMO_COURSE) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        return {m.name.removeprefix("course/"): archive.extractfile(m).read() for m in members}  # type: ignore[union-attr]


def test_what_goes_in(files: dict[str, bytes]) -> None:
    kinds = Counter(PurePosixPath(name).parts[0] for name in files)
    assert (kinds["chapter"], kinds["sequential"], kinds["vertical"]) == (6, 17, 58)
    assert (kinds["problem"], kinds["video"], kinds["static"]) == (29, 11, 124)
    problems = [etree.fromstring(data) for name, data in files.items() if name.startswith("problem/")]
    responses = Counter(e.tag for problem in problems for e in problem.iter() if str(e.tag).endswith("response"))
    assert responses == {
        "multiplechoiceresponse": 9,
        "optionresponse": 9,
        "choiceresponse": 2,
        "numericalresponse": 4,
        "stringresponse": 4,
        "formularesponse": 2,
        "customresponse": 4,
        "imageresponse": 1,
        "annotationresponse": 1,
        "schematicresponse": 1,
    }


def test_what_comes_out(demo: OlxCourse) -> None:
    counts = demo.counts()
    assert {name: counts[name] for name in ("chapters", "sequentials", "verticals", "components", "static_files")} == {
        "chapters": 6,
        "sequentials": 17,
        "verticals": 58,
        "components": 318,
        "static_files": 124,
    }
    assert {name.removeprefix("block:"): n for name, n in counts.items() if name.startswith("block:")} == {
        "text": 216,
        "media": 11,
        "embed": 1,
        "multiple_choice": 19,
        "multi_select": 2,
        "numeric": 3,
        "short_answer": 4,
        "freeform": 2,
        "matrix": 1,
    }


def test_what_is_reported(demo: OlxCourse) -> None:
    found = Counter(issue.code.value for issue in demo.issues if issue.severity != Severity.INFO)
    assert found == {
        "script_dropped": 126,
        "markup_dropped": 61,
        "question_unsupported": 10,
        "component_unsupported": 8,
        "explanation_not_kept": 7,
        "python_script": 6,
        "embed_linked": 3,
        "feedback_not_kept": 3,
        "restricted_to_groups": 2,
        "grading_not_kept": 2,
        "page_not_imported": 2,
        "container_flattened": 1,
        "grading_policy_not_kept": 1,
        "link_broken": 1,
    }


def test_every_question_of_a_kind_cairn_knows_is_a_question(demo: OlxCourse) -> None:
    questions = [
        block for block in demo.blocks() if block.external_id.startswith("problem/") and "hints" in block.settings
    ]
    # 28 of the kinds that have a counterpart; the answer of one of them is computed by a script.
    assert len(questions) == 27
    assert sum(block.points for block in questions) == 27


def test_videos_have_addresses_and_five_have_transcripts(demo: OlxCourse, files: dict[str, bytes]) -> None:
    videos = [block.settings for block in demo.blocks() if block.format == "media"]
    assert sum("youtube" in video["url"] for video in videos) == 10
    assert [len(video["captions"]) for video in videos if video["captions"]] == [1, 1, 1, 2, 1]
    assert sum(len(video["captions"]) for video in videos) == sum(name.endswith(".srt") for name in files) == 6
    for video in videos:
        assert bool(video["transcript"]) == bool(video["captions"])


def test_links_into_the_course_all_lead_somewhere(demo: OlxCourse) -> None:
    kinds = Counter(link.kind for link in demo.links)
    assert kinds[LinkKind.UNIT] == 48
    assert [link for link in demo.links if not link.exists] == []
    assert [i.source for i in demo.issues if i.code == IssueCode.LINK_BROKEN] == ["Edx.org Read The Docs"]


def test_no_visible_word_of_any_html_component_is_lost(demo: OlxCourse, files: dict[str, bytes]) -> None:
    checked = 0
    for component in demo.components():
        if component.category != "html":
            continue
        html = files[f"html/{component.url_name}.html"].decode()
        before = words(re.sub(r"<iframe.*?</iframe>|<link[^>]*>", "", html, flags=re.DOTALL))
        after = words(to_html("\n\n".join(block.body for block in component.blocks)))
        rest = iter(after)
        assert [word for word in before if word not in rest] == [], component.place
        # What is added is the words of links that took the place of frames and documents.
        assert len(after) - len(before) <= 7, component.place
        checked += len(before)
    assert checked > 10_000


def test_every_block_is_accepted(demo: OlxCourse) -> None:
    for block in demo.blocks():
        accept(block)


def test_no_finding_repeats_a_credential(demo: OlxCourse, files: dict[str, bytes]) -> None:
    policy = json.loads(files["policies/DemoCourse/policy.json"])
    secrets = [passport.rsplit(":", 1)[1] for passport in policy["course/DemoCourse"]["lti_passports"]]
    assert secrets
    said = "".join(f"{issue.message}{issue.source}" for issue in demo.issues)
    assert not [secret for secret in secrets if secret in said]
