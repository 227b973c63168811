"""`cairn inbox`: what came in, looked after at the machine itself."""

from __future__ import annotations

import pytest

from resolvers.inbox import events
from tests.events.logs import as_service, sql

from .conftest import Cairn


def test_events_are_listed_shown_and_replayed(cairn: Cairn, fresh_database: str) -> None:
    url = {"DATABASE_URL": fresh_database}
    assert cairn("inbox", "list", **url).out == "There are no events.\n"
    for number in range(2):
        body = b'{"note": "two\\u0020words"}'
        as_service(fresh_database, lambda tx: events.take(tx, "stripe", f"evt_{number}", "a.b", body))  # noqa: B023
    (first, second) = [each for (each,) in sql(fresh_database, "SELECT id::text FROM provider_event ORDER BY id")]
    assert "still being handled" in cairn("inbox", "replay", first, **url).err
    as_service(fresh_database, lambda tx: events.handle(tx, first, ()))
    sql(
        fresh_database,
        "UPDATE job SET state = 'parked', parked_reason = 'the reason' WHERE arguments->>'event_id' = %s",
        second,
    )
    sql(fresh_database, "UPDATE job SET state = 'done', finished_at = now() WHERE arguments->>'event_id' = %s", first)
    listed = cairn("inbox", "list", **url).out.splitlines()
    assert [line.split()[0] for line in listed] == [second, first]
    assert "received" in listed[0]
    assert listed[0].endswith("parked: the reason")
    assert listed[1].endswith("Nobody handles this type.")
    assert cairn("inbox", "list", "--state", "ignored", "--type", "a.b", **url).out.count("\n") == 1
    assert cairn("inbox", "list", "--source", "hook", **url).out == "There are no events.\n"
    shown = cairn("inbox", "show", first, **url).out
    assert "evt_0" in shown
    assert '"note": "two words"' in shown
    assert cairn("inbox", "replay", second, **url).code == 0
    assert cairn("inbox", "replay", "--ignored", **url).out == "1 events are handled again.\n"
    assert sql(fresh_database, "SELECT DISTINCT state FROM provider_event") == [("received",)]
    actions = [("provider_event_replay",), ("provider_events_replay",)]
    assert sql(fresh_database, "SELECT action FROM audit_log ORDER BY id") == actions


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("show", "nonsense"), 1, "There is no event with this id."),
        (("replay", "nonsense"), 1, "There is no event with this id."),
        (("replay",), 2, "Give either the id"),
        (("list", "--state", "asleep"), 2, "An event is received"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    cairn: Cairn, fresh_database: str, arguments: tuple[str, ...], code: int, says: str
) -> None:
    outcome = cairn("inbox", *arguments, DATABASE_URL=fresh_database)
    assert outcome.code == code
    assert says in outcome.err
