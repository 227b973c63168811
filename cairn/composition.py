"""The composition root: the one place that knows which real parts stand behind which protocol."""

from __future__ import annotations

from dataclasses import dataclass

from cairn.http.credentials import Credentials
from cairn.http.issuers import trusted
from cairn.settings import MailSettings, Settings
from core.database import Database
from gateways.mail import Mail, Mailbox, NoMail, Smtp
from graph.limits import Limits
from graph.running import Operations
from graph.schema import schema
from workers.actors import Tools


@dataclass(frozen=True)
class Parts:
    """Everything a process is made of."""

    settings: Settings
    database: Database
    credentials: Credentials
    operations: Operations
    mail: Mail


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
    limits = Limits(**settings.graphql.model_dump(exclude={"introspection", "executor"}))
    return Parts(
        settings=settings,
        database=database,
        credentials=Credentials(
            database, secure=public is not None and public.scheme == "https", issuers=trusted(settings.issuers)
        ),
        operations=Operations(schema()._schema, limits, settings.graphql.introspection, settings.graphql.executor),
        mail=mail,
    )


def tools(settings: Settings, mail: Mail | None = None) -> Tools:
    """What jobs are done with, by these settings; with another way out for mail, where one is given."""
    return Tools(
        mail=mail or mail_gateway(settings.mail),
        app_url=settings.app_url.rstrip("/"),
        imports=settings.work.imports,
        fact_days=settings.work.fact_days,
        job_days=settings.work.job_days,
    )


def mail_gateway(settings: MailSettings) -> Mail:
    """Whoever takes mail to its recipient, by these settings."""
    if settings.mailbox:
        return Mailbox()
    if settings.url is None:
        return NoMail()
    return Smtp(settings.url.get_secret_value(), settings.sender)
