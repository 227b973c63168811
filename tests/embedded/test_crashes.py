"""Whatever is killed, nothing stays behind and nothing committed is lost."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from cairn.embedded import EmbeddedPostgres
from cairn.embedded.accounts import server_account
from cairn.embedded.binaries import find_binaries, readable_by
from cairn.embedded.processes import wait_until

from .lookout import ask, is_running, needs_proc, parent_of, postmaster_of

pytestmark = needs_proc
Start = Callable[..., EmbeddedPostgres]
SECONDS = 20

# A shell starts background jobs with Ctrl-C ignored, and so would be every program these tests start from one.
SUPERVISOR = """
import signal, sys
from pathlib import Path
from cairn.embedded import EmbeddedPostgres
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    with EmbeddedPostgres(Path(sys.argv[1])) as server:
        print(server.url(), flush=True)
        sys.stdin.read()
except KeyboardInterrupt:
    print("stopped", flush=True)
"""

BUSY_CLIENT = """
import sys, psycopg
psycopg.connect(sys.argv[1]).execute("do $$ begin loop end loop; end $$")
"""


@contextmanager
def supervisor_on(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process that runs the server of a folder, in a process group of its own; and how to connect."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            yield process, line_of(process)
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that a process says; fails when it stays silent."""
    readable, _, _ = select.select([process.stdout], [], [], SECONDS)
    assert readable, f"nothing was said for {SECONDS} seconds"
    return process.stdout.readline().strip()


def write_note(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table note as select 'kept' as text")


def test_ctrl_c_stops_the_server_cleanly(folder: Path) -> None:
    with supervisor_on(folder) as (supervisor, _):
        server = postmaster_of(folder)
        os.killpg(supervisor.pid, signal.SIGINT)
        assert line_of(supervisor) == "stopped"
        assert supervisor.wait(SECONDS) == 0
    assert not is_running(server)
    assert "database system is shut down" in (folder / "server.log").read_text().splitlines()[-1]


def test_the_server_ends_when_its_supervisor_is_killed(folder: Path, start: Start) -> None:
    with supervisor_on(folder) as (supervisor, url):
        server = postmaster_of(folder)
        socket = Path(psycopg.conninfo.conninfo_to_dict(url)["host"])
        write_note(url)
        supervisor.kill()
        assert wait_until(lambda: not is_running(server), SECONDS)
    assert wait_until(lambda: not socket.exists(), SECONDS)
    assert ask(start(folder), "select text from note") == "kept"


def test_a_start_right_after_the_kill_takes_over(folder: Path, start: Start) -> None:
    with supervisor_on(folder) as (supervisor, url):
        write_note(url)
        supervisor.kill()
        supervisor.wait(SECONDS)
        assert ask(start(folder), "select text from note") == "kept"


def test_the_server_ends_when_supervisor_and_guard_are_killed_together(folder: Path, start: Start) -> None:
    with supervisor_on(folder) as (supervisor, url):
        server = postmaster_of(folder)
        socket = Path(psycopg.conninfo.conninfo_to_dict(url)["host"])
        write_note(url)
        for pid in (parent_of(server), supervisor.pid):
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not is_running(server), SECONDS)
    assert ask(start(folder), "select text from note") == "kept"
    assert not socket.exists(), "the next start removes what nobody was left to remove"


def test_a_killed_server_is_noticed_and_recovers(folder: Path, start: Start) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    write_note(server.url())
    os.kill(postmaster_of(folder), signal.SIGKILL)
    assert wait_until(lambda: not server.alive(), SECONDS)
    server.start()
    assert ask(server, "select text from note") == "kept"
    server.stop()
    assert "automatic recovery in progress" in (folder / "server.log").read_text()


def test_a_busy_query_that_outlived_its_server_does_not_stand_in_the_way(folder: Path, start: Start) -> None:
    server = start(folder)
    busy = "select pid from pg_stat_activity where query like 'do $$ begin loop%' and state = 'active'"
    with subprocess.Popen([sys.executable, "-c", BUSY_CLIENT, server.url()], stderr=subprocess.DEVNULL) as client:
        try:
            assert wait_until(lambda: ask(server, busy) is not None, SECONDS)
            backend = ask(server, busy)
            os.kill(postmaster_of(folder), signal.SIGKILL)
            assert wait_until(lambda: not server.alive(), SECONDS)
            assert is_running(backend)
            server.start()
            assert ask(server, "select 1") == 1
            assert not is_running(backend)
        finally:
            client.kill()


def test_an_orphan_on_the_same_data_is_ended_and_replaced(folder: Path, start: Start, tmp_path: Path) -> None:
    start(folder).stop()
    account = server_account(folder.stat().st_uid, folder / "data")
    binaries = readable_by(account, find_binaries())
    dropped = {"user": account.uid, "group": account.gid, "extra_groups": []} if account.is_other else {}
    command = [binaries.postgres, "-D", "/proc/self/cwd", "--listen_addresses=", "--unix_socket_directories=."]
    with subprocess.Popen(command, cwd=folder / "data", stderr=subprocess.DEVNULL, **dropped) as orphan:
        ready = folder / "data" / "postmaster.pid"
        assert wait_until(lambda: ready.exists() and "ready" in ready.read_text(), SECONDS)
        assert ask(start(folder), "select 1") == 1
        assert orphan.wait(SECONDS) == 0
    assert postmaster_of(folder) != orphan.pid


def test_a_stale_pid_file_that_names_a_stranger_is_ignored(folder: Path, start: Start) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        (folder / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n/proc/self/cwd\n0\n5432\n/tmp\n")
        assert ask(start(folder), "select 1") == 1
        assert stranger.poll() is None
        stranger.communicate(b"\n")


def test_a_first_start_that_was_interrupted_begins_again(tmp_path: Path, start: Start) -> None:
    half_made = tmp_path / "postgres" / "data.new" / "base"
    half_made.mkdir(parents=True)
    (half_made / "1").write_text("half")
    assert ask(start(tmp_path / "postgres"), "select 1", "postgres") == 1
    assert not half_made.exists()
