"""Imports point down only, and every file has its place in the order."""

from __future__ import annotations

import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

from cairn.settings import PROJECT
from tests.house.tree import ROOMS, files

LINT = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LINT, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def _contracts() -> ConfigParser:
    parser = ConfigParser()
    parser.read(PROJECT / ".importlinter")
    return parser


def test_the_import_contracts_hold() -> None:
    linted = _lint(PROJECT)
    assert linted.returncode == 0, linted.stdout


def test_an_import_that_points_up_and_files_without_a_place_break_the_contracts(tmp_path: Path) -> None:
    for room in ROOMS:
        shutil.copytree(PROJECT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / ".importlinter", tmp_path)
    (tmp_path / "models" / "audit.py").write_text("import resolvers.audit\nimport models.content\n", encoding="utf-8")
    for room in ("models", "resolvers", "graph"):
        (tmp_path / room / "newcomer.py").write_text('"""New."""\n', encoding="utf-8")
    linted = _lint(tmp_path)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    for broken in ("models.audit -> resolvers.audit", "models.audit -> models.content"):
        assert broken in linted.stdout, linted.stdout
    for room in ("models", "resolvers", "graph"):
        assert f"{room}.newcomer" in linted.stdout, linted.stdout


def test_every_package_at_the_top_has_its_floor() -> None:
    packages = {path.parts[0] for path in files() if len(path.parts) == 2 and path.name == "__init__.py"}
    contracts = _contracts()
    floors = contracts["importlinter:contract:floors"]["layers"].replace("|", " ").split()
    assert set(contracts["importlinter"]["root_packages"].split()) == set(floors)
    assert packages - {"tests", "benchmarks"} == set(floors)
    assert set(ROOMS) == set(floors)


def test_the_order_of_the_domains_is_the_same_on_every_floor() -> None:
    contracts = _contracts()
    orders = [
        contracts[f"importlinter:contract:{room}-domains"]["layers"].replace("|", " ").split()
        for room in ("model", "resolver", "graph")
    ]
    domains = set(orders[0]) | set(orders[1])
    ranked = [[each for each in order if each in domains] for order in orders]
    for one in ranked:
        for other in ranked:
            shared = set(one) & set(other)
            assert [each for each in one if each in shared] == [each for each in other if each in shared]
