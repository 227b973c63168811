"""The page that says, table by table, in which shapes of policies the fence stands."""

from __future__ import annotations

import inspect
from dataclasses import fields

from core.policies import VIEWER_ID, Shape, grants_of
from core.tables import Table, table_of
from models import TABLES

_HEAD = """# The fence

Row-level security is forced on every table, for its owner too. Each table names the shapes of its policies beside its
columns in `models/`; this page is generated from there by `make schema`. Tests compare it with the code, and the code
with what PostgreSQL has in its catalogue.

`cairn_public` is whoever has not signed in, `cairn_api` whoever has, `cairn_service` the code that deals with
credentials, and workers. A role that is not named for a table may not touch it. `VIEWER` is the id of who asks.
"""


def table() -> str:
    """The Markdown page, as `docs/fence.md` holds it."""
    used = {type(shape): shape for model in TABLES for shape in model.__policies__}
    shapes = [
        f"| {_words(kind.__name__)} | {_first_line(kind)} |" for kind in sorted(used, key=lambda each: each.__name__)
    ]
    lines = [
        _HEAD,
        "## Shapes",
        "",
        "| shape | what it lets through |",
        "|---|---|",
        *shapes,
        "",
        "The service reads and writes every table besides; from ledgers and what is filled once it takes nothing.",
        "",
        "## Tables",
        "",
        "| table | shapes | `cairn_public` | `cairn_api` | `cairn_service` | hidden from all but the service |",
        "|---|---|---|---|---|---|",
        *(_line(model) for model in sorted(TABLES, key=lambda each: table_of(each).name)),
    ]
    return "\n".join(lines) + "\n"


def _line(model: type[Table]) -> str:
    granted = grants_of(model.__policies__)
    roles = [", ".join(granted.get(role, ())).lower() for role in ("cairn_public", "cairn_api", "cairn_service")]
    hidden = ", ".join(f"`{name}`" for name in model.__hidden__)
    shapes = "; ".join(_shape(shape) for shape in model.__policies__)
    return f"| `{table_of(model).name}` | {shapes} | {' | '.join(roles)} | {hidden} |"


def _shape(shape: Shape) -> str:
    """A shape with what it was given, where that is not what it is without."""
    given = [getattr(shape, each.name) for each in fields(shape) if getattr(shape, each.name) != each.default]
    told = ", ".join(_told(value) for value in given)
    return _words(type(shape).__name__) + (f" ({told})" if told else "")


def _told(value: object) -> str:
    if isinstance(value, tuple) and not all(isinstance(each, str) for each in value):
        return "; ".join(_told(each) for each in value)
    text = ", ".join(value) if isinstance(value, tuple) else str(value).replace(VIEWER_ID, "VIEWER")
    return f"`{' '.join(text.split())}`".replace("|", "\\|")


def _words(name: str) -> str:
    return "".join(f" {each.lower()}" if each.isupper() else each for each in name).strip()


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
