"""The fence stands as declared, and the check that says so notices every way in which it could not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import models
from core.policies import PublicRead, ServiceOnly, Shape
from models.content import staged_policies
from models.curriculum import Theme
from models.identity import LoginToken
from tests.fence.audit import breaches


def test_the_fence_of_a_migrated_database_is_the_declared_one(bare: sa.Connection) -> None:
    assert breaches(bare) == []


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        ("CREATE TABLE stray (id uuid)", "stray has no policy"),
        ("CREATE TABLE stray (id uuid)", "stray has no row-level security"),
        ("CREATE TABLE stray (id uuid)", "stray stands in the database and not in models.TABLES"),
        ("DROP TABLE answer_key", "answer_key stands in models.TABLES and not in the database"),
        ("ALTER TABLE theme DISABLE ROW LEVEL SECURITY", "theme has no row-level security"),
        ("ALTER TABLE theme NO FORCE ROW LEVEL SECURITY", "theme does not force row-level security on its owner"),
        ("GRANT SELECT ON login_token TO cairn_public", "cairn_public may SELECT on login_token without a policy"),
        ("GRANT UPDATE ON audit_log TO cairn_service", "cairn_service may UPDATE on audit_log without a policy"),
        (
            "GRANT UPDATE (name) ON api_token TO cairn_api",
            "cairn_api may UPDATE on api_token without a policy",
        ),
        (
            'GRANT UPDATE (status) ON "user" TO cairn_api',
            'stands only in the database: GRANT UPDATE (status) ON "user" TO cairn_api',
        ),
        (
            "GRANT SELECT (token_hash) ON api_token TO cairn_api",
            'stands only in the database: GRANT SELECT (token_hash) ON "api_token" TO cairn_api',
        ),
        ("GRANT TRUNCATE ON theme TO cairn_api", "cairn_api may TRUNCATE on theme, which no policy judges"),
        ("GRANT SELECT ON theme TO PUBLIC", "PUBLIC may SELECT on theme, and is no role of the application"),
        (
            "GRANT SELECT ON theme TO pg_monitor",
            "pg_monitor may SELECT on theme, and is no role of the application",
        ),
        (
            "CREATE POLICY stray ON theme FOR SELECT TO pg_monitor USING (true)",
            "the policy stray on theme speaks of pg_monitor, no role of the application",
        ),
        (
            "CREATE POLICY stray ON theme TO cairn_api USING (true)",
            "the policy stray on theme is for all commands at once",
        ),
        (
            "CREATE POLICY stray ON theme FOR SELECT TO cairn_public USING (true)",
            'stands only in the database: CREATE POLICY stray ON "theme" FOR SELECT TO cairn_public USING (true)',
        ),
        (
            "DROP POLICY service_select ON theme",
            'is only declared: CREATE POLICY service_select ON "theme" FOR SELECT TO cairn_service USING (true)',
        ),
        (
            "ALTER POLICY service_select ON theme USING (false)",
            'stands only in the database: CREATE POLICY service_select ON "theme" FOR SELECT TO cairn_service',
        ),
        (
            "ALTER POLICY public_read ON theme TO cairn_public",
            'is only declared: CREATE POLICY public_read ON "theme" FOR SELECT TO cairn_api, cairn_public',
        ),
        (
            "REVOKE SELECT ON theme FROM cairn_public",
            'is only declared: GRANT SELECT ON "theme" TO cairn_public',
        ),
        ("CREATE VIEW all_themes AS SELECT * FROM theme", "all_themes is a view, which may lead around the fence"),
        (
            "CREATE MATERIALIZED VIEW all_themes AS SELECT * FROM theme",
            "all_themes is a materialised view, which may lead around the fence",
        ),
        (
            "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER RETURN (SELECT count(*) FROM theme)",
            "peek is a function of its owner's rights, which may lead around the fence",
        ),
        ("ALTER ROLE cairn_public LOGIN", "the role cairn_public has the attribute LOGIN"),
        ("ALTER ROLE cairn_api BYPASSRLS", "the role cairn_api has the attribute BYPASSRLS"),
        ("ALTER ROLE cairn_service SUPERUSER", "the role cairn_service has the attribute SUPERUSER"),
        ("GRANT cairn_service TO cairn_api", "the role cairn_api is a member of cairn_service"),
        (
            "ALTER TABLE lesson DROP CONSTRAINT fk_lesson_module_id_stage",
            "lesson.module_id refers to module without a foreign key that carries the stage",
        ),
        (
            "ALTER TABLE module ADD CONSTRAINT alone UNIQUE (id);"
            "ALTER TABLE lesson ADD CONSTRAINT loose FOREIGN KEY (module_id) REFERENCES module (id)",
            "the foreign key loose on lesson leaves out the stage",
        ),
    ],
)
def test_a_breach_in_the_database_is_noticed(bare: sa.Connection, change: str, noticed: str) -> None:
    bare.exec_driver_sql(change)
    found = breaches(bare)
    assert any(line.startswith(noticed) for line in found), found


def _without_public_read() -> tuple[Shape, ...]:
    return tuple(shape for shape in staged_policies() if not isinstance(shape, PublicRead))


def test_a_declared_policy_that_no_migration_made_is_noticed(
    bare: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoginToken, "__policies__", (PublicRead(),))
    assert 'is only declared: GRANT SELECT ON "login_token" TO cairn_public' in breaches(bare)


def test_a_policy_that_is_no_longer_declared_is_noticed(bare: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Theme, "__policies__", _without_public_read())
    assert any(line.startswith("stands only in the database: CREATE POLICY public_read") for line in breaches(bare))


def test_a_condition_that_was_changed_in_the_declaration_is_noticed(
    bare: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Theme, "__policies__", (PublicRead("true"), *_without_public_read()))
    found = [line for line in breaches(bare) if "public_read" in line]
    assert [line.partition(":")[0] for line in found] == ["stands only in the database", "is only declared"]


def test_a_model_that_is_missing_in_the_list_of_tables_is_noticed(
    bare: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "TABLES", tuple(each for each in models.TABLES if each is not LoginToken))
    found = breaches(bare)
    assert "login_token is a model's table and not in models.TABLES" in found
    assert "login_token stands in the database and not in models.TABLES" in found


def test_a_table_for_the_service_only_grants_nothing_to_anybody_else(bare: sa.Connection) -> None:
    assert LoginToken.__policies__ == (ServiceOnly(),)
    query = "SELECT has_table_privilege('cairn_api', 'login_token', 'SELECT')"
    assert bare.exec_driver_sql(query).scalar() is False
