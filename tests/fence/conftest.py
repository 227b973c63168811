"""A system with something in every table, and nobody who changes it: every test leaves it as it found it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from cairn.settings import Settings
from core.writing import Transaction
from migrations import running
from models.identity import Role
from models.importing import ExternalRef, ImportIssue, ImportJob
from resolvers import identity
from tests.fence.personas import Owner, Persona, personas
from tests.support import factories
from tests.support.clients import Client
from tests.support.databases import as_service
from tests.support.servers import RunningApplication, cloned

if TYPE_CHECKING:
    from tests.fence import twins

ROLES = (Role.LEARNER, Role.EDITOR, Role.ADMIN)


@dataclass(frozen=True)
class World:
    """Where it is, who is in it, and the id of one object per state and table."""

    url: str
    address: str
    users: dict[Role, str]
    clients: dict[str, Client]
    objects: dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def world(database_server: tuple[str, str]) -> Iterator[World]:
    """A published course, a draft one and a trashed one, each with a theme and all that a course can have."""
    with cloned(*database_server) as url:
        users, tokens = as_service(url, _people)
        application = RunningApplication(Settings(DATABASE_URL=SecretStr(url)))
        address = application.start()
        clients = {role.value: Client(address, token) for role, token in tokens.items()}
        clients["anonymous"] = Client(address)
        try:
            objects = {state: tree_in(clients["editor"], state) for state in ("draft", "live", "trashed")}
            yield World(url, address, users, clients, objects)
        finally:
            for client in clients.values():
                client.http.close()
            application.stop()


@pytest.fixture(scope="session")
def owner(world: World) -> Iterator[Owner]:
    """A connection of the owner to the world."""
    with psycopg.connect(world.url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def everybody(world: World) -> dict[str, Persona]:
    """The matrix's people, in the world."""
    return personas(world.users)


@pytest.fixture(scope="session")
def there(database_server: tuple[str, str]) -> Iterator[twins.World]:
    """Another world, in which people know and hide from each other, to be copied and looked at."""
    from tests.fence.twins import world

    with world(*database_server) as made:
        yield made


@pytest.fixture(scope="session")
def bare_url(database_server: tuple[str, str]) -> Iterator[str]:
    """A migrated database without any rows."""
    with cloned(*database_server) as url:
        yield url


@pytest.fixture
def bare(bare_url: str) -> Iterator[sa.Connection]:
    """The owner's connection to the bare database; whatever a test does there is undone."""
    with running.connect(bare_url) as connection:
        yield connection
        connection.rollback()


async def _people(tx: Transaction) -> tuple[dict[Role, str], dict[Role, str]]:
    users, tokens = {}, {}
    for role in ROLES:
        users[role] = await identity.ensure_user(tx, f"{role.value}@example.org", role.value, role)
        scopes = identity.scopes_of([role])
        tokens[role] = await identity.create_api_token(tx, users[role], "matrix", scopes, 1)
        await identity.create_login_token(tx, users[role])
        await identity.sign_in(tx, await identity.create_login_token(tx, users[role]))
    job = {"id": ImportJob.new_id(), "source": "olx:demo", "counts": {}, "status": "done"}
    await tx.insert(ImportJob, [job])
    issue = {"job_id": job["id"], "severity": "warning", "code": "LOST", "place": "p", "reason": "r"}
    await tx.insert(ImportIssue, [{"id": ImportIssue.new_id(), **issue}])
    ref = {"source": "olx:demo", "external_id": "1", "local_id": ImportJob.new_id(), "imported": {}}
    await tx.insert(ExternalRef, [{"id": ExternalRef.new_id(), **ref}])
    return users, tokens


def branch_in(editor: Client, assessment: str) -> str:
    """A rule that ends an assessment after its first question; answers its id."""
    document = "query($id: ID!) @perspective(stage: DRAFT) { assessment(id: $id) { blocks { id revision } } }"
    (first,) = editor.ask(document, id=assessment)["assessment"]["blocks"]
    rules = {"id": first["id"], "expectedRevision": first["revision"], "branches": [{"gotoBlockId": None}]}
    made = editor.do("blockBranchesSet", "block { branches { id } }", **rules)
    return str(made["block"]["branches"][0]["id"])


def tree_in(editor: Client, state: str) -> dict[str, str]:
    """A theme and a course of everything in one state; table name to id."""
    theme = factories.theme(editor, publish=state == "live", title=f"A {state} theme")
    course = factories.course(editor, title=f"A {state} course", themeId=theme)
    milestones = [{"name": "Start", "startDay": 1, "endDay": 9}]
    set_them = editor.do(
        "courseMilestonesSet", "course { milestones { id } }", id=course, expectedRevision=1, milestones=milestones
    )
    first = factories.module(editor, course)
    rule: dict[str, Any] = {"releaseRule": "AFTER_MODULE", "unlockAfterId": first}
    module = factories.module(editor, course, title=f"A {state} module", **rule)
    lesson = factories.lesson(editor, module, title=f"A {state} lesson")
    block = factories.block(editor, lesson, factories.choice_question())
    assessment = factories.assessment(editor, lesson, title=f"A {state} assessment")
    asked = editor.do("blockCreate", "block { id }", assessmentId=assessment, block={"rating": {"markdown": "How?"}})
    counted = {"items": [{"blockId": asked["block"]["id"]}], "minimum": 1, "maximum": 5}
    scale = editor.do("scaleCreate", "scale { id }", assessmentId=assessment, key="all", label="All", **counted)
    branch = branch_in(editor, assessment)
    if state == "live":
        factories.publish(editor, course)
    if state == "trashed":
        editor.do("courseTrash", "course { id }", id=course)
        editor.do("themeTrash", "theme { id }", id=theme)
    return {
        "theme": theme,
        "course": course,
        "milestone": set_them["course"]["milestones"][0]["id"],
        "module": module,
        "lesson": lesson,
        "assessment": assessment,
        "block": block,
        "answer_key": block,
        "scale": scale["scale"]["id"],
        "branch": branch,
    }
