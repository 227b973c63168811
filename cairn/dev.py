"""`cairn dev`: database, migrations, demo content, API, IDE and worker in one process tree, with one Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from pydantic import HttpUrl, SecretStr
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from cairn import serving
from cairn.composition import Parts, compose, tools
from cairn.demo import loading
from cairn.embedded import EmbeddedPostgres
from cairn.http.app import application
from cairn.local import FOLDER, NAME
from cairn.observability import logs
from cairn.settings import LogSettings, Settings, WebhookSettings, settings
from core.database import Database
from core.sealing import new_key
from core.viewer import SERVICE
from core.writing import transaction
from migrations import running
from models.identity import Role
from resolvers import identity
from workers.running import Worker

# Beside the API in one process: enough to see everything work.
DEV_THREADS = 2
EDITOR = ("editor@cairn.example", "Demo editor")
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def run(console: Console, listener: socket.socket) -> None:
    """Runs until Ctrl-C or SIGTERM; a database that dies on its own is started again. Closes the listener."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    try:
        if os.environ.get("DATABASE_URL"):
            _serve(console, listener, None)
            return
        while True:
            with EmbeddedPostgres(FOLDER) as server:
                server.create_database_if_missing(NAME)
                os.environ["DATABASE_URL"] = server.url(NAME)
                settings.cache_clear()
                if not _serve(console, listener, server):
                    return
                console.print("[yellow]PostgreSQL ended unexpectedly; starting it again.[/yellow]")
                del os.environ["DATABASE_URL"]
    finally:
        listener.close()


def _serve(console: Console, listener: socket.socket, server: EmbeddedPostgres | None) -> bool:
    """Serves until told to stop (False) or until the database is gone (True)."""
    url = settings().url
    running.upgrade(url)
    address = f"http://localhost:{listener.getsockname()[1]}"
    link = asyncio.run(_prepare(console, url))
    found = settings()
    logs.set_up(_quiet(found.log))
    parts = compose(_for_development(found, address))
    chosen = {**serving.options(found), "timeout_graceful_shutdown": 5}
    api = serving.Server(uvicorn.Config(application(parts), lifespan="on", **chosen))
    return asyncio.run(_until_stopped(api, listener, server, parts, lambda: _greet(console, address, link)))


def _quiet(found: LogSettings) -> LogSettings:
    """Between the greeting and Ctrl-C only what wants to be seen is said, unless somebody asked for more."""
    return found if "level" in found.model_fields_set else found.model_copy(update={"level": "warning"})


def _for_development(found: Settings, address: str) -> Settings:
    """The settings, with a mailbox where no mail server is named, links that lead here, and webhooks that may, too."""
    app_url = found.mail.app_url or HttpUrl(address)
    mailbox = found.mail.url is None
    mail = found.mail.model_copy(update={"mailbox": mailbox, "app_url": app_url})
    return found.model_copy(update={"mail": mail, "webhooks": _to_this_machine(found.webhooks)})


def _to_this_machine(found: WebhookSettings) -> WebhookSettings:
    """Webhooks that may go to this machine itself, unless somebody said otherwise, under a key of this clone's own."""
    usual = {"keys": (SecretStr(_key()),), "allowed_networks": LOOPBACK, "ports": (), "plain_http": True}
    unsaid = {name: value for name, value in usual.items() if name not in found.model_fields_set}
    return found.model_copy(update=unsaid)


def _key() -> str:
    """The key of this clone, made the first time."""
    path = FOLDER.parent / "webhooks.key"
    with contextlib.suppress(FileExistsError):
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as file:
            file.write(new_key())
    return path.read_text().strip()


async def _until_stopped(
    api: uvicorn.Server,
    listener: socket.socket,
    server: EmbeddedPostgres | None,
    parts: Parts,
    greet: Callable[[], None],
) -> bool:
    beside = asyncio.create_task(_beside(api, server, parts, greet))
    try:
        # A copy, because uvicorn closes its sockets, and a restart after a lost database needs the port again.
        await api.serve(sockets=[listener.dup()])
    finally:
        beside.cancel()
        (outcome,) = await asyncio.gather(beside, return_exceptions=True)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome is True


async def _beside(
    api: uvicorn.Server, server: EmbeddedPostgres | None, parts: Parts, greet: Callable[[], None]
) -> bool:
    """What goes on beside the API: greeting, background work, watching the database. True when that is gone."""
    await _until(lambda: api.started, 0.05)
    greet()
    worker = Worker(parts.settings.url, tools(parts.settings, parts.mail), threads=DEV_THREADS)
    await asyncio.to_thread(worker.start)
    try:
        await _until(lambda: server is not None and not server.alive(), 1)
    finally:
        await asyncio.to_thread(worker.stop)
    api.should_exit = True
    return True


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for rings no bell
        await asyncio.sleep(seconds)


async def _prepare(console: Console, url: str) -> str:
    """Demo content where there is none, and a fresh sign-in link for the demo editor."""
    database = Database(url, pool_size=2)
    await database.open()
    try:
        with _course_progress(console) as progress:
            await loading.load(database, progress)
        async with transaction(database, SERVICE) as tx:
            user_id = await identity.ensure_user(tx, *EDITOR, Role.EDITOR)
            return await identity.create_login_token(tx, user_id)
    finally:
        await database.close()


@contextlib.contextmanager
def _course_progress(console: Console) -> Iterator[loading.Progress]:
    bar = Progress(
        TextColumn("Demo content"), BarColumn(), TextColumn("{task.description}"), console=console, transient=True
    )
    with bar:
        task = bar.add_task("", total=len(loading.courses()), visible=False)

        def advance(title: str) -> None:
            bar.update(task, description=title, visible=True, advance=1)

        yield advance


def _greet(console: Console, address: str, token: str) -> None:
    console.print()
    console.print("[bold]Cairn is up.[/bold] Stop it with Ctrl-C.")
    console.print(f"  API      {address}/graphql", highlight=False)
    console.print(f"  IDE      {address}/ide/", highlight=False)
    console.print(f"  Mailbox  {address}/mailbox", highlight=False)
    console.print(f"  Sign in  {address}/sign-in?token={token}", highlight=False, soft_wrap=True)
    console.print("           (as an editor; this link works once, within half an hour)", style="dim")
    console.print()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
