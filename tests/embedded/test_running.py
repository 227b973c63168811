"""A server of our own: it starts where it is asked to, keeps to itself, and keeps what it was told."""

import os
import re
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cairn.embedded import EmbeddedPostgres

from .lookout import ask, needs_proc, postmaster_of

Start = Callable[..., EmbeddedPostgres]


def test_the_first_start_makes_a_database_that_outlives_the_server(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        assert server.create_database_if_missing() is True
        assert server.create_database_if_missing() is False
        ask(server, "create table note as select 'kept' as text")
    assert not server.alive()
    with EmbeddedPostgres(tmp_path / "postgres") as server:
        assert server.alive()
        assert ask(server, "select text from note") == "kept"


def test_text_is_unicode_in_a_locale_that_is_the_same_everywhere_and_time_is_utc(folder: Path, start: Start) -> None:
    server = start(folder)
    assert ask(server, "select current_setting('server_encoding')") == "UTF8"
    assert ask(server, "select datlocale from pg_database where datname = 'cairn'") == "C.UTF-8"
    assert ask(server, "select lower('ÅSÉ')") == "åsé"
    assert ask(server, "select current_setting('timezone')") == "UTC"


def test_a_durable_server_waits_for_the_disk_and_one_for_tests_does_not(folder: Path) -> None:
    query = "select string_agg(current_setting(name), ' ') from unnest('{fsync,full_page_writes}'::text[]) as name"
    with EmbeddedPostgres(folder) as server:
        assert ask(server, query) == "on on"
    with EmbeddedPostgres(folder, durable=False) as server:
        assert ask(server, query) == "off off"


@pytest.mark.parametrize(
    "name", ["with space and ünïcödé 山", "/".join(["deep" * 10] * 5)], ids=["odd characters", "very deep"]
)
def test_the_clone_may_have_any_name(tmp_path: Path, name: str) -> None:
    with EmbeddedPostgres(tmp_path / name / ".cairn" / "postgres", durable=False) as server:
        assert ask(server, "select 1", "postgres") == 1


def test_starting_and_stopping_twice_is_the_same_as_once(folder: Path) -> None:
    server = EmbeddedPostgres(folder, durable=False)
    server.start()
    url = server.url()
    server.start()
    assert server.url() == url
    server.stop()
    server.stop()
    assert not server.alive()
    with pytest.raises(RuntimeError, match="has not been started"):
        server.url()


def test_a_server_started_by_a_thread_outlives_the_thread(folder: Path) -> None:
    server = EmbeddedPostgres(folder, durable=False)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    assert ask(server, "select 1") == 1
    server.stop()


def test_only_the_owner_can_read_what_we_write(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    with EmbeddedPostgres(folder, durable=False) as server:
        socket = Path(psycopg.conninfo.conninfo_to_dict(server.url())["host"])
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
        files = [path for path in folder.iterdir() if path.is_file()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert not socket.exists()


def test_folders_that_were_there_before_keep_their_mode_and_owner(tmp_path: Path) -> None:
    above = [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]
    above[2].mkdir(parents=True)
    above[1].chmod(0o711)
    above[2].chmod(0o1750)
    before = [path.stat() for path in above]
    with EmbeddedPostgres(above[2] / ".cairn" / "postgres", durable=False):
        pass
    after = [path.stat() for path in above]
    assert [(s.st_mode, s.st_uid, s.st_gid) for s in after] == [(s.st_mode, s.st_uid, s.st_gid) for s in before]


@needs_proc
def test_there_is_no_network_port(folder: Path, start: Start) -> None:
    server = start(folder)
    assert ask(server, "select current_setting('listen_addresses')") == ""
    descriptors = Path(f"/proc/{postmaster_of(folder)}/fd").iterdir()
    sockets = {m[1] for d in descriptors if (m := re.match(r"socket:\[(\d+)\]", os.readlink(d)))}
    ports = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    assert not sockets & {line.split()[9] for line in ports.splitlines() if line[:1] == " "}


def test_two_clones_do_not_meet(tmp_path: Path, start: Start) -> None:
    one, other = start(tmp_path / "one"), start(tmp_path / "other")
    for server in (one, other):
        server.create_database_if_missing()
    ask(one, "create table only_here ()")
    assert ask(other, "select to_regclass('only_here')") is None
    password = psycopg.conninfo.conninfo_to_dict(one.url())["password"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(other.url(), password=password)


def test_psql_connects_by_the_service_file(folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start(folder)
    monkeypatch.setenv("PGSERVICEFILE", str(folder / "service.conf"))
    with psycopg.connect("service=cairn") as connection:
        assert connection.execute("select current_database()").fetchone() == ("cairn",)


def test_settings_of_other_databases_in_the_environment_do_no_harm(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGDATA": "/nowhere", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, value)
    assert ask(start(folder), "select 1") == 1


def test_the_log_does_not_grow_without_end(folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cairn.embedded.server.LOG_LIMIT_BYTES", 20_000)
    server = start(folder)
    ask(server, "do $$ begin for i in 1..2000 loop raise warning 'line % of many', i; end loop; end $$")
    server.stop()
    assert (folder / "server.log").stat().st_size < 100_000
    assert (folder / "server.log.1").stat().st_size < 100_000
