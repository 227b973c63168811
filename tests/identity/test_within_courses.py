"""Editors of one course: what they do there, through the API, and when it begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from models.identity import Role
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import PASSWORD, Guest, code
from tests.support import factories
from tests.support.clients import Client

Staff = Callable[[Role], tuple[str, Client]]
Newcomer = Callable[[], Guest]
COURSES = "{ viewer { courses { courseId can } } }"
DRAFT = """query($id: ID!) @perspective(stage: DRAFT) {
    course(id: $id) { title publishState treeRevision theme { id } modules { lessons { blocks { id } } } } }"""


@dataclass
class Authors:
    """A course below a theme, its author, and who edits everything; both are signed in with a browser."""

    author: Client
    author_id: str
    editor: Client
    admin: Client
    grant: str
    made: dict[str, Any]

    @property
    def course(self) -> str:
        """The course's id."""
        found: str = self.made["course"]
        return found


@pytest.fixture
def authors(staff: Staff, newcomer: Newcomer) -> Authors:
    """A guest who was given the role of an editor within one course."""
    (_, admin), (_, editor), guest = staff(Role.ADMIN), staff(Role.EDITOR), newcomer()
    theme = factories.theme(editor, publish=True)
    made = factories.tree(editor, modules=2, lessons=1, blocks=1, themeId=theme)
    given = {"userId": guest.id, "role": "EDITOR", "scopeType": "COURSE", "scopeId": made["course"]}
    grant = admin.do("roleGrant", "role { id }", **given)["role"]["id"]
    return Authors(guest.client, guest.id, editor, admin, grant, made)


def _tree_revision(client: Client, course: str) -> int:
    found: int = client.ask(DRAFT, id=course)["course"]["treeRevision"]
    return found


def test_an_editor_of_one_course_does_all_that_is_done_within_a_course(authors: Authors) -> None:
    author, course = authors.author, authors.course
    module = factories.module(author, course, title="New")
    lesson = factories.lesson(author, module, title="New")
    block = factories.block(author, lesson, factories.choice_question())
    author.do("courseUpdate", "course { title }", id=course, expectedRevision=1, title="Mine")
    milestones = [{"name": "Start", "startDay": 1, "endDay": 9}]
    author.do("courseMilestonesSet", "__typename", id=course, expectedRevision=2, milestones=milestones)
    author.do("moduleMove", "__typename", id=module, afterId=None)
    author.do("lessonMove", "__typename", id=authors.made["lessons"][0], moduleId=authors.made["modules"][1])
    author.do("blockMove", "__typename", id=block, lessonId=authors.made["lessons"][1])
    for kind, each in (("block", block), ("lesson", lesson), ("module", module)):
        author.do(f"{kind}Trash", "__typename", id=each)
        author.do(f"{kind}Restore", "__typename", id=each)
    published = author.do("coursePublish", "revision course { publishState }", id=course)
    assert (published["revision"], published["course"]["publishState"]) == (1, "PUBLISHED")
    author.do("moduleTrash", "__typename", id=module)
    now = _tree_revision(author, course)
    author.do("courseRevisionRestore", "__typename", id=course, number=1, expectedTreeRevision=now)
    author.do("courseUnpublish", "__typename", id=course)
    found = author.ask(DRAFT, id=course)["course"]
    assert (found["title"], found["publishState"], len(found["modules"])) == ("Mine", "DRAFT", 3)


def test_an_editor_of_one_course_reads_its_answer_keys_trash_and_revisions(authors: Authors) -> None:
    author, course = authors.author, authors.course
    block = factories.block(author, authors.made["lessons"][0], factories.choice_question())
    factories.publish(author, course)
    author.do("lessonTrash", "__typename", id=authors.made["lessons"][1])
    document = """query($id: ID!, $block: ID!) @perspective(stage: DRAFT) {
        course(id: $id) { publishState publishedRevision { number } revisions { totalCount } }
        trash { nodes { id } } block(id: $block) { ... on MultipleChoiceQuestion { explanation } } }"""
    assert author.ask(document, id=course, block=block) == {
        "course": {"publishState": "CHANGED", "publishedRevision": {"number": 1}, "revisions": {"totalCount": 1}},
        "trash": {"nodes": [{"id": authors.made["lessons"][1]}]},
        "block": {"explanation": "Because"},
    }


def test_an_editor_of_one_course_plans_when_it_is_published_and_sees_no_other_plans(authors: Authors) -> None:
    author, other = authors.author, factories.course(authors.editor)
    plan = {"action": "PUBLISH", "runAt": "2100-01-01T00:00:00Z"}
    hidden = authors.editor.do("scheduleCreate", "schedule { id }", rootId=other, **plan)["schedule"]["id"]
    own = author.do("scheduleCreate", "schedule { id revision }", rootId=authors.course, **plan)["schedule"]
    author.do("scheduleMove", "__typename", id=own["id"], runAt="2101-01-01T00:00:00Z")
    listed = author.ask("{ schedules { nodes { id revision } } }")["schedules"]["nodes"]
    assert listed == [own]
    for mutation, more in (("scheduleMove", {"runAt": "2101-01-01T00:00:00Z"}), ("scheduleCancel", {})):
        assert author.refused(mutation, id=hidden, **more)["code"] == "NOT_FOUND"
    assert author.refused("scheduleCreate", rootId=other, **plan)["code"] == "NOT_FOUND"
    author.do("scheduleCancel", "schedule { state }", id=own["id"])
    authors.editor.do("scheduleCancel", "__typename", id=hidden)


def test_a_course_keeps_its_theme_where_one_of_its_own_editors_saves_it(authors: Authors) -> None:
    other = factories.theme(authors.editor)
    for theme in (None, other):
        given = {"id": authors.course, "expectedRevision": 1, "themeId": theme}
        refusal = authors.author.refused("courseUpdate", **given)
        assert (refusal["code"], refusal["path"]) == ("FORBIDDEN", ["themeId"])


def test_a_revision_from_another_theme_is_restored_by_those_who_choose_themes(authors: Authors) -> None:
    factories.publish(authors.editor, authors.course)
    authors.editor.do("courseUpdate", "__typename", id=authors.course, expectedRevision=1, themeId=None)
    given = {"number": 1, "expectedTreeRevision": _tree_revision(authors.editor, authors.course)}
    assert authors.author.refused("courseRevisionRestore", id=authors.course, **given)["code"] == "FORBIDDEN"
    authors.editor.do("courseRevisionRestore", "__typename", id=authors.course, **given)


def test_nothing_is_moved_into_another_course_or_out_of_it(authors: Authors) -> None:
    other = factories.tree(authors.editor, modules=1, lessons=1, blocks=1)
    into = {"id": authors.made["lessons"][0], "moduleId": other["modules"][0]}
    out = {"id": other["lessons"][0], "moduleId": authors.made["modules"][0]}
    assert authors.author.refused("lessonMove", **into)["code"] == "NOT_FOUND"
    assert authors.author.refused("lessonMove", **out)["code"] == "NOT_FOUND"
    assert authors.editor.refused("lessonMove", **into)["code"] == "OTHER_ROOT"


def test_a_role_within_a_course_ends_when_it_is_taken_or_its_time_is_up(
    authors: Authors, doorkeeper: Doorkeeper
) -> None:
    move = "mutation($id: ID!) { moduleMove(input: { id: $id, afterId: null }) { errors { code } } }"
    assert authors.author.ask(COURSES)["viewer"]["courses"] == [
        {"courseId": authors.course, "can": ["CONTENT_EDIT", "CONTENT_PUBLISH", "AGGREGATES_READ"]}
    ]
    doorkeeper.sql("UPDATE role_grant SET expires_at = now() WHERE id = %s", authors.grant)
    assert authors.author.ask(COURSES)["viewer"]["courses"] == []
    assert authors.author.fails(move, id=authors.made["modules"][1]) == "FORBIDDEN"
    doorkeeper.sql("UPDATE role_grant SET expires_at = NULL WHERE id = %s", authors.grant)
    authors.author.do("moduleMove", "__typename", id=authors.made["modules"][1], afterId=None)
    assert code(authors.admin.mutate("roleRevoke", "__typename", id=authors.grant)) is None
    assert authors.author.fails(move, id=authors.made["modules"][1]) == "FORBIDDEN"
    assert authors.author.fails(DRAFT, id=authors.course) == "FORBIDDEN"


def test_a_token_does_within_a_course_what_it_was_made_for(authors: Authors) -> None:
    made = authors.author.do("apiTokenCreate", "token", name="writer", scopes=["CONTENT_EDIT"], password=PASSWORD)
    program = Client(authors.author.url, made["token"], authors.author.http)
    assert program.ask(COURSES)["viewer"]["courses"] == [{"courseId": authors.course, "can": ["CONTENT_EDIT"]}]
    program.do("moduleMove", "__typename", id=authors.made["modules"][1], afterId=None)
    publish = "mutation($id: ID!) { coursePublish(input: { id: $id }) { errors { code } } }"
    assert program.fails(publish, id=authors.course) == "FORBIDDEN"
    beyond = authors.author.refused("apiTokenCreate", name="importer", scopes=["CONTENT_IMPORT"], password=PASSWORD)
    assert beyond["path"] == ["scopes"]


def test_whoever_acts_as_an_editor_of_one_course_may_what_they_may_there(authors: Authors) -> None:
    reason = {"userId": authors.author_id, "reason": "To see"}
    token = authors.admin.do("impersonationStart", "token", **reason)["token"]
    acting = Client(authors.author.url, token)
    try:
        assert acting.ask(COURSES) == authors.author.ask(COURSES)
        acting.do("moduleMove", "__typename", id=authors.made["modules"][1], afterId=None)
    finally:
        acting.http.close()
