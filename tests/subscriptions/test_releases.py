"""While an old release and a new one run side by side: what only the new one knows is left to it, and never lost."""

from __future__ import annotations

import pytest

from models.curriculum import Theme
from models.events import FactEntry
from resolvers import releases
from tests.events.logs import as_service, sql
from tests.support import factories
from tests.support.clients import People
from tests.webhooks.receivers import receiver
from tests.webhooks.senders import deliveries, kit, send, time_passes, webhook

from .sockets import cursor_now, events, place_all, signed_in

TYPES = ["subscription($after: String) { events(types: [THEME_PUBLISHED], after: $after) { fact { type } } }",
         "subscription($after: String) { contentPublished(after: $after) { type } }"]  # fmt: skip
_INSERT = """INSERT INTO fact (id, type, version, subject_id, actor_kind, payload)
    VALUES (%s, 'theme.sung', 1, %s, 'user', '{}')"""


def _sung(url: str) -> None:
    """A fact of a type that this release has never heard of."""
    sql(url, _INSERT, FactEntry.new_id(), Theme.new_id())


def _newer(url: str) -> None:
    """A newer release runs besides this one."""
    as_service(url, lambda tx: releases.note(tx, kit(url).payloads.release))
    as_service(url, lambda tx: releases.note(tx, "a newer one"))


@pytest.mark.parametrize("document", TYPES)
@pytest.mark.parametrize("is_live", [True, False])
def test_a_stream_ends_before_what_only_a_newer_release_knows(
    people: People, database_url: str, document: str, is_live: bool
) -> None:
    factories.theme(people.editor, publish=True)
    after = cursor_now(people.admin, database_url)
    factories.theme(people.editor, publish=True)
    _newer(database_url)
    if not is_live:
        _sung(database_url)
    place_all(database_url)
    with signed_in(people.admin) as live:
        live.subscribe(document, after=after)
        live.answer()
        if is_live:
            _sung(database_url)
            place_all(database_url)
        assert live.end() == (1012, "The server restarts. Go on after the last cursor.")


@pytest.mark.parametrize("document", TYPES)
def test_what_a_release_knew_that_was_taken_back_is_passed_over(
    people: People, database_url: str, document: str
) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    _sung(database_url)
    factories.theme(people.editor, publish=True)
    _newer(database_url)
    sql(database_url, "UPDATE release SET seen_at = now() - interval '1 hour' WHERE name = 'a newer one'")
    place_all(database_url)
    with events(people.admin, document, after=after) as stream:
        (name,) = stream.answer()
        assert name in ("events", "contentPublished")


def test_a_delivery_that_a_newer_release_may_know_how_to_send_is_left_to_it(people: People, database_url: str) -> None:
    with receiver() as there:
        skipped, _ = webhook(people.admin, there.url, events=["THEME_CREATED"])
        failing, _ = webhook(people.admin, there.url)
        sql(database_url, "UPDATE webhook SET query = 'subscription { gone }' WHERE id = %s", failing)
        factories.theme(people.editor, publish=True)
        _newer(database_url)
        send(database_url)
        for hook in (skipped, failing):
            (left,) = deliveries(people.admin, hook)
            assert (left["state"], left["attempts"], left["log"]) == ("PENDING", 0, [])
        # It is gone again: what nobody knows is decided after all.
        sql(database_url, "UPDATE release SET seen_at = now() - interval '1 hour' WHERE name = 'a newer one'")
        time_passes(database_url)
        send(database_url)
        states = [deliveries(people.admin, hook)[0]["state"] for hook in (skipped, failing)]
        assert (states, there.received) == (["SKIPPED", "PARKED"], [])
