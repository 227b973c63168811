"""The command line: `cairn dev | serve | worker | migrate | import | jobs | webhooks | schema | token | user | …`."""

# Commands import what they need when they run: `--help` and a plain mistake should answer at once, and the whole
# application takes a second or two to import.

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import psycopg
import typer
from psycopg_pool import PoolTimeout
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from cairn import garbage
from cairn.embedded import EmbeddedPostgresError
from cairn.inbox_commands import inbox_app
from cairn.jobs_commands import jobs_app
from cairn.listening import PortTaken
from cairn.people_commands import user_app
from cairn.schema_commands import schema_app
from cairn.settings import problems
from cairn.webhooks_commands import webhooks_app
from core import redaction
from core.errors import DomainError, SeveralErrors

if TYPE_CHECKING:
    from cairn.settings import Settings
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
app.add_typer(jobs_app, name="jobs")
app.add_typer(inbox_app, name="inbox")
app.add_typer(webhooks_app, name="webhooks")
app.add_typer(schema_app, name="schema")
audit_app = typer.Typer(help="The audit log: who did what to what.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
documents_app = typer.Typer(help="Trusted documents of client apps.", no_args_is_help=True)
app.add_typer(documents_app, name="documents")
app.add_typer(import_app, name="import")
app.add_typer(token_app, name="token")
app.add_typer(user_app, name="user")
console = Console(stderr=True)

DocumentPaths = Annotated[list[Path], typer.Argument(help="Files, or folders to look through.", exists=True)]


@app.command("dev")
def dev_command() -> None:
    """Run everything on this machine: database, demo content, API, IDE.

    Without [bold]DATABASE_URL[/bold] it brings a PostgreSQL of its own, in .cairn/postgres. [bold]PORT[/bold] chooses
    the port; without it 8000 or the next free one is taken.
    """
    from cairn.listening import listen
    from cairn.local import require_answer
    from cairn.settings import Settings

    given = os.environ.get("DATABASE_URL")
    found = Settings(DATABASE_URL=SecretStr(given or "postgresql://"))
    _require_trusted_documents(found)
    listener = listen(found.http.host, found.port if "port" in found.model_fields_set else None)
    if given:
        require_answer(found.url)
    # Only now that nothing stands in the way.
    from cairn import dev

    dev.run(Console(), listener)


@app.command()
def serve(
    workers: Annotated[int, typer.Option(help="Processes that serve the API.", min=1, max=64)] = 1,
) -> None:
    """Serve the API and the IDE in production. Needs [bold]DATABASE_URL[/bold]; migrate first with `cairn migrate`."""
    import uvicorn

    from cairn import serving
    from cairn.listening import listen
    from cairn.local import require_answer
    from cairn.observability import logs, tracing
    from cairn.settings import settings

    found = settings()
    tracing.require_packages(found.otel)
    # Both told here, in one sentence, and not by each serving process.
    listen(found.http.host, found.port).close()
    require_answer(found.url)
    _require_trusted_documents(found)
    logs.set_up(found.log)
    # uvicorn stops, and then raises the signal once more for whoever wants it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="cairn-") as folder:
        if workers > 1:
            # Where the processes put their metrics, so that whichever is asked can answer for all.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        uvicorn.run(
            "cairn.cli:served",
            factory=True,
            host=found.http.host,
            port=found.port,
            workers=workers,
            **serving.options(found),
        )


def _require_trusted_documents(found: Settings) -> None:
    """Ends the start with a sentence for each trusted document that would be refused."""
    if found.graphql.trusted_documents is not None:
        from cairn.composition import operations

        operations(found.graphql)


def served() -> Any:
    """What each serving process runs."""
    # A process of its own, which does not come in by `main`.
    garbage.seldom()
    redaction.install()
    from cairn import serving, webhooks
    from cairn.composition import compose
    from cairn.http.app import application
    from cairn.observability import logs
    from cairn.settings import settings

    logs.set_up(settings().log)
    serving.outlive_nobody()
    webhooks.tell_broken(settings())
    made = application(compose(settings()))
    # An answer holds hundreds of objects and no cycles: a tenth of the time of a small one went into looking for them.
    garbage.keep()
    return made


@app.command()
def worker(
    queues: Annotated[str, typer.Option(help="The queues to work on, with commas between; all when absent.")] = "",
    processes: Annotated[int, typer.Option(help="How many processes do jobs.", min=1, max=64)] = 1,
    threads: Annotated[int, typer.Option(help="How many jobs each does at once; 0 as set.", min=0, max=200)] = 0,
    supervised: Annotated[
        bool, typer.Option("--supervised", hidden=True, help="Stop once the process that started this one is gone.")
    ] = False,
) -> None:
    """Do what is to be done in the background: mail, imports, what is scheduled, and what follows from facts.

    Stops within 20 seconds on Ctrl-C and SIGTERM, when what is in hand is done or given back.
    """
    from cairn import working
    from cairn.local import database_url
    from cairn.observability import logs
    from cairn.settings import settings

    with database_url():
        logs.set_up(settings().log)
        if processes == 1:
            from cairn import webhooks

            webhooks.tell_broken(settings())
            named = [each for each in queues.split(",") if each]
            working.work(settings(), named, threads or None, is_supervised=supervised)
        else:
            working.supervise(processes, ["--queues", queues, "--threads", str(threads)])


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
            _tell_broken_queries()
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


def _tell_broken_queries() -> None:
    """Says which stored queries will not run by this code's schema, before anything is changed."""
    from cairn import webhooks
    from cairn.settings import settings

    for line in webhooks.broken(settings()):
        console.print(f"A stored query will not run: {line}", highlight=False, markup=False, soft_wrap=True)


@import_app.command("olx")
def import_olx_command(
    path: Annotated[
        Path, typer.Argument(help="An OLX export from Open edX Studio: a folder or a .tar.gz.", exists=True)
    ],
    theme: Annotated[str, typer.Option(help="Slug of the theme that a new course is put under.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the report and write nothing.")] = False,
    every_issue: Annotated[
        bool, typer.Option("--every-issue", help="Print every issue, not only the first and most important ones.")
    ] = False,
) -> None:
    """Import an Open edX course as a draft; import it again to update what no editor has changed.

    Exit codes: 0 all found a home · 1 nothing was imported · 2 the command line is wrong · 3 imported, with issues to
    look at.
    """
    _import(path, "olx", "", theme, dry_run, every_issue)


_BANK = typer.Argument(help="A file of questions.", exists=True, dir_okay=False)
_BANK_NAME = typer.Option(help="What the bank is called: importing again finds it by that. The file's name, if unsaid.")
_THEME = typer.Option(help="Slug of the theme that a new course is put under.")
_DRY = typer.Option("--dry-run", help="Print the report and write nothing.")
_EVERY = typer.Option("--every-issue", help="Print every issue, not only the first and most important ones.")


@import_app.command("gift")
def import_gift_command(
    path: Annotated[Path, _BANK],
    name: Annotated[str, _BANK_NAME] = "",
    theme: Annotated[str, _THEME] = "",
    dry_run: Annotated[bool, _DRY] = False,
    every_issue: Annotated[bool, _EVERY] = False,
) -> None:
    """Import questions in GIFT as a draft course; import them again to update what no editor has changed."""
    _import(path, "gift", name, theme, dry_run, every_issue)


@import_app.command("moodle")
def import_moodle_command(
    path: Annotated[Path, _BANK],
    name: Annotated[str, _BANK_NAME] = "",
    theme: Annotated[str, _THEME] = "",
    dry_run: Annotated[bool, _DRY] = False,
    every_issue: Annotated[bool, _EVERY] = False,
) -> None:
    """Import questions in Moodle XML as a draft course; import them again to update what no editor has changed."""
    _import(path, "moodle", name, theme, dry_run, every_issue)


def _import(path: Path, source: str, name: str, theme: str, dry_run: bool, every_issue: bool) -> None:
    from cairn.importing import import_olx
    from cairn.local import database_url
    from migrations import running
    from resolvers.importing.reading import Source

    with database_url() as url:
        running.upgrade(url)

        async def run(database: Database) -> int:
            return await import_olx(
                database,
                path,
                theme or None,
                Console(),
                source=Source(source),
                name=name or path.stem,
                dry_run=dry_run,
                every_issue=every_issue,
            )

        raise typer.Exit(_with_database(run))


@app.command("explain")
def explain_command(
    document: Annotated[typer.FileText, typer.Argument(help="A file with a GraphQL document; - reads standard input.")],
    variables: Annotated[str, typer.Option(help="The operation's variables, as JSON.")] = "{}",
    operation: Annotated[str, typer.Option(help="Which operation, where there are several.")] = "",
) -> None:
    """Print how an operation would run, with its SQL, without running it. Needs no database."""
    from cairn import explaining

    typer.echo(explaining.explained(document.read(), variables, operation or None))


@documents_app.command("manifest")
def documents_manifest(
    paths: DocumentPaths,
    output: Annotated[Path | None, typer.Option(help="Write it to this file, not to standard output.")] = None,
) -> None:
    """Print a manifest of the operations in .graphql files, each with the fragments that it uses.

    The same operations always make the same manifest, wherever the files are and however they are laid out. Point
    [bold]CAIRN_GRAPHQL__TRUSTED_DOCUMENTS[/bold] to it, and send its ids as `documentId`.
    """
    from cairn import documents

    text = documents.written(documents.manifest(paths))
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        console.print(f"Wrote {output}.")


@documents_app.command("check")
def documents_check(paths: DocumentPaths) -> None:
    """Check .graphql files and manifests (.json) against the schema and the limits that are set here.

    Exit codes: 0 all would run · 1 some would be refused, each is named.
    """
    from cairn import documents
    from cairn.settings import Settings

    # No database is needed to know what would run.
    number = documents.check(paths, Settings(DATABASE_URL=SecretStr("postgresql://")).graphql)
    console.print(f"All {number} documents would run.")


@token_app.command("create")
def token_create(
    role: Annotated[
        str, typer.Option(help="What the token may do: editor, admin, learner, coach, moderator …")
    ] = "editor",
    name: Annotated[str, typer.Option(help="A word to recognise it by.")] = "command line",
    email: Annotated[str, typer.Option(help="Whose token it is; the person is made if need be.")] = "",
    days: Annotated[int, typer.Option(help="How long it lasts.", min=1, max=3650)] = 30,
    scopes: Annotated[
        str, typer.Option(help="What of the owner's permissions it has: content:edit,… All of the role's when absent.")
    ] = "",
) -> None:
    """Print a new API token, and nothing else, on standard output. It cannot be shown again."""
    from cairn.local import database_url
    from core.viewer import SERVICE
    from core.writing import transaction
    from migrations import running
    from models.identity import Role, Scope
    from resolvers import audit, identity

    if role not in set(Role):
        raise typer.BadParameter(f"{role} is no role. Roles are {', '.join(Role)}.", param_hint="--role")
    chosen = Role(role)
    named = frozenset(scopes.replace(",", " ").split())
    if unknown := sorted(named - set(Scope)):
        words = f"{', '.join(unknown)} is no permission. Permissions are {', '.join(Scope)}."
        raise typer.BadParameter(words, param_hint="--scopes")

    async def run(database: Database) -> str:
        owner = email or f"{role}@cairn.example"
        async with transaction(database, SERVICE) as tx:
            user_id = await identity.ensure_user(tx, owner, owner.partition("@")[0][:50], chosen)
            token = await identity.create_api_token(tx, user_id, name, named or identity.scopes_of([chosen]), days)
            told = {"role": role, "name": name, "days": days, "scopes": sorted(named)}
            await audit.record(tx, "api_token_create", user_id, told)
            return token

    with database_url() as url:
        running.upgrade(url)
        typer.echo(_with_database(run))


@audit_app.command("head")
def audit_head() -> None:
    """Print the newest link of the log's chain, to be kept where those who keep the database cannot reach it."""
    from cairn import auditing
    from cairn.local import database_url

    with database_url():
        raise typer.Exit(_with_database(auditing.print_head))


@audit_app.command("verify")
def audit_verify(
    head: Annotated[str, typer.Option(help="A head that was kept: the log must still lead through it.")] = "",
) -> None:
    """Look whether the audit log is as it was written, and name the first link that is not.

    Exit codes: 0 the log is whole · 1 it is broken · 2 the command line is wrong.
    """
    from cairn import auditing
    from cairn.local import database_url

    try:
        kept = auditing.head_of(head) if head else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--head") from error
    with database_url():
        raise typer.Exit(_with_database(lambda database: auditing.verify(database, kept, console)))


@app.command("doctor")
def doctor_command(
    production: Annotated[
        bool, typer.Option("--production", help="Also look whether it is safe to put on the open internet.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Processes that are to serve the API.", min=1, max=64)] = 1,
) -> None:
    """Look whether this installation is fit to run; exit code 1 when something is wrong, with what to do about it."""
    from cairn import doctor

    findings = []
    for each in doctor.examine(for_production=production, processes=workers):
        findings.append(each)
        console.print("[green]ok[/green]   " if each.fine else "[red]wrong[/red]", end=" ")
        console.print(each.text, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(0 if all(each.fine for each in findings) else 1)


def main() -> None:
    """The entry point: known failures end in one plain sentence and exit code 1."""
    garbage.seldom()
    redaction.install()
    try:
        app()
    except (EmbeddedPostgresError, PortTaken, DomainError) as error:
        _complain(str(error))
        raise SystemExit(1) from error
    except SeveralErrors as error:
        for each in error.errors:
            _complain(str(each))
        raise SystemExit(1) from error
    except (ValidationError, SettingsError) as error:
        for problem in problems(error):
            _complain(problem)
        raise SystemExit(1) from error
    except (psycopg.OperationalError, PoolTimeout) as error:
        _complain(f"The database does not answer: {' '.join(str(error).split())}")
        raise SystemExit(1) from error
    except KeyboardInterrupt as error:
        raise SystemExit(130) from error


def _complain(sentence: str) -> None:
    console.print(f"cairn: {sentence}", style="red", highlight=False, markup=False, soft_wrap=True)


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
