"""Trusted documents: those that client apps were built with, known by their sha256 before anybody asks for them.

A manifest is what the tools of client apps write: a JSON object of id to text (Relay, GraphQL Code Generator), or
Apollo's list of operations. An id is the sha256 of the text in hex, with or without `sha256:` in front.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, SeveralErrors
from graph.documents.accepting import Refused, hash_of
from graph.documents.prepared import Prepared

PREFIX = "sha256:"
Store = dict[str, dict[str | None, Prepared]]


class Untrustworthy(SeveralErrors):
    """Documents that cannot be used: one error for each of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__([InvalidInput(each) for each in problems])


def read_manifest(path: Path) -> dict[str, str]:
    """The texts of a manifest by their sha256 in hex; raises `Untrustworthy`."""
    try:
        found = _entries(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Untrustworthy([f"{path} cannot be read: {error.strerror}."]) from error
    except ValueError as error:
        raise Untrustworthy([f"{path} is no manifest: it must be a JSON object of document ids to texts."]) from error
    wrong = [
        f"{path}: the id {name[:80]} is not the sha256 of its text, which is {PREFIX}{hash_of(text)}."
        for name, text in found.items()
        if name.removeprefix(PREFIX) != hash_of(text)
    ]
    if wrong:
        raise Untrustworthy(wrong)
    return {name.removeprefix(PREFIX): text for name, text in found.items()}


def trusted(texts: Mapping[str, str], accept: Callable[[str], dict[str | None, Prepared]]) -> Store:
    """The documents, ready to run, by hash; raises `Untrustworthy`, naming each that this server would refuse."""
    store: Store = {}
    problems = []
    for hash, text in texts.items():
        try:
            store[hash] = accept(text)
        except Refused as refused:
            problems += [f"{PREFIX}{hash} {_beginning(text)}: {error.message}" for error in refused.errors]
    if problems:
        raise Untrustworthy(problems)
    return store


def _entries(found: Any) -> dict[str, str]:
    if isinstance(found, dict) and isinstance(found.get("operations"), list):
        listed = [each if isinstance(each, dict) else {} for each in found["operations"]]
        found = {str(each.get("id")): each.get("body") for each in listed}
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise ValueError
    return found


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:40] + "…"
