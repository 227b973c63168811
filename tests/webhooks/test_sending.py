"""What happens is sent: signed, once per fact, in order per object, and again when it did not arrive."""

from __future__ import annotations

from tests.jobs.crews import until
from tests.support import factories
from tests.support.clients import People
from tests.webhooks.receivers import receiver
from tests.webhooks.senders import deliveries, sending, until_sent, webhook


def test_what_the_query_selects_is_sent_and_signed(people: People, database_url: str) -> None:
    with receiver() as there, sending(database_url):
        hook, secret = webhook(people.admin, there.url)
        theme = factories.theme(people.editor, title="Sleep", publish=True)
        until(lambda: there.received)
        until_sent(database_url)
    (got,) = there.received
    assert got.verified(secret) == {
        "type": "theme.published",
        "timestamp": got.said["timestamp"],
        "data": {"contentPublished": {"type": "THEME_PUBLISHED", "subjectId": theme, "subject": {"title": "Sleep"}}},
    }
    (delivery,) = deliveries(people.admin, hook)
    assert (delivery["state"], delivery["id"]) == ("DELIVERED", got.id)
    print(delivery)
