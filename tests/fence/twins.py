"""Two databases that differ only in what somebody may not see: a world, and its twin with what is hidden changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import conninfo, sql
from pydantic import SecretStr

from cairn.settings import Settings
from core.policies import grants_of
from core.tables import Table, table_of
from core.viewer import Viewer
from models import TABLES
from models.identity import Role
from tests.fence.conftest import tree_in
from tests.fence.personas import Owner, Persona, acting_as
from tests.http.doorkeeper import Doorkeeper
from tests.support.clients import Client
from tests.support.databases import let_go
from tests.support.servers import RunningApplication, cloned

# Rows that others refer to, which nobody could remove.
KEPT = {"content", "user"}
# How a column of a hidden row is changed, by the type that PostgreSQL names.
_OTHERWISE = {
    "character varying": "{c} || '~'",
    "text": "{c} || '~'",
    "integer": "{c} + 1000",
    "bigint": "{c} + 1000",
    "double precision": "{c} + 1000",
    "numeric": "{c} + 1000",
    "boolean": "NOT {c}",
    "date": "{c} + 3",
    "timestamp with time zone": "{c} + interval '3 days'",
    "jsonb": "jsonb_build_object('changed', {c})",
    "_text": "{c} || 'changed'::text",
    "_varchar": "{c} || 'changed'::text",
    "_uuid": "{c} || gen_random_uuid()",
    "uuid": "gen_random_uuid()",
}


_PASSWORD = """INSERT INTO auth_identity (id, user_id, provider, subject, secret_hash)
    VALUES (gen_random_uuid(), %(person)s::uuid, 'password', %(person)s::text, 'a hash')"""
# Without a job, nobody sends it.
_MAIL = """INSERT INTO outgoing_mail (id, kind, recipient, details)
    VALUES (gen_random_uuid(), 'sign_in_link', %(recipient)s, '{}')"""


@dataclass(frozen=True)
class World:
    """Where it is, the database that it and its twins are copies of, and by a word its people, courses and groups."""

    url: str
    source: str
    people: dict[str, str]
    courses: dict[str, str]
    groups: dict[str, str]


@contextmanager
def world(server_url: str, template: str) -> Iterator[World]:
    """Courses in every state, people who hide some of what they tell, friends, requests, blocks, impersonations."""
    with cloned(server_url, template) as url:
        keeper = Doorkeeper(url)
        roles = {"learner": Role.LEARNER, "friend": Role.LEARNER, "stranger": Role.LEARNER, "coach": Role.COACH}
        roles |= {"author": Role.LEARNER, "editor": Role.EDITOR, "admin": Role.ADMIN}
        people = {name: keeper.person(role) for name, role in roles.items()}
        for name in people:
            keeper.named(_MAIL, recipient=f"{name}@example.org")
        application = RunningApplication(Settings(DATABASE_URL=SecretStr(url)))
        address = application.start()
        clients = {name: Client(address) for name in people}
        try:
            for name, client in clients.items():
                assert client.http.get(f"{address}{keeper.link(people[name])}").status_code == 303
                _tell(client, name)
                keeper.named(_PASSWORD, person=people[name])
            courses = {state: tree_in(clients["editor"], state)["course"] for state in ("draft", "live", "trashed")}
            within = {"userId": people["author"], "role": "EDITOR", "scopeType": "COURSE", "scopeId": courses["live"]}
            clients["admin"].do("roleGrant", "__typename", **within)
            _meet(clients, people)
            groups = _go_together(clients, people)
        finally:
            for client in clients.values():
                client.http.close()
            application.stop()
        # Nothing that is connected to can be copied: what is asked is a copy itself.
        let_go()
        source = str(conninfo.conninfo_to_dict(url)["dbname"])
        with cloned(server_url, source) as asked:
            yield World(asked, source, people, courses, groups)


def _tell(client: Client, name: str) -> None:
    """Tells everybody something, friends something else and nobody the rest; consents to something."""
    privacy = {"stranger": "PRIVATE", "friend": "FRIENDS_ONLY"}.get(name, "PUBLIC")
    visibility = [{"field": "bio", "audience": "EVERYBODY"}, {"field": "location", "audience": "NOBODY"}]
    told = {"bio": f"I am {name}", "location": f"{name}'s place", "strengths": [name], "helpNeeded": ["rest"]}
    client.do("profileUpdate", "__typename", expectedRevision=1, visibility=visibility, privacyLevel=privacy, **told)
    client.do("consentGrant", "__typename", purpose="RECORDING", version="1")
    client.do("apiTokenCreate", "__typename", name="mine", scopes=[])


def _meet(clients: dict[str, Client], people: dict[str, str]) -> None:
    asked = clients["learner"].do("friendshipRequest", "friendship { id }", userId=people["friend"])
    clients["friend"].do("friendshipAccept", "__typename", id=asked["friendship"]["id"])
    clients["coach"].do("friendshipRequest", "__typename", userId=people["learner"])
    clients["coach"].do("friendshipRequest", "__typename", userId=people["editor"])
    clients["stranger"].do("friendshipBlock", "__typename", userId=people["learner"])
    clients["admin"].do("impersonationStart", "__typename", userId=people["learner"], reason="To see")
    clients["admin"].do("impersonationStart", "__typename", userId=people["stranger"], reason="To see")
    clients["admin"].do("roleGrant", "__typename", userId=people["friend"], role="HOST")


def _go_together(clients: dict[str, Client], people: dict[str, str]) -> dict[str, str]:
    """A family of the learner's with the friend in it, a cohort with the stranger that has a coach, a group for all."""
    learner, admin = clients["learner"], clients["admin"]
    made = {
        "family": learner.do("groupCreate", "group { id }", kind="FAMILY", name="Ours")["group"]["id"],
        "cohort": admin.do("groupCreate", "group { id }", kind="COHORT", name="Spring")["group"]["id"],
    }
    public = {"kind": "COHORT", "name": "Open to all", "privacyLevel": "PUBLIC"}
    made["public"] = admin.do("groupCreate", "group { id }", **public)["group"]["id"]
    asked = {"groupId": made["family"], "userId": people["friend"]}
    joining = learner.do("membershipInvite", "membership { id }", **asked)["membership"]["id"]
    clients["friend"].do("membershipAccept", "__typename", id=joining)
    learner.do("groupActivate", "__typename", id=made["family"])
    learner.do("membershipInvite", "__typename", groupId=made["family"], userId=people["author"])
    for group, name in (("cohort", "stranger"), ("cohort", "editor"), ("public", "stranger")):
        admin.do("membershipAdd", "__typename", groupId=made[group], userId=people[name])
    for client, group in ((learner, "family"), (admin, "cohort")):
        client.do("groupInvitationCreate", "__typename", groupId=made[group])
    within = {"userId": people["coach"], "role": "COACH", "scopeType": "GROUP", "scopeId": made["cohort"]}
    admin.do("roleGrant", "__typename", **within)
    return made


@contextmanager
def twin(world: World, server_url: str, viewer: Viewer) -> Iterator[tuple[str, set[str]]]:
    """(where the twin is, the tables in which it differs): all that the viewer may not see is changed in it."""
    with cloned(server_url, world.source) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            before = {model: seen(owner, viewer, model) for model in TABLES}
            owner.execute("SET session_replication_role = replica")
            differing = {table_of(model).name for model in TABLES if _disturb(owner, model, before[model])}
            owner.execute("SET session_replication_role = origin")
            # Row by row and column by column, raw SQL as the viewer finds what it found.
            assert {model: seen(owner, viewer, model) for model in TABLES} == before
        yield url, differing


def seen(owner: Owner, viewer: Viewer, model: type[Table]) -> list[tuple[Any, ...]]:
    """Every row of a table that the viewer finds in raw SQL, whole but for columns that are closed to them."""
    role = viewer.database_role.value
    if "SELECT" not in grants_of(model.__policies__).get(role, ()):
        return []
    table = table_of(model)
    names = [column.name for column in table.c if column.name not in model.__hidden__]
    chosen = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
    query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(chosen, sql.Identifier(table.name), chosen)
    who = Persona(role, viewer.user_id or "", viewer.scopes, viewer.within, viewer.actor_id or "")
    with acting_as(owner, who):
        return owner.execute(query).fetchall()


def _disturb(owner: Owner, model: type[Table], visible: Sequence[tuple[Any, ...]]) -> bool:
    """Changes hidden rows, removes some and adds others; answers whether anything is different now."""
    table = table_of(model)
    name = sql.Identifier(table.name)
    columns = {each: place for place, each in enumerate(_shown(model))}
    key = [column.name for column in table.primary_key]
    known = ["/".join(row[columns[each]] for each in key) for row in visible]
    key_of = sql.SQL(" || '/' || ").join(sql.SQL("{}::text").format(sql.Identifier(each)) for each in key)
    hidden = owner.execute(
        sql.SQL("SELECT ctid::text FROM {} WHERE NOT {} = ANY (%s) ORDER BY {}").format(name, key_of, key_of), (known,)
    ).fetchall()
    rows, changes = [row for (row,) in hidden], _changes(owner, model)
    for number, row in enumerate(rows):
        if "id" in table.c:
            _copy(owner, model, row, number, changes)
        if number % 3 == 2 and table.name not in KEPT:
            owner.execute(sql.SQL("DELETE FROM {} WHERE ctid = %s::tid").format(name), (row,))
        else:
            _change(owner, model, row, changes)
    return bool(rows)


def _shown(model: type[Table]) -> list[str]:
    return [column.name for column in table_of(model).c if column.name not in model.__hidden__]


def _changes(owner: Owner, model: type[Table]) -> dict[str, str]:
    """Column to the SQL of another value, for those that can be changed at all."""
    kinds = owner.execute(
        "SELECT column_name, CASE data_type WHEN 'ARRAY' THEN udt_name ELSE data_type END"
        " FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'",
        (table_of(model).name,),
    ).fetchall()
    keep = {"id", "stage", "root_id"}
    return {
        name: _OTHERWISE[kind].format(c=f'"{name}"') for name, kind in kinds if kind in _OTHERWISE and name not in keep
    }


def _change(owner: Owner, model: type[Table], row: str, changes: Mapping[str, str]) -> None:
    """Changes as many columns of a row as the table's constraints allow."""
    for column, otherwise in changes.items():
        statement = (
            f'UPDATE "{table_of(model).name}" SET "{column}" = {otherwise} WHERE ctid = %s::tid RETURNING ctid::text'
        )
        try:
            with owner.transaction():
                changed = owner.execute(statement.encode(), (row,)).fetchone()
        except (psycopg.errors.IntegrityError, psycopg.errors.DataError):
            continue
        assert changed is not None
        row = changed[0]


def _copy(owner: Owner, model: type[Table], row: str, number: int, changes: Mapping[str, str]) -> None:
    """Adds another row like this one, with an id of the same kind, where no constraint forbids it."""
    name = f'"{table_of(model).name}"'
    new_id = f"overlay(id::text placing '{number:04x}' from 33)"
    names = [column.name for column in table_of(model).c]
    free = [each for each in changes if table_of(model).c[each].type.python_type is str and "hash" in each]
    free += [each for each in ("slug", "email", "username", "external_id", "key") if each in names]
    others = "".join(f", '{each}', {changes[each]}" for each in free)
    statement = (
        f"INSERT INTO {name} SELECT (jsonb_populate_record(NULL::{name}, to_jsonb(old) ||"
        f" jsonb_build_object('id', {new_id}{others}))).* FROM {name} AS old WHERE ctid = %s::tid"
    )
    with suppress(psycopg.errors.IntegrityError, psycopg.errors.DataError), owner.transaction():
        owner.execute(statement.encode(), (row,))
