"""The composition root: the one place that knows which real parts stand behind which protocol."""

from __future__ import annotations

from dataclasses import dataclass

from cairn.http.credentials import Credentials
from cairn.http.issuers import trusted
from cairn.observability.logs import OperationLog
from cairn.observability.metrics import Metrics
from cairn.observability.operations import Watch
from cairn.observability.plans import SlowPlans
from cairn.observability.tracing import Tracing, tracing
from cairn.settings import MailSettings, Settings, settings
from core.database import Database
from gateways.mail import Mail, Mailbox, NoMail, Smtp
from graph.limits import Limits
from graph.running import Operations
from graph.schema import schema
from workers.mail import Postman


@dataclass(frozen=True)
class Parts:
    """Everything a process is made of."""

    settings: Settings
    database: Database
    credentials: Credentials
    operations: Operations
    mail: Mail
    postman: Postman
    watch: Watch
    metrics: Metrics | None
    tracing: Tracing | None


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
    metrics = Metrics() if settings.metrics.token else None
    spans = tracing(settings.otel)
    operation_log = OperationLog(settings.log.sample, settings.log.slow_ms, SlowPlans(schema()._schema))
    limits = Limits(**settings.graphql.model_dump(exclude={"introspection", "executor"}))
    return Parts(
        settings=settings,
        database=database,
        credentials=Credentials(
            database, secure=public is not None and public.scheme == "https", issuers=trusted(settings.issuers)
        ),
        operations=Operations(schema()._schema, limits, settings.graphql.introspection, settings.graphql.executor),
        mail=mail,
        postman=Postman(database, mail, settings.app_url),
        watch=Watch(tuple(each for each in (operation_log, metrics, spans) if each is not None)),
        metrics=metrics,
        tracing=spans,
    )


def postman(database: Database) -> Postman:
    """Whoever sends the mail that waits in a database, by this process's settings."""
    found = settings()
    return Postman(database, mail_gateway(found.mail), found.app_url)


def mail_gateway(settings: MailSettings) -> Mail:
    """Whoever takes mail to its recipient, by these settings."""
    if settings.mailbox:
        return Mailbox()
    if settings.url is None:
        return NoMail()
    return Smtp(settings.url.get_secret_value(), settings.sender)
