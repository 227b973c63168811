"""One PostgreSQL for the whole run, one migrated template, one clone and one running application per worker."""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_network
from pathlib import Path

import psycopg
import uvicorn
from psycopg import conninfo, sql
from pydantic import SecretStr

from cairn.composition import Parts, compose, tools
from cairn.http.app import application
from cairn.scratch import scratch_server
from cairn.serving import Server, options
from cairn.settings import RateLimitSettings, Settings, StorageSettings, WebhookSettings
from migrations import running
from workers.running import Worker

DEADLINE_SECONDS = 30
_FILES = tempfile.TemporaryDirectory(prefix="cairn-files-")
# Receivers of tests are on this very machine.
WEBHOOKS = WebhookSettings(
    keys=(SecretStr(urlsafe_b64encode(b"kept under this key by all tests!"[:32]).decode()),),
    ports=(),
    allowed_networks=(ip_network("127.0.0.0/8"),),
    plain_http=True,
)


class DatabaseServer:
    """The server of a test run: started once, shared by all workers."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.url = ""
        self.template = f"cairn_template_{secrets.token_hex(4)}"

    def start(self) -> None:
        """Starts the server (or takes the one of `DATABASE_URL`) and migrates the template."""
        self.url = self._stack.enter_context(scratch_server())
        execute(self.url, "CREATE DATABASE {} TEMPLATE template0", self.template)
        running.upgrade(conninfo.make_conninfo(self.url, dbname=self.template))

    def stop(self) -> None:
        """Drops the template and stops the server."""
        if self.url:
            execute(self.url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", self.template)
        self._stack.close()


def execute(url: str, statement: str, name: str) -> None:
    """Runs one statement about one database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


@contextmanager
def cloned(server_url: str, template: str) -> Iterator[str]:
    """A database of one's own, cloned from the template; dropped in the end."""
    name = f"cairn_test_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    try:
        yield conninfo.make_conninfo(server_url, dbname=name)
    finally:
        execute(server_url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


class RunningApplication:
    """The real application behind a real socket, in a thread of this process.

    One that `works` on some queues does their jobs, too. It names them, because several applications
    may share a database for a while, each with a mailbox and a folder of its own.
    """

    def __init__(self, settings: Settings, *, works: tuple[str, ...] = ()) -> None:
        settings = _for_tests(settings)
        self.parts: Parts = compose(settings)
        self._worker = (
            Worker(settings.url, tools(settings, self.parts.mail), queues=works, threads=2) if works else None
        )
        chosen = {**options(settings), "log_level": "error"}
        self._server = Server(
            uvicorn.Config(application(self.parts), host="127.0.0.1", port=0, lifespan="on", **chosen)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._up = threading.Event()

    def start(self) -> str:
        """Starts it and answers its address."""
        startup = self._server.startup

        async def startup_and_tell(sockets: object = None) -> None:
            await startup(sockets)  # type: ignore[arg-type]
            self._up.set()

        self._server.startup = startup_and_tell  # type: ignore[method-assign]
        self._thread.start()
        if self._worker is not None:
            self._worker.start()
        if not self._up.wait(DEADLINE_SECONDS) or not self._server.started:
            raise RuntimeError("The application did not start.")
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._server.server_state.connections)

    def settle(self) -> None:
        """Waits for the mail that was asked for so far: sent, or to be tried again later."""
        waiting = "SELECT 1 FROM job WHERE queue = 'mail' AND state IN ('queued', 'running') AND run_at <= now()"
        deadline = time.monotonic() + DEADLINE_SECONDS
        with psycopg.connect(self.parts.settings.url, autocommit=True) as connection:
            while connection.execute(waiting).fetchone():
                assert time.monotonic() < deadline, "The mail was not sent."
                time.sleep(0.01)

    def stop(self) -> None:
        """Stops it and waits."""
        if self._worker is not None:
            self._worker.stop()
        self._server.should_exit = True
        self._thread.join(DEADLINE_SECONDS)


def _for_tests(settings: Settings) -> Settings:
    """What tests need where they do not say otherwise.

    Fewer connections than usual, because dozens of applications share one server; webhooks that may go to this
    machine; as many requests of one person as a test has; and files that are gone with the process.
    """
    if "webhooks" not in settings.model_fields_set:
        settings = settings.model_copy(update={"webhooks": WEBHOOKS})
    if "rate_limits" not in settings.model_fields_set:
        settings = settings.model_copy(update={"rate_limits": RateLimitSettings(per_second=10_000, burst=100_000)})
    if "storage" not in settings.model_fields_set:
        settings = settings.model_copy(update={"storage": StorageSettings(folder=Path(_FILES.name))})
    if "pool_size" in settings.database.model_fields_set:
        return settings
    return settings.model_copy(update={"database": settings.database.model_copy(update={"pool_size": 4})})
