"""The values of a plan as they will stand: links turned into ours, formats checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from core.errors import SeveralErrors
from core.writing import checked
from gateways import olx
from models.curriculum import Block, BlockFormat
from resolvers.formats import BY_KIND
from resolvers.formats.base import validated
from resolvers.importing.issues import Code, Issue, static_path, storable
from resolvers.importing.planning import Plan, Planned, titled

_COLUMNS = ("title", "body", "points", "is_required")


def linked(made: Plan, ids: Mapping[str, str]) -> Plan:
    """The plan with links to units as `cairn:<id>`, links to files as `/static/<name>`, and values as they will stand.

    A link to what has no id stays as the reader wrote it, and is reported.
    """
    issues = list(made.issues)
    nodes = [_settled(_rewritten(node, made.targets, ids, issues), issues) for node in made.nodes]
    return replace(made, nodes=nodes, issues=issues)


def _rewritten(node: Planned, targets: Mapping[str, str], ids: Mapping[str, str], issues: list[Issue]) -> Planned:
    missing: dict[str, None] = {}

    def rewrite(kind: olx.LinkKind, name: str) -> str:
        if kind is olx.LinkKind.STATIC:
            return static_path(name)
        target = ids.get(targets.get(name, ""))
        if target is not None:
            return f"cairn:{target}"
        if name in targets:
            missing[name] = None
        return f"olx:unit/{quote(name, safe='')}"

    values = {name: _in_texts(value, rewrite) for name, value in node.values.items()}
    for name in missing:
        reason = f"A link leads to {targets[name]}, which is not in the draft; it works once that was imported."
        issues.append(_issue("warning", Code.LINK_TARGET_MISSING, node, reason))
    return replace(node, values=values)


def _in_texts(value: Any, rewrite: Callable[[olx.LinkKind, str], str]) -> Any:
    if isinstance(value, str):
        return olx.rewrite_references(storable(value), rewrite)
    if isinstance(value, list | tuple):
        return [_in_texts(each, rewrite) for each in value]
    if isinstance(value, dict):
        return {name: _in_texts(each, rewrite) for name, each in value.items()}
    return value


def _settled(node: Planned, issues: list[Issue]) -> Planned:
    """The node with the values that will stand after saving, so that they compare equal with what is read back.

    A block that its format refuses becomes a text block with its words, and an issue says why.
    """
    if node.format is None:
        return node
    values, kind = dict(node.values), node.format
    if BY_KIND[kind].needs_title and not values["title"]:
        values["title"] = titled(node.place.rpartition("›")[2].partition("(")[0], "Untitled")
    if BY_KIND[kind].needs_body and not values["body"].strip():
        values["body"] = values["title"] or "…"
        reason = "The block had no text of its own; its title stands in."
        issues.append(_issue("warning", Code.TEXT_MISSING, node, reason))
    try:
        return replace(node, values=_normalised(kind, values))
    except SeveralErrors as error:
        reason = f"This {kind.value} does not fit its format and was kept as text: {error}"
        issues.append(_issue("error", Code.BLOCK_REFUSED, node, reason, repr(node.values)[:2000]))
        body = values["body"] or values["title"] or kind.value
        kept = {"title": values["title"], "body": body, "points": 0, "is_required": False}
        return replace(node, values=kept, format=BlockFormat.TEXT)


def _normalised(kind: BlockFormat, values: Mapping[str, Any]) -> dict[str, Any]:
    columns = checked(Block, {name: values[name] for name in _COLUMNS if name in values})
    fields = {name: value for name, value in values.items() if name not in columns and value is not None}
    return {**columns, **validated(BY_KIND[kind], fields).model_dump(mode="json")}


def _issue(severity: str, code: Code, node: Planned, reason: str, excerpt: str | None = None) -> Issue:
    return Issue(severity, code, node.place, reason, excerpt, node.external_id)
