"""Dramatiq's own tests, on the table of jobs: those that ask what a broker has to do.

They come with its source, not with the package that is installed. Unpack the source of that release and name its
folder `tests` in CAIRN_DRAMATIQ_TESTS; then the long form runs them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cairn.settings import PROJECT

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
OURS = Path(__file__).parent / "dramatiq_suite"
FILES = (
    "actors",
    "broker",
    "callbacks",
    "composition",
    "generic_actors",
    "messages",
    "results",
    "stub_broker",
    "worker",
)
# Those that cannot hold here, and why.
NOT_FOR_US: dict[str, str] = {
    "test_actors_can_be_sent_messages": "looks into the queue object of Dramatiq's stub",
    "test_worker_handles_non_numeric_eta_and_logs_warning": "puts a message into the queue object of the stub",
    "test_worker_handles_none_eta": "puts a message into the queue object of the stub",
    "test_stub_broker_can_be_flushed": "counts in the queue object of the stub",
    "test_stub_broker_respects_prefetch": "our consumers claim by free slots, not by prefetch",
    "test_exception_from_actor_doesnt_leak": "our adapter keeps exceptions, for those who join",
    "test_messages_belonging_to_missing_actors_are_rejected": "a job waits for a worker that knows its actor",
    "test_can_instantiate_brokers_without_middleware": "makes brokers for RabbitMQ and Redis",
    "test_messages_without_actor_not_crashing_lookup_options": "needs results in Redis",
}


@pytest.mark.skipif(not IS_LONG, reason="takes a minute or two")
def test_dramatiqs_own_tests_hold_for_what_applies(fresh_database: str, tmp_path: Path) -> None:
    source = os.environ.get("CAIRN_DRAMATIQ_TESTS")
    if not source:
        pytest.skip("NOT TRIED: CAIRN_DRAMATIQ_TESTS names no folder with Dramatiq's tests")
    folder = tmp_path / "dramatiq_tests"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name in FILES:
        shutil.copy(Path(source) / f"test_{name}.py", folder)
    shutil.copy(OURS / "common.py", folder)
    shutil.copy(OURS / "fixtures.py", folder / "conftest.py")
    failed = _failed(tmp_path, fresh_database)
    # Some of them give a worker a millisecond, which it has not on a busy machine.
    again = failed - set(NOT_FOR_US)
    assert not again or not _failed(tmp_path, fresh_database, "-k", " or ".join(again))
    assert failed - again == set(NOT_FOR_US)


def _failed(folder: Path, url: str, *options: str) -> set[str | None]:
    """The names of the tests that do not hold."""
    report = folder / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *options, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "CAIRN_DRAMATIQ_DATABASE": url},
        check=False,
    )
    cases = ElementTree.parse(report).getroot().iter("testcase")
    return {each.get("name") for each in cases if each.find("failure") is not None or each.find("error") is not None}
