"""What holds for every file of the project."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cairn.settings import PROJECT
from tests.house.tree import TEXTS, files, modules, text

MOST_LINES = 500
MODULES = modules()
LOCKS = [path for path in files() if path.parts[0] == "requirements"] + [Path("ide/package-lock.json")]
# Written in pieces, so that this file does not hold what it looks for.
WORKPLACE = ("/".join(["", "work", ""]), "/".join(["", "tmp", "lab"]))


def test_the_rooms_are_looked_at() -> None:
    assert len(MODULES) > 100


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_file_is_too_long_to_be_read(path: Path) -> None:
    assert len(text(path).splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_public_definition_says_what_it_is(path: Path) -> None:
    tree = ast.parse(text(path))
    silent = [name for name, node in _public(tree) if ast.get_docstring(node) is None]
    assert silent == []
    assert ast.get_docstring(tree)


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _public(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Public classes and functions, and the public methods of public classes."""
    for child in node.body:
        if isinstance(child, Definition) and not child.name.startswith("_"):
            yield f"{prefix}{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from _public(child, f"{prefix}{child.name}.")


@pytest.mark.parametrize("path", LOCKS, ids=str)
def test_no_lock_says_where_packages_come_from(path: Path) -> None:
    words: tuple[str, ...] = ("index-url", "find-links", '"resolved": "http', "trusted-host")
    if path.suffix == ".txt":
        words += ("://",)
    assert [word for word in words if word in text(path)] == []


@pytest.mark.parametrize("path", [path for path in LOCKS if path.suffix == ".txt"], ids=str)
def test_every_locked_package_is_pinned_and_hashed(path: Path) -> None:
    packages = [block for block in text(path).replace("\\\n", " ").splitlines() if block[:1].isalnum()]
    assert packages
    assert [block for block in packages if "==" not in block or "--hash=sha256:" not in block] == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    found = []
    for path in files():
        if path.suffix in TEXTS:
            content = (PROJECT / path).read_bytes()
            found += [f"{path}: {word}" for word in WORKPLACE if word.encode() in content]
    assert found == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.parts[0] not in ("tests", "benchmarks")], ids=str)
def test_texts_are_spelt_in_one_way_by_the_helper_that_takes_no_longer_than_they_are_long(path: Path) -> None:
    normalises = "unicodedata.normalize" in text(path) or "from unicodedata" in text(path)
    assert not normalises or path == Path("core/text.py")
