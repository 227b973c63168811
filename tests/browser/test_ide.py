"""An editor at work in the IDE, in a real Chromium against the real server.

Whatever a test does, its `ide` fixture then checks that no request of the page or its workers left the origin and that
the console stayed quiet, which it does not when the Content-Security-Policy stops something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from .ide_page import IdePage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.browser

STARTERS = ["Courses", "CourseTree", "EditLesson", "MoveLesson", "PublishCourse", "LiveCourse"]


def read_course(base_url: str, slug: str) -> dict[str, Any]:
    """The course as a front end without any credentials reads it, from the same schema over plain HTTP."""
    query = "query Read($slug: String!) { course(slug: $slug) { title modules { lessons { id title } } } }"
    answer = httpx.post(f"{base_url}/graphql", json={"query": query, "variables": {"slug": slug}}).raise_for_status()
    course: dict[str, Any] = answer.json()["data"]["course"]
    return course


def titles(course: dict[str, Any]) -> dict[str, str]:
    return {each["id"]: each["title"] for module in course["modules"] for each in module["lessons"]}


def draft_revision(ide: IdePage, slug: str, lesson_id: str) -> int:
    """Look the lesson up in the draft, through the page."""
    ide.choose("CourseTree")
    ide.write_variables({"slug": slug})
    modules = ide.play()["data"]["course"]["modules"]
    revisions: dict[str, int] = {each["id"]: each["revision"] for module in modules for each in module["lessons"]}
    return revisions[lesson_id]


def retitle(ide: IdePage, lesson_id: str, revision: int, title: str) -> dict[str, Any]:
    ide.choose("EditLesson")
    ide.write_variables({"input": {"id": lesson_id, "expectedRevision": revision, "title": title}})
    payload: dict[str, Any] = ide.play()["data"]["lessonUpdate"]
    return payload


def test_the_link_signs_an_editor_in_and_the_header_says_who_it_is(ide: IdePage, editor_link: str) -> None:
    ide.open(editor_link)
    assert "token" not in ide.page.url
    expect(ide.header).to_contain_text("may edit and publish")
    expect(ide.header.get_by_role("button", name="Sign out")).to_be_visible()


def test_the_header_says_so_where_somebody_edits_single_courses(ide: IdePage, course_editor_link: str) -> None:
    ide.open(course_editor_link)
    expect(ide.header).to_contain_text("may edit and publish single courses")


def test_without_the_link_one_is_anonymous_and_told_how_to_sign_in(ide: IdePage) -> None:
    ide.open()
    expect(ide.header).to_contain_text("Anonymous")
    expect(ide.header).to_contain_text("sign-in link")
    expect(ide.tab("LiveCourse")).to_be_visible()
    expect(ide.tab("EditLesson")).to_have_count(0)


def test_signing_out_ends_the_session(ide: IdePage, editor_link: str) -> None:
    ide.open(editor_link)
    ide.header.get_by_role("button", name="Sign out").click()
    expect(ide.header).to_contain_text("Anonymous")
    ide.page.reload()
    expect(ide.header).to_contain_text("Anonymous")


def test_every_starter_runs_at_once_with_what_it_was_filled_with(ide: IdePage, editor_link: str) -> None:
    ide.open(editor_link)
    for operation in STARTERS:
        ide.choose(operation)
        answer = ide.play()
        assert "errors" not in answer, operation
        (field,) = answer["data"].values()
        assert field is not None, operation
        assert field.get("errors", []) == [], operation


def test_the_answer_to_a_query_is_shown(ide: IdePage, editor_link: str, demo_course: dict[str, Any]) -> None:
    ide.open(editor_link)
    ide.write("Operation Editor", f'query One {{ course(slug: "{demo_course["slug"]}") {{ id slug }} }}')
    answer = ide.play()
    assert answer["data"]["course"]["id"] == demo_course["id"]
    expect(ide.answer).to_contain_text(demo_course["slug"])


def test_the_header_says_what_an_operation_cost(ide: IdePage) -> None:
    ide.open()
    expect(ide.cost).to_have_count(0)
    ide.write("Operation Editor", "{ courses(first: 7) { nodes { id } } }")
    ide.play()
    expect(ide.cost).to_have_text("Cost 8 of 25,000")
    ide.tolerate("400")
    ide.write(
        "Operation Editor", "{ themes { nodes { courses(first: 100) { nodes { id modules { lessons { id } } } } } } }"
    )
    ide.play()
    expect(ide.cost).to_have_text("Cost 62,041 of 25,000")


def test_readers_see_a_change_when_it_is_published_and_not_before(
    ide: IdePage, editor_link: str, base_url: str, demo_course: dict[str, Any]
) -> None:
    slug, lesson_id = demo_course["slug"], demo_course["lessons"][0]["id"]
    published = titles(read_course(base_url, slug))[lesson_id]
    changed = f"{published}, told anew"
    ide.open(editor_link)

    payload = retitle(ide, lesson_id, draft_revision(ide, slug, lesson_id), changed)
    assert payload["errors"] == []
    expect(ide.answer).to_contain_text("told anew")
    assert titles(read_course(base_url, slug))[lesson_id] == published

    ide.choose("PublishCourse")
    ide.write_variables({"input": {"id": demo_course["id"], "message": "A lesson told anew"}})
    assert ide.play()["data"]["coursePublish"]["errors"] == []
    assert titles(read_course(base_url, slug))[lesson_id] == changed


def test_an_edit_of_a_stale_revision_overwrites_nothing_and_shows_both_texts(
    ide: IdePage, editor_link: str, demo_course: dict[str, Any]
) -> None:
    lesson_id = demo_course["lessons"][0]["id"]
    ide.open(editor_link)
    revision = draft_revision(ide, demo_course["slug"], lesson_id)
    assert retitle(ide, lesson_id, revision, "Told by the first")["errors"] == []

    (conflict,) = retitle(ide, lesson_id, revision, "Told by the second")["errors"]
    assert conflict["__typename"] == "RevisionConflict"
    assert {"field": "title", "yours": "Told by the second", "current": "Told by the first"} in conflict["fields"]


def test_the_header_says_what_the_operation_touches(ide: IdePage, editor_link: str) -> None:
    hints = {
        "LiveCourse": "Live reads what your readers see",
        "CourseTree": "Draft reads what editors see",
        "EditLesson": "Draft changes the draft",
        "PublishCourse": "Live changes what your readers see",
    }
    ide.open(editor_link)
    for operation, hint in hints.items():
        ide.choose(operation)
        expect(ide.perspective).to_contain_text(hint)


def test_the_panel_opens_a_starter_filled_in_with_current_ids(ide: IdePage, editor_link: str) -> None:
    ide.open(editor_link)
    ide.page.get_by_role("button", name="Show Starter operations").click()
    ide.page.get_by_role("button", name="Open “Read a course as readers do” in a new tab").click()
    expect(ide.tab("LiveCourse")).to_have_count(2)
    course = ide.play()["data"]["course"]
    assert course["title"]


def test_an_anonymous_visitor_is_told_that_drafts_need_a_sign_in(ide: IdePage, demo_course: dict[str, Any]) -> None:
    ide.tolerate("status of 40[013]")
    ide.open()
    ide.write(
        "Operation Editor",
        f'query Peek @perspective(stage: DRAFT) {{ course(slug: "{demo_course["slug"]}") {{ id }} }}',
    )
    expect(ide.perspective).to_contain_text("sign in first")
    assert "data" not in ide.play()
    expect(ide.notice).to_contain_text("needs you to be signed in")


def test_a_refusal_without_an_answer_is_said_in_plain_words(ide: IdePage) -> None:
    refusals = {
        401: "This needs you to be signed in",
        413: "The operation is too large for the server",
        503: "The server failed (status 503)",
    }
    ide.tolerate("status of (401|413|503)")
    ide.open()
    for status, words in refusals.items():
        with answering(ide, status):
            ide.press_play()
            expect(ide.notice).to_contain_text(words)
            expect(ide.answer).to_contain_text(words)


def test_a_server_that_is_away_is_said_in_plain_words_and_forgotten_when_it_is_back(ide: IdePage) -> None:
    ide.tolerate("net::ERR_")
    ide.open()
    with answering(ide, None):
        ide.press_play()
        expect(ide.notice).to_contain_text("The server cannot be reached")
    assert "errors" not in ide.play()
    expect(ide.notice).to_have_count(0)


@contextmanager
def answering(ide: IdePage, status: int | None) -> Iterator[None]:
    """Let the API answer with an empty body and this status, or not at all."""

    def answer(route: Route) -> None:
        if status is None:
            route.abort()
        else:
            route.fulfill(status=status, body="")

    ide.page.route("**/graphql", answer)
    yield
    ide.page.unroute("**/graphql")


def test_one_can_work_by_keyboard_alone(ide: IdePage) -> None:
    ide.open()
    ide.editor("Operation Editor").locator(".view-lines").click()
    with ide.page.expect_response(re.compile("/graphql$")) as arrived:
        ide.page.keyboard.press("ControlOrMeta+Enter")
    assert arrived.value.ok


def test_every_control_has_a_name_and_the_page_its_landmarks(ide: IdePage, editor_link: str) -> None:
    ide.open(editor_link)
    for panel in ("Documentation Explorer", "Starter operations", "History"):
        ide.page.get_by_role("button", name=f"Show {panel}").click()
        expect(ide.page.get_by_role("button", name=f"Hide {panel}")).to_be_visible()
        assert ide.nameless_controls() == []
    assert ide.page.locator("html").get_attribute("lang") == "en"
    expect(ide.page.get_by_role("banner")).to_have_count(1)
    expect(ide.page.get_by_role("main")).to_have_count(1)
    expect(ide.page.get_by_role("heading", level=1)).to_have_count(1)


def test_the_explorer_takes_fields_out_of_the_operation_and_puts_them_in(ide: IdePage) -> None:
    ide.open()
    ide.page.get_by_role("button", name="Show Explorer").click()
    panel = ide.page.locator(".graphiql-explorer-root")
    field = panel.get_by_text("slug", exact=True).first
    field.click()
    expect(ide.editor("Operation Editor")).not_to_contain_text("slug")
    field.click()
    expect(ide.editor("Operation Editor")).to_contain_text("slug")


def test_what_was_run_is_in_the_history(ide: IdePage) -> None:
    ide.open().play()
    ide.page.get_by_role("button", name="Show History").click()
    expect(ide.page.get_by_role("region", name="History")).to_contain_text("Courses")


def test_tabs_are_there_again_after_a_reload(ide: IdePage) -> None:
    ide.open()
    ide.write("Operation Editor", 'query Mine { course(slug: "kept") { id } }')
    expect(ide.tab("Mine")).to_be_visible()
    ide.page.wait_for_function("() => JSON.stringify(localStorage).includes('query Mine')")
    ide.page.reload()
    expect(ide.editor("Operation Editor")).to_contain_text("kept")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_system_and_its_own_switch(ide: IdePage, editor_link: str, scheme: str) -> None:
    other = {"light": "dark", "dark": "light"}[scheme]
    ide.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    ide.open(editor_link).choose("CourseTree")
    ide.play()
    expect(ide.answer).to_contain_text("modules")
    assert is_dark(ide) == (scheme == "dark")
    ide.screenshot(f"ide-{scheme}")

    ide.page.get_by_role("button", name="Open settings dialog").click()
    ide.page.get_by_role("button", name=other.capitalize(), exact=True).click()
    assert is_dark(ide) == (other == "dark")
    ide.page.reload()
    expect(ide.editor("Operation Editor")).to_be_visible()
    assert is_dark(ide) == (other == "dark")


def is_dark(ide: IdePage) -> bool:
    """Whether the work bench and the page behind it are both dark."""
    script = "(el) => getComputedStyle(el).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    shades: list[list[int]] = [ide.page.locator(each).evaluate(script) for each in ("body", ".graphiql-container")]
    assert shades[0] == shades[1]
    return sum(shades[0]) < 3 * 128


def test_two_people_at_one_browser_do_not_see_each_others_tabs(ide: IdePage, editor_link: str) -> None:
    ide.open(editor_link)
    ide.write("Operation Editor", "query OfTheEditor { __typename }")
    ide.page.wait_for_function("() => JSON.stringify(localStorage).includes('OfTheEditor')")
    ide.header.get_by_role("button", name="Sign out").click()
    expect(ide.header).to_contain_text("Anonymous")
    expect(ide.tab("Courses")).to_be_visible()
    expect(ide.tab("OfTheEditor")).to_have_count(0)


def test_every_file_of_the_page_carries_the_policy(chromium: Browser, base_url: str) -> None:
    page = httpx.get(f"{base_url}/ide/")
    assets = re.findall(r'(?:src|href)="(/ide/[^"]+)"', page.text)
    assert assets
    for answer in [page, *(httpx.get(base_url + each) for each in assets)]:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
    assert "<script>" not in page.text
    assert not re.search(r"\son\w+=", page.text)
