"""Every mutation records exactly the facts that the schema says it may: compared by running each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from graph.schema import facts_of_mutations
from tests.events.logs import sql
from tests.identity.guests import PASSWORD, Guest, Post
from tests.support import factories
from tests.support.clients import Client, People

# Which facts stand beside which act: entry and facts of one transaction bear the same instant.
BESIDE = """SELECT a.action, f.type FROM audit_log a JOIN fact f ON f.created_at = a.created_at"""


def _content(editor: Client) -> None:
    """Everything that can be done to themes and courses."""
    do = editor.do
    theme = factories.theme(editor)
    do("themeUpdate", "theme { id }", id=theme, expectedRevision=1, title="Kind")
    do("themePublish", "theme { id }", id=theme)
    do("themeRevisionRestore", "theme { id }", id=theme, number=1, expectedTreeRevision=_tree(editor, "theme", theme))
    do("themeUnpublish", "theme { id }", id=theme)
    do("themeTrash", "theme { id }", id=theme)
    do("themeRestore", "theme { id }", id=theme)
    made = factories.tree(editor)
    course = made["course"]
    do("courseUpdate", "course { id }", id=course, expectedRevision=1, title="Kinder")
    span = {"name": "First", "startDay": 1, "endDay": 2}
    do("courseMilestonesSet", "course { id }", id=course, expectedRevision=2, milestones=[span])
    do("courseDuplicate", "course { id }", id=course)
    for kind in ("module", "lesson", "block"):
        some = made[f"{kind}s"][0]
        content = {"block": {"text": {"markdown": "Other words"}}} if kind == "block" else {"title": "Other"}
        do(f"{kind}Update", f"{kind} {{ id }}", id=some, expectedRevision=1, **content)
        do(f"{kind}Move", f"{kind} {{ id }}", id=some)
        do(f"{kind}Trash", f"{kind} {{ id }}", id=some)
        do(f"{kind}Restore", f"{kind} {{ id }}", id=some)
    factories.publish(editor, course)
    do(
        "courseRevisionRestore",
        "course { id }",
        id=course,
        number=1,
        expectedTreeRevision=_tree(editor, "course", course),
    )
    do("courseUnpublish", "course { id }", id=course)
    do("courseTrash", "course { id }", id=course)
    do("courseRestore", "course { id }", id=course)


def _plans(editor: Client) -> None:
    """Everything that can be planned."""
    for root in (factories.theme(editor), factories.course(editor)):
        plan = {"rootId": root, "action": "PUBLISH", "runAt": "2100-01-01T00:00:00Z"}
        made = editor.do("scheduleCreate", "schedule { id }", **plan)["schedule"]["id"]
        editor.do("scheduleMove", "schedule { id }", id=made, runAt="2100-01-02T00:00:00Z")
        editor.do("scheduleCancel", "schedule { id }", id=made)


def _tree(editor: Client, kind: str, object_id: str) -> int:
    query = f"query($id: ID!) @perspective(stage: DRAFT) {{ {kind}(id: $id) {{ treeRevision }} }}"
    number: int = editor.ask(query, id=object_id)[kind]["treeRevision"]
    return number


def _people(visitor: Callable[[], Client], newcomer: Callable[[], Guest], post: Post, admin: Client) -> None:
    """Everything that people can do about themselves, and others about them."""
    guest = newcomer()
    do = guest.client.do
    do("profileUpdate", "profile { id }", expectedRevision=1, bio="Walks")
    do("settingsUpdate", "settings { id }", expectedRevision=1, nickname="Mo")
    do("consentGrant", "consent { id }", purpose="RECORDING", version="1")
    do("consentWithdraw", "consent { id }", purpose="RECORDING")
    other = newcomer()
    asked = do("friendshipRequest", "friendship { id }", userId=other.id)["friendship"]["id"]
    other.client.do("friendshipAccept", "friendship { id }", id=asked)
    do("friendshipEnd", "friendship { id }", id=asked)
    other.client.do("friendshipRequest", "friendship { id }", userId=guest.id)
    do("friendshipRequest", "friendship { id }", userId=other.id)
    do("friendshipBlock", "friendship { id }", userId=other.id)
    token = do("apiTokenCreate", "apiToken { id }", name="t", scopes=[])["apiToken"]["id"]
    do("apiTokenRevoke", "apiToken { id }", id=token)
    do("accountEmailChangeRequest", "account { id }", email=f"new-{guest.email}", password=PASSWORD)
    guest.email = f"new-{guest.email}"
    do("accountEmailChangeConfirm", "account { id }", token=post.secret(guest.email, "change-email"))
    do("accountPasswordChange", "account { id }", password=PASSWORD, newPassword=f"{PASSWORD}!")
    do("accountPasswordResetRequest", "account { id }", email=guest.email)
    do("accountPasswordReset", "account { id }", token=post.secret(guest.email, "reset-password"), password=PASSWORD)
    elsewhere = visitor().do
    elsewhere("sessionStart", "session { id }", email=guest.email, password=PASSWORD)
    elsewhere("accountSignInLinkRequest", "account { id }", email=guest.email)
    elsewhere("sessionStartByLink", "session { id }", token=post.secret(guest.email, "sign-in"))
    anonymous = visitor()
    anonymous.do("accountStartAnonymously", "account { id }")
    anonymous.do("accountClaim", "account { id }", email=f"claimed-{guest.email}", password=PASSWORD)
    anonymous.do("accountConfirm", "account { id }", token=post.secret(f"claimed-{guest.email}", "confirm"))
    role = admin.do("roleGrant", "role { id }", userId=other.id, role="COACH")["role"]["id"]
    admin.do("roleRevoke", "role { id }", id=role)


def _inbox(admin: Client) -> None:
    """Everything that is done to hooks."""
    hook = admin.do("inboundHookCreate", "inboundHook { id }", name="a hook", action="a.b")["inboundHook"]["id"]
    admin.do("inboundHookUpdate", "inboundHook { id }", id=hook, expectedRevision=1, perMinute=5)
    admin.do("inboundHookRotate", "inboundHook { id }", id=hook)
    admin.do("inboundHookDelete", "inboundHook { id }", id=hook)


def test_every_mutation_records_what_the_schema_says_and_nothing_else(
    people: People,
    visitor: Callable[[], Client],
    newcomer: Callable[[], Guest],
    post: Post,
    database_url: str,
) -> None:
    _content(people.editor)
    _plans(people.editor)
    _people(visitor, newcomer, post, people.admin)
    _inbox(people.admin)
    beside: dict[str, set[str]] = {}
    for action, kind in sql(database_url, BESIDE):
        beside.setdefault(_camel(action), set()).add(kind)
    declared = {name: set(types) for name, types in facts_of_mutations().items() if types}
    assert beside == declared


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def test_a_mutation_that_is_refused_records_nothing(people: People, database_url: str) -> None:
    theme = factories.theme(people.editor)
    people.editor.refused("themeUpdate", id=theme, expectedRevision=7, title="Late")
    assert sql(database_url, "SELECT type FROM fact") == [("theme.created",)]


def test_what_a_mutation_does_not_declare_it_cannot_record(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.events import ThemeUnpublished
    from resolvers import curriculum, events

    create = curriculum.create_theme

    async def say_more(tx: Any, values: Any) -> str:
        made = await create(tx, values)
        events.record(tx, ThemeUnpublished(subject_id=made))
        return made

    monkeypatch.setattr(curriculum, "create_theme", say_more)
    assert (
        people.editor.post('mutation { themeCreate(input: {title: "Kind"}) { errors { message } } }').json()["errors"][
            0
        ]["extensions"]["code"]
        == "INTERNAL_SERVER_ERROR"
    )
    assert sql(database_url, "SELECT 1 FROM fact UNION ALL SELECT 1 FROM theme") == []
