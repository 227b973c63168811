"""Every mutation of the schema leaves exactly one entry, whoever carries it out and with whatever rights it works."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from core.jobs import JobKind
from core.writing import Transaction
from graph.schema import facts_of_mutations, schema
from models.identity import Role, Scope
from resolvers import jobs
from resolvers.assessment.grading import grade
from resolvers.identity import create_api_token
from resolvers.inbox import events as inbox
from tests.assessment.graders import ESSAY
from tests.assessment.taking import quiz
from tests.audit.conftest import Log
from tests.curriculum.authors import revision
from tests.events.logs import as_service, place, sql
from tests.identity.guests import PASSWORD, Guest, Post, who
from tests.support import factories
from tests.support.clients import Client, Data

Visitor = Callable[[], Client]
Newcomer = Callable[[], Guest]
Staff = Callable[[Role], tuple[str, Client]]


@dataclass
class Scribe:
    """Carries out mutations, each of which must succeed and leave one entry with its name and its request."""

    log: Log
    done: set[str] = field(default_factory=set)

    def do(self, client: Client, name: str, selection: str = "__typename", /, **input: Any) -> Data:
        """The payload."""
        before = self.log.count()
        payload = client.do(name, selection, **input)
        newest = self.log.newest()
        assert self.log.count() == before + 1, name
        assert newest["action"] == re.sub(r"([A-Z])", r"_\1", name).lower()
        assert re.fullmatch(r"[0-9a-f]{16}", newest["request_id"])
        assert newest["ip"] == "127.0.0.1"
        self.done.add(name)
        return payload


# Which facts stand beside which act: entry and facts of one transaction bear the same instant.
BESIDE = "SELECT a.action, f.type FROM audit_log a JOIN fact f ON f.created_at = a.created_at"


@pytest.fixture
def scribe(log: Log) -> Scribe:
    """Somebody who notes what was done."""
    return Scribe(log)


def test_every_mutation_leaves_one_entry_and_the_facts_that_the_schema_says_and_no_others(
    scribe: Scribe, visitor: Visitor, newcomer: Newcomer, staff: Staff, post: Post, database_url: str
) -> None:
    every_mutation(scribe, visitor, newcomer, staff, post, database_url)
    kind = schema()._schema.mutation_type
    assert kind is not None
    assert scribe.done == set(kind.fields)
    beside: dict[str, set[str]] = {}
    for action, fact in sql(database_url, BESIDE):
        beside.setdefault(_camel(action), set()).add(fact)
    assert beside == {name: set(types) for name, types in facts_of_mutations().items() if types}


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def every_mutation(
    scribe: Scribe, visitor: Visitor, newcomer: Newcomer, staff: Staff, post: Post, database_url: str
) -> None:
    """Carries out each mutation of the schema at least once. What goes wrong on the way is tried with these, too."""
    guest = _accounts(scribe, visitor(), post, database_url)
    _sessions(scribe, guest, visitor(), post, database_url)
    _people(scribe, guest, newcomer(), staff)
    _groups(scribe, guest, newcomer(), staff(Role.ADMIN)[1])
    editor = staff(Role.EDITOR)[1]
    _themes(scribe, editor)
    _courses(scribe, editor)
    made = _assessments(scribe, editor)
    _attempts(scribe, guest.client, made, database_url)
    _uploads(scribe, guest.client, editor)
    _grading(scribe, staff, guest, made, database_url)
    _plans(scribe, editor)
    _jobs(scribe, staff(Role.ADMIN)[1], database_url)
    _webhooks(scribe, staff(Role.ADMIN)[1], editor, database_url)
    _inbox(scribe, staff(Role.ADMIN)[1], database_url)


def _give_token(database_url: str, user_id: str) -> None:
    """Gives somebody an API token that is there to be taken back."""
    as_service(database_url, lambda tx: create_api_token(tx, user_id, "audited", frozenset[Scope](), 1))


def _accounts(scribe: Scribe, client: Client, post: Post, database_url: str) -> Guest:
    guest = Guest(client, post, "audited@example.org")
    scribe.do(client, "accountCreate", email=guest.email, password=PASSWORD, displayName="Audited")
    scribe.do(client, "accountConfirm", token=post.secret(guest.email, "confirm"), password=PASSWORD)
    user_id = guest.id
    _give_token(database_url, user_id)
    scribe.do(client, "accountPasswordChange", password=PASSWORD, newPassword=PASSWORD)
    scribe.do(client, "accountEmailChangeRequest", email="moved@example.org", password=PASSWORD)
    _give_token(database_url, user_id)
    scribe.do(client, "accountEmailChangeConfirm", token=post.secret("moved@example.org", "change-email"))
    guest.email = "moved@example.org"
    scribe.do(client, "accountPasswordResetRequest", email=guest.email)
    _give_token(database_url, user_id)
    scribe.do(client, "accountPasswordReset", token=post.secret(guest.email, "reset-password"), password=PASSWORD)
    return guest


def _sessions(scribe: Scribe, guest: Guest, app: Client, post: Post, database_url: str) -> None:
    # The mail about the new password is out before the next one is asked for.
    post.settle()
    scribe.do(guest.client, "accountSignInLinkRequest", email=guest.email)
    scribe.do(guest.client, "sessionStartByLink", token=post.secret(guest.email, "sign-in"))
    scribe.do(guest.client, "sessionEnd")
    scribe.do(guest.client, "sessionStart", email=guest.email, password=PASSWORD)
    pair = scribe.do(app, "accountStartAnonymously", "accessToken refreshToken", kind="APP")
    app.token = pair["accessToken"]
    scribe.do(app, "accountClaim", email="claimed@example.org", password=PASSWORD)
    app.token = None
    app.token = scribe.do(app, "sessionRefresh", "accessToken", refreshToken=pair["refreshToken"])["accessToken"]
    user_id = who(app)["id"]
    _give_token(database_url, user_id)
    scribe.do(app, "sessionEndAll")
    _give_token(database_url, user_id)
    app.token = None
    scribe.do(app, "accountConfirm", token=post.secret("claimed@example.org", "confirm"), password=PASSWORD)
    made = scribe.do(guest.client, "apiTokenCreate", "apiToken { id }", name="audited", scopes=[], password=PASSWORD)
    scribe.do(guest.client, "apiTokenRevoke", id=made["apiToken"]["id"])


def _people(scribe: Scribe, guest: Guest, other: Guest, staff: Staff) -> None:
    scribe.do(guest.client, "profileUpdate", expectedRevision=1, bio="I listen.")
    scribe.do(guest.client, "settingsUpdate", expectedRevision=1, displayName="Maya")
    scribe.do(guest.client, "notificationPreferenceChoose", topic="NEWS", channel="EMAIL", isEnabled=False)
    scribe.do(guest.client, "consentGrant", purpose="RECORDING", version="1")
    scribe.do(guest.client, "consentWithdraw", purpose="RECORDING")
    asked = scribe.do(guest.client, "friendshipRequest", "friendship { id }", userId=other.id)["friendship"]["id"]
    scribe.do(other.client, "friendshipAccept", id=asked)
    scribe.do(other.client, "friendshipEnd", id=asked)
    scribe.do(guest.client, "friendshipRequest", userId=other.id)
    scribe.do(other.client, "friendshipRequest", userId=guest.id)
    scribe.do(other.client, "friendshipBlock", userId=guest.id)
    admin = staff(Role.ADMIN)[1]
    begun = scribe.do(admin, "impersonationStart", "impersonation { id }", userId=guest.id, reason="To see")
    scribe.do(admin, "impersonationEnd", id=begun["impersonation"]["id"])
    given = scribe.do(admin, "roleGrant", "role { id }", userId=guest.id, role="COACH")["role"]["id"]
    scribe.do(admin, "roleRevoke", id=given)


def _groups(scribe: Scribe, guest: Guest, other: Guest, admin: Client) -> None:
    mine = {"kind": "PAIR", "name": "Us"}
    group = scribe.do(guest.client, "groupCreate", "group { id }", **mine)["group"]["id"]
    scribe.do(guest.client, "groupUpdate", id=group, expectedRevision=1, name="The two of us")
    asked = {"groupId": group, "userId": other.id}
    member = scribe.do(guest.client, "membershipInvite", "membership { id }", **asked)["membership"]["id"]
    scribe.do(other.client, "membershipLeave", id=member)
    scribe.do(guest.client, "membershipInvite", **asked)
    scribe.do(guest.client, "membershipRemove", id=member)
    scribe.do(guest.client, "membershipInvite", **asked)
    scribe.do(other.client, "membershipAccept", id=member)
    scribe.do(other.client, "membershipDescribe", id=member, displayName="Dear")
    for name in ("groupActivate", "groupPause", "groupActivate"):
        scribe.do(guest.client, name, id=group)
    scribe.do(guest.client, "membershipRoleChange", id=member, role="GUEST")
    scribe.do(other.client, "membershipLeave", id=member)
    invited = scribe.do(guest.client, "groupInvitationCreate", "token groupInvitation { id }", groupId=group)
    scribe.do(other.client, "membershipStartByLink", token=invited["token"])
    scribe.do(guest.client, "groupActivate", id=group)
    scribe.do(guest.client, "membershipRemove", id=member)
    sent = {"groupId": group, "email": "asked@example.org"}
    link = scribe.do(guest.client, "groupInvitationSend", "groupInvitation { id }", **sent)["groupInvitation"]["id"]
    scribe.do(guest.client, "groupInvitationCancel", id=link)
    cohort = admin.do("groupCreate", "group { id }", kind="COHORT", name="Spring")["group"]["id"]
    seat = scribe.do(admin, "membershipAdd", "membership { id }", groupId=cohort, userId=guest.id)["membership"]["id"]
    scribe.do(admin, "membershipPause", id=seat)
    scribe.do(admin, "membershipResume", id=seat)
    for how in ("membershipRoleChange", "membershipLeave", "membershipRemove"):
        helper = {"groupId": cohort, "userId": other.id, "role": "ADMIN"}
        helping = scribe.do(admin, "membershipAdd", "membership { id }", **helper)["membership"]["id"]
        other.client.do("groupInvitationCreate", "__typename", groupId=cohort)
        if how == "membershipRoleChange":
            scribe.do(admin, how, id=helping, role="MEMBER")
            scribe.do(admin, "membershipRemove", id=helping)
        else:
            scribe.do(other.client if how == "membershipLeave" else admin, how, id=helping)
    scribe.do(admin, "membershipMakeOwner", id=seat)
    scribe.do(admin, "groupActivate", id=cohort)
    scribe.do(admin, "groupEnd", id=cohort)
    scribe.do(guest.client, "groupDisband", id=group)


def _themes(scribe: Scribe, editor: Client) -> None:
    theme = scribe.do(editor, "themeCreate", "theme { id }", title="A theme")["theme"]["id"]
    scribe.do(editor, "themeUpdate", id=theme, expectedRevision=1, title="Another title")
    scribe.do(editor, "themePublish", id=theme)
    scribe.do(editor, "themeUnpublish", id=theme)
    scribe.do(editor, "themeRevisionRestore", id=theme, number=1, expectedTreeRevision=_tree(editor, "theme", theme))
    scribe.do(editor, "themeTrash", id=theme)
    scribe.do(editor, "themeRestore", id=theme)


def _courses(scribe: Scribe, editor: Client) -> None:
    course = scribe.do(editor, "courseCreate", "course { id }", title="A course")["course"]["id"]
    parts = {"course": course}
    for kind, above in (("module", "course"), ("lesson", "module"), ("block", "lesson")):
        content = {"block": {"text": {"markdown": "Words"}}} if kind == "block" else {"title": f"A {kind}"}
        made = scribe.do(editor, f"{kind}Create", f"{kind} {{ id }}", **{f"{above}Id": parts[above]}, **content)
        parts[kind] = made[kind]["id"]
    for kind, part in parts.items():
        content = {"block": {"text": {"markdown": "More"}}} if kind == "block" else {"title": f"Another {kind}"}
        scribe.do(editor, f"{kind}Update", id=part, expectedRevision=revision(editor, part), **content)
    milestones = [{"name": "Start", "startDay": 1, "endDay": 9}]
    expected = revision(editor, course)
    scribe.do(editor, "courseMilestonesSet", id=course, expectedRevision=expected, milestones=milestones)
    scribe.do(editor, "coursePublish", id=course)
    scribe.do(editor, "courseUnpublish", id=course)
    scribe.do(
        editor, "courseRevisionRestore", id=course, number=1, expectedTreeRevision=_tree(editor, "course", course)
    )
    scribe.do(editor, "courseDuplicate", id=course)
    for kind, part in reversed(list(parts.items())):
        if kind != "course":
            scribe.do(editor, f"{kind}Move", id=part, afterId=None)
        scribe.do(editor, f"{kind}Trash", id=part)
        scribe.do(editor, f"{kind}Restore", id=part)


def _assessments(scribe: Scribe, editor: Client) -> str:
    made = scribe.do(editor, "assessmentCreate", "assessment { id }", title="A survey")["assessment"]["id"]
    (asked,) = factories.many(
        editor, "blockCreate", "block { id }", [{"assessmentId": made, "block": {"scale": {"markdown": "?"}}}]
    )
    rules = [{"condition": "true", "gotoBlockId": None}]
    scribe.do(editor, "blockBranchesSet", id=asked["block"]["id"], expectedRevision=1, branches=rules)
    _scales(scribe, editor, made, asked["block"]["id"])
    scribe.do(editor, "assessmentUpdate", id=made, expectedRevision=1, title="Another title")
    scribe.do(editor, "assessmentPublish", id=made)
    scribe.do(editor, "assessmentUnpublish", id=made)
    expected = _tree(editor, "assessment", made)
    scribe.do(editor, "assessmentRevisionRestore", id=made, number=1, expectedTreeRevision=expected)
    scribe.do(editor, "assessmentTrash", id=made)
    scribe.do(editor, "assessmentRestore", id=made)
    lesson = factories.tree(editor, modules=1, lessons=1, blocks=0)["lessons"][0]
    scribe.do(editor, "assessmentMove", id=factories.assessment(editor, lesson), afterId=None)
    editor.do("assessmentPublish", "__typename", id=made)
    return str(made)


def _scales(scribe: Scribe, editor: Client, assessment: str, block: str) -> None:
    fields: Data = {"key": "all", "label": "All", "minimum": 1, "maximum": 10, "items": [{"blockId": block}]}
    made = scribe.do(editor, "scaleCreate", "scale { id }", assessmentId=assessment, **fields)["scale"]["id"]
    scribe.do(editor, "scaleUpdate", id=made, expectedRevision=1, label="Everything")
    scribe.do(editor, "scaleMove", id=made, afterId=None)
    scribe.do(editor, "scaleTrash", id=made)
    scribe.do(editor, "scaleRestore", id=made)


def _attempts(scribe: Scribe, client: Client, assessment: str, database_url: str) -> None:
    begun = scribe.do(client, "attemptStart", "attempt { id questions { id } }", assessmentId=assessment)["attempt"]
    question = begun["questions"][0]["id"]
    scribe.do(client, "attemptAnswerSave", id=begun["id"], blockId=question, answer={"scale": {"point": 3}})
    scribe.do(client, "attemptSubmit", id=begun["id"])
    scribe.do(client, "attemptLeadCapture", attemptId=begun["id"], email="lead@example.org", firstName="Lee")
    scribe.do(client, "attemptStart", assessmentId=assessment)
    sql(database_url, "UPDATE attempt SET deadline_at = now() - interval '1 s' WHERE status = 'in_progress'")
    scribe.do(client, "attemptStart", assessmentId=assessment)


def _uploads(scribe: Scribe, client: Client, editor: Client) -> None:
    made, (task,) = quiz(editor, {"fileUpload": {"markdown": "A picture, please."}})
    attempt = client.do("attemptStart", "attempt { id }", assessmentId=made)["attempt"]["id"]
    coming = {"name": "day.png", "mediaType": "image/png", "size": 9, "sha256": "0" * 64}
    begun = scribe.do(client, "uploadStart", "upload { id }", attemptId=attempt, blockId=task, **coming)
    scribe.do(client, "uploadComplete", id=begun["upload"]["id"])
    scribe.do(client, "uploadRemove", id=begun["upload"]["id"])


def _grading(scribe: Scribe, staff: Staff, guest: Guest, assessment: str, database_url: str) -> None:
    coach, editor = staff(Role.COACH)[1], staff(Role.EDITOR)[1]
    given = {"assessmentId": assessment, "userId": guest.id, "reason": "So"}
    more = scribe.do(coach, "accommodationGrant", "accommodation { id }", extraMinutes=5, **given)["accommodation"][
        "id"
    ]
    scribe.do(coach, "accommodationRevoke", id=more)
    scribe.do(editor, "regradePreview", id=assessment)
    scribe.do(editor, "regradeStart", id=assessment)
    made, (essay,) = quiz(editor, {"freeform": ESSAY})
    begun = guest.client.do("attemptStart", "attempt { id }", assessmentId=made)["attempt"]["id"]
    given = {"id": begun, "blockId": essay, "answer": {"freeform": {"text": "Because."}}}
    guest.client.do("attemptAnswerSave", "__typename", **given)
    guest.client.do("attemptSubmit", "__typename", id=begun)
    as_service(database_url, lambda tx: grade(tx, begun))
    scribe.do(coach, "gradingSave", attemptId=begun, blockId=essay, score=1, expectedRevision=1)


def _plans(scribe: Scribe, editor: Client) -> None:
    for root in (factories.theme(editor), factories.course(editor), factories.assessment(editor, questions=1)):
        planned = {"rootId": root, "action": "PUBLISH", "runAt": "2099-01-01T08:00:00Z"}
        made = scribe.do(editor, "scheduleCreate", "schedule { id }", **planned)["schedule"]["id"]
        scribe.do(editor, "scheduleMove", id=made, runAt="2098-01-01T08:00:00Z")
        scribe.do(editor, "scheduleCancel", id=made)


def _jobs(scribe: Scribe, admin: Client, database_url: str) -> None:
    async def parked(tx: Transaction) -> str:
        job_id = str(await jobs.enqueue(tx, JobKind("nobody_does_this"), {}))
        await jobs.park(tx, job_id, "It went wrong.")
        return job_id

    job = as_service(database_url, parked)
    scribe.do(admin, "jobRetry", id=job)
    scribe.do(admin, "jobCancel", id=job)


def _webhooks(scribe: Scribe, admin: Client, editor: Client, database_url: str) -> None:
    factories.theme(editor, publish=True)
    while place(database_url) or sql(database_url, "SELECT 1 FROM fact WHERE position IS NULL"):
        pass
    query = "subscription { contentPublished { type } }"
    rules = {"name": "Audited", "url": "http://127.0.0.1:9/", "events": ["THEME_PUBLISHED"], "query": query}
    made = scribe.do(admin, "webhookCreate", "webhook { id }", **rules)["webhook"]["id"]
    scribe.do(admin, "webhookUpdate", id=made, expectedRevision=1, name="Another")
    scribe.do(admin, "webhookPause", id=made)
    scribe.do(admin, "webhookResume", id=made)
    scribe.do(admin, "webhookRotateSecret", id=made)
    scribe.do(admin, "webhookTest", id=made)
    scribe.do(admin, "webhookRedeliver", id=made, failedSince="2026-01-01T00:00:00Z")
    scribe.do(admin, "webhookDryRun", query=query)
    scribe.do(admin, "webhookDelete", id=made)


def _inbox(scribe: Scribe, admin: Client, database_url: str) -> None:
    made = scribe.do(admin, "inboundHookCreate", "inboundHook { id }", name="audited", action="issue.opened")
    hook = made["inboundHook"]["id"]
    scribe.do(admin, "inboundHookUpdate", id=hook, expectedRevision=1, perMinute=5)
    scribe.do(admin, "inboundHookRotate", id=hook)
    scribe.do(admin, "inboundHookDelete", id=hook)

    async def handled(tx: Transaction) -> str:
        await inbox.take(tx, "stripe", "evt_audited", "invoice.paid", b"{}")
        found = await tx.row(sa.select(inbox.EVENT.c.id, inbox.EVENT.c.job_id))
        assert found is not None
        await jobs.park(tx, found.job_id, "It went wrong.")
        return str(found.id)

    scribe.do(admin, "providerEventReplay", id=as_service(database_url, handled))
    as_service(database_url, lambda tx: tx.execute(sa.delete(inbox.EVENT)))


def _tree(editor: Client, kind: str, object_id: str) -> int:
    document = f"query($id: ID!) @perspective(stage: DRAFT) {{ {kind}(id: $id) {{ treeRevision }} }}"
    found: int = editor.ask(document, id=object_id)[kind]["treeRevision"]
    return found


def test_a_mutation_that_is_refused_leaves_no_entry(log: Log, editor: Client, reader: Client) -> None:
    course = factories.course(editor)
    count = log.count()
    editor.refused("courseUpdate", id=course, expectedRevision=7, title="Stale")
    document = 'mutation { courseCreate(input: { title: "No" }) { errors { code } } }'
    assert reader.fails(document) == "UNAUTHENTICATED"
    assert log.count() == count


def test_several_mutations_of_one_request_leave_one_entry_each_with_the_same_request(log: Log, editor: Client) -> None:
    editor.ask(
        'mutation { a: courseCreate(input: { title: "A" }) { __typename }'
        ' b: courseCreate(input: { title: "B" }) { __typename } }'
    )
    first, second = log.entries()
    assert first["request_id"] == second["request_id"]
    assert first["subject_id"] != second["subject_id"]
