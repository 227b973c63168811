"""`cairn schema` and `cairn schema check`. Commands import what they need when they run, as in `cairn.cli`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

schema_app = typer.Typer(help="The GraphQL schema, and what relies on it.", invoke_without_command=True)
CONSOLE = Console(stderr=True)


@schema_app.callback()
def schema(
    context: typer.Context,
    write: Annotated[bool, typer.Option("--write", help="Write schema.graphql and docs/settings.md.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail when a written file is not current.")] = False,
) -> None:
    """Print the GraphQL schema, write it to its file, or check that the file is current."""
    from cairn import schema_files

    if context.invoked_subcommand is not None:
        return
    if write:
        for path in schema_files.write():
            CONSOLE.print(f"Wrote {path}.")
    elif check:
        stale = schema_files.stale()
        for path in stale:
            CONSOLE.print(f"{path} is not current: run make schema.")
        raise typer.Exit(1 if stale else 0)
    else:
        typer.echo(schema_files.sdl(), nl=False)


@schema_app.command("check")
def schema_check() -> None:
    """Check the stored queries of all webhooks against the schema of this code: run it before this code is deployed.

    Exit codes: 0 all would run · 1 some would not, each is named.
    """
    from cairn import webhooks
    from cairn.local import database_url
    from cairn.settings import settings

    with database_url():
        lines = webhooks.broken(settings())
    for line in lines:
        CONSOLE.print(line, highlight=False, markup=False, soft_wrap=True)
    if lines:
        raise typer.Exit(1)
    CONSOLE.print("All stored queries would run.")
