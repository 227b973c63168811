"""Hooks that admins define: what others send by them becomes a fact, once, with no more than the mapping names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from models.identity import Role
from tests.events.logs import sql
from tests.inbox.senders import Sender, define
from tests.support.clients import Client, Data, People

CROWD = 64
MAPPING = [
    {"name": "issueId", "path": "/data/issue/id", "kind": "WORD"},
    {"name": "level", "path": "/data/issue/level", "kind": "INTEGER", "isRequired": False},
]
EVENTS = """query($filter: ProviderEventFilter) { providerEvents(filter: $filter) { totalCount nodes {
    id source type state note payload hook { name } job { state parkedReason } } } }"""


def issue(**values: Any) -> Data:
    """Something that happened elsewhere, with a name and an address in it."""
    return {
        "kind": "issue.created",
        "data": {"issue": {"id": "PROJ-1", "title": "Maya cannot sign in"}, "user": {"email": "learner@example.org"}},
        **values,
    }


def test_what_is_sent_becomes_a_fact_that_holds_what_the_mapping_names(
    people: People, sender: Sender, users: dict[Role, str]
) -> None:
    hook, token = define(
        people.admin, typePath="/kind", personPath="/data/user/email", personBy="EMAIL", mapping=MAPPING
    )
    answer = sender.hook(token, issue())
    assert answer.status_code == 202
    (fact,) = sender.facts()
    assert fact == {
        "eventId": answer.json()["event"],
        "action": "issue.opened",
        "kind": "issue.created",
        "userId": users[Role.LEARNER],
        "values": {"issueId": "PROJ-1"},
    }
    ((subject, actor),) = sql(sender.url, "SELECT subject_id::text, actor_id FROM fact WHERE type = 'inbound.received'")
    assert (subject, actor) == (hook, None)


def test_a_sender_that_can_set_nothing_but_an_address_has_the_token_in_it(people: People, sender: Sender) -> None:
    _, token = define(people.admin)
    assert sender.http.post(f"/hooks/in/{token}", json={}).status_code == 202
    (fact,) = sender.facts()
    assert (fact["action"], fact["kind"], fact["values"]) == ("issue.opened", "issue.opened", {})


def test_a_person_may_be_named_by_their_id(people: People, sender: Sender, users: dict[Role, str]) -> None:
    _, token = define(people.admin, personPath="/who")
    for who in (users[Role.EDITOR], "01a219e9-a692-8010-b959-b44f98fae5b5", "nobody", None, 5, "a\0b"):
        sender.hook(token, {"who": who})
    assert [fact["userId"] for fact in sender.facts()] == [users[Role.EDITOR]]
    notes = [note for *_, note in sender.events()]
    assert notes == [None] + ["It names nobody whom we know."] * 5


def test_types_that_are_of_no_interest_are_kept_and_ignored(people: People, sender: Sender) -> None:
    _, token = define(people.admin, typePath="/kind", types=["issue.created"])
    for kind in ("issue.created", "issue.closed", None, "not a word"):
        sender.hook(token, issue(kind=kind))
    assert len(sender.facts()) == 1
    assert [state for _, _, _, state, _ in sender.events()] == ["handled", "ignored", "ignored", "ignored"]


def test_a_body_that_does_not_fit_is_kept_until_the_mapping_is_mended(people: People, sender: Sender) -> None:
    hook, token = define(people.admin, mapping=[{"name": "issueId", "path": "/issue", "kind": "WORD"}])
    assert sender.hook(token, issue()).status_code == 202
    assert sender.facts() == []
    (event,) = people.admin.ask(EVENTS, filter={"parked": True})["providerEvents"]["nodes"]
    assert event["state"] == "RECEIVED"
    assert event["job"] == {"state": "PARKED", "parkedReason": "At /issue: there is nothing."}
    assert event["payload"] == issue()
    people.admin.do("inboundHookUpdate", "inboundHook { revision }", id=hook, expectedRevision=1, mapping=MAPPING)
    replayed = people.admin.do("providerEventReplay", "providerEvent { state }", id=event["id"])
    assert replayed["providerEvent"] == {"state": "RECEIVED"}
    assert [fact["values"] for fact in sender.facts()] == [{"issueId": "PROJ-1"}]
    assert people.admin.ask(EVENTS, filter={"parked": True})["providerEvents"]["totalCount"] == 0


# Once -----------------------------------------------------------------------------------------------------------------


def test_what_has_the_same_id_counts_once(people: People, sender: Sender) -> None:
    _, token = define(people.admin, once="EVENT", idPath="/id")
    answers = [sender.hook(token, {"id": number, "more": more}) for number in ("a", "b") for more in (1, 2)]
    assert [each.status_code for each in answers] == [202, 200, 202, 200]
    assert answers[0].json()["event"] == answers[1].json()["event"]
    assert [each.json()["duplicate"] for each in answers] == [False, True, False, True]
    assert len(sender.facts()) == 2


def test_for_each_person_it_counts_once(people: People, sender: Sender) -> None:
    _, token = define(
        people.admin, once="PERSON_AND_EVENT", idPath="/id", personPath="/who", personBy="EMAIL", typePath="/kind"
    )
    bodies = [{"id": number, "who": who} for number in (1, 2) for who in ("editor@example.org", "admin@example.org")]
    for each in (*bodies, *bodies):
        sender.hook(token, each)
    assert len(sender.facts()) == 4


def test_it_counts_once_for_so_long_and_then_again(people: People, sender: Sender) -> None:
    _, token = define(people.admin, once="PERSON", personPath="/who", onceSeconds=60)
    assert [sender.hook(token, {"who": "x"}).status_code for _ in range(2)] == [202, 200]
    sql(sender.url, "UPDATE inbound_seen SET until = now()")
    assert [sender.hook(token, {"who": "x"}).status_code for _ in range(2)] == [202, 200]


def test_a_delivery_that_is_repeated_under_its_id_counts_once(people: People, sender: Sender) -> None:
    _, token = define(people.admin)
    found = [sender.hook(token, {}, **headers).status_code for headers in ({}, {}, {"webhook_id": "a"}) for _ in "12"]
    assert found == [202, 202, 202, 202, 202, 200]


def test_of_a_crowd_that_sends_the_same_one_is_the_first(people: People, sender: Sender) -> None:
    _, token = define(people.admin, once="EVENT", idPath="/id")
    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(lambda _: sender.hook(token, {"id": "same"}), range(CROWD)))
    assert sorted({each.status_code for each in answers}) == [200, 202]
    assert len({each.json()["event"] for each in answers}) == 1
    assert len(sender.facts()) == 1


# Who may send ---------------------------------------------------------------------------------------------------------


def test_without_its_token_nothing_is_taken(people: People, sender: Sender) -> None:
    _, token = define(people.admin)
    swapped = token[:-7] + ("a" if token[-7] != "a" else "b") + token[-6:]
    for wrong in ("nonsense", swapped, str(people.admin.token), token[:-1]):
        answer = sender.hook(wrong, {})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
    assert sender.events() == []


def test_a_token_of_a_hook_is_good_for_nothing_else(people: People, sender: Sender) -> None:
    _, token = define(people.admin)
    answer = Client(people.admin.url, token, people.admin.http).post("{ viewer { kind } }")
    assert answer.status_code == 401


def test_a_hook_that_is_off_takes_nothing(people: People, sender: Sender) -> None:
    hook, token = define(people.admin, isEnabled=False)
    assert sender.hook(token, {}).status_code == 403
    people.admin.do("inboundHookUpdate", "inboundHook { id }", id=hook, expectedRevision=1, isEnabled=True)
    assert sender.hook(token, {}).status_code == 202


def test_more_than_so_many_a_minute_are_told_when_to_come_back(people: People, sender: Sender) -> None:
    _, token = define(people.admin, perMinute=3)
    answers = [sender.hook(token, {}) for _ in range(5)]
    assert [each.status_code for each in answers] == [202, 202, 202, 429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


def test_a_token_that_was_rotated_is_taken_for_a_while(people: People, sender: Sender) -> None:
    hook, token = define(people.admin)
    changed = people.admin.do("inboundHookRotate", "token inboundHook { previousUntil hint }", id=hook, graceHours=1)
    assert changed["inboundHook"]["previousUntil"]
    assert changed["inboundHook"]["hint"] == changed["token"][-4:]
    assert [sender.hook(each, {}).status_code for each in (token, changed["token"])] == [202, 202]
    sql(sender.url, "UPDATE inbound_hook SET previous_until = now()")
    assert [sender.hook(each, {}).status_code for each in (token, changed["token"])] == [401, 202]
    last = people.admin.do("inboundHookRotate", "token inboundHook { previousUntil }", id=hook, graceHours=0)
    assert last["inboundHook"] == {"previousUntil": None}
    assert [sender.hook(each, {}).status_code for each in (changed["token"], last["token"])] == [401, 202]


def test_a_hook_that_is_gone_takes_nothing_and_what_came_in_by_it_stays(people: People, sender: Sender) -> None:
    hook, token = define(people.admin)
    sender.hook(token, {})
    sender.settle()
    people.admin.do("inboundHookDelete", "inboundHook { id }", id=hook)
    assert sender.hook(token, {}).status_code == 401
    (event,) = people.admin.ask(EVENTS)["providerEvents"]["nodes"]
    assert (event["source"], event["hook"]) == ("hook", None)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"a=b", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (b"[]", {}, 400),
        (b"\xff", {}, 400),
        (b'{"x": "' + b"x" * 5_000 + b'"}', {}, 413),
    ],
)
def test_what_is_no_json_object_is_not_taken(
    people: People, sender: Sender, content: bytes, headers: dict[str, str], status: int
) -> None:
    _, token = define(people.admin)
    given = {"authorization": f"Bearer {token}", "content-type": "application/json", **headers}
    assert sender.http.post("/hooks/in", content=content, headers=given).status_code == status
    assert sender.events() == []


# Who may define them --------------------------------------------------------------------------------------------------


def test_only_those_who_look_after_the_inbox_see_it(people: People, sender: Sender) -> None:
    hook, token = define(people.admin)
    event = sender.hook(token, {}).json()["event"]
    create = 'mutation { inboundHookCreate(input: {name: "x", action: "x"}) { errors { code } } }'
    by_id = "query($hook: ID!, $event: ID!) { inboundHook(id: $hook) { id } providerEvent(id: $event) { id } }"
    for client in (people.editor, people.learner):
        assert {client.fails(EVENTS), client.fails("{ inboundHooks { totalCount } }"), client.fails(create)} == {
            "FORBIDDEN"
        }
        assert client.ask(by_id, hook=hook, event=event) == {"inboundHook": None, "providerEvent": None}
    assert people.admin.ask(by_id, hook=hook, event=event)["providerEvent"] == {"id": event}


def test_no_answer_shows_a_token_a_second_time(people: People) -> None:
    hook, token = define(people.admin)
    found = people.admin.post(
        """query($id: ID!) { inboundHook(id: $id) { id name action isEnabled typePath types idPath personPath personBy
        once onceSeconds perMinute hint previousUntil revision mapping { name path kind isRequired } } }""",
        {"id": hook},
    )
    assert "errors" not in found.json()
    assert token not in found.text


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"name": ""}, [["name"]]),
        ({"action": "Two words"}, [["action"]]),
        ({"typePath": "kind"}, [["typePath"]]),
        ({"idPath": "/a~2"}, [["idPath"]]),
        ({"once": "PERSON_AND_EVENT"}, [["personPath"], ["idPath"]]),
        ({"types": ["a"]}, [["typePath"]]),
        ({"types": ["two words"], "typePath": "/t"}, [["types"]]),
        ({"onceSeconds": 0}, [["onceSeconds"]]),
        ({"perMinute": 0}, [["perMinute"]]),
        ({"mapping": [{"name": "x y", "path": "/x", "kind": "WORD"}]}, [["mapping", "0", "name"]]),
        ({"mapping": [{"name": "x", "path": "x", "kind": "WORD"}]}, [["mapping", "0", "path"]]),
        ({"mapping": [{"name": "x", "path": "/x", "kind": "WORD"}] * 2}, [["mapping", "1", "name"]]),
        ({"mapping": [{"name": "x", "path": "/x", "kind": "WORD"}] * 21}, [["mapping"]]),
    ],
)
def test_a_hook_that_cannot_work_is_refused_by_field(
    people: People, fields: dict[str, Any], paths: list[list[str]]
) -> None:
    given = {"name": "a hook", "action": "issue.opened", **fields}
    errors = people.admin.mutate("inboundHookCreate", "__typename", **given)["errors"]
    assert [error["path"] for error in errors] == [["input", *path] for path in paths] or [
        error["path"] for error in errors
    ] == paths


def test_two_hooks_have_two_names(people: People) -> None:
    define(people.admin, name="sentry")
    error = people.admin.refused("inboundHookCreate", name="sentry", action="x")
    assert (error["code"], error["path"][-1]) == ("TAKEN", "name")


def test_a_stale_update_is_a_conflict(people: People) -> None:
    hook, _ = define(people.admin)
    people.admin.do("inboundHookUpdate", "inboundHook { revision }", id=hook, expectedRevision=1, perMinute=5)
    error = people.admin.refused("inboundHookUpdate", id=hook, expectedRevision=1, perMinute=6)
    assert (error["code"], error["actualRevision"]) == ("REVISION_CONFLICT", 2)
    assert error["fields"] == [{"field": "perMinute", "yours": 6, "current": 5}]


@pytest.mark.parametrize("name", ["inboundHookUpdate", "inboundHookRotate", "inboundHookDelete", "providerEventReplay"])
def test_what_is_not_there_is_not_found(people: People, name: str) -> None:
    more = {"expectedRevision": 1} if name.endswith("Update") else {}
    for wrong in ("nonsense", "01a219e9-a692-8060-b959-b44f98fae5b5"):
        assert people.admin.refused(name, id=wrong, **more)["code"] == "NOT_FOUND"
