"""The clock publishes what was planned, as it was when it was planned, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.identity import Role
from resolvers import jobs
from tests.events.logs import sql
from tests.http.doorkeeper import Doorkeeper
from tests.jobs.crews import until, working
from tests.support import factories
from tests.support.clients import Client, People
from workers.curriculum import run_schedule

FAR = "2100-01-01T00:00:00Z"
LIST = """query($root: ID, $state: ScheduleState) { schedules(filter: {root: $root, state: $state}) {
    nodes { id rootId action revision runAt state job { state parkedReason } } } }"""
LIVE = "query($id: ID!) { course(id: $id) { title publishedRevision { number } } }"


def plan(editor: Client, root: str, action: str = "PUBLISH", run_at: str = FAR, **more: Any) -> str:
    """A plan; answers its id."""
    given = {"rootId": root, "action": action, "runAt": run_at, **more}
    made: str = editor.do("scheduleCreate", "schedule { id }", **given)["schedule"]["id"]
    return made


def come(url: str) -> None:
    """The time of all plans comes, and what is due is done."""
    sql(url, "UPDATE schedule SET run_at = now() WHERE state = 'planned'")
    sql(url, "UPDATE job SET run_at = now() WHERE actor = 'run_schedule' AND state = 'queued'")
    waiting = "SELECT 1 FROM job WHERE actor = 'run_schedule' AND state IN ('queued', 'running')"
    with working(url, run_schedule):
        until(lambda: sql(url, waiting) == [], "what was planned")


def plans(editor: Client, root: str) -> list[dict[str, Any]]:
    """What is planned for a root."""
    found: list[dict[str, Any]] = editor.ask(LIST, root=root)["schedules"]["nodes"]
    return found


def test_readers_get_what_was_sealed_when_it_was_planned(people: People, database_url: str) -> None:
    editor, course = people.editor, factories.course(people.editor, title="As planned")
    plan(editor, course, message="Spring")
    editor.do("courseUpdate", "course { id }", id=course, expectedRevision=1, title="Saved later")
    assert people.anonymous.ask(LIVE, id=course)["course"] is None
    come(database_url)
    shown = people.anonymous.ask("query($id: ID!) { course(id: $id) { title } }", id=course)["course"]
    assert shown == {"title": "As planned"}
    draft = "query($id: ID!) @perspective(stage: DRAFT) { course(id: $id) { title publishState } }"
    assert editor.ask(draft, id=course)["course"] == {"title": "Saved later", "publishState": "CHANGED"}
    ((author,),) = sql(database_url, "SELECT author_id::text FROM revision WHERE kind = 'published'")
    assert author == sql(database_url, "SELECT requested_by::text FROM job WHERE actor = 'run_schedule'")[0][0]
    (done,) = plans(editor, course)
    assert (done["state"], done["job"]["state"]) == ("DONE", "DONE")


def test_a_whole_course_is_shown_and_what_the_revision_lacks_is_taken_away(people: People, database_url: str) -> None:
    editor, made = people.editor, factories.tree(people.editor, modules=2, lessons=1, blocks=1)
    course = made["course"]
    factories.publish(editor, course)
    editor.do("moduleTrash", "module { id }", id=made["modules"][0])
    factories.module(editor, course, title="New")
    plan(editor, course)
    come(database_url)
    modules = people.anonymous.ask("query($id: ID!) { course(id: $id) { modules { title } } }", id=course)
    assert [each["title"] for each in modules["course"]["modules"]][-1] == "New"
    assert len(modules["course"]["modules"]) == 2
    state = editor.ask("query($id: ID!) @perspective(stage: DRAFT) { course(id: $id) { publishState } }", id=course)
    assert state["course"]["publishState"] == "PUBLISHED"


def test_an_older_revision_can_be_planned(people: People, database_url: str) -> None:
    editor, course = people.editor, factories.course(people.editor, title="First")
    first = factories.publish(editor, course)
    editor.do("courseUpdate", "course { id }", id=course, expectedRevision=1, title="Second")
    factories.publish(editor, course)
    plan(editor, course, number=first)
    come(database_url)
    assert (
        people.anonymous.ask("query($id: ID!) { course(id: $id) { title } }", id=course)["course"]["title"] == "First"
    )


def test_what_is_planned_to_end_ends(people: People, database_url: str) -> None:
    theme = factories.theme(people.editor, publish=True)
    plan(people.editor, theme, "UNPUBLISH")
    come(database_url)
    assert people.anonymous.ask("query($id: ID!) { theme(id: $id) { id } }", id=theme)["theme"] is None


def test_a_plan_is_put_off_brought_forward_and_cancelled(people: People, database_url: str) -> None:
    editor, theme = people.editor, factories.theme(people.editor)
    planned = plan(editor, theme)
    sooner = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    moved = editor.do("scheduleMove", "schedule { state runAt }", id=planned, runAt=sooner)["schedule"]
    assert moved["state"] == "PLANNED"
    editor.do("scheduleCancel", "schedule { id }", id=planned)
    assert editor.refused("scheduleCancel", id=planned)["code"] == "WRONG_STATE"
    assert editor.refused("scheduleMove", id=planned, runAt=FAR)["code"] == "WRONG_STATE"
    come(database_url)
    assert people.anonymous.ask("query($id: ID!) { theme(id: $id) { id } }", id=theme)["theme"] is None
    assert sql(database_url, "SELECT count(*) FROM job WHERE actor = 'run_schedule' AND state = 'done'") == [(2,)]


def test_a_job_that_comes_twice_or_too_early_does_nothing(people: People, database_url: str) -> None:
    editor, theme = people.editor, factories.theme(people.editor)
    plan(editor, theme)
    sql(database_url, "UPDATE job SET run_at = now() WHERE actor = 'run_schedule'")
    with working(database_url, run_schedule):
        until(lambda: sql(database_url, "SELECT 1 FROM job WHERE actor = 'run_schedule' AND state = 'done'"))
    assert plans(editor, theme)[0]["state"] == "PLANNED"
    sql(database_url, "UPDATE job SET state = 'queued', attempts = 0, finished_at = NULL WHERE actor = 'run_schedule'")
    come(database_url)
    sql(database_url, "UPDATE job SET state = 'queued', attempts = 0, finished_at = NULL WHERE actor = 'run_schedule'")
    come(database_url)
    assert sql(database_url, "SELECT count(*) FROM revision WHERE kind = 'published'") == [(1,)]


def test_what_stands_in_the_way_is_told_with_the_plan(people: People, database_url: str) -> None:
    editor, theme = people.editor, factories.theme(people.editor)
    course = factories.course(editor, themeId=theme)
    plan(editor, course)
    come(database_url)
    (stuck,) = plans(editor, course)
    assert (stuck["state"], stuck["job"]["state"]) == ("PLANNED", "PARKED")
    assert "theme is not published" in stuck["job"]["parkedReason"]
    editor.do("themePublish", "theme { id }", id=theme)
    ((job,),) = sql(database_url, "SELECT id::text FROM job WHERE state = 'parked'")
    people.admin.do("jobRetry", "job { id }", id=job)
    come(database_url)
    assert people.anonymous.ask("query($id: ID!) { course(id: $id) { id } }", id=course)["course"] == {"id": course}


def test_what_is_put_into_the_trash_has_no_plans_any_more(people: People, database_url: str) -> None:
    editor, theme = people.editor, factories.theme(people.editor)
    plan(editor, theme)
    editor.do("themeTrash", "theme { id }", id=theme)
    with working(database_url, run_schedule):
        until(lambda: plans(editor, theme)[0]["state"] == "CANCELLED", "the reaction")


def test_a_theme_and_its_course_that_are_planned_for_the_same_time_are_both_published(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FIRST_RETRY", timedelta(seconds=0.1))
    editor, theme = people.editor, factories.theme(people.editor)
    course = factories.course(editor, themeId=theme)
    plan(editor, course)
    plan(editor, theme)
    sql(database_url, "UPDATE schedule SET run_at = now()")
    due = "UPDATE job SET run_at = now() WHERE actor = 'run_schedule' AND arguments->>'schedule_id' IN"
    with working(database_url, run_schedule):
        # However it falls, the course may be the first to be looked at.
        sql(database_url, f"{due} (SELECT id::text FROM schedule WHERE root_id = %s)", course)
        tried = "SELECT 1 FROM job WHERE actor = 'run_schedule' AND last_error LIKE 'The course%%'"
        until(lambda: sql(database_url, tried), "the first try")
        sql(database_url, f"{due} (SELECT id::text FROM schedule WHERE root_id = %s)", theme)
        until(lambda: {each["state"] for each in plans(editor, course)} == {"DONE"}, "both")
    assert people.anonymous.ask(LIVE, id=course)["course"] is not None


def test_what_is_planned_for_a_root_that_was_restored_is_not_given_up_by_what_comes_late(
    people: People, database_url: str
) -> None:
    editor, theme = people.editor, factories.theme(people.editor)
    before = plan(editor, theme)
    editor.do("themeTrash", "theme { id }", id=theme)
    editor.do("themeRestore", "theme { id }", id=theme)
    after = plan(editor, theme)
    with working(database_url, run_schedule):
        until(lambda: {each["id"]: each["state"] for each in plans(editor, theme)}[before] == "CANCELLED", "it")
    assert {each["id"]: each["state"] for each in plans(editor, theme)}[after] == "PLANNED"


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"runAt": "2001-01-01T00:00:00Z"}, "INVALID", ["runAt"]),
        ({"runAt": "2100-01-01T00:00:00"}, "INVALID", ["runAt"]),
        ({"number": 7}, "NOT_FOUND", ["number"]),
        ({"action": "UNPUBLISH", "number": 1}, "INVALID", ["number"]),
        ({"rootId": "01a219e9-a692-8035-b959-b44f98fae5b5"}, "WRONG_KIND_OF_ID", ["rootId"]),
        ({"rootId": "01a219e9-a692-8032-b959-b44f98fae5b5"}, "NOT_FOUND", ["rootId"]),
    ],
)
def test_what_cannot_be_planned_is_refused(people: People, given: dict[str, Any], code: str, path: list[str]) -> None:
    theme = factories.theme(people.editor)
    whole = {"rootId": theme, "action": "PUBLISH", "runAt": FAR, **given}
    refusal = people.editor.refused("scheduleCreate", **whole)
    assert (refusal["code"], refusal["path"]) == (code, path)


def test_who_may_not_publish_plans_nothing(people: People) -> None:
    document = (
        f"""mutation {{ scheduleCreate(input: {{rootId: "x", action: PUBLISH, runAt: "{FAR}"}}) {{ __typename }} }}"""
    )
    assert people.learner.fails(document) == "FORBIDDEN"
    assert people.anonymous.fails(document) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "ends",
    [
        "DELETE FROM role_grant WHERE user_id = %s",
        "UPDATE role_grant SET expires_at = now() WHERE user_id = %s",
        "UPDATE \"user\" SET status = 'suspended' WHERE id = %s",
    ],
    ids=["the role is taken back", "the role expires", "the account is suspended"],
)
def test_what_was_planned_by_somebody_who_may_not_publish_any_more_waits_and_says_why(
    people: People, database_url: str, ends: str
) -> None:
    editor, theme = people.editor, factories.theme(people.editor)
    with Doorkeeper(database_url).closing_time() as keeper:
        person = keeper.person()
        planner = Client(editor.url, keeper.token(person))
        planned = plan(planner, theme)
        keeper.sql(ends, person)
        come(database_url)
        overseer = Client(editor.url, keeper.token(keeper.person(Role.ADMIN), Role.ADMIN))
        (found,) = plans(overseer, theme)
        assert (found["state"], found["job"]["state"]) == ("PLANNED", "PARKED")
        assert "may not publish" in found["job"]["parkedReason"]
        overseer.http.close()
        assert people.anonymous.ask("query($id: ID!) { theme(id: $id) { id } }", id=theme)["theme"] is None
        editor.do("scheduleMove", "schedule { state }", id=planned, runAt=FAR)
        come(database_url)
        assert people.anonymous.ask("query($id: ID!) { theme(id: $id) { id } }", id=theme)["theme"] == {"id": theme}
        planner.http.close()
