"""`docs/import-olx.md` explains every finding there is, and no other."""

import re
from pathlib import Path

from gateways.olx import IssueCode, OlxLimits

PAGE = (Path(__file__).parents[3] / "docs/import-olx.md").read_text()


def test_every_finding_is_explained() -> None:
    section = PAGE.split("## What is reported")[1].split("\n## ")[0]
    explained = re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert sorted(explained) == sorted(code.value for code in IssueCode)


def test_the_limits_are_the_documented_ones() -> None:
    limits = OlxLimits()
    assert f"more than {limits.members:,} files" in PAGE
    assert f"{limits.total_bytes >> 30} GiB in all, {limits.file_bytes >> 30} GiB in one file" in PAGE
    assert f"{limits.document_bytes >> 20} MiB in one text, or {limits.components:,} parts" in PAGE
