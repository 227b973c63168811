"""`docs/import-olx.md` explains every finding of the importer, and no other, and the command's exit codes."""

from __future__ import annotations

import re

from cairn.importing import DONE, FAILED, WITH_ISSUES
from resolvers.importing.issues import Code
from tests.importing.running import ROOT

PAGE = (ROOT / "docs/import-olx.md").read_text()


def test_every_finding_is_explained() -> None:
    section = PAGE.split("## What the importer adds")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)) == sorted(code.value for code in Code)


def test_every_exit_code_is_explained() -> None:
    section = PAGE.split("## Exit codes")[1].split("\n## ")[0]
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", section, flags=re.MULTILINE)]
    assert codes == [DONE, FAILED, 2, WITH_ISSUES]
