"""Reading the log through the API: who may, which entries, page by page, and at what cost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from models.identity import Role
from tests.audit.conftest import Log
from tests.support import factories
from tests.support.clients import Client, Data, People

Statements = Callable[[], AbstractContextManager[list[str]]]
READ = """query($filter: AuditFilter, $first: Int, $after: String) {
    auditLog(filter: $filter, first: $first, after: $after) { totalCount pageInfo { endCursor hasNextPage }
        nodes { id createdAt action actorId actedAsId actorKind subjectId details before after requestId ip
            seal { number hash } } } }"""


def read(client: Client, first: int = 20, after: str | None = None, **filter: str) -> Data:
    """A page of the log."""
    found: Data = client.ask(READ, filter=filter, first=first, after=after)["auditLog"]
    return found


def test_only_those_who_may_read_the_log_read_it(people: People) -> None:
    factories.course(people.editor)
    assert people.anonymous.fails(READ) == "UNAUTHENTICATED"
    assert people.learner.fails(READ) == "FORBIDDEN"
    assert people.editor.fails(READ) == "FORBIDDEN"
    assert read(people.admin)["totalCount"] == 1


def test_an_entry_shows_all_that_was_written_down(people: People, users: dict[Role, str]) -> None:
    course = factories.course(people.editor, title="Old")
    people.editor.do("courseUpdate", "__typename", id=course, expectedRevision=1, title="New")
    entry = read(people.admin)["nodes"][0]
    assert (entry["action"], entry["actorId"], entry["subjectId"]) == ("course_update", users[Role.EDITOR], course)
    assert (entry["before"]["title"], entry["after"]["title"], entry["details"]["title"]) == ("Old", "New", "New")
    assert (entry["actedAsId"], entry["ip"], entry["seal"]) == (None, "127.0.0.1", {"number": None, "hash": None})


def test_entries_are_found_by_who_what_which_and_when(people: People, users: dict[Role, str]) -> None:
    first, second = factories.course(people.editor), factories.course(people.admin)
    editor, admin = users[Role.EDITOR], users[Role.ADMIN]
    people.editor.do("courseTrash", "__typename", id=second)

    def found(**filter: str) -> list[tuple[str, str]]:
        return [(each["action"], each["subjectId"]) for each in read(people.admin, **filter)["nodes"]]

    assert found(actor=editor) == [("course_trash", second), ("course_create", first)]
    assert found(subject=second) == [("course_trash", second), ("course_create", second)]
    assert found(actor=admin, action="courseCreate") == [("course_create", second)]
    assert found(action="course_trash") == [("course_trash", second)]
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert found(**{"from": soon}) == []
    assert len(found(to=soon)) == 3
    assert people.admin.fails(READ, filter={"actor": "nobody"}) == "BAD_USER_INPUT"


def test_the_log_is_read_page_by_page_newest_first(people: People) -> None:
    made = [factories.course(people.editor) for _ in range(5)]
    first = read(people.admin, first=3)
    second = read(people.admin, first=3, after=first["pageInfo"]["endCursor"])
    assert [each["subjectId"] for each in (*first["nodes"], *second["nodes"])] == made[::-1]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)


def test_a_page_costs_three_statements_however_long_it_is(people: People, statements: Statements) -> None:
    for count in (1, 6):
        for _ in range(count):
            factories.course(people.editor)
        with statements() as sent:
            read(people.admin)
        assert len(sent) == 3, sent


def test_to_read_the_log_leaves_no_entry(people: People, log: Log) -> None:
    factories.course(people.editor)
    read(people.admin)
    assert log.count() == 1
