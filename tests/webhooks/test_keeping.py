"""What is kept of webhooks, and for how long; and what happens while the database is away."""

from __future__ import annotations

from resolvers.webhooks.keeping import delete_old
from resolvers.webhooks.sending import figures
from tests.events.logs import as_service, sql
from tests.jobs.crews import until
from tests.support import factories
from tests.support.clients import People
from tests.webhooks.receivers import TAKEN, Received, Reply, receiver
from tests.webhooks.senders import deliveries, send, sending, standing, until_sent, webhook


def test_old_deliveries_go_and_what_still_waits_for_a_webhook_that_runs_stays(
    people: People, database_url: str
) -> None:
    with receiver() as there:
        webhook(people.admin, there.url)
        paused, _ = webhook(people.admin, there.url)
        people.admin.do("webhookPause", "__typename", id=paused)
        first = factories.theme(people.editor, publish=True)
        send(database_url)
        sql(database_url, "UPDATE webhook_delivery SET finished_at = finished_at - interval '40 days'")
        factories.theme(people.editor, publish=True)
        send(database_url)
        sql(database_url, "UPDATE webhook_delivery SET created_at = created_at - interval '40 days'")
        assert as_service(database_url, lambda tx: delete_old(tx, 30)) == 1
        assert sql(database_url, "SELECT count(*) FROM webhook_delivery WHERE subject_id = %s", first) == [(1,)]
        assert standing(database_url).count("pending") == 2


def test_what_waited_too_long_for_a_webhook_that_is_stopped_is_not_lost_without_a_word(
    people: People, database_url: str
) -> None:
    with receiver() as there:
        hook, _ = webhook(people.admin, there.url)
        people.admin.do("webhookPause", "__typename", id=hook)
        themes = [factories.theme(people.editor, publish=True) for _ in range(2)]
        send(database_url)
        for table in ("webhook_delivery", "webhook"):
            sql(database_url, f"UPDATE {table} SET created_at = '2026-01-01', updated_at = '2026-01-01'")
        assert as_service(database_url, lambda tx: delete_old(tx, 30)) == 2
        assert as_service(database_url, lambda tx: delete_old(tx, 30)) == 0
        assert {(each["state"], each["reason"]) for each in deliveries(people.admin, hook)} == {
            ("PARKED", "The webhook was stopped for 30 days.")
        }
        people.admin.do("webhookResume", "__typename", id=hook)
        assert send(database_url) == 0
        people.admin.do("webhookRedeliver", "count", id=hook, failedSince="2026-01-01T00:00:00Z")
        send(database_url)
        assert {each.headers["cairn-subject"] for each in there.received} == set(themes)


def test_numbers_go_on_where_they_were_although_the_log_is_gone(people: People, database_url: str) -> None:
    with receiver() as there:
        webhook(people.admin, there.url)
        theme = factories.theme(people.editor, publish=True)
        send(database_url)
        sql(database_url, "UPDATE webhook_delivery SET finished_at = finished_at - interval '40 days'")
        as_service(database_url, lambda tx: delete_old(tx, 30))
        people.editor.do("themePublish", "__typename", id=theme)
        send(database_url)
    assert [each.sequence for each in there.received] == [1, 2]


def test_whoever_watches_sees_how_webhooks_stand(people: People, database_url: str) -> None:
    with receiver() as there:
        there.behave = lambda received: Reply(410) if received.path.endswith("gone") else Reply(500)
        webhook(people.admin, there.url)
        webhook(people.admin, f"{there.url}/gone")
        paused, _ = webhook(people.admin, there.url)
        people.admin.do("webhookPause", "__typename", id=paused)
        factories.theme(people.editor, publish=True)
        send(database_url)
    found = vars(as_service(database_url, figures))
    assert found.pop("age") == 0
    assert found == {"active": 0, "failing": 1, "paused": 1, "disabled": 1, "pending": 2, "due": 0, "parked": 1}
    sql(database_url, "UPDATE webhook SET state = 'active', failing_since = NULL")
    sql(database_url, "UPDATE webhook_lane SET next_at = now() - interval '90 seconds' WHERE next_at IS NOT NULL")
    found = as_service(database_url, figures)
    assert 85 < found.age < 120
    assert found.due == 2


def test_secrets_that_sign_no_more_are_removed(people: People, database_url: str) -> None:
    with receiver() as there:
        hook, _ = webhook(people.admin, there.url)
        people.admin.do("webhookRotateSecret", "__typename", id=hook, overlapHours=0)
        latest = people.admin.do("webhookRotateSecret", "secret", id=hook, overlapHours=5)["secret"]
        as_service(database_url, lambda tx: delete_old(tx, 30))
        assert sql(database_url, "SELECT count(*) FROM webhook_secret") == [(2,)]
        factories.theme(people.editor, publish=True)
        send(database_url)
        there.received[0].verified(latest)


def test_what_arrived_while_connections_were_cut_is_written_down_and_not_sent_again(
    people: People, database_url: str
) -> None:
    others = "datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"

    def cutting(_received: Received) -> Reply:
        sql(database_url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        return TAKEN

    with receiver(cutting) as there:
        webhook(people.admin, there.url)
        factories.theme(people.editor, publish=True)
        with sending(database_url):
            until(lambda: there.received)
            until_sent(database_url)
    assert len(there.received) == 1
    assert standing(database_url) == ["delivered"]
