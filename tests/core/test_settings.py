"""Every setting is read from its variable, checked, named when it is wrong, and secret where it is a secret."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from cairn.settings import Settings, problems, variables

URL = "postgresql://cairn:open-sesame@localhost/cairn"
# Variable, a value that is not the default, where it ends up, and a value that is refused.
EXAMPLES: dict[str, tuple[str, str, Any, str | None]] = {
    "DATABASE_URL": (URL, "url", URL, "postgresql//oops"),
    "PORT": ("8123", "port", 8123, "70000"),
    "CAIRN_BROKER": ("redis://:word@localhost/8", "broker", "**********", "pigeons"),
    "CAIRN_ENVIRONMENT": ("production", "environment", "production", "staging"),
    "CAIRN_IDE_FOLDER": ("/srv/ide", "ide_folder", "/srv/ide", None),
    "CAIRN_HTTP__HOST": ("0.0.0.0", "http.host", "0.0.0.0", None),
    "CAIRN_HTTP__PUBLIC_URL": ("https://cairn.example/", "http.public_url", "https://cairn.example/", "cairn"),
    "CAIRN_HTTP__ALLOWED_ORIGINS": (
        '["https://app.example"]',
        "http.allowed_origins",
        ("https://app.example",),
        '["https://*.example"]',
    ),
    "CAIRN_HTTP__TRUSTED_PROXIES": (
        '["10.0.0.0/8"]',
        "http.trusted_proxies",
        "(IPv4Network('10.0.0.0/8'),)",
        '["proxy"]',
    ),
    "CAIRN_HTTP__FORWARDED_HEADER": ("forwarded", "http.forwarded_header", "forwarded", "x-real-ip"),
    "CAIRN_HTTP__MAX_BODY_BYTES": ("5000", "http.max_body_bytes", 5000, "10"),
    "CAIRN_HTTP__IDEMPOTENCY_HOURS": ("48", "http.idempotency_hours", 48, "0"),
    "CAIRN_HTTP__MAX_JSON_DEPTH": ("9", "http.max_json_depth", 9, "deep"),
    "CAIRN_STREAMS__MAX_CONNECTIONS": ("9", "streams.max_connections", 9, "0"),
    "CAIRN_STREAMS__MAX_PER_ADDRESS": ("9", "streams.max_per_address", 9, "0"),
    "CAIRN_STREAMS__MAX_PER_USER": ("9", "streams.max_per_user", 9, "0"),
    "CAIRN_STREAMS__MAX_OPERATIONS": ("9", "streams.max_operations", 9, "0"),
    "CAIRN_STREAMS__MAX_MESSAGE_BYTES": ("5000", "streams.max_message_bytes", 5000, "10"),
    "CAIRN_STREAMS__INIT_SECONDS": ("3", "streams.init_seconds", 3, "0"),
    "CAIRN_STREAMS__IDLE_SECONDS": ("60", "streams.idle_seconds", 60, "0"),
    "CAIRN_STREAMS__PING_SECONDS": ("30", "streams.ping_seconds", 30, "0"),
    "CAIRN_STREAMS__CHECK_SECONDS": ("5", "streams.check_seconds", 5, "60"),
    "CAIRN_STREAMS__SLOW_SECONDS": ("5", "streams.slow_seconds", 5, "0"),
    "CAIRN_STREAMS__LAG_SECONDS": ("30", "streams.lag_seconds", 30, "0"),
    "CAIRN_STREAMS__BACKLOG": ("100", "streams.backlog", 100, "1"),
    "CAIRN_GRAPHQL__EXECUTOR": ("levels", "graphql.executor", "levels", "fastest"),
    "CAIRN_GRAPHQL__MAX_TOKENS": ("101", "graphql.max_tokens", 101, "1"),
    "CAIRN_GRAPHQL__MAX_DEPTH": ("6", "graphql.max_depth", 6, "1"),
    "CAIRN_GRAPHQL__MAX_FIELDS": ("51", "graphql.max_fields", 51, "1"),
    "CAIRN_GRAPHQL__MAX_CHARACTERS": ("5000", "graphql.max_characters", 5000, "10"),
    "CAIRN_GRAPHQL__MAX_ROOT_FIELDS": ("10", "graphql.max_root_fields", 10, "0"),
    "CAIRN_GRAPHQL__MAX_ALIASES": ("10", "graphql.max_aliases", 10, "0"),
    "CAIRN_GRAPHQL__MAX_COST": ("5000", "graphql.max_cost", 5000, "1"),
    "CAIRN_GRAPHQL__TRUSTED_DOCUMENTS": (
        "/srv/documents.json",
        "graphql.trusted_documents",
        "/srv/documents.json",
        None,
    ),
    "CAIRN_GRAPHQL__ONLY_TRUSTED": ("false", "graphql.only_trusted", False, "true"),
    "CAIRN_HTTP__DOCUMENT_MAX_AGE": ("60", "http.document_max_age", 60, "-1"),
    "CAIRN_GRAPHQL__MAX_OBJECTS": ("101", "graphql.max_objects", 101, "1"),
    "CAIRN_GRAPHQL__MAX_STATEMENTS": ("11", "graphql.max_statements", 11, "1"),
    "CAIRN_GRAPHQL__MAX_TEXT": ("300000", "graphql.max_text", 300_000, "1"),
    "CAIRN_GRAPHQL__INTROSPECTION": ("nobody", "graphql.introspection", "nobody", "perhaps"),
    "CAIRN_DATABASE__POOL_SIZE": ("3", "database.pool_size", 3, "0"),
    "CAIRN_DATABASE__STATEMENT_TIMEOUT_MS": ("200", "database.statement_timeout_ms", 200, "1"),
    "CAIRN_DATABASE__WAIT_SECONDS": ("2", "database.wait_seconds", 2, "0"),
    "CAIRN_ISSUERS": (
        '[{"issuer": "https://id.example", "audience": "cairn"}]',
        "issuers",
        "(IssuerSettings(issuer='https://id.example', audience='cairn', algorithms=('RS256', 'ES256'), jwks_url=None, "
        "makes_people=True),)",
        '[{"issuer": "https://id.example", "audience": "cairn", "algorithms": ["HS256"]}]',
    ),
    "CAIRN_RATE_LIMITS__ENABLED": ("false", "rate_limits.enabled", False, "perhaps"),
    "CAIRN_RATE_LIMITS__STORAGE": ("redis://:pw@host:6379/1", "rate_limits.storage", "**********", "memcached://host"),
    "CAIRN_RATE_LIMITS__PER_SECOND": ("9", "rate_limits.per_second", 9, "0"),
    "CAIRN_RATE_LIMITS__BURST": ("99", "rate_limits.burst", 99, "0"),
    "CAIRN_MAIL__URL": ("smtp://u:p@mail.example", "mail.url", "**********", None),
    "CAIRN_MAIL__SENDER": ("Maya <maya@example.org>", "mail.sender", "Maya <maya@example.org>", None),
    "CAIRN_MAIL__MAILBOX": ("true", "mail.mailbox", True, "perhaps"),
    "CAIRN_WORK__THREADS": ("3", "work.threads", 3, "0"),
    "CAIRN_WORK__FACT_DAYS": ("30", "work.fact_days", 30, "0"),
    "CAIRN_WORK__JOB_DAYS": ("1", "work.job_days", 1, "0"),
    "CAIRN_WORK__IMPORTS": ("/srv/imports", "work.imports", "/srv/imports", None),
    "CAIRN_WORK__IMPORT_MAX_BYTES": ("5000", "work.import_max_bytes", 5000, "10"),
    "CAIRN_WORK__IMPORTS_OF_PERSON": ("3", "work.imports_of_person", 3, "0"),
    "CAIRN_WORK__IMPORTS_BYTES": ("5000", "work.imports_bytes", 5000, "10"),
    "CAIRN_WEBHOOKS__KEYS": (
        f'["{"k" * 43}="]',
        "webhooks.keys",
        "(SecretStr('**********'),)",
        '["short"]',
    ),
    "CAIRN_WEBHOOKS__PORTS": ("[443, 8443]", "webhooks.ports", (443, 8443), "[0]"),
    "CAIRN_WEBHOOKS__FORBIDDEN_NETWORKS": (
        '["203.0.113.0/24"]',
        "webhooks.forbidden_networks",
        "(IPv4Network('203.0.113.0/24'),)",
        '["net"]',
    ),
    "CAIRN_WEBHOOKS__ALLOWED_NETWORKS": (
        '["10.1.0.0/16"]',
        "webhooks.allowed_networks",
        "(IPv4Network('10.1.0.0/16'),)",
        '["inside"]',
    ),
    "CAIRN_WEBHOOKS__PLAIN_HTTP": ("true", "webhooks.plain_http", True, "perhaps"),
    "CAIRN_WEBHOOKS__PAUSE_AFTER_HOURS": ("24", "webhooks.pause_after_hours", 24, "0"),
    "CAIRN_WEBHOOKS__DELIVERY_DAYS": ("7", "webhooks.delivery_days", 7, "0"),
    "CAIRN_WEBHOOKS__PER_ENDPOINT": ("2", "webhooks.per_endpoint", 2, "0"),
    "CAIRN_WEBHOOKS__AT_ONCE": ("20", "webhooks.at_once", 20, "1"),
    "CAIRN_STORAGE__FOLDER": ("/srv/files", "storage.folder", "/srv/files", None),
    "CAIRN_STORAGE__BUCKET": ("files", "storage.bucket", "files", "F"),
    "CAIRN_STORAGE__ENDPOINT": ("https://s3.example", "storage.endpoint", "https://s3.example/", "s3"),
    "CAIRN_STORAGE__REGION": ("eu-central-1", "storage.region", "eu-central-1", None),
    "CAIRN_STORAGE__ACCESS_KEY": ("id", "storage.access_key", "id", None),
    "CAIRN_STORAGE__SECRET_KEY": ("secret", "storage.secret_key", "**********", None),
    "CAIRN_STORAGE__MAX_BYTES": ("5000", "storage.max_bytes", 5000, "10"),
    "CAIRN_STORAGE__PERSON_BYTES": ("5000", "storage.person_bytes", 5000, "10"),
    "CAIRN_STORAGE__PERSON_FILES": ("5", "storage.person_files", 5, "0"),
    "CAIRN_INBOX__STRIPE_SECRETS": (
        '["whsec_of-some-length", "whsec_of-other-length"]',
        "inbox.stripe_secrets",
        "(SecretStr('**********'), SecretStr('**********'))",
        '["short"]',
    ),
    "CAIRN_INBOX__TOLERANCE_SECONDS": ("60", "inbox.tolerance_seconds", 60, "1"),
    "CAIRN_INBOX__MAX_BODY_BYTES": ("5000", "inbox.max_body_bytes", 5000, "10"),
    "CAIRN_INBOX__EVENT_DAYS": ("90", "inbox.event_days", 90, "1"),
    "CAIRN_LOG__FORMAT": ("json", "log.format", "json", "xml"),
    "CAIRN_LOG__LEVEL": ("warning", "log.level", "warning", "loud"),
    "CAIRN_LOG__SAMPLE": ("0.5", "log.sample", 0.5, "2"),
    "CAIRN_LOG__SLOW_MS": ("100", "log.slow_ms", 100, "-1"),
    "CAIRN_LOG__KEY": ("a key of the house", "log.key", "**********", "short"),
    "CAIRN_METRICS__TOKEN": ("a-token-of-some-length", "metrics.token", "**********", "short"),
    "CAIRN_OTEL__ENDPOINT": ("http://collector:4318", "otel.endpoint", "http://collector:4318/", "collector"),
    "CAIRN_OTEL__SAMPLE": ("1", "otel.sample", 1.0, "2"),
    "CAIRN_OTEL__DOCUMENTS": ("true", "otel.documents", True, "perhaps"),
    "CAIRN_MAIL__APP_URL": ("https://app.example/", "mail.app_url", "https://app.example/", "app"),
}
# What makes no sense alone.
TOGETHER = {
    "CAIRN_STORAGE__ENDPOINT": {"CAIRN_STORAGE__BUCKET": "files"},
    "CAIRN_STORAGE__ACCESS_KEY": {"CAIRN_STORAGE__BUCKET": "files", "CAIRN_STORAGE__SECRET_KEY": "secret"},
    "CAIRN_STORAGE__SECRET_KEY": {"CAIRN_STORAGE__BUCKET": "files", "CAIRN_STORAGE__ACCESS_KEY": "id"},
}
CHECKED = [name for name, example in EXAMPLES.items() if example[3] is not None]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*EXAMPLES, "CAIRN_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", URL)


def test_every_setting_has_an_example_here() -> None:
    assert {name for name, *_ in variables()} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_setting_is_read_from_its_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value, place, expected, _ = EXAMPLES[name]
    for each, given in {**TOGETHER.get(name, {}), name: value}.items():
        monkeypatch.setenv(each, given)
    found: Any = Settings()
    for part in place.split("."):
        found = getattr(found, part)
    assert found == expected or str(found) == expected


@pytest.mark.parametrize("name", CHECKED)
def test_a_wrong_value_stops_the_start_and_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, str(EXAMPLES[name][3]))
    with pytest.raises(ValidationError) as refused:
        Settings()
    said = problems(refused.value)
    assert len(said) == 1
    assert f" {name} " in said[0]


def test_without_a_database_the_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert [line for line in problems(refused.value) if "DATABASE_URL" in line and "must be set" in line]


def test_a_group_of_settings_given_as_one_text_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_HTTP", "words")
    with pytest.raises(SettingsError) as refused:
        Settings()
    assert "CAIRN_HTTP" in problems(refused.value)[0]


def test_a_list_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAIRN_HTTP__ALLOWED_ORIGINS", "https://app.example")
    with pytest.raises(SettingsError) as refused:
        Settings()
    assert "CAIRN_HTTP__ALLOWED_ORIGINS" in problems(refused.value)[0]


def test_nothing_that_is_shown_of_the_settings_holds_the_password() -> None:
    found = Settings()
    assert "open-sesame" in found.url
    shown = (repr(found), str(found), found.model_dump_json(), str(found.model_dump()))
    assert not [text for text in shown if "open-sesame" in text]


def test_not_even_the_refusal_of_a_wrong_address_holds_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://cairn:open-sesame@local host/cairn?oops=1")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "open-sesame" not in " ".join(problems(refused.value))


def test_settings_do_not_change_once_they_are_read() -> None:
    found = Settings()
    with pytest.raises(ValidationError):
        setattr(found, "port", 1)  # noqa: B010 - the type checker would refuse it sooner


@pytest.mark.parametrize(("name", "_", "default", "meaning"), list(variables()), ids=lambda value: str(value)[:40])
def test_every_setting_says_what_it_means(name: str, _: str, default: str, meaning: str) -> None:
    assert meaning.endswith(".")
    assert default
