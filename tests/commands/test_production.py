"""`cairn doctor --production` passes what is safe, and refuses each thing that is not, by name and with its cure."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql
from pydantic import SecretStr

from cairn.settings import Settings
from tests.support.clients import Client
from tests.support.servers import RunningApplication, execute

from .conftest import Cairn

SAFE = {
    "CAIRN_HTTP__PUBLIC_URL": "https://cairn.example",
    "CAIRN_HTTP__TRUSTED_PROXIES": '["10.0.0.5/32"]',
    "CAIRN_MAIL__URL": "smtps://user:pw@mail.example",
    "CAIRN_MAIL__SENDER": "Cairn <hello@cairn.example>",
    "CAIRN_MAIL__APP_URL": "https://app.example",
}


@pytest.fixture
def ide_folder(tmp_path: Path) -> str:
    """Where an IDE is built."""
    (tmp_path / "dist").mkdir()
    return str(tmp_path / "dist")


@pytest.fixture
def login(fresh_database: str) -> Iterator[str]:
    """A migrated database, reached as a role that owns nothing and may act as the application's roles."""
    name = f"cairn_test_login_{secrets.token_hex(4)}"
    execute(fresh_database, "CREATE ROLE {} LOGIN PASSWORD 'pw' IN ROLE cairn_public, cairn_api, cairn_service", name)
    try:
        yield conninfo.make_conninfo(fresh_database, user=name, password="pw")
    finally:
        execute(fresh_database, "DROP ROLE {}", name)


def test_a_safe_installation_passes(cairn: Cairn, login: str, ide_folder: str) -> None:
    outcome = cairn("doctor", "--production", DATABASE_URL=login, CAIRN_IDE_FOLDER=ide_folder, **SAFE)
    assert "wrong" not in outcome.err
    assert outcome.code == 0
    assert len(outcome.err.splitlines()) >= 22


def test_brokers_that_are_guarded_pass(cairn: Cairn, login: str, ide_folder: str) -> None:
    guarded = {
        "CAIRN_BROKER": "amqps://cairn:sesame@rabbit.example/v",
        "CAIRN_RATE_LIMITS__STORAGE": "redis://:sesame@127.0.0.1:6379/1",
        "CAIRN_METRICS__TOKEN": secrets.token_hex(24),
    }
    outcome = cairn("doctor", "--production", DATABASE_URL=login, CAIRN_IDE_FOLDER=ide_folder, **SAFE, **guarded)
    assert outcome.code == 0, outcome.err
    assert "sesame" not in outcome.err


def test_files_must_not_go_over_plain_http_and_their_bucket_must_answer(
    cairn: Cairn, login: str, ide_folder: str
) -> None:
    variables = {"CAIRN_STORAGE__BUCKET": "files", "CAIRN_STORAGE__ENDPOINT": "http://files.invalid"}
    keys = {"CAIRN_STORAGE__ACCESS_KEY": "id", "CAIRN_STORAGE__SECRET_KEY": "sesame", "CAIRN_STORAGE__REGION": "eu"}
    everything = {"CAIRN_IDE_FOLDER": ide_folder, **SAFE, **variables, **keys}
    outcome = cairn("doctor", "--production", DATABASE_URL=login, **everything)
    wrong = [line for line in outcome.err.splitlines() if line.startswith("wrong")]
    assert len(wrong) == 2
    assert "the bucket files does not answer" in wrong[0]
    assert "https:// in CAIRN_STORAGE__ENDPOINT" in wrong[1]
    assert "sesame" not in outcome.err


def test_a_login_that_owns_nothing_is_enough_to_serve(login: str) -> None:
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(login)))
    client = Client(running.start())
    try:
        assert client.http.get(f"{client.url}/readyz").text == "ready\n"
        assert client.do("accountStartAnonymously", "account { isAnonymous }")["account"]["isAnonymous"]
        assert client.ask("{ viewer { kind } courses { totalCount } }")["viewer"]["kind"] == "USER"
    finally:
        client.http.close()
        running.stop()


def test_without_the_option_nothing_of_it_is_asked_for(cairn: Cairn, fresh_database: str, ide_folder: str) -> None:
    outcome = cairn("doctor", DATABASE_URL=fresh_database, CAIRN_IDE_FOLDER=ide_folder)
    assert (outcome.code, "https" in outcome.err) == (0, False)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CAIRN_HTTP__PUBLIC_URL", "", "set CAIRN_HTTP__PUBLIC_URL"),
        ("CAIRN_HTTP__PUBLIC_URL", "http://cairn.example", "set CAIRN_HTTP__PUBLIC_URL"),
        ("CAIRN_ENVIRONMENT", "development", "CAIRN_ENVIRONMENT=production"),
        ("CAIRN_GRAPHQL__INTROSPECTION", "everybody", "unset CAIRN_GRAPHQL__INTROSPECTION"),
        ("CAIRN_HTTP__ALLOWED_ORIGINS", '["http://app.example"]', "out of CAIRN_HTTP__ALLOWED_ORIGINS"),
        ("CAIRN_ISSUERS", '[{"issuer": "http://localhost:9/", "audience": "x"}]', "out of CAIRN_ISSUERS"),
        ("CAIRN_HTTP__TRUSTED_PROXIES", "[]", "set CAIRN_HTTP__TRUSTED_PROXIES"),
        ("CAIRN_HTTP__TRUSTED_PROXIES", '["0.0.0.0/0"]', "name the proxies alone"),
        ("CAIRN_MAIL__MAILBOX", "true", "unset CAIRN_MAIL__MAILBOX"),
        ("CAIRN_MAIL__URL", "", "set CAIRN_MAIL__URL"),
        ("CAIRN_MAIL__URL", "smtp://u:p@mail.example", "smtp+tls://"),
        ("CAIRN_MAIL__SENDER", "", "set CAIRN_MAIL__SENDER"),
        ("CAIRN_MAIL__APP_URL", "http://app.example", "set CAIRN_MAIL__APP_URL"),
        ("CAIRN_RATE_LIMITS__ENABLED", "false", "unset CAIRN_RATE_LIMITS__ENABLED"),
        ("CAIRN_WEBHOOKS__PLAIN_HTTP", "true", "unset CAIRN_WEBHOOKS__PLAIN_HTTP"),
        ("CAIRN_WEBHOOKS__ALLOWED_NETWORKS", '["10.0.0.0/8", "0.0.0.0/0"]', "take 0.0.0.0/0 out of"),
        ("CAIRN_DATABASE__POOL_SIZE", "200", "CAIRN_DATABASE__POOL_SIZE smaller"),
        ("CAIRN_METRICS__TOKEN", "metrics-metrics-metrics-metrics-metrics", "CAIRN_METRICS__TOKEN"),
        ("CAIRN_METRICS__TOKEN", "0123456789abcdef", "CAIRN_METRICS__TOKEN"),
        ("CAIRN_BROKER", "redis://localhost/1", "a password of its own, and name that in CAIRN_BROKER"),
        ("CAIRN_BROKER", "redis://:word@redis.example/1", "rediss:// in CAIRN_BROKER"),
        (
            "CAIRN_BROKER",
            "amqps://guest:guest@rabbit.example/v",
            "a password of its own, and name that in CAIRN_BROKER",
        ),
        ("CAIRN_BROKER", "amqp://u:word@rabbit.example/v", "amqps:// in CAIRN_BROKER"),
        ("CAIRN_RATE_LIMITS__STORAGE", "rediss://redis.example/1", "that in CAIRN_RATE_LIMITS__STORAGE"),
        ("CAIRN_RATE_LIMITS__STORAGE", "redis://:word@10.0.0.7/1", "rediss:// in CAIRN_RATE_LIMITS__STORAGE"),
    ],
)
def test_an_unsafe_setting_is_refused_with_its_cure(
    cairn: Cairn, login: str, ide_folder: str, variable: str, value: str, said: str
) -> None:
    variables = {**SAFE, "CAIRN_IDE_FOLDER": ide_folder, variable: value}
    outcome = cairn("doctor", "--production", DATABASE_URL=login, **variables)
    assert outcome.code == 1
    assert any(said in line for line in outcome.err.splitlines() if line.startswith("wrong")), outcome.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE theme NO FORCE ROW LEVEL SECURITY", "not forced on theme"),
        ("CREATE TABLE stray (id int)", "not forced on stray"),
        ("UPDATE alembic_version SET version_num = '0001'", "run cairn migrate"),
    ],
)
def test_a_database_that_was_changed_is_refused(
    cairn: Cairn, login: str, fresh_database: str, ide_folder: str, change: str, said: str
) -> None:
    with psycopg.connect(fresh_database) as connection:
        connection.execute(sql.SQL(change))  # type: ignore[arg-type]
    outcome = cairn("doctor", "--production", DATABASE_URL=login, CAIRN_IDE_FOLDER=ide_folder, **SAFE)
    assert outcome.code == 1
    wrong = [line for line in outcome.err.splitlines() if line.startswith("wrong")]
    assert len(wrong) == 1
    assert said in wrong[0]


def test_serving_as_the_owner_or_a_superuser_is_refused(cairn: Cairn, fresh_database: str, ide_folder: str) -> None:
    outcome = cairn("doctor", "--production", DATABASE_URL=fresh_database, CAIRN_IDE_FOLDER=ide_folder, **SAFE)
    wrong = [line for line in outcome.err.splitlines() if line.startswith("wrong")]
    assert outcome.code == 1
    assert len(wrong) == 2
    assert "no policy holds" in wrong[0]
    assert "owns the tables" in wrong[1]


def test_more_processes_need_more_connections(cairn: Cairn, login: str, ide_folder: str) -> None:
    variables = {**SAFE, "CAIRN_IDE_FOLDER": ide_folder}
    outcome = cairn("doctor", "--production", "--workers", "64", DATABASE_URL=login, **variables)
    assert outcome.code == 1
    assert "64 serving processes may need 1536 connections" in outcome.err
