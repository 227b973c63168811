"""Filters: a condition over what a fact says, checked when it is saved, and asked before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from core.writing import Transaction
from models.curriculum import Theme
from models.events import InboundReceived, ThemePublished, UserSignedUp
from resolvers import events
from resolvers.webhooks import filters
from tests.events.logs import as_service, place, sql
from tests.support import factories
from tests.support.clients import People
from tests.webhooks.receivers import receiver
from tests.webhooks.senders import send, standing, webhook

_NEWEST = sa.select(events.FACT).order_by(events.FACT.c.recorded.desc()).limit(1)
CHANGED = ["THEME_CREATED", "THEME_UPDATED"]
QUERY = "subscription { events { fact { type payload } } }"
READS = {"query": QUERY, "scopes": ["EVENTS_READ"]}


def test_only_what_the_filter_lets_through_is_lined_up_and_sent(people: People, database_url: str) -> None:
    with receiver() as there:
        passing = "type == 'theme.updated' and 'title' in fields and revision > 2"
        webhook(people.admin, there.url, events=CHANGED, filter=passing, **READS)
        theme = factories.theme(people.editor)
        for number, change in enumerate(({"title": "A"}, {"summary": "B"}, {"title": "C"}), 1):
            people.editor.do("themeUpdate", "__typename", id=theme, expectedRevision=number, **change)
        send(database_url)
    assert [each.said["data"]["events"]["fact"]["payload"]["revision"] for each in there.received] == [4]
    # The others were never in line: nothing is skipped, and the numbers have no gap.
    assert standing(database_url) == ["delivered"]
    assert there.received[0].sequence == 1


def test_a_filter_is_shown_in_words_and_changed_with_what_it_speaks_of(people: People, database_url: str) -> None:
    hook, _ = webhook(people.admin, "http://127.0.0.1:9/in", events=["THEME_PUBLISHED"], filter="revision > 1")
    shown = "query($id: ID!) { webhook(id: $id) { filter filterInWords revision } }"
    assert people.admin.ask(shown, id=hook)["webhook"] == {
        "filter": "revision > 1",
        "filterInWords": "revision is above 1",
        "revision": 1,
    }
    other = {"id": hook, "expectedRevision": 1, "events": ["THEME_TRASHED"]}
    refused = people.admin.refused("webhookUpdate", **other)
    assert (refused["path"], refused["message"]) == (["filter"], "Character 1: Nothing here is called revision.")
    people.admin.do("webhookUpdate", "__typename", **other, filter="rootId != 'x'")
    people.admin.do("webhookUpdate", "__typename", id=hook, expectedRevision=2, filter=None)
    assert people.admin.ask(shown, id=hook)["webhook"]["filter"] is None
    assert sql(database_url, "SELECT filter FROM webhook") == [(None,)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("revision >", "Character 11"),
        ("revision == 'one'", "Character 1: A number is never a text."),
        ("revison > 1", "Did you mean revision?"),
        ("type == 'theme.created'", "There is no choice 'theme.created'"),
        ("revision", "This is a number, and a yes or no is needed."),
        ("x" * 2000, ""),
    ],
)
def test_a_filter_that_makes_no_sense_is_not_saved(people: People, text: str, words: str) -> None:
    given: dict[str, Any] = {"name": "F", "url": "http://127.0.0.1:9/in", "events": ["THEME_PUBLISHED"]}
    refused = people.admin.refused(
        "webhookCreate", **given, filter=text, query="subscription { contentPublished { cursor } }"
    )
    assert (refused["path"], words in refused["message"]) == (["filter"], True), refused


@pytest.mark.parametrize(
    ("filter", "passes"),
    [
        ("revision >= 7", True),
        ("revision < 7", False),
        ("not (revision < 7)", True),
        ("isAnonymous", False),
        ("answered(actorId)", False),
        ("type in ['theme.published']", True),
    ],
)
def test_what_a_fact_does_not_say_is_not_known_and_then_it_is_not_told(
    database_url: str, filter: str, passes: bool
) -> None:
    async def happen(tx: Transaction) -> None:
        events.record(tx, ThemePublished(subject_id=Theme.new_id(), revision=7))

    as_service(database_url, happen)
    while place(database_url) or sql(database_url, "SELECT 1 FROM fact WHERE position IS NULL"):
        pass
    found = as_service(database_url, lambda tx: tx.row(_NEWEST))
    assert found is not None
    assert filters.lets_through(filter, found) is passes


def test_all_that_facts_say_can_be_asked_about() -> None:
    types = [ThemePublished.type, UserSignedUp.type]
    assert filters.problems_of("revision > 1 or isAnonymous", types) == []
    (problem,) = filters.problems_of("answered(values)", [InboundReceived.type])
    assert "differs from fact to fact" in problem.message
