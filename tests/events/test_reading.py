"""The log is read by those who may, in one order, from wherever they left off."""

from __future__ import annotations

from tests.events.logs import place, sql
from tests.support import factories
from tests.support.clients import People

LOG = """query($first: Int, $after: String, $filter: FactFilter) {
    events(first: $first, after: $after, filter: $filter) {
    nodes { id position type version subjectId actorId payload createdAt } pageInfo { hasNextPage endCursor } } }"""


def test_who_may_reads_what_happened_with_who_did_it(people: People, database_url: str) -> None:
    theme_id = factories.theme(people.editor)
    _place_all(database_url)
    (fact,) = people.admin.ask(LOG)["events"]["nodes"]
    editor = people.editor.ask("{ viewer { user { id } } }")["viewer"]["user"]["id"]
    assert (fact["type"], fact["version"], fact["subjectId"]) == ("THEME_CREATED", 1, theme_id)
    assert (fact["position"], fact["actorId"]) == (1, editor)
    assert fact["payload"] == {"rootId": theme_id, "copiedFrom": None}
    assert people.admin.ask("query($id: ID!) { node(id: $id) { id } }", id=fact["id"])["node"] == {"id": fact["id"]}


def test_nobody_else_reads_it(people: People, database_url: str) -> None:
    factories.theme(people.editor)
    _place_all(database_url)
    assert people.editor.fails(LOG) == "FORBIDDEN"
    assert people.learner.fails(LOG) == "FORBIDDEN"
    assert people.anonymous.fails(LOG) == "UNAUTHENTICATED"


def test_a_reader_goes_on_after_the_last_cursor_and_misses_nothing(people: People, database_url: str) -> None:
    seen: list[int] = []
    cursor = None
    for _ in range(5):
        for _ in range(3):
            factories.theme(people.editor)
        _place_all(database_url)
        page = people.admin.ask(LOG, first=2, after=cursor)["events"]
        seen += [each["position"] for each in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
    while page["pageInfo"]["hasNextPage"]:
        page = people.admin.ask(LOG, first=2, after=cursor)["events"]
        seen += [each["position"] for each in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
    assert seen == list(range(1, 16))


def test_the_log_is_filtered_by_type_and_by_subject(people: People, database_url: str) -> None:
    one, _ = factories.theme(people.editor, publish=True), factories.theme(people.editor)
    _place_all(database_url)

    def types(**chosen: object) -> list[str]:
        return [each["type"] for each in people.admin.ask(LOG, filter=chosen)["events"]["nodes"]]

    assert types(types=["THEME_PUBLISHED", "COURSE_CREATED"]) == ["THEME_PUBLISHED"]
    assert types(subject=one) == ["THEME_CREATED", "THEME_PUBLISHED"]
    assert types(types=[]) == []


def test_what_a_filter_leaves_is_counted(people: People, database_url: str) -> None:
    factories.theme(people.editor, publish=True)
    _place_all(database_url)
    counted = "query($filter: FactFilter) { events(filter: $filter) { totalCount } }"
    for types, total in ((["THEME_PUBLISHED"], 1), (["THEME_PUBLISHED", "THEME_CREATED"], 2), ([], 0)):
        assert people.admin.ask(counted, filter={"types": types})["events"]["totalCount"] == total


def test_a_fact_without_a_place_is_not_in_the_log_yet(people: People) -> None:
    factories.theme(people.editor)
    assert people.admin.ask(LOG)["events"]["nodes"] == []


def _place_all(url: str) -> None:
    while place(url) or sql(url, "SELECT 1 FROM fact WHERE position IS NULL"):
        pass
