"""`cairn audit`: is the audit log as it was written, and where does it stand?"""

from __future__ import annotations

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from resolvers import audit
from workers.sealing import seal_all

# 2 is what a command line that cannot be understood ends in.
WHOLE, BROKEN = 0, 1


async def print_head(database: Database) -> int:
    """Seals what waits and prints the newest link, on standard output and with nothing else; answers the exit code."""
    await seal_all(database)
    async with transaction(database, SERVICE) as tx:
        typer.echo(str(await audit.head(tx)))
    return WHOLE


async def verify(database: Database, kept: audit.Head | None, console: Console) -> int:
    """Walks the whole log and says whether it is as it was written; answers the exit code."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn())
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Verifying", total=None)
            async with transaction(database, SERVICE) as tx:
                async for done, whole in audit.verify(tx, kept):
                    progress.update(task, completed=done, total=whole)
                newest, waiting = await audit.head(tx), await audit.waiting(tx)
    except audit.Broken as broken:
        console.print(f"The audit log is broken. {broken}", style="red", markup=False, highlight=False, soft_wrap=True)
        return BROKEN
    console.print(f"The audit log is whole: {newest.number} links, and {waiting} entries not sealed yet.")
    console.print(f"Its head is {newest}", markup=False, highlight=False, soft_wrap=True)
    return WHOLE


def head_of(text: str) -> audit.Head:
    """A head as `cairn audit head` prints it; raises `ValueError`."""
    number, _, found = text.partition(":")
    if len(found) != 64 or not number.isdigit():
        raise ValueError(f"{text!r} is not what `cairn audit head` prints: a number, a colon and 64 digits.")
    return audit.Head(int(number), found)
