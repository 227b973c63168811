"""`cairn doctor --production`: may this installation stand on the open internet? What is unsafe is named."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import psycopg

from cairn.findings import Finding
from cairn.settings import MailSettings, Settings, StorageSettings, WebhookSettings
from core.policies import ROLES

_MOST_SKEW_SECONDS = 5
# This machine, and what clouds answer to whoever is on it.
_NEVER = tuple(map(ip_network, ("127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10")))
_EVERY_ROLE = 3  # a pool for each of the three
_LONG_TOKEN, _VARIED_TOKEN = 32, 10
# RabbitMQ's own, which everybody knows.
_DEFAULT_PASSWORD = "guest"  # noqa: S105 - the very thing that must not be one
_OWNED = """
SELECT count(*) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relowner = current_user::regrole
"""
_GOOD_ROLES = """
SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)
AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication)
"""
_LOOSE = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname
"""


def examine(settings: Settings, url: str, processes: int = 1) -> Iterator[Finding]:
    """Looks at the settings, and at the database at `url`, which so many serving processes are to use."""
    yield from _edge(settings)
    yield from _proxies(settings)
    yield from _mail(settings.mail)
    yield from _limits(settings)
    yield from _metrics(settings)
    yield from _brokers(settings)
    yield from _webhooks(settings.webhooks)
    yield from _files(settings.storage)
    with psycopg.connect(url, connect_timeout=10) as connection:
        yield from _login(connection)
        yield from _fence(connection)
        yield from _server(connection, settings, processes)


def _edge(settings: Settings) -> Iterator[Finding]:
    public = settings.http.public_url
    yield _told(
        public is not None and public.scheme == "https",
        "browsers come by https",
        "browsers do not come by https: put a proxy that speaks TLS in front, and set CAIRN_HTTP__PUBLIC_URL to its "
        "https address",
    )
    yield _told(
        settings.is_production,
        "the environment is production",
        "the environment is development: set CAIRN_ENVIRONMENT=production",
    )
    readers = "those who are permitted" if settings.introspection == "permitted" else "nobody"
    yield _told(
        settings.introspection != "everybody",
        f"the schema and the IDE are for {readers}",
        "everybody may read the schema and open the IDE: unset CAIRN_GRAPHQL__INTROSPECTION, or set it to permitted",
    )
    plain = [origin for origin in settings.http.allowed_origins if not origin.startswith("https://")]
    yield _told(
        not plain,
        "every allowed origin is https",
        f"pages that anybody on the way can change may call the API: take {', '.join(plain)} out of "
        "CAIRN_HTTP__ALLOWED_ORIGINS",
    )
    here = [each.issuer for each in settings.issuers if not each.issuer.startswith("https://")]
    yield _told(
        not here,
        "every other issuer is reached by https",
        f"tokens of issuers on this machine are taken: take {', '.join(here)} out of CAIRN_ISSUERS",
    )


def _proxies(settings: Settings) -> Iterator[Finding]:
    trusted = settings.http.trusted_proxies
    yield _told(
        bool(trusted),
        "proxies are named: clients are told apart by their own addresses",
        "no proxy is named, so that every client has the proxy's address and they share its limits: set "
        "CAIRN_HTTP__TRUSTED_PROXIES to the proxy's address",
    )
    wide = [str(each) for each in trusted if each.prefixlen == 0]
    yield _told(
        not wide,
        "no stranger is taken for a proxy",
        f"any client may say what address it has: name the proxies alone in CAIRN_HTTP__TRUSTED_PROXIES, not "
        f"{', '.join(wide)}",
    )


def _mail(mail: MailSettings) -> Iterator[Finding]:
    yield _told(
        not mail.mailbox,
        "mails are shown to nobody",
        "everybody can read every mail at /mailbox: unset CAIRN_MAIL__MAILBOX",
    )
    server = urlsplit(mail.url.get_secret_value()) if mail.url is not None else None
    yield _told(
        server is not None,
        "a mail server is named",
        "no mail server is named, and nobody can make an account: set CAIRN_MAIL__URL",
    )
    if server is not None:
        yield _told(
            server.scheme != "smtp" or _is_here(server.hostname or ""),
            "mail and the password of its server are encrypted on the way",
            "mail may go to its server unencrypted: write smtps:// or smtp+tls:// in CAIRN_MAIL__URL",
        )
    yield _told(
        "@localhost" not in mail.sender,
        "mails have a sender",
        "mails are from nobody, and will be taken for spam: set CAIRN_MAIL__SENDER",
    )
    yield _told(
        mail.app_url is None or mail.app_url.scheme == "https",
        "links in mails lead to https",
        "links in mails, which sign people in, lead to plain http: set CAIRN_MAIL__APP_URL to an https address",
    )


def _limits(settings: Settings) -> Iterator[Finding]:
    yield _told(
        settings.rate_limits.enabled,
        "tries and requests are limited",
        "passwords may be tried without end: unset CAIRN_RATE_LIMITS__ENABLED",
    )


def _metrics(settings: Settings) -> Iterator[Finding]:
    token = settings.metrics.token.get_secret_value() if settings.metrics.token is not None else None
    yield _told(
        token is None or (len(token) >= _LONG_TOKEN and len(set(token)) >= _VARIED_TOKEN),
        "metrics are shown to nobody" if token is None else "metrics are for those who have their token",
        f"the token of /metrics can be guessed: make CAIRN_METRICS__TOKEN one of {_LONG_TOKEN} random characters or "
        "more, such as openssl rand -hex 24 prints",
    )


def _brokers(settings: Settings) -> Iterator[Finding]:
    for variable, secret, what in (
        ("CAIRN_BROKER", settings.broker, "the broker"),
        ("CAIRN_RATE_LIMITS__STORAGE", settings.rate_limits.storage, "the Redis that counts tries"),
    ):
        url = urlsplit(secret.get_secret_value() if secret is not None else "")
        if not url.scheme:
            continue
        yield _told(
            bool(url.password) and url.password != _DEFAULT_PASSWORD,
            f"{what} asks for a password",
            f"{what} can be used by anybody who reaches it: give it a password of its own, and name that in {variable}",
        )
        yield _told(
            url.scheme in ("rediss", "amqps") or _is_here(url.hostname or ""),
            f"nobody on the way to {what} can listen",
            f"what goes to {what} and back, the password too, is not encrypted: write "
            f"{'amqps' if url.scheme == 'amqp' else 'rediss'}:// in {variable}",
        )


def _webhooks(webhooks: WebhookSettings) -> Iterator[Finding]:
    yield _told(
        not webhooks.plain_http,
        "webhooks are encrypted on the way",
        "webhooks may go out unencrypted: unset CAIRN_WEBHOOKS__PLAIN_HTTP",
    )
    near = [str(each) for each in webhooks.allowed_networks if any(_overlaps(each, near) for near in _NEVER)]
    yield _told(
        not near,
        "webhooks cannot reach this machine, nor the services that a cloud has for it",
        f"whoever makes a webhook reaches this machine's own services: take {', '.join(near)} out of "
        "CAIRN_WEBHOOKS__ALLOWED_NETWORKS",
    )


def _files(storage: StorageSettings) -> Iterator[Finding]:
    endpoint = storage.endpoint
    yield _told(
        endpoint is None or endpoint.scheme == "https" or _is_here(endpoint.host or ""),
        "files are encrypted on the way",
        "files, and the addresses that let anybody fetch them, go over plain http: write https:// in "
        "CAIRN_STORAGE__ENDPOINT",
    )


def _overlaps(one: Any, other: Any) -> bool:
    return bool(one.version == other.version and one.overlaps(other))


def _login(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    row = _row(connection, "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    name, is_super, bypasses = row
    yield _told(
        not is_super and not bypasses,
        f"row-level security holds for {name}",
        f"no policy holds for {name}, who is a superuser or bypasses them: serve as another role, see production.md",
    )
    (owned,) = _row(connection, _OWNED)
    yield _told(
        owned == 0 and not is_super,
        f"{name} owns no table",
        f"{name} owns the tables and could change their policies: migrate as the owner, and serve as a role that owns "
        "nothing, see production.md",
    )


def _fence(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    good = {name for (name,) in connection.execute(_GOOD_ROLES, [list(ROLES)])}
    bad = [role for role in ROLES if role not in good]
    yield _told(
        not bad,
        "the application's roles are there, and may nothing but what is granted to them",
        f"{', '.join(bad)} is missing or may more than a role of the application should: run cairn migrate, and take "
        "LOGIN, SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB and REPLICATION away",
    )
    loose = [name for (name,) in connection.execute(_LOOSE)]
    yield _told(
        not loose,
        "row-level security is forced on every table",
        f"row-level security is not forced on {', '.join(loose)}: somebody has changed the tables; compare them with "
        "cairn migrate --check",
    )


def _server(connection: psycopg.Connection[Any], settings: Settings, processes: int) -> Iterator[Finding]:
    before = time.time()
    (clock,) = _row(connection, "SELECT extract(epoch FROM clock_timestamp())")
    skew = max(before - float(clock), float(clock) - time.time(), 0)
    yield _told(
        skew <= _MOST_SKEW_SECONDS,
        "the clocks of the database and of this machine agree",
        f"the clocks of the database and of this machine differ by {skew:.0f} s: let both be set by NTP",
    )
    query = "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    (most,) = _row(connection, query)
    needed = settings.database.pool_size * _EVERY_ROLE * processes
    yield _told(
        needed < most,
        f"{processes} serving processes need {needed} connections at most, of {most}",
        f"{processes} serving processes may need {needed} connections, and the database has {most}: make "
        "CAIRN_DATABASE__POOL_SIZE smaller or max_connections larger",
    )
    (encrypted,) = _row(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    yield _told(
        encrypted or _is_here(connection.info.host),
        "nobody on the way to the database can listen",
        "what goes to the database and back is not encrypted: write sslmode=verify-full in DATABASE_URL",
    )


def _told(fine: bool, good: str, bad: str) -> Finding:
    return Finding(fine, good if fine else bad)


def _row(connection: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    found = connection.execute(query.encode()).fetchone()
    assert found is not None
    return tuple(found)


def _is_here(host: str) -> bool:
    """Whether a host is this very machine: a socket, or the loopback."""
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
