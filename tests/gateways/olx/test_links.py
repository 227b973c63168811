"""Links into the course and to its files get one neutral form, or are reported."""

import pytest

from gateways.olx import IssueCode, LinkKind, OlxCourse, OlxLink, rewrite_references

from .conftest import Read

STATIC: dict[str, str | bytes] = {
    "static/plain.png": "1",
    "static/two words (1).pdf": "2",
    "static/odd.png": "3",
    "policies/assets.json": '{"renamed.png": {"displayname": "odd.png"}}',
}


def first_link(course: OlxCourse) -> str:
    body = next(iter(course.blocks())).body
    return body[body.index("](") + 2 : body.rindex(")")] if "](" in body else ""


def link(url: str) -> str:
    return f"<html url_name='h'><p><a href='{url}'>text</a></p></html>"


@pytest.mark.parametrize(
    "url",
    [
        "/jump_to_id/unit",
        "/jump_to_id/unit#fragment",
        "../../jump_to_id/unit",
        "/courses/course-v1:Org+C1+run/jump_to_id/unit",
        "/courses/course-v1:Org+C1+run/jump_to/block-v1:Org+C1+run+type@vertical+block@unit",
        "/courses/Org/C1/run/jump_to/i4x://Org/C1/vertical/unit",
        "/learning/course/course-v1:Org+C1+run/block-v1:Org+C1+run+type@vertical+block@unit",
        "https://campus.example.org/courses/course-v1:Org+C1+run/jump_to_id/unit",
        "unit",
    ],
)
def test_links_to_a_unit_name_it(read: Read, url: str) -> None:
    course = read(link(url))
    assert first_link(course) == "olx:unit/unit"
    assert course.links == (OlxLink("html/h", LinkKind.UNIT, "unit", "vertical/unit"),)
    assert course.issues == ()


def test_links_to_courseware_name_the_sequential(read: Read) -> None:
    assert first_link(read(link("/courses/course-v1:Org+C1+run/courseware/chapter/lesson/1"))) == "olx:unit/lesson"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/static/plain.png", "plain.png"),
        ("static/plain.png", "plain.png"),
        ("/static/plain.png?raw", "plain.png"),
        ("/static/two_words__1_.pdf", "two%20words%20%281%29.pdf"),
        ("/static/two%20words%20(1).pdf", "two%20words%20%281%29.pdf"),
        ("/static/renamed.png", "odd.png"),
        ("/asset-v1:Org+C1+run+type@asset+block@plain.png", "plain.png"),
        ("/assets/courseware/v1/0123/asset-v1:Org+C1+run+type@asset+block/plain.png", "plain.png"),
        ("/c4x/Org/C1/asset/plain.png", "plain.png"),
        ("https://studio.example.org/c4x/Org/C1/asset/plain.png", "plain.png"),
        # A course that was run again keeps the addresses of the earlier run.
        ("/asset-v1:Org+C1+earlier+type@asset+block@plain.png", "plain.png"),
    ],
)
def test_links_to_files_name_them(read: Read, url: str, name: str) -> None:
    course = read(link(url), files=STATIC)
    assert first_link(course) == f"olx:static/{name}"
    assert [found.exists for found in course.links] == [True]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/jump_to_id/gone", IssueCode.LINK_BROKEN),
        ("/static/gone.png", IssueCode.STATIC_MISSING),
    ],
)
def test_a_link_to_nothing_is_kept_and_reported(read: Read, url: str, code: IssueCode) -> None:
    course = read(link(url))
    assert first_link(course).startswith("olx:")
    assert [found.exists for found in course.links] == [False]
    assert [issue.code for issue in course.issues] == [code]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/courses/course-v1:Org+C1+run/wiki/page", IssueCode.LINK_COURSE_PAGE),
        ("/course/about", IssueCode.LINK_COURSE_PAGE),
        ("/courses/course-v1:Other+C2+run/about", IssueCode.LINK_OTHER_COURSE),
        ("/courses/course-v1:O+C2+r/jump_to/block-v1:O+C2+r+type@vertical+block@x", IssueCode.LINK_OTHER_COURSE),
        ("/dashboard", IssueCode.LINK_BROKEN),
        ("#section", IssueCode.LINK_BROKEN),
        ("page.html", IssueCode.LINK_BROKEN),
        ("https://[broken", IssueCode.LINK_BROKEN),
        ("ftp://example.org/a", IssueCode.LINK_BROKEN),
        ("javascript:alert(1)", IssueCode.SCRIPT_DROPPED),
        ("java\tscript:alert(1)", IssueCode.LINK_BROKEN),
        ("https://example.org/" + "a" * 5000, IssueCode.LINK_BROKEN),
    ],
)
def test_a_link_to_elsewhere_on_the_old_site_loses_its_address_and_keeps_its_text(
    read: Read, url: str, code: IssueCode
) -> None:
    course = read(link(url))
    assert next(iter(course.blocks())).body == "text"
    assert [issue.code for issue in course.issues] == [code]


@pytest.mark.parametrize(
    "url", ["https://example.org/a?b=1", "http://example.org/", "mailto:a@example.org", "tel:+49301", "//example.org/a"]
)
def test_a_link_to_the_web_stays(read: Read, url: str) -> None:
    course = read(link(url))
    assert first_link(course) == (url if ":" in url else f"https:{url}")
    assert (course.links, course.issues) == ((), ())


def test_an_image_that_is_gone_keeps_its_description(read: Read) -> None:
    course = read("<html url_name='h'><p>See <img src='/dashboard.png' alt='a bed'/></p></html>")
    assert next(iter(course.blocks())).body == "See a bed"
    assert [issue.code for issue in course.issues] == [IssueCode.LINK_BROKEN, IssueCode.MARKUP_DROPPED]


def test_neutral_links_can_be_rewritten_wherever_they_stand() -> None:
    text = '[a](olx:unit/u1) <a href="olx:static/two%20words.pdf">b</a> notolx:unit/u2'
    seen: list[tuple[LinkKind, str]] = []

    def rewrite(kind: LinkKind, name: str) -> str:
        seen.append((kind, name))
        return "/x"

    assert rewrite_references(text, rewrite) == '[a](/x) <a href="/x">b</a> notolx:unit/u2'
    assert seen == [(LinkKind.UNIT, "u1"), (LinkKind.STATIC, "two words.pdf")]
