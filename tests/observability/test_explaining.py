"""Plans in words: `cairn explain`, and the page about the engine that shows what it prints."""

from __future__ import annotations

import re
from pathlib import Path

from cairn.settings import PROJECT
from tests.commands.conftest import Cairn, cairn

__all__ = ["cairn"]
SHOWN = re.compile(r"^```graphql\n(?P<document>.*?)^```.*?^```text\n(?P<plan>.*?)^```", re.MULTILINE | re.DOTALL)
MIXED = """query Mixed($size: Int!) {
    courses(first: $size) { nodes { title publishState modules { lessons { blocks {
        id ... on MultipleChoiceQuestion { choices { id } } } } } } } }"""


def explained(cairn: Cairn, folder: Path, document: str, *options: str) -> str:
    path = folder / "document.graphql"
    path.write_text(document)
    outcome = cairn("explain", str(path), *options)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


def test_the_page_about_the_engine_shows_what_is_printed(cairn: Cairn, tmp_path: Path) -> None:
    shown = SHOWN.search((PROJECT / "docs/engine.md").read_text())
    assert shown is not None
    assert explained(cairn, tmp_path, shown["document"]) == shown["plan"]


def test_fields_are_told_by_how_they_come_to_be(cairn: Cairn, tmp_path: Path) -> None:
    said = explained(cairn, tmp_path, MIXED, "--variables", '{"size": 2}')
    notes = dict(re.findall(r"^ *(\S+)  +(.+)$", said.partition("\nRound trip")[0], re.M))
    assert notes["courses"] == "round trip 1, statement 1"
    assert notes["title"] == "column title"
    assert notes["publishState"] == notes["choices"] == "batch, called once for all objects of the level"
    assert notes["blocks"] == "round trip 1, statement 4"
    assert "… on MultipleChoiceQuestion\n" in said
    assert said.count("\nStatement ") == 4


def test_a_variable_that_is_missing_and_a_document_that_is_wrong_are_told_in_a_sentence(
    cairn: Cairn, tmp_path: Path
) -> None:
    path = tmp_path / "document.graphql"
    for document, options, word in (
        (MIXED, (), "$size"),
        (MIXED, ("--variables", "{"), "JSON"),
        (MIXED, ("--operation", "Other"), "Other"),
        ("{ nonsense }", (), "nonsense"),
    ):
        path.write_text(document)
        outcome = cairn("explain", str(path), *options)
        assert (outcome.code, outcome.out) == (1, "")
        assert word in outcome.err
