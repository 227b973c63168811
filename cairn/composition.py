"""The composition root: the one place that knows which real parts stand behind which protocol."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cairn.http.credentials import Credentials, OtherIssuers
from cairn.http.origins import Origins, origin_of_url
from cairn.observability.logs import OperationLog
from cairn.observability.operations import Watch
from cairn.observability.plans import SlowPlans
from cairn.observability.tracing import Tracing, tracing
from cairn.settings import GraphqlSettings, MailSettings, Openness, RateLimitSettings, Settings
from core.database import Database
from core.sealing import Sealer
from gateways.mail import Mail, Mailbox, NoMail, Smtp
from gateways.storage import DiskStorage, Storage
from gateways.tallies import Tallies
from gateways.webhooks import HttpSender, Reach
from graph.documents.trusted import read_manifest
from graph.limits import Limits
from graph.payloads import StoredQueries
from graph.running import Operations
from graph.schema import schema
from resolvers.requests.limits import PostgresTallies
from resolvers.uploads import Files
from resolvers.webhooks.kit import Hooks, Rules
from workers.actors import Tools

if TYPE_CHECKING:
    from cairn.observability.metrics import Metrics


@dataclass(frozen=True)
class Parts:
    """Everything a process is made of."""

    settings: Settings
    database: Database
    credentials: Credentials
    operations: Operations
    mail: Mail
    tallies: Tallies | None
    watch: Watch
    metrics: Metrics | None
    tracing: Tracing | None
    hooks: Hooks
    files: Files


def compose(settings: Settings) -> Parts:
    """The parts for these settings. Nothing is opened yet."""
    database = Database(
        settings.url,
        pool_size=settings.database.pool_size,
        statement_timeout_ms=settings.database.statement_timeout_ms,
        wait_seconds=settings.database.wait_seconds,
    )
    public = settings.http.public_url
    mail = mail_gateway(settings.mail)
    metrics, spans = _metrics(settings), tracing(settings.otel)
    runs = operations(settings.graphql, settings.introspection)
    operation_log = OperationLog(settings.log.sample, settings.log.slow_ms, SlowPlans(schema()._schema))
    return Parts(
        settings=settings,
        database=database,
        credentials=Credentials(
            database,
            secure=public is not None and public.scheme == "https",
            issuers=_issuers(settings),
            origins=Origins(
                own=None if public is None else origin_of_url(str(public)),
                allowed=frozenset(settings.http.allowed_origins),
            ),
        ),
        operations=runs,
        mail=mail,
        tallies=tallies(settings.rate_limits, database),
        watch=Watch(tuple(each for each in (operation_log, metrics, spans) if each is not None)),
        metrics=metrics,
        tracing=spans,
        hooks=hooks(settings, runs),
        files=files(settings),
    )


def tools(settings: Settings, mail: Mail | None = None) -> Tools:
    """What jobs are done with, by these settings; with another way out for mail, where one is given."""
    return Tools(
        mail=mail or mail_gateway(settings.mail),
        app_url=settings.app_url.rstrip("/"),
        imports=settings.work.imports,
        fact_days=settings.work.fact_days,
        job_days=settings.work.job_days,
        event_days=settings.inbox.event_days,
        hooks=hooks(settings, operations(settings.graphql, settings.introspection)),
        files=files(settings),
    )


def hooks(settings: Settings, runs: Operations) -> Hooks:
    """What webhooks work with, by these settings."""
    found = settings.webhooks
    reach = Reach(found.allowed_networks, found.ports, found.plain_http, found.forbidden_networks)
    rules = Rules(found.pause_after_hours, found.delivery_days, found.per_endpoint, found.at_once)
    sealer = Sealer([each.get_secret_value() for each in found.keys])
    return Hooks(StoredQueries(runs), HttpSender(reach), sealer, rules)


def files(settings: Settings) -> Files:
    """Where files are kept, by these settings: in a bucket where one is named, on this machine's disk otherwise."""
    found = settings.storage
    return Files(storage(settings), found.max_bytes, found.person_bytes, found.person_files)


def storage(settings: Settings) -> Storage:
    """Whoever keeps files."""
    found = settings.storage
    if found.bucket is None:
        public = settings.http.public_url
        # Without an address of our own, one that is relative to that of the API.
        return DiskStorage(found.folder, f"{'' if public is None else str(public).rstrip('/')}/files")
    # Some megabytes, which those whose files are on the disk can do without.
    from gateways.storage.s3 import S3Storage

    return S3Storage(
        found.bucket,
        endpoint=None if found.endpoint is None else str(found.endpoint),
        region=found.region,
        access_key=found.access_key,
        secret_key=None if found.secret_key is None else found.secret_key.get_secret_value(),
    )


def operations(settings: GraphqlSettings, introspection: Openness = "everybody") -> Operations:
    """What runs documents, the trusted ones made ready; raises `Untrustworthy` when one of them would be refused."""
    limits = Limits(**settings.model_dump(include={each.name for each in fields(Limits)}))
    made = Operations(schema()._schema, limits, introspection, settings.executor, only_trusted=settings.only_trusted)
    if settings.trusted_documents is not None:
        made.trust(read_manifest(settings.trusted_documents))
    return made


def tallies(settings: RateLimitSettings, database: Database) -> Tallies | None:
    """Whoever counts tries, by these settings; nobody where nothing is limited."""
    if not settings.enabled:
        return None
    if settings.storage is None:
        return PostgresTallies(database)
    # Several megabytes, which those who have no Redis can do without.
    from gateways.redis import RedisTallies

    return RedisTallies(settings.storage.get_secret_value())


def _metrics(settings: Settings) -> Metrics | None:
    # Only those who want metrics import what makes them.
    if settings.metrics.token is None:
        return None
    from cairn.observability.metrics import Metrics

    return Metrics()


def _issuers(settings: Settings) -> OtherIssuers | None:
    # What reads their tokens takes ten megabytes, which those who have no other issuer can do without.
    if not settings.issuers:
        return None
    from cairn.http.issuers import trusted

    return trusted(settings.issuers)


def mail_gateway(settings: MailSettings) -> Mail:
    """Whoever takes mail to its recipient, by these settings."""
    if settings.mailbox:
        return Mailbox()
    if settings.url is None:
        return NoMail()
    return Smtp(settings.url.get_secret_value(), settings.sender)
