"""The answer to one event, as whoever delivers it gets it: read by the subscriber, from a snapshot of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cairn.composition import operations
from cairn.settings import GraphqlSettings
from core.database import Database
from core.errors import RequestError
from core.rows import Row
from core.viewer import ANONYMOUS, SERVICE, Viewer, ViewerKind
from graph.documents.accepting import Refused
from graph.running import Operations
from graph.subscribing import Away, admit, answer_of, open_subscription
from resolvers import events
from resolvers.events import Wanted
from tests.events.logs import place, sql
from tests.support import factories
from tests.support.clients import People
from tests.support.databases import with_database

OPERATIONS: Operations = operations(GraphqlSettings())
EDITOR = Viewer(ViewerKind.USER, scopes=frozenset({"content:edit"}))
PUBLISHED = (
    "subscription($about: [ID!]) { contentPublished(about: $about) { type subject { ... on Theme { title } } } }"
)


def _placed(url: str, *types: str) -> list[Row]:
    while place(url) or sql(url, "SELECT 1 FROM fact WHERE position IS NULL"):
        pass
    wanted = Wanted(frozenset(types) or None)
    found: list[Row] = with_database(url, lambda database: events.placed_after(database, 0, 10**9, wanted, 100))
    return found


def _answer(url: str, document: str, event: Row, viewer: Viewer = ANONYMOUS, **variables: Any) -> Any:
    opened = open_subscription(OPERATIONS, OPERATIONS.prepare(document, None), variables)
    return with_database(url, lambda database: answer_of(OPERATIONS, opened, event, viewer, database))


def test_an_event_is_answered_with_its_object_as_it_stands_then(people: People, database_url: str) -> None:
    theme = factories.theme(people.editor, title="Sleep", publish=True)
    (fact,) = _placed(database_url, "theme.published")
    expected = {"contentPublished": {"type": "THEME_PUBLISHED", "subject": {"title": "Sleep"}}}
    assert _answer(database_url, PUBLISHED, fact)["data"] == expected
    people.editor.do("themeUnpublish", "theme { id }", id=theme)
    assert _answer(database_url, PUBLISHED, fact)["data"]["contentPublished"]["subject"] is None


def test_an_event_is_read_from_the_perspective_that_the_subscription_asks_for(
    people: People, database_url: str
) -> None:
    factories.theme(people.editor, title="Only a draft")
    (fact,) = _placed(database_url, "theme.created")
    changed = "subscription { contentChanged { subject { id } fact { type payload } } }"
    draft = changed.replace("subscription", "subscription @perspective(stage: DRAFT)")
    assert _answer(database_url, changed, fact, EDITOR)["data"]["contentChanged"]["subject"] is None
    answer = _answer(database_url, draft, fact, EDITOR)["data"]["contentChanged"]
    assert answer["subject"] == {"id": fact.subject_id}
    assert answer["fact"] == {"type": "THEME_CREATED", "payload": fact.payload}


def test_the_cursor_of_an_event_is_that_of_the_log(people: People, database_url: str) -> None:
    factories.theme(people.editor, publish=True)
    first, second = _placed(database_url)
    cursor = _answer(database_url, "subscription { events { cursor } }", first, SERVICE)["data"]["events"]["cursor"]
    page = people.admin.ask("query($after: String) { events(after: $after) { nodes { id } } }", after=cursor)
    assert page["events"]["nodes"] == [{"id": second.id}]


def test_what_an_operation_follows_is_known_before_anything_happens(people: People, database_url: str) -> None:
    theme, other = factories.theme(people.editor, publish=True), factories.theme(people.editor, publish=True)
    facts = _placed(database_url)

    def concerned(document: str, viewer: Viewer = SERVICE, **variables: Any) -> list[tuple[str, str]]:
        follows = open_subscription(OPERATIONS, OPERATIONS.prepare(document, None), variables).follows
        return [(fact.type, fact.subject_id) for fact in facts if follows.concerns(viewer, fact)]  # type: ignore[union-attr]

    assert concerned(PUBLISHED, about=[theme]) == [("theme.published", theme)]
    assert concerned("subscription { events(types: [THEME_CREATED]) { cursor } }") == [
        ("theme.created", theme),
        ("theme.created", other),
    ]
    within = Viewer(ViewerKind.USER, within=frozenset({f"content:edit@{theme}"}))
    assert concerned("subscription { contentChanged { cursor } }", within) == [
        ("theme.created", theme),
        ("theme.published", theme),
    ]


@pytest.mark.parametrize(
    ("document", "variables", "message"),
    [
        ("{ viewer { kind } }", {}, "Only a subscription can be followed."),
        ("subscription($x: [ID!]!) { contentPublished(about: $x) { cursor } }", {}, "to be provided"),
        ('subscription { events(after: "x") { cursor } }', {}, "not one of ours"),
        ('subscription { jobProgress(id: "x") { id } }', {}, "not the id of a job"),
        ("subscription { events @include(if: true) { cursor } }", {}, "must not use `@skip`"),
        ("subscription { events { cursor } contentPublished { cursor } }", {}, "must select only one"),
    ],
)
def test_what_cannot_be_followed_is_refused(document: str, variables: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        open_subscription(OPERATIONS, OPERATIONS.prepare(document, None), variables)


def test_who_may_not_subscribe_is_told_so() -> None:
    opened = open_subscription(OPERATIONS, OPERATIONS.prepare("subscription { events { cursor } }", None), {})
    admit(OPERATIONS, opened, SERVICE)
    for viewer in (ANONYMOUS, EDITOR):
        with pytest.raises(RequestError):
            admit(OPERATIONS, opened, viewer)


def test_without_a_database_the_event_waits(people: People, database_url: str) -> None:
    factories.theme(people.editor, publish=True)
    (fact,) = _placed(database_url, "theme.published")
    opened = open_subscription(OPERATIONS, OPERATIONS.prepare(PUBLISHED, None), {})

    async def ask() -> None:
        closed = Database("postgresql://root@127.0.0.1:1/none", pool_size=2, wait_seconds=0.1)
        await closed._pools[ANONYMOUS.database_role].open(wait=False)
        try:
            await answer_of(OPERATIONS, opened, fact, ANONYMOUS, closed)
        finally:
            await closed.close()

    with pytest.raises(Away):
        asyncio.run(ask())


@pytest.mark.parametrize("executor", ["planned", "levels", "graphql-core"])
def test_every_executor_answers_events(people: People, database_url: str, executor: Any) -> None:
    factories.theme(people.editor, title="Alike", publish=True)
    (fact,) = _placed(database_url, "theme.published")
    one = operations(GraphqlSettings(executor=executor))
    opened = open_subscription(one, one.prepare(PUBLISHED, None), {})
    answer = with_database(database_url, lambda database: answer_of(one, opened, fact, ANONYMOUS, database))
    assert answer == {"data": {"contentPublished": {"type": "THEME_PUBLISHED", "subject": {"title": "Alike"}}}}
