"""Settings: every environment variable the system reads, typed, checked at start, documented in one place."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import (
    AliasChoices,
    BaseModel,
    Field,
    HttpUrl,
    IPvAnyNetwork,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

# Signatures that only the issuer can make. Those with a shared secret are never taken.
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
# Plain HTTP is for issuers on this very machine.
_ISSUER_URL = r"^(https://|http://(127\.0\.0\.1|localhost)[:/])"
Environment = Literal["development", "production"]
Openness = Literal["everybody", "permitted", "nobody"]
# An origin as browsers write it: no path, no wildcard, and never `null`, which any page can be.
Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.-]+(:\d+)?$", max_length=300)]
SigningSecret = Annotated[SecretStr, Field(min_length=16, max_length=200)]
PROJECT = Path(__file__).resolve().parent.parent


class HttpSettings(BaseModel):
    """The HTTP edge."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    public_url: HttpUrl | None = Field(
        None, description="The address that browsers use, where a proxy stands in front; https makes cookies secure."
    )
    allowed_origins: tuple[Origin, ...] = Field(
        (),
        description="Origins of front ends elsewhere whose pages may call the API, as a JSON list; see production.md.",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description="Addresses or networks of one's own proxies, as a JSON list; only they say who the client is."
    )
    forwarded_header: Literal["x-forwarded-for", "forwarded"] = Field(
        "x-forwarded-for", description="The header in which trusted proxies write down the client's address."
    )
    max_body_bytes: int = Field(1_000_000, ge=1_000, description="Largest request body, in bytes.")
    idempotency_hours: int = Field(
        24,
        ge=1,
        le=24 * 30,
        description="How long a mutation with an `Idempotency-Key` is remembered, in hours.",
    )
    max_json_depth: int = Field(64, ge=8, description="Deepest nesting of a request body.")
    document_max_age: int = Field(
        0,
        ge=0,
        le=86_400,
        description="Seconds that caches may show answers to trusted documents for anonymous readers without asking.",
    )


class StreamSettings(BaseModel):
    """Subscriptions over WebSockets and server-sent events."""

    max_connections: int = Field(5_000, ge=1, description="Most connections of streams in one process.")
    max_per_address: int = Field(100, ge=1, description="Most of them from one address; this machine is not counted.")
    max_per_user: int = Field(50, ge=1, description="Most of them of one person.")
    max_operations: int = Field(50, ge=1, le=1_000, description="Most operations at once on one connection.")
    max_message_bytes: int = Field(200_000, ge=1_000, description="Largest message that a client may send, in bytes.")
    init_seconds: float = Field(
        10, gt=0, le=60, description="How long a client may take to say who it is, or to come for what it reserved."
    )
    idle_seconds: float = Field(300, gt=0, description="How long a connection may stay on which nothing runs.")
    ping_seconds: float = Field(20, gt=0, description="How often it is tried whether a quiet connection still stands.")
    check_seconds: float = Field(
        10, gt=0, le=25, description="How often it is asked whether those who are told nothing may still be there."
    )
    slow_seconds: float = Field(10, gt=0, description="How long a client may take to accept one message.")
    lag_seconds: float = Field(60, gt=0, description="How long a client that was up to date may be behind.")
    backlog: int = Field(1_000, ge=10, description="How many recent facts each process keeps for its streams.")


class GraphqlSettings(BaseModel):
    """Limits of a GraphQL operation."""

    max_characters: int = Field(100_000, ge=1_000, description="Longest document, in characters.")
    max_tokens: int = Field(1_000, ge=100, description="Most tokens in a document that is not trusted.")
    max_depth: int = Field(20, ge=5, description="Deepest nesting of a document, fragments followed.")
    max_fields: int = Field(2_000, ge=50, description="Most fields in a document's operations, fragments followed.")
    max_root_fields: int = Field(50, ge=1, description="Most root fields in an operation, fragments followed.")
    max_aliases: int = Field(200, ge=1, description="Most aliases in an operation, fragments followed.")
    max_cost: int = Field(25_000, ge=1_000, description="What an operation may cost; see documents.md.")
    max_objects: int = Field(10_000, ge=100, description="Most objects in an answer, each counted where it is shown.")
    max_statements: int = Field(200, ge=10, description="Most statements that one request may cost.")
    max_text: int = Field(250_000, ge=200_000, description="Most characters of one text in a variable.")
    introspection: Openness | None = Field(
        None,
        description="Who may ask for the schema, see names suggested in errors, and open the IDE: `everybody`, who is "
        "`permitted` (`schema:read`), or `nobody`; when unset, everybody in development and the permitted elsewhere.",
    )
    trusted_documents: Path | None = Field(
        None, description="A manifest of trusted documents, as JSON; see documents.md."
    )
    only_trusted: bool = Field(False, description="Whether readers may run trusted documents alone.")
    executor: Literal["planned", "levels", "graphql-core"] = Field(
        "planned", description="How operations run: `planned`, or for comparison `levels` or `graphql-core`."
    )

    @field_validator("only_trusted")
    @classmethod
    def _has_something_to_trust(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("trusted_documents") is None:
            raise ValueError("There must be trusted documents: set CAIRN_GRAPHQL__TRUSTED_DOCUMENTS.")
        return value


class DatabaseSettings(BaseModel):
    """How the database is used."""

    pool_size: int = Field(8, ge=2, le=200, description="Most connections per database role in one process.")
    statement_timeout_ms: int = Field(
        15_000, ge=100, description="Longest a single statement may run, in milliseconds."
    )
    wait_seconds: int = Field(10, ge=1, le=300, description="Longest a request waits for a free connection.")


class RateLimitSettings(BaseModel):
    """How often things may be tried."""

    enabled: bool = Field(True, description="Whether tries and requests are counted at all: for measurements only.")
    storage: SecretStr | None = Field(
        None, description="Where tries are counted: `redis://host:6379/0`, or the database when unset."
    )
    per_second: int = Field(50, ge=1, description="Requests a second of one address or person, in one process.")
    burst: int = Field(500, ge=1, description="Requests at once of an address or person that has been quiet.")

    @field_validator("storage")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.match(r"rediss?://[^/]", value.get_secret_value()):
            raise ValueError("This is no address of a Redis, such as redis://localhost:6379/0.")
        return value


class MailSettings(BaseModel):
    """Mail that goes out."""

    url: SecretStr | None = Field(
        None,
        description="The mail server: `smtp://user:password@host:587`, `smtps://` for TLS from the start, "
        "`smtp+tls://` to insist on it.",
    )
    sender: str = Field("Cairn <cairn@localhost>", description="Who mails are from.")
    mailbox: bool = Field(
        False, description="Keep mails in memory and show them at `/mailbox`: for development, never in production."
    )
    app_url: HttpUrl | None = Field(
        None, description="The front end that links in mails lead to; the public URL when unset."
    )


class WorkSettings(BaseModel):
    """What is done in the background."""

    threads: int = Field(8, ge=1, le=200, description="How many jobs one worker process does at once.")
    fact_days: int = Field(365, ge=1, description="How many days the log of facts reaches back.")
    job_days: int = Field(7, ge=1, description="How many days jobs are kept that are done or cancelled.")
    imports: Path = Field(PROJECT / ".cairn" / "imports", description="Where files to be imported wait for it.")
    import_max_bytes: int = Field(200_000_000, ge=1_000, description="Largest file to be imported, in bytes.")
    imports_of_person: int = Field(10, ge=1, description="How many files of one person may wait to be imported.")
    imports_bytes: int = Field(
        20_000_000_000, ge=1_000, description="Most bytes of all files together that wait to be imported."
    )


class StorageSettings(BaseModel):
    """Files that people upload."""

    folder: Path = Field(
        PROJECT / ".cairn" / "files", description="Where files are kept, unless a bucket is named; see uploads.md."
    )
    bucket: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="The bucket in which files are kept, in S3 or whatever speaks its protocol.",
    )
    endpoint: HttpUrl | None = Field(None, description="The address of whatever speaks it; when unset, that of AWS.")
    region: str | None = Field(None, description="The bucket's region; when unset, what AWS's tools are told.")
    access_key: str | None = Field(None, description="The key's id; when unset, what AWS's tools are told.")
    secret_key: SecretStr | None = Field(None, description="The key itself; both or neither.")
    max_bytes: int = Field(500_000_000, ge=1_000, description="Largest file, in bytes.")
    person_bytes: int = Field(2_000_000_000, ge=1_000, description="Most bytes of one person's files.")
    person_files: int = Field(1_000, ge=1, description="Most files of one person.")

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> StorageSettings:
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("Set both CAIRN_STORAGE__ACCESS_KEY and CAIRN_STORAGE__SECRET_KEY, or neither.")
        if self.bucket is None and (self.endpoint is not None or self.access_key is not None):
            raise ValueError("Name the bucket in CAIRN_STORAGE__BUCKET.")
        return self


class InboxSettings(BaseModel):
    """What others send us."""

    stripe_secrets: tuple[SigningSecret, ...] = Field(
        (),
        description="The signing secrets of Stripe's endpoint, as a JSON list: several while one is rotated. Without "
        "any, `/hooks/stripe` is not there.",
    )
    tolerance_seconds: int = Field(
        300, ge=10, le=3600, description="How far the timestamp of a signature may lie in the past and in the future."
    )
    max_body_bytes: int = Field(500_000, ge=1_000, description="Largest body that is taken, in bytes.")
    event_days: int = Field(30, ge=7, description="How many days what came in is kept, once it is handled.")


class WebhookSettings(BaseModel):
    """Webhooks that go out."""

    keys: tuple[SecretStr, ...] = Field(
        (),
        description="Keys under which signing secrets are kept, as a JSON list, the newest first; see webhooks.md. "
        "Without any there are no webhooks.",
    )
    ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = Field(
        (443,), description="Ports that are sent to, as a JSON list; an empty one allows all."
    )
    allowed_networks: tuple[IPvAnyNetwork, ...] = Field(
        (), description="Networks besides the open internet that may be sent to, as a JSON list."
    )
    forbidden_networks: tuple[IPvAnyNetwork, ...] = Field(
        (), description="Networks of the open internet that must not be sent to, such as addresses of your own."
    )
    plain_http: bool = Field(False, description="Whether addresses without TLS may be sent to.")
    pause_after_hours: int = Field(
        72, ge=1, le=24 * 30, description="After how many hours in which nothing got through a webhook is paused."
    )
    delivery_days: int = Field(30, ge=1, description="How many days deliveries and their attempts are kept.")
    per_endpoint: int = Field(8, ge=1, le=100, description="Most deliveries at once to one webhook.")
    at_once: int = Field(100, ge=2, le=1_000, description="Most deliveries at once from one worker process.")

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for each in value:
            if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", each.get_secret_value()):
                raise ValueError("A key is 32 random bytes in URL-safe base64; `cairn webhooks key` makes one.")
        return value


class LogSettings(BaseModel):
    """What is logged, and how."""

    format: Literal["text", "json"] = Field("text", description="One line for the eye, or one JSON object, a record.")
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    sample: float = Field(
        0.01, ge=0, le=1, description="Fraction logged of the queries that go well and fast; all else always is."
    )
    slow_ms: int = Field(
        500, ge=0, description="From how many milliseconds on an operation is slow: a warning with its plan."
    )
    key: SecretStr | None = Field(
        None,
        min_length=16,
        description="Keys the hashes that name accounts where sign-ins fail; without it each process has its own.",
    )


class MetricsSettings(BaseModel):
    """Metrics for Prometheus."""

    token: SecretStr | None = Field(
        None, min_length=16, description="The bearer token that `/metrics` asks for; when unset, there are no metrics."
    )


class OtelSettings(BaseModel):
    """Spans for an OpenTelemetry collector."""

    endpoint: HttpUrl | None = Field(
        None, description="The collector, such as `http://collector:4318`; when unset, there are no spans."
    )
    sample: float = Field(
        0.1, ge=0, le=1, description="Fraction traced of the operations whose caller has not decided that already."
    )
    documents: bool = Field(False, description="Whether spans hold the document's text.")


class IssuerSettings(BaseModel):
    """Another issuer whose bearer tokens are taken."""

    issuer: str = Field(pattern=_ISSUER_URL, max_length=300)
    audience: str = Field(min_length=1)
    algorithms: tuple[Algorithm, ...] = ("RS256", "ES256")
    jwks_url: str | None = Field(None, pattern=_ISSUER_URL)
    makes_people: bool = True


class Settings(BaseSettings):
    """Everything that is configurable. Nested names are joined by two underscores."""

    model_config = SettingsConfigDict(
        env_prefix="CAIRN_", env_nested_delimiter="__", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: SecretStr = Field(
        validation_alias="DATABASE_URL",
        description="PostgreSQL 15 or newer, as a libpq URL. When unset, `cairn dev` brings a server of its own.",
    )
    port: int = Field(
        8000, ge=0, le=65535, validation_alias=AliasChoices("PORT", "CAIRN_PORT"), description="Port to listen on."
    )
    broker: SecretStr = Field(
        SecretStr("postgres"),
        description="What wakes workers: `postgres`, or one that carries wake-ups, as `redis://…` or `amqp://…`.",
    )
    environment: Environment | None = Field(
        None, description="What this installation is for; when unset, production if the public URL is https."
    )
    ide_folder: Path = Field(PROJECT / "ide" / "dist", description="The built IDE.")
    http: HttpSettings = Field(default_factory=HttpSettings, description="The HTTP edge.")
    streams: StreamSettings = Field(default_factory=StreamSettings, description="Streams.")
    graphql: GraphqlSettings = Field(default_factory=GraphqlSettings, description="Limits.")
    database: DatabaseSettings = Field(default_factory=DatabaseSettings, description="Use.")
    issuers: tuple[IssuerSettings, ...] = Field(
        (),
        description="Other issuers whose bearer tokens are taken, as a JSON list; see bring-your-own-identity.md.",
    )
    rate_limits: RateLimitSettings = Field(default_factory=RateLimitSettings, description="Rate limits.")
    mail: MailSettings = Field(default_factory=MailSettings, description="Mail.")
    work: WorkSettings = Field(default_factory=WorkSettings, description="Background work.")
    storage: StorageSettings = Field(default_factory=StorageSettings, description="Files.")
    inbox: InboxSettings = Field(default_factory=InboxSettings, description="What others send us.")
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings, description="Webhooks.")
    log: LogSettings = Field(default_factory=LogSettings, description="Logs.")
    metrics: MetricsSettings = Field(default_factory=MetricsSettings, description="Metrics.")
    otel: OtelSettings = Field(default_factory=OtelSettings, description="Spans.")

    @field_validator("database_url")
    @classmethod
    def _is_a_connection_string(cls, value: SecretStr) -> SecretStr:
        try:
            conninfo_to_dict(value.get_secret_value())
        except psycopg.Error as error:
            # The reason may quote the password: it stays unsaid.
            raise ValueError("This is no libpq connection string, such as postgresql://user@host/name.") from error
        return value

    @field_validator("broker")
    @classmethod
    def _is_a_broker(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"postgres|(rediss?|amqps?)://\S+", value.get_secret_value()):
            raise ValueError("This is neither postgres nor an address that begins with redis:// or amqp://.")
        return value

    @property
    def is_production(self) -> bool:
        """Whether this installation stands on the open internet, or does as if."""
        if self.environment is not None:
            return self.environment == "production"
        return self.http.public_url is not None and self.http.public_url.scheme == "https"

    @property
    def introspection(self) -> Openness:
        """Who may ask for the schema."""
        return self.graphql.introspection or ("permitted" if self.is_production else "everybody")

    @property
    def app_url(self) -> str:
        """Where links in mails lead to."""
        found = self.mail.app_url or self.http.public_url
        return str(found) if found else f"http://localhost:{self.port}"

    @property
    def url(self) -> str:
        """The database's connection string."""
        return self.database_url.get_secret_value()


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process; raises what `problems` puts into words when something is missing or wrong."""
    return Settings()


def problems(error: ValidationError | SettingsError) -> list[str]:
    """What is wrong with the settings, one sentence per variable, which it names as the environment does."""
    if isinstance(error, SettingsError):
        group = str(error).partition('"')[2].partition('"')[0].upper()
        if group == "ISSUERS":
            return ["The setting CAIRN_ISSUERS is not right: It must be a JSON list. See docs/settings.md."]
        lists = [name for name, kind, *_ in variables() if kind == "json" and name.startswith(f"CAIRN_{group}__")]
        if lists and f"CAIRN_{group}" not in os.environ:
            return [f"The setting {' or '.join(lists)} is not right: It must be a JSON list. See docs/settings.md."]
        return [f"CAIRN_{group} is a group of settings: set those in it one by one. See docs/settings.md."]
    found = []
    for each in error.errors():
        # What is wrong within a list is named by the list.
        variable = "__".join(str(part) for part in takewhile(lambda part: isinstance(part, str), each["loc"])).upper()
        if variable not in (name for name, *_ in variables()):
            variable = f"CAIRN_{variable}"
        reason = "It must be set." if each["type"] == "missing" else each["msg"].removeprefix("Value error, ")
        found.append(f"The setting {variable} is not right: {reason.rstrip('.')}. See docs/settings.md.")
    return found


def variables() -> Iterator[tuple[str, str, str, str]]:
    """(variable, type, default, meaning) of everything that can be set."""
    yield from _variables(Settings, "CAIRN_")


def table() -> str:
    """The Markdown page of all variables, as `docs/settings.md` holds it."""
    lines = [
        "# Settings",
        "",
        "Every environment variable that Cairn reads, checked at start: a wrong value stops the start and is named.",
        "This page is generated by `make schema`; a test compares it with the code.",
        "",
        "| variable | type | default | meaning |",
        "|---|---|---|---|",
        *(f"| `{name}` | {kind} | {default} | {meaning} |" for name, kind, default, meaning in variables()),
    ]
    return "\n".join(lines) + "\n"


def _variables(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, info in model.model_fields.items():
        nested = info.annotation
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            yield from _variables(nested, f"{prefix}{name.upper()}__")
            continue
        yield _name(name, info, prefix), _kind(info), _default(info), info.description or ""


def _name(name: str, info: FieldInfo, prefix: str) -> str:
    alias: Any = info.validation_alias
    if isinstance(alias, AliasChoices):
        alias = alias.choices[0]
    return str(alias) if alias else f"{prefix}{name.upper()}"


def _kind(info: FieldInfo) -> str:
    annotation: Any = info.annotation
    if type(None) in get_args(annotation):
        (annotation,) = (each for each in get_args(annotation) if each is not type(None))
    if get_origin(annotation) is tuple:
        return "json"
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    if isinstance(annotation, type):
        return "secret" if annotation is SecretStr else annotation.__name__.lower()
    return "url"


def _default(info: FieldInfo) -> str:
    if info.default is PydanticUndefined:
        return "none: must be set"
    if info.default is None:
        return "unset"
    default = info.default.get_secret_value() if isinstance(info.default, SecretStr) else info.default
    if isinstance(default, tuple):
        return f"`{list(default)}`"
    if isinstance(default, Path) and default.is_relative_to(PROJECT):
        default = default.relative_to(PROJECT)
    return f"`{default.value if isinstance(default, StrEnum) else default}`"
