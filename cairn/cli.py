"""The command line: `cairn dev | serve | worker | migrate | import | schema | token | doctor`."""

# Commands import what they need when they run: `--help` and a plain mistake should answer at once, and the whole
# application takes a second or two to import.

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import psycopg
import typer
from psycopg_pool import PoolTimeout
from pydantic import ValidationError
from rich.console import Console

from cairn.embedded import EmbeddedPostgresError
from cairn.listening import PortTaken
from core.errors import DomainError

if TYPE_CHECKING:
    from core.database import Database

app = typer.Typer(
    name="cairn",
    help="Cairn: a headless back end for programmes that change how people live and learn.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
import_app = typer.Typer(help="Bring courses in from elsewhere.", no_args_is_help=True)
token_app = typer.Typer(help="API tokens for programs.", no_args_is_help=True)
app.add_typer(import_app, name="import")
app.add_typer(token_app, name="token")
console = Console(stderr=True)


@app.command("dev")
def dev_command() -> None:
    """Run everything on this machine: database, demo content, API, IDE.

    Without [bold]DATABASE_URL[/bold] it brings a PostgreSQL of its own, in .cairn/postgres. [bold]PORT[/bold] chooses
    the port; without it 8000 or the next free one is taken.
    """
    from cairn import dev

    dev.run(Console())


@app.command()
def serve(
    workers: Annotated[int, typer.Option(help="Processes that serve the API.", min=1, max=64)] = 1,
) -> None:
    """Serve the API and the IDE in production. Needs [bold]DATABASE_URL[/bold]; migrate first with `cairn migrate`."""
    import uvicorn

    from cairn.settings import settings

    found = settings()
    uvicorn.run(
        "cairn.cli:served",
        factory=True,
        host=found.http.host,
        port=found.port,
        workers=workers,
        log_level="info",
        proxy_headers=found.http.public_url is not None,
    )


def served() -> Any:
    """What each serving process runs."""
    from cairn.composition import compose
    from cairn.http.app import application
    from cairn.settings import settings

    return application(compose(settings()))


@app.command()
def worker() -> None:
    """Run background work: housekeeping of expired links and sessions. Stops on Ctrl-C and SIGTERM."""
    from cairn.local import database_url
    from workers.running import housekeeping_forever

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    with database_url():
        _with_database(housekeeping_forever)


@app.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only check that migrations and models agree.")] = False,
    new: Annotated[str, typer.Option("--new", metavar="TEXT", help="Write a migration for changed models.")] = "",
) -> None:
    """Bring the database up to date. Safe to repeat, and to run from several machines at once."""
    from cairn.local import database_url
    from cairn.scratch import scratch_databases
    from migrations import running

    if not check and not new:
        with database_url() as url:
            running.upgrade(url)
            console.print(f"The database is at {running.current(url)}.")
        return
    with scratch_databases("migrated", "declared") as (migrated, declared):
        running.upgrade(migrated)
        running.build_declared(declared)
        if new:
            path = running.new(new, migrated, declared)
            console.print(f"Wrote {path}. Read it before you commit it.")
            return
        problems = running.compare(migrated, declared)
        if len(running.heads()) != 1:
            problems.append(f"There are several newest migrations: {', '.join(running.heads())}.")
    for line in problems:
        console.print(line, highlight=False, markup=False)
    if problems:
        console.print("- stands only in the migrations, + only in the models: make migration m='…'", markup=False)
        raise typer.Exit(1)
    console.print("Migrations build exactly what the models declare.")


@import_app.command("olx")
def import_olx_command(
    path: Annotated[
        Path, typer.Argument(help="An OLX export from Open edX Studio: a folder or a .tar.gz.", exists=True)
    ],
    theme: Annotated[str, typer.Option(help="Slug of the theme that a new course is put under.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the report and write nothing.")] = False,
) -> None:
    """Import an Open edX course as a draft; import it again to update what no editor has changed.

    Exit codes: 0 all found a home · 1 nothing was written · 2 imported, with issues to look at.
    """
    from cairn.importing import import_olx
    from cairn.local import database_url

    with database_url():

        async def run(database: Database) -> int:
            return await import_olx(database, path, theme or None, dry_run, Console())

        raise typer.Exit(_with_database(run))


@app.command()
def schema(
    write: Annotated[bool, typer.Option("--write", help="Write schema.graphql and docs/settings.md.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail when a written file is not current.")] = False,
) -> None:
    """Print the GraphQL schema, write it to its file, or check that the file is current."""
    from cairn import schema_files

    if write:
        for path in schema_files.write():
            console.print(f"Wrote {path}.")
    elif check:
        stale = schema_files.stale()
        for path in stale:
            console.print(f"{path} is not current: run make schema.")
        raise typer.Exit(1 if stale else 0)
    else:
        typer.echo(schema_files.sdl(), nl=False)


@token_app.command("create")
def token_create(
    role: Annotated[
        str, typer.Option(help="What the token may do: editor, admin, learner, coach, moderator …")
    ] = "editor",
    name: Annotated[str, typer.Option(help="A word to recognise it by.")] = "command line",
    email: Annotated[str, typer.Option(help="Whose token it is; the person is made if need be.")] = "",
    days: Annotated[int, typer.Option(help="How long it lasts.", min=1, max=3650)] = 30,
) -> None:
    """Print a new API token, and nothing else, on standard output. It cannot be shown again."""
    from cairn.local import database_url
    from core.viewer import SERVICE
    from core.writing import transaction
    from migrations import running
    from models.identity import Role
    from resolvers import identity

    if role not in set(Role):
        raise typer.BadParameter(f"{role} is no role. Roles are {', '.join(Role)}.", param_hint="--role")
    chosen = Role(role)

    async def run(database: Database) -> str:
        owner = email or f"{role}@cairn.example"
        async with transaction(database, SERVICE) as tx:
            user_id = await identity.ensure_user(tx, owner, owner.partition("@")[0][:50], chosen)
            return await identity.create_api_token(tx, user_id, name, identity.scopes_of([chosen]), days)

    with database_url() as url:
        running.upgrade(url)
        typer.echo(_with_database(run))


@app.command("doctor")
def doctor_command() -> None:
    """Look whether this installation is fit to run; exit code 1 when something is wrong."""
    from cairn import doctor
    from cairn.local import database_url

    with database_url():
        findings = list(doctor.examine())
    for each in findings:
        console.print(
            f"[green]ok[/green]    {each.text}" if each.fine else f"[red]wrong[/red] {each.text}", highlight=False
        )
    raise typer.Exit(0 if all(each.fine for each in findings) else 1)


def main() -> None:
    """The entry point: known failures end in one plain sentence and exit code 1."""
    try:
        app()
    except (EmbeddedPostgresError, PortTaken, DomainError) as error:
        console.print(f"cairn: {error}", style="red", highlight=False, markup=False)
        raise SystemExit(1) from error
    except ValidationError as error:
        for each in error.errors():
            name = ".".join(str(part) for part in each["loc"])
            console.print(f"cairn: the setting {name}: {each['msg']} (docs/settings.md)", style="red", markup=False)
        raise SystemExit(1) from error
    except (psycopg.OperationalError, PoolTimeout) as error:
        console.print(f"cairn: the database does not answer: {str(error).strip()}", style="red", markup=False)
        raise SystemExit(1) from error
    except KeyboardInterrupt as error:
        raise SystemExit(130) from error


def _with_database(work: Callable[[Database], Awaitable[Any]]) -> Any:
    from cairn.settings import settings
    from core.database import Database

    async def run() -> Any:
        database = Database(settings().url, pool_size=2)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())
