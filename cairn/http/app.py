"""The Starlette application: which address is answered by what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from cairn.composition import Parts
from cairn.http.addresses import ClientAddresses
from cairn.http.budgets import AddressBudgets, RequestBudget
from cairn.http.cors import with_cors
from cairn.http.exports import ExportEndpoint
from cairn.http.files import DiskEndpoint
from cairn.http.graphql import GraphqlEndpoint
from cairn.http.headers import SecurityHeaders
from cairn.http.idempotency import Repeats
from cairn.http.imports import ImportEndpoint
from cairn.http.inbound import Inbound
from cairn.http.mailbox import MailboxPage
from cairn.http.messages import ApiRequest
from cairn.http.pages import IdeFiles, Pages, failed, ide_missing, unavailable
from cairn.http.results import ResultsEndpoint
from cairn.http.streams.counting import NOBODY
from cairn.http.streams.hub import Streams
from cairn.http.streams.patience import patiently
from cairn.http.streams.sse import EventStreamEndpoint, wants_stream
from cairn.http.streams.websocket import WebSocketEndpoint
from cairn.serving import when_told_to_stop
from core.errors import RequestError
from core.viewer import SERVICE
from core.writing import transaction
from gateways.mail import Mailbox
from gateways.storage import DiskStorage
from resolvers import releases


def application(parts: Parts) -> ASGIApp:
    """The application over its parts; opens the database when it starts, closes it when it stops."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Streams]]:
        await parts.database.open()
        ending: list[asyncio.Task[None]] = []
        saying = asyncio.create_task(_say_release(parts))
        looking = parts.metrics and asyncio.create_task(parts.metrics.look_forever(parts.watch, parts.database))
        # Streams never end by themselves: whoever stops the server has them end first.
        when_told_to_stop(lambda: ending.append(asyncio.create_task(streams.close())))
        try:
            yield {"streams": streams}
        finally:
            await streams.close()
            saying.cancel()
            if looking:
                looking.cancel()
            if parts.tracing:
                await run_in_threadpool(parts.tracing.close)
            if parts.tallies is not None:
                await parts.tallies.close()
            await parts.database.close()

    http = parts.settings.http
    budget = _budget(parts)
    repeats = Repeats(parts.database, timedelta(hours=http.idempotency_hours))
    endpoint = GraphqlEndpoint(
        parts.database,
        parts.credentials,
        parts.operations,
        http,
        parts.watch,
        repeats,
        parts.tallies,
        budget,
        parts.hooks,
        parts.files,
    )
    streams = Streams(
        parts.database,
        parts.credentials,
        parts.operations,
        parts.settings.streams,
        http,
        parts.watch,
        parts.tallies,
        budget,
        # Requests need the database, too.
        answers_at_once=max(1, parts.settings.database.pool_size // 2),
        hooks=parts.hooks,
        files=parts.files,
        counting=parts.metrics.streams if parts.metrics else NOBODY,
    )
    events = EventStreamEndpoint(streams)
    work = parts.settings.work
    imports = ImportEndpoint(parts.database, parts.credentials, work)
    exports = ExportEndpoint(parts.database, parts.credentials)
    results = ResultsEndpoint(parts.database, parts.credentials)
    inbound = Inbound(parts.database, parts.settings.inbox, parts.tallies)
    pages = Pages(parts.database, parts.credentials, parts.settings.introspection, parts.tallies)
    routes: list[BaseRoute] = [
        Route("/graphql", endpoint.__call__, methods=["GET", "POST"]),
        Route("/graphql/stream", events.__call__, methods=["GET", "POST", "PUT", "DELETE"]),
        Route("/results/{id}", results.__call__, methods=["GET"]),
        Route("/exports/{id}", exports.__call__, methods=["GET"]),
        Route("/imports", imports.__call__, methods=["POST"]),
        Route("/hooks/in", inbound.hook, methods=["POST"]),
        Route("/hooks/in/{token}", inbound.hook, methods=["POST"]),
        Route("/sign-in", pages.sign_in, methods=["GET"]),
        Route("/sign-out", pages.sign_out, methods=["POST"]),
        Route("/session", pages.session, methods=["GET"]),
        Route("/healthz", pages.healthz, methods=["GET"]),
        Route("/readyz", pages.readyz, methods=["GET"]),
        Route("/", lambda _request: RedirectResponse("/ide/", 303), methods=["GET"]),
    ]
    if parts.settings.inbox.stripe_secrets:
        routes.append(Route("/hooks/stripe", inbound.stripe, methods=["POST"]))
    token = parts.settings.metrics.token
    if parts.metrics and token:
        from cairn.observability.metrics import MetricsPage

        metrics = MetricsPage(parts.metrics, token.get_secret_value(), parts.watch, parts.database)
        routes.append(Route("/metrics", metrics.__call__, methods=["GET"]))
    if isinstance(parts.files.storage, DiskStorage):
        disk = DiskEndpoint(parts.files.storage)
        routes.append(Route("/files/{ticket}", disk.put, methods=["PUT"]))
        routes.append(Route("/files/{ticket}", disk.get, methods=["GET"]))
    if isinstance(parts.mail, Mailbox):
        public = http.public_url
        page = MailboxPage(parts.mail, None if public is None else public.host)
        routes.append(Route("/mailbox", page.__call__, methods=["GET"]))
    folder = parts.settings.ide_folder
    routes.append(
        Mount("/ide", IdeFiles(folder, pages.may_open_ide))
        if folder.exists()
        else Route("/ide{rest:path}", ide_missing)
    )
    sockets = WebSocketEndpoint(streams)
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={RequestError: unavailable, Exception: failed})
    return _fortified(_straight_to(endpoint, events, sockets, app), parts, budget)


def _straight_to(
    endpoint: GraphqlEndpoint, events: EventStreamEndpoint, sockets: WebSocketEndpoint, app: ASGIApp
) -> ASGIApp:
    """Leads requests for the API to it without looking through the routes, which costs a tenth of a small answer."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/graphql" and scope["method"] in ("POST", "GET"):
            request = ApiRequest(scope, receive, send)
            answers = events if wants_stream(request.headers.get("accept", "")) else endpoint
            response = await answers(request)
            await response(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == "/graphql":
            await sockets(WebSocket(scope, receive, send))
        else:
            await app(scope, receive, send)

    return handle


def _budget(parts: Parts) -> RequestBudget | None:
    limits = parts.settings.rate_limits
    return RequestBudget(limits.per_second, limits.burst) if limits.enabled else None


def _fortified(app: ASGIApp, parts: Parts, budget: RequestBudget | None) -> ASGIApp:
    """What stands around every address: who is asking from where, how often, and what browsers are told."""
    http = parts.settings.http
    if budget is not None:
        app = AddressBudgets(app, budget)
    app = with_cors(app, http.allowed_origins)
    if http.trusted_proxies:
        app = ClientAddresses(app, http.trusted_proxies, http.forwarded_header)
    return SecurityHeaders(app, https=parts.credentials.secure)


async def _say_release(parts: Parts) -> None:
    """Says once which release of the code runs; where the database is away, as soon as it is there."""

    async def say() -> None:
        async with transaction(parts.database, SERVICE) as tx:
            await releases.note(tx, parts.operations.release)

    await patiently(say)
