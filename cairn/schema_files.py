"""The files that are written from code: the schema, and the pages of settings, roles, the fence and facts."""

from __future__ import annotations

from pathlib import Path

from cairn import facts, fence_page
from cairn.settings import PROJECT, table
from graph.schema import facts_of_mutations, schema
from resolvers.identity import rights


def sdl() -> str:
    """The schema in GraphQL's own language."""
    return schema().as_str().rstrip() + "\n"


def write() -> list[Path]:
    """Writes every file that is not current; answers which."""
    changed = stale()
    for path in changed:
        path.parent.mkdir(exist_ok=True)
        path.write_text(_files()[path], encoding="utf-8")
    return changed


def stale() -> list[Path]:
    """The files that differ from what the code says."""
    return [path for path, text in _files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def _files() -> dict[Path, str]:
    docs = PROJECT / "docs"
    return {
        PROJECT / "schema.graphql": sdl(),
        docs / "settings.md": table(),
        docs / "roles.md": rights.table(),
        docs / "facts.md": facts.page(facts_of_mutations()),
        docs / "facts.schema.json": facts.json_schema(),
        docs / "fence.md": fence_page.table(),
    }
