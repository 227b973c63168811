"""Who reads and writes people, credentials, the audit log, revisions and imports, in raw SQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import orjson
import pytest
from psycopg import sql

from core.policies import Log, PrivateRows
from core.tables import table_of
from models import TABLES
from models.content import Staged
from models.events import FactEntry, FactType
from tests.fence.personas import INSERT_ROW, Owner, Persona, acting_as, attempt, effective, sees

OTHERS = [table_of(model).name for model in TABLES if not issubclass(model, Staged)]
EVERY = [table_of(model).name for model in TABLES]
NAMES = ("anonymous", "learner", "editor", "admin", "service")
ALL = {"INSERT", "UPDATE", "DELETE"}
MANAGERS, STAFF = {"admin", "service"}, {"editor", "admin", "service"}
BY_ID = "id = %(id)s"

# Who reads the row of somebody else, or of nobody in particular; and who may do what to it.
READS: dict[str, set[str]] = {
    "user": MANAGERS,
    "role_grant": MANAGERS,
    "api_token": MANAGERS,
    "auth_identity": MANAGERS,
    "login_token": {"service"},
    "auth_session": {"service"},
    "refresh_token": {"service"},
    "connection": {"service"},
    "profile": {"service"},
    "profile_card": MANAGERS,
    "consent": MANAGERS,
    "user_milestone": MANAGERS,
    "outgoing_mail": {"service"},
    "impersonation": MANAGERS,
    "notification_preference": {"service"},
    "rate_limit": {"service"},
    "idempotency_key": {"service"},
    "audit_log": MANAGERS,
    "fact": MANAGERS,
    "fact_counter": {"service"},
    "follower": {"service"},
    "release": {"service"},
    "job": MANAGERS,
    "scheduled_job": {"service"},
    "job_tally": {"service"},
    "audit_seal": MANAGERS,
    "inbound_hook": MANAGERS,
    "inbound_seen": {"service"},
    "provider_event": MANAGERS,
    "content": STAFF,
    "revision": STAFF,
    "schedule": STAFF,
    "paper": {"service"},
    "attempt": {"service"},
    "answer": {"service"},
    "answer_mark": {"service"},
    "scale_score": {"service"},
    "scale_aggregate": STAFF,
    "assessment_day": STAFF,
    "lead": MANAGERS,
    "lead_capture": MANAGERS,
    "group": MANAGERS,
    "membership": MANAGERS,
    "group_invitation": MANAGERS,
    "upload": {"service"},
    "grading": MANAGERS,
    "accommodation": MANAGERS,
    "regrade": STAFF,
    "external_ref": STAFF,
    "import_job": STAFF,
    "import_issue": STAFF,
    "webhook": MANAGERS,
    "webhook_secret": {"service"},
    "webhook_lane": MANAGERS,
    "webhook_delivery": MANAGERS,
    "delivery_attempt": MANAGERS,
}
WRITES: dict[str, dict[str, set[str]]] = {
    "user": {"service": ALL},
    "role_grant": {"admin": ALL, "service": ALL},
    "api_token": {"service": ALL},
    "auth_identity": {"service": ALL},
    "login_token": {"service": ALL},
    "auth_session": {"service": ALL},
    "refresh_token": {"service": ALL},
    "connection": {"service": ALL},
    "profile": {"service": ALL},
    "profile_card": {"service": ALL},
    "consent": {"service": ALL},
    "user_milestone": {"service": ALL},
    "outgoing_mail": {"service": ALL},
    "impersonation": {"service": ALL},
    "notification_preference": {"service": ALL},
    "rate_limit": {"service": ALL},
    "idempotency_key": {"service": ALL},
    "audit_log": {"service": {"INSERT"}},
    "fact": {"service": {"INSERT", "DELETE"}},
    "fact_counter": {"service": ALL},
    "follower": {"service": ALL},
    "release": {"service": ALL},
    "job": {"admin": {"UPDATE"}, "service": ALL},
    "scheduled_job": {"service": ALL},
    "job_tally": {"service": ALL},
    # One's own acts are written with an empty seal; which act that is, the table does not say.
    "audit_seal": {name: {"INSERT"} for name in ("learner", "editor", "admin", "service")},
    "inbound_hook": {"admin": ALL, "service": ALL},
    "inbound_seen": {"service": ALL},
    "provider_event": {"service": ALL},
    "content": {"editor": {"INSERT", "UPDATE"}, "admin": {"INSERT", "UPDATE"}, "service": ALL},
    "revision": {"editor": {"INSERT"}, "admin": {"INSERT"}, "service": ALL},
    "schedule": {"editor": {"INSERT", "UPDATE"}, "admin": {"INSERT", "UPDATE"}, "service": ALL},
    "paper": {"service": ALL},
    "attempt": {"service": ALL},
    "answer": {"service": ALL},
    "answer_mark": {"service": ALL},
    "scale_score": {"service": ALL},
    "scale_aggregate": {"service": ALL},
    "assessment_day": {"service": ALL},
    "lead": {"service": ALL},
    "lead_capture": {"service": ALL},
    # Groups, and who is in them, are made with the rights of the service; nobody but that removes any.
    "group": {"admin": {"UPDATE"}, "service": ALL},
    "membership": {"admin": {"UPDATE"}, "service": ALL},
    "group_invitation": {"admin": {"UPDATE"}, "service": ALL},
    "upload": {"service": ALL},
    # Graders set their own words.
    "grading": {"admin": {"UPDATE"}, "service": ALL},
    "accommodation": {"service": ALL},
    "regrade": {"editor": {"INSERT"}, "admin": {"INSERT"}, "service": ALL},
    "external_ref": {"editor": ALL, "admin": ALL, "service": ALL},
    "import_job": {"editor": {"INSERT", "UPDATE"}, "admin": {"INSERT", "UPDATE"}, "service": ALL},
    "import_issue": {"editor": {"INSERT"}, "admin": {"INSERT"}, "service": ALL},
    # A webhook is made in one's own name; a secret is added, and neither read nor changed again.
    "webhook": {"admin": {"UPDATE", "DELETE"}, "service": ALL},
    "webhook_secret": {"admin": {"INSERT"}, "service": ALL},
    "webhook_lane": {"admin": {"INSERT", "UPDATE"}, "service": ALL},
    "webhook_delivery": {"admin": {"INSERT", "UPDATE"}, "service": ALL},
    "delivery_attempt": {"service": {"INSERT", "DELETE"}},
}
# Whose rows people see of their own, by the column that says whose they are; and what they may do to them.
OWNED = {
    "user": "id",
    "role_grant": "user_id",
    "api_token": "user_id",
    "auth_identity": "user_id",
    "auth_session": "user_id",
    "profile": "user_id",
    "profile_card": "user_id",
    "consent": "user_id",
    "impersonation": "user_id",
    "notification_preference": "user_id",
    "user_milestone": "user_id",
    "job": "requested_by",
    "idempotency_key": "user_id",
    "attempt": "user_id",
    "answer": "user_id",
    "answer_mark": "user_id",
    "scale_score": "user_id",
    "membership": "user_id",
    "upload": "user_id",
    "accommodation": "user_id",
}
OWN_WRITES = {
    "user": {"UPDATE"},
    "profile": {"INSERT", "UPDATE"},
    "profile_card": ALL,
    "consent": {"INSERT", "UPDATE"},
}
# Columns of one's own rows that nobody reads but the service, and those that nobody sets but the service.
HIDDEN = {
    "answer": "user_id",
    "api_token": "token_hash",
    "auth_identity": "secret_hash",
    "auth_session": "token_hash",
    "impersonation": "token_hash",
}
UNSETTABLE = {
    "user": ("status", "email", "email_confirmed_at", "is_anonymous", "id"),
    "consent": ("purpose", "version", "granted_at", "user_id"),
    "idempotency_key": ("owner", "fingerprint", "answer", "expires_at", "user_id"),
}


@pytest.fixture
def rows(owner: Owner) -> Iterator[dict[str, str]]:
    """Table to the id of one row: of a stranger's, where the table is about people."""
    stranger = str(uuid.uuid4())
    with owner.transaction(force_rollback=True):
        # Strangers know strangers, who need not be there.
        owner.execute("SET LOCAL session_replication_role = replica")
        made = {table: _insert(owner, table, values) for table, values in _owned(stranger).items()}
        for table in set(OTHERS) - set(made):
            found = owner.execute(sql.SQL("SELECT id FROM {} LIMIT 1").format(sql.Identifier(table))).fetchone()
            assert found is not None, table
            made[table] = str(found[0])
        owner.execute("SET LOCAL session_replication_role = origin")
        yield made


def _owned(person: str) -> dict[str, dict[str, object]]:
    """One row of somebody's in each table that is about people."""
    session, hook, group = (str(uuid.uuid4()) for _ in range(3))
    return {
        "user": {
            "id": person,
            "display_name": "Stranger",
            "status": "active",
            "timezone": "UTC",
            "locale": "en",
            "day_start_hour": 0,
            "is_anonymous": False,
            "revision": 1,
        },
        "role_grant": {"user_id": person, "role": "learner", "scope_type": "global"},
        "api_token": {"user_id": person, "name": "n", "token_hash": "h", "hint": "h", "scopes": []},
        "auth_identity": {"user_id": person, "provider": "password", "subject": person, "secret_hash": "h"},
        "login_token": {"user_id": person, "token_hash": "h", "purpose": "sign_in", "details": {}},
        "auth_session": {"id": session, "user_id": person, "token_hash": "h", "kind": "browser"},
        "refresh_token": {"session_id": session, "token_hash": "h", "access_hash": "h", "salt": "s"},
        "profile": {
            "user_id": person,
            "bio": "",
            "strengths": [],
            "help_needed": [],
            "visibility": {},
            "privacy_level": "private",
            "social_sharing_enabled": True,
            "revision": 1,
        },
        "connection": {
            "user_low": person,
            "user_high": "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "status": "accepted",
            "requested_by": person,
        },
        "profile_card": {
            "user_id": person,
            "audience": "friends",
            "display_name": "Stranger",
            "is_open": True,
            "hidden_from": [],
        },
        "consent": {"user_id": person, "purpose": "recording", "version": "1"},
        "user_milestone": {"user_id": person, "key": "first"},
        "outgoing_mail": {"kind": "k", "recipient": "r", "details": {}},
        "notification_preference": {
            "user_id": person,
            "topic": "news",
            "channel": "email",
            "digest": "off",
            "is_enabled": True,
        },
        "impersonation": {"user_id": person, "impersonator_id": session, "reason": "r", "token_hash": "h"},
        "paper": {
            "assessment_id": session,
            "revision": 1,
            "blocks": [],
            "answer_keys": {},
            "corrections": {},
            "branches": {},
            "scales": [],
        },
        "attempt": {
            "id": hook,
            "paper_id": session,
            "assessment_id": session,
            "revision": 1,
            "user_id": person,
            "number": 1,
            "phase": "none",
            "status": "in_progress",
            "passing_score": 70,
            "shows_feedback": True,
            "block_ids": [],
            "shown_ids": [],
            "started_at": "now",
        },
        "answer": {"attempt_id": hook, "user_id": person, "block_id": session, "format": "scale", "value": {}},
        "answer_mark": {
            "attempt_id": hook,
            "user_id": person,
            "block_id": session,
            "format": "scale",
            "position": 0,
            "points": 0,
            "remarks": [],
            "is_shown": True,
            "awaits_close": False,
        },
        "grading": {
            "attempt_id": session,
            "answer_id": session,
            "assessment_id": session,
            "root_id": session,
            "paper_id": session,
            "block_id": session,
            "submitted_at": "now",
            "points": 1,
            "state": "awaiting",
            "revision": 1,
        },
        "accommodation": {
            "assessment_id": session,
            "root_id": session,
            "user_id": person,
            "extra_minutes": 1,
            "extra_percent": 0,
            "extra_attempts": 0,
            "reason": "r",
        },
        "regrade": {
            "assessment_id": session,
            "root_id": session,
            "is_preview": False,
            "state": "running",
            "attempts": 0,
            "answers_changed": 0,
            "scores_changed": 0,
            "newly_passed": 0,
            "no_longer_passed": 0,
            "questions": [],
            "attempt_ids": [],
        },
        "scale_score": {
            "attempt_id": hook,
            "user_id": person,
            "paper_id": str(uuid.uuid4()),
            "assessment_id": session,
            "root_id": session,
            "scale_id": session,
            "phase": "none",
            "submitted_at": "now",
            "answered": 1,
        },
        "scale_aggregate": {
            "assessment_id": session,
            "root_id": session,
            "scale_id": session,
            "phase": "none",
            "revision": 1,
            "key": "k",
            "label": "l",
            "position": 1,
            "people": 10,
            "mean": 1,
            "bands": [],
        },
        "assessment_day": {
            "assessment_id": session,
            "root_id": session,
            "day": "2026-01-01",
            "started": 1,
            "submitted": 1,
        },
        "lead": {"email": f"{person}@example.org", "first_seen_at": "now"},
        "lead_capture": {"lead_id": session, "attempt_id": hook, "user_id": person},
        "group": {
            "id": group,
            "kind": "family",
            "name": "n",
            "slug": group,
            "description": "",
            "status": "active",
            "member_count": 1,
            "privacy_level": "private",
            "revision": 1,
        },
        "membership": {"group_id": group, "user_id": person, "role": "member", "status": "active"},
        "group_invitation": {"group_id": group, "role": "member", "status": "pending", "token_hash": "h"},
        "upload": {
            "user_id": person,
            "purpose": "answer",
            "about_id": session,
            "place_id": session,
            "key": person,
            "name": "day.png",
            "media_type": "image/png",
            "size": 1,
            "sha256": "h",
            "status": "ready",
            "is_kept": True,
        },
        "rate_limit": {"key": "k", "hits": 1, "ends_at": "infinity"},
        "idempotency_key": {
            "user_id": person,
            "owner": person,
            "key_hash": "h",
            "fingerprint": "f",
            "outcomes": {},
        },
        "audit_log": {"actor_id": person, "actor_kind": "user", "action": "look", "details": {}},
        "audit_seal": {"number": None, "hash": None},
        "fact": {
            "actor_id": person,
            "actor_kind": "user",
            "type": "user.signed_in",
            "version": 1,
            "subject_id": person,
            "payload": {},
            "recorded": 1_000_000,
            "position": 1_000_000,
        },
        "fact_counter": {"last_position": 0, "forgotten": 0},
        "follower": {"name": "somebody", "position": 0},
        "release": {"name": "one", "seen_at": "now"},
        "job": {
            "requested_by": person,
            "actor": "a",
            "arguments": {},
            "queue": "q",
            "priority": 10,
            "state": "queued",
            "attempts": 0,
            "max_attempts": 5,
            "progress": 0,
        },
        "inbound_hook": {
            "id": hook,
            "name": "n",
            "action": "a",
            "is_enabled": True,
            "types": [],
            "person_by": "id",
            "once": "delivery",
            "once_seconds": 1,
            "per_minute": 1,
            "mapping": [],
            "revision": 1,
            "token_hash": "h",
            "hint": "h",
        },
        "inbound_seen": {"hook_id": hook, "key_hash": "h", "event_id": hook, "until": "infinity"},
        "provider_event": {"source": "s", "external_id": "e", "type": "t", "body": "\\x7b7d", "state": "received"},
        "schedule": {"root_id": person, "job_id": person, "action": "unpublish", "state": "planned"},
        "scheduled_job": {"name": "n", "schedule": "* * * * *"},
        "job_tally": {"queue": "q", "actor": "a", "outcome": "done", "number": 0, "seconds": 0},
        "webhook": {
            "owner_id": person,
            "name": "n",
            "url": "https://u",
            "query": "q",
            "events": [],
            "about": [],
            "scopes": [],
            "state": "active",
            "revision": 1,
        },
        "webhook_secret": {"webhook_id": session, "sealed": "s"},
        "webhook_lane": {"webhook_id": session, "subject_id": person, "is_trial": False, "last_sequence": 1},
        "webhook_delivery": {
            "webhook_id": session,
            "lane_id": session,
            "type": "t",
            "subject_id": person,
            "sequence": 1,
            "state": "pending",
            "attempts": 0,
            "max_attempts": 10,
        },
        "delivery_attempt": {
            "delivery_id": session,
            "number": 1,
            "outcome": "lost",
            "url": "u",
            "duration_ms": 0,
            "body_bytes": 0,
        },
    }


def _insert(owner: Owner, table: str, values: dict[str, object]) -> str:
    instants = ("created_at", "updated_at", "granted_at", "occurred_at", "due_at", "run_at", "next_run_at")
    always = {"id": str(uuid.uuid4()), "expires_at": "infinity", "access_expires_at": "infinity"}
    always |= dict.fromkeys(instants, "now")
    whole = {**always, **values}
    owner.execute(sql.SQL(INSERT_ROW).format(table=sql.Identifier(table)), {"row": orjson.dumps(whole).decode()})
    return str(whole["id"])


def test_the_matrix_covers_every_table_that_has_no_stage() -> None:
    assert set(OTHERS) == set(READS) == set(WRITES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("table", OTHERS)
def test_who_reads_what_is_not_their_own(
    owner: Owner, everybody: dict[str, Persona], rows: dict[str, str], table: str, name: str
) -> None:
    assert sees(owner, everybody[name], table, BY_ID, {"id": rows[table]}) is (name in READS[table])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("table", OTHERS)
def test_who_writes_what_is_not_their_own(
    owner: Owner, everybody: dict[str, Persona], rows: dict[str, str], table: str, name: str
) -> None:
    expected = WRITES[table].get(name, set())
    assert effective(owner, everybody[name], table, BY_ID, {"id": rows[table]}) == expected


@pytest.fixture
def own_rows(owner: Owner, everybody: dict[str, Persona], rows: dict[str, str]) -> None:
    """Something of the learner's in every table that is about people."""
    owner.execute("SET LOCAL session_replication_role = replica")
    for table, values in _owned(everybody["learner"].user_id).items():
        if table in OWNED and table not in ("user", "role_grant", "api_token", "profile", "profile_card"):
            unique = {name: f"own {value}" for name, value in values.items() if name.endswith("_hash")}
            _insert(owner, table, {**values, **unique})
    owner.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.parametrize("table", OWNED)
def test_a_learner_sees_exactly_their_own_rows(
    owner: Owner, everybody: dict[str, Persona], own_rows: None, table: str
) -> None:
    learner = everybody["learner"]
    column = sql.Identifier(OWNED[table])
    with acting_as(owner, learner):
        seen = owner.execute(sql.SQL("SELECT id FROM {}").format(sql.Identifier(table))).fetchall()
    # Whose they are may be hidden even from those they belong to.
    whose = sql.SQL("SELECT {}::text FROM {} WHERE id = ANY(%s)").format(column, sql.Identifier(table))
    found = owner.execute(whose, ([each[0] for each in seen],)).fetchall()
    assert found
    assert {each[0] for each in found} == {learner.user_id}


@pytest.mark.parametrize("table", ["user", "role_grant", "api_token", "profile", "profile_card"])
def test_what_people_may_do_to_their_own_rows(owner: Owner, everybody: dict[str, Persona], table: str) -> None:
    for name in ("learner", "editor", "admin"):
        mine = {"id": everybody[name].user_id}
        found = effective(owner, everybody[name], table, f"{OWNED[table]} = %(id)s", mine)
        assert found == OWN_WRITES.get(table, set()), name


@pytest.mark.parametrize("table", HIDDEN)
def test_the_hash_of_a_secret_is_not_even_for_its_owner(
    owner: Owner, everybody: dict[str, Persona], own_rows: None, table: str
) -> None:
    # Answers are nobody else's at all.
    for name in ("learner",) if table == "answer" else ("learner", "admin"):
        with acting_as(owner, everybody[name]):
            assert attempt(owner, "SELECT id FROM {table}", table)
            assert attempt(owner, f"SELECT {HIDDEN[table]} FROM {{table}}", table) is None
            assert attempt(owner, f"SELECT id FROM {{table}} WHERE {HIDDEN[table]}::text > ''", table) is None
            assert attempt(owner, "SELECT * FROM {table}", table) is None


@pytest.mark.parametrize(("table", "column"), [(table, column) for table, all in UNSETTABLE.items() for column in all])
def test_people_set_of_themselves_what_is_theirs_to_say_and_nothing_else(
    owner: Owner, everybody: dict[str, Persona], own_rows: None, table: str, column: str
) -> None:
    with acting_as(owner, everybody["learner"]):
        assert attempt(owner, "UPDATE {table} SET updated_at = now()", table) == 1
        assert attempt(owner, f"UPDATE {{table}} SET {column} = {column}", table) is None


def test_graders_set_what_they_say_of_an_answer_and_nothing_else(
    owner: Owner, everybody: dict[str, Persona], own_rows: None
) -> None:
    owner.execute("SET LOCAL session_replication_role = replica")
    _insert(owner, "grading", _owned(everybody["learner"].user_id)["grading"])
    owner.execute("SET LOCAL session_replication_role = origin")
    with acting_as(owner, everybody["admin"]):
        assert attempt(owner, "UPDATE {table} SET score = score, comment = comment", "grading") == 1
        for column in ("points", "root_id", "answer_id", "attempt_id", "rubric"):
            assert attempt(owner, f"UPDATE {{table}} SET {column} = {column}", "grading") is None


def test_nobody_gives_themselves_a_role_whatever_they_may_give(owner: Owner, everybody: dict[str, Persona]) -> None:
    give = (
        "INSERT INTO {table} (id, user_id, role, scope_type)"
        " VALUES (gen_random_uuid(), %(user)s, 'super_admin', 'global')"
    )
    admin, learner = everybody["admin"], everybody["learner"]
    with acting_as(owner, admin):
        assert attempt(owner, give, "role_grant", {"user": admin.user_id}) is None
        # As admins are no super admins, they make none, and no equals of theirs.
        assert attempt(owner, give, "role_grant", {"user": learner.user_id}) is None
        assert attempt(owner, give.replace("super_admin", "admin"), "role_grant", {"user": learner.user_id}) is None
        assert attempt(owner, give.replace("super_admin", "editor"), "role_grant", {"user": learner.user_id}) == 1
        assert (
            attempt(
                owner,
                "UPDATE {table} SET role = 'super_admin' WHERE user_id = %(u)s",
                "role_grant",
                {"u": admin.user_id},
            )
            == 0
        )


@pytest.mark.parametrize("name", [each for each in NAMES if each != "service"])
@pytest.mark.parametrize("table", ["login_token", "auth_session", "refresh_token"])
def test_sign_in_secrets_are_closed_to_all_but_the_service(
    owner: Owner, everybody: dict[str, Persona], table: str, name: str
) -> None:
    with acting_as(owner, everybody[name]):
        assert attempt(owner, "SELECT token_hash FROM {table}", table) is None


@pytest.mark.parametrize("name", NAMES)
def test_nobody_changes_or_removes_an_entry_of_the_audit_log_not_even_their_own(
    owner: Owner, everybody: dict[str, Persona], rows: dict[str, str], name: str
) -> None:
    who = everybody[name]
    entry: dict[str, object] = {"actor_id": who.user_id or None, "actor_kind": "user", "action": "look", "details": {}}
    mine = _insert(owner, "audit_log", entry)
    with acting_as(owner, who):
        assert attempt(owner, "UPDATE {table} SET action = 'x' WHERE " + BY_ID, "audit_log", {"id": mine}) is None
        assert attempt(owner, "DELETE FROM {table} WHERE " + BY_ID, "audit_log", {"id": mine}) is None


def test_the_service_gives_a_fact_its_place_and_changes_nothing_else_about_it(
    owner: Owner, everybody: dict[str, Persona], rows: dict[str, str]
) -> None:
    row = {"id": rows["fact"]}
    with acting_as(owner, everybody["service"]):
        assert attempt(owner, "UPDATE {table} SET position = 2000000 WHERE " + BY_ID, "fact", row) == 1
        assert attempt(owner, "UPDATE {table} SET payload = '{{}}' WHERE " + BY_ID, "fact", row) is None
        assert attempt(owner, "UPDATE {table} SET subject_id = id WHERE " + BY_ID, "fact", row) is None


def test_a_fact_without_a_place_is_seen_by_nobody_but_the_service(
    owner: Owner, everybody: dict[str, Persona], rows: dict[str, str]
) -> None:
    owner.execute("UPDATE fact SET position = NULL WHERE " + BY_ID, {"id": rows["fact"]})
    seen = [name for name in NAMES if sees(owner, everybody[name], "fact", BY_ID, {"id": rows["fact"]})]
    assert seen == ["service"]


CALL = """INSERT INTO {table} (id, actor, arguments, queue, priority, state, run_at, attempts, max_attempts, progress,
    requested_by, unique_key)
    VALUES (gen_random_uuid(), %(actor)s, '{{}}', 'default', 10, 'queued', now(), 0, 5, 0, %(by)s, %(key)s)"""
TELL = """INSERT INTO {table} (id, type, version, subject_id, actor_id, actor_kind, payload)
    VALUES (gen_random_uuid(), %(type)s, 1, %(about)s, %(by)s, 'user', '{{}}')"""


def test_people_call_for_work_that_they_can_bring_about_and_for_no_other(
    owner: Owner, everybody: dict[str, Persona]
) -> None:
    learner, editor = everybody["learner"], everybody["editor"]
    wanted = ("run_schedule", "grade_attempt", "import_olx", "deliver_mail", "sweep_uploads", "handle_provider_event")
    found: dict[str, set[str]] = {}
    for name, who in (("learner", learner), ("editor", editor)):
        with acting_as(owner, who):
            calls = {each: {"actor": each, "by": who.user_id, "key": None} for each in wanted}
            found[name] = {each for each, values in calls.items() if attempt(owner, CALL, "job", values)}
            assert attempt(owner, CALL, "job", {"actor": "run_schedule", "by": who.user_id, "key": "taken"}) is None
    assert found == {"learner": set(), "editor": {"run_schedule", "import_olx"}}
    with acting_as(owner, editor):
        assert attempt(owner, CALL, "job", {"actor": "run_schedule", "by": learner.user_id, "key": None}) is None


def test_people_record_what_they_can_bring_about_and_nothing_else(owner: Owner, everybody: dict[str, Persona]) -> None:
    learner, editor = everybody["learner"], everybody["editor"]
    for who, kind, about, may in (
        (learner, "user.updated", learner, True),
        (learner, "user.updated", editor, False),
        (learner, "user.signed_in", learner, False),
        (learner, "course.published", learner, False),
        (learner, "role.granted", learner, False),
        (editor, "course.published", editor, True),
        (editor, "role.granted", editor, False),
        (editor, "attempt.graded", editor, False),
    ):
        with acting_as(owner, who):
            values = {"type": kind, "about": about.user_id, "by": who.user_id}
            assert bool(attempt(owner, TELL, "fact", values)) is may, kind


def test_what_the_fence_lets_people_record_is_what_their_mutations_do() -> None:
    (log,) = (shape for shape in FactEntry.__policies__ if isinstance(shape, Log))
    known = {each.value for each in FactType}
    assert set(log.own) <= known
    assert {word for words, _ in log.causes for word in words} <= {each.partition(".")[0] for each in known}


def test_a_signed_in_viewer_adds_to_the_audit_log_in_their_own_name_only(
    owner: Owner, everybody: dict[str, Persona]
) -> None:
    learner, editor = everybody["learner"], everybody["editor"]
    entry = (
        "INSERT INTO {table} (id, actor_id, actor_kind, action, details)"
        " VALUES (gen_random_uuid(), %(actor)s, 'user', 'look', '{{}}')"
    )
    with acting_as(owner, learner):
        assert attempt(owner, entry, "audit_log", {"actor": learner.user_id}) == 1
        assert attempt(owner, entry, "audit_log", {"actor": editor.user_id}) is None
        assert attempt(owner, entry, "audit_log", {"actor": None}) is None


def test_a_revision_is_sealed_by_those_who_may_publish_only(
    owner: Owner, everybody: dict[str, Persona], rows: dict[str, str]
) -> None:
    sealed = {"id": rows["revision"]}
    assert effective(owner, everybody["writer"], "revision", BY_ID, sealed) == set()
    assert effective(owner, everybody["publisher"], "revision", BY_ID, sealed) == {"INSERT"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("table", EVERY)
def test_nobody_empties_a_table(owner: Owner, everybody: dict[str, Persona], table: str, name: str) -> None:
    with acting_as(owner, everybody[name]):
        assert attempt(owner, "TRUNCATE {table} CASCADE", table) is None


@pytest.mark.parametrize("name", NAMES)
def test_nobody_makes_tables_roles_or_policies_of_their_own(
    owner: Owner, everybody: dict[str, Persona], name: str
) -> None:
    with acting_as(owner, everybody[name]):
        assert attempt(owner, "CREATE TABLE public.stray ()", "course") is None
        assert attempt(owner, "CREATE ROLE cairn_stray", "course") is None
        assert attempt(owner, "CREATE POLICY stray ON {table} USING (true)", "course") is None
        assert attempt(owner, "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY", "course") is None


PRIVATE = [table_of(model).name for model in TABLES if any(isinstance(one, PrivateRows) for one in model.__policies__)]


def test_there_are_rows_that_are_private() -> None:
    assert "profile" in PRIVATE


@pytest.mark.parametrize("table", PRIVATE)
def test_private_rows_are_nobodys_who_acts_as_their_owner(
    owner: Owner, everybody: dict[str, Persona], own_rows: None, table: str
) -> None:
    with acting_as(owner, everybody["learner"]):
        assert attempt(owner, "SELECT id FROM {table}", table)
        owner.execute("SELECT set_config('cairn.actor_id', %s, true)", (everybody["admin"].user_id,))
        assert attempt(owner, "SELECT id FROM {table}", table) == 0
        assert attempt(owner, "UPDATE {table} SET updated_at = now()", table) in (0, None)
