"""The limit: PostgreSQL builds the whole JSON in one statement, under pgbench, without a server in between.

The same roles and row policies, prepared statements, as many clients as the servers have connections. pgbench reads
its answers without looking at them; that they are right is checked once, before anything is measured.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.queries import STATEMENTS, Page
from cairn.embedded.binaries import find_binaries
from core.viewer import DatabaseRole

CONNECTIONS = 8
_RATE = re.compile(r"tps = ([\d.]+)")
_VARIABLE = re.compile(r"(?<!:):([a-z_]+)")
# What Cairn does around the statements of a signed-in request.
_SIGNED_IN = """BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT set_config('cairn.viewer_id', :viewer_id, true), set_config('cairn.scopes', '', true);
{}COMMIT;
"""


@dataclass(frozen=True)
class Burst:
    """What a system did with one page for a few seconds. Processor times are per request, in milliseconds."""

    requests_per_second: float
    milliseconds: list[float]
    server_cpu_ms: float | None = None
    load_cpu_ms: float | None = None


@dataclass(frozen=True)
class Statement:
    """A page as one statement; the name says how it builds its JSON: `json_agg` or `string_agg`."""

    name: str
    url: str
    viewer_id: str

    def burst(self, page: Page, seconds: float) -> Burst:
        """Runs the statement over and over."""
        role = DatabaseRole.API if page.signed_in else DatabaseRole.PUBLIC
        script = _SIGNED_IN.format(self._text(page)) if page.signed_in else self._text(page)
        values = {**page.variables, "viewer_id": self.viewer_id}
        rate, times = _pgbench(self.url, role, script, values, seconds)
        return Burst(rate, times)

    def answer(self, page: Page) -> bytes:
        """The JSON that the statement builds."""
        with psycopg.connect(self.url, options=f"-c role={DatabaseRole.PUBLIC.value}") as connection:
            text = _VARIABLE.sub(r"%(\1)s", self._text(page))
            # Bytes, so that psycopg does not read the JSON.
            row = connection.execute(f"SELECT convert_to(({text.strip().rstrip(';')})::text, 'UTF8')", page.variables)
            found: tuple[bytes] | None = row.fetchone()
        assert found is not None
        return found[0]

    def megabytes(self) -> None:
        """PostgreSQL's own memory is everybody's."""

    def _text(self, page: Page) -> str:
        return (STATEMENTS / f"{page.statement}.{self.name}.sql").read_text()


def _pgbench(
    url: str, role: DatabaseRole, script: str, values: dict[str, Any], seconds: float
) -> tuple[float, list[float]]:
    """Transactions a second, and the milliseconds of each."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.sql"
        path.write_text(script)
        command: list[str] = [str(find_binaries().home / "bin" / "pgbench"), "--no-vacuum", "--protocol=prepared"]
        command += [f"--client={CONNECTIONS}", "--jobs=1", f"--time={max(1, round(seconds))}", f"--file={path}"]
        command += ["--log", *(f"--define={name}={value}" for name, value in values.items()), make_conninfo(url)]
        done = subprocess.run(
            command,
            env={**os.environ, "PGOPTIONS": f"-c role={role.value}"},
            cwd=folder,
            capture_output=True,
            text=True,
        )
        rate = _RATE.search(done.stdout)
        if done.returncode or rate is None:
            raise RuntimeError(done.stderr)
        logs = Path(folder).glob("pgbench_log.*")
        # The third word of a line is the time of one transaction, in microseconds.
        times = [int(line.split()[2]) / 1000 for log in logs for line in log.read_text().splitlines()]
    return float(rate[1]), times
