"""The Starlette application: which address is answered by what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Mount, Route

from cairn.composition import Parts
from cairn.http.graphql import GraphqlEndpoint
from cairn.http.imports import ImportEndpoint
from cairn.http.mailbox import MailboxPage
from cairn.http.pages import IdeFiles, Pages, ide_missing, unavailable
from core.errors import RequestError
from gateways.mail import Mailbox


def application(parts: Parts) -> Starlette:
    """The application over its parts; opens the database when it starts, closes it when it stops."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await parts.database.open()
        try:
            yield
        finally:
            await parts.database.close()

    endpoint = GraphqlEndpoint(parts.database, parts.credentials, parts.operations, parts.settings.http)
    work = parts.settings.work
    imports = ImportEndpoint(parts.database, parts.credentials, work.imports, work.import_max_bytes)
    pages = Pages(parts.database, parts.credentials)
    routes: list[BaseRoute] = [
        Route("/graphql", endpoint.__call__, methods=["GET", "POST"]),
        Route("/imports", imports.__call__, methods=["POST"]),
        Route("/sign-in", pages.sign_in, methods=["GET"]),
        Route("/sign-out", pages.sign_out, methods=["POST"]),
        Route("/session", pages.session, methods=["GET"]),
        Route("/healthz", pages.healthz, methods=["GET"]),
        Route("/readyz", pages.readyz, methods=["GET"]),
        Route("/", lambda _request: RedirectResponse("/ide/", 303), methods=["GET"]),
    ]
    if isinstance(parts.mail, Mailbox):
        routes.append(Route("/mailbox", MailboxPage(parts.mail).__call__, methods=["GET"]))
    folder = parts.settings.ide_folder
    routes.append(Mount("/ide", IdeFiles(folder)) if folder.exists() else Route("/ide{rest:path}", ide_missing))
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={RequestError: unavailable})
