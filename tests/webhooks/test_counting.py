"""What metrics tell of webhooks: how many stand how, what waits, and how attempts ended."""

from __future__ import annotations

from pydantic import SecretStr

from cairn.settings import MetricsSettings, Settings
from tests.jobs.crews import until
from tests.observability.test_metrics import TOKEN, scraped, value
from tests.support import factories
from tests.support.clients import People
from tests.support.servers import RunningApplication
from tests.webhooks.receivers import FAILED, TAKEN, receiver
from tests.webhooks.senders import sending, until_sent, webhook


def test_webhooks_and_their_attempts_are_counted(people: People, database_url: str) -> None:
    application = RunningApplication(
        Settings(DATABASE_URL=SecretStr(database_url), metrics=MetricsSettings(token=SecretStr(TOKEN)))
    )
    address = application.start()
    before = scraped(address)
    with receiver(lambda _received: FAILED) as there:
        hook, _ = webhook(people.admin, there.url)
        stopped, _ = webhook(people.admin, there.url, name="Stopped")
        people.admin.do("webhookPause", "__typename", id=stopped)
        theme = factories.theme(people.editor, publish=True)
        with sending(database_url):
            until(lambda: there.received)
        there.behave = lambda _received: TAKEN
        people.admin.do("webhookPause", "__typename", id=hook)
        people.admin.do("webhookResume", "__typename", id=hook)
        people.editor.do("themePublish", "__typename", id=theme)
        people.admin.do("webhookDelete", "__typename", id=stopped)
        with sending(database_url):
            until_sent(database_url)
    # Figures of the database are kept for some seconds.
    until(lambda: value(scraped(address), "cairn_webhooks", state="active") == 1)
    found = scraped(address)
    for outcome, number in (("refused", 1), ("delivered", 2)):
        name = "cairn_webhook_attempts_total"
        assert value(found, name, outcome=outcome) - value(before, name, outcome=outcome) == number
    for state in ("pending", "due", "parked"):
        assert value(found, "cairn_webhook_deliveries", state=state) == 0
    assert not [labels for name, labels in found if name.startswith("cairn_job_attempt") and "deliver" in dict(labels)]
    application.stop()
