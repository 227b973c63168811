"""`cairn inbox list | show | replay`. Commands import what they need when they run, as in `cairn.cli`."""

from __future__ import annotations

from typing import Annotated

import typer

inbox_app = typer.Typer(help="What providers and other systems sent us.", no_args_is_help=True)
Source = Annotated[str, typer.Option(help="Only from this source: stripe, or hook.")]
Type = Annotated[str, typer.Option("--type", help="Only of this type, such as invoice.paid.")]


@inbox_app.command("list")
def inbox_list(
    state: Annotated[str, typer.Option(help="Only those that stand so: received, handled, ignored.")] = "",
    source: Source = "",
    kind: Type = "",
    most: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 50,
) -> None:
    """Show the newest events that came in, and what stands in the way of those that are not handled."""
    from cairn import inbox, people
    from models.inbox import ProviderEventState

    if state and state not in set(ProviderEventState):
        raise typer.BadParameter(f"An event is {', '.join(ProviderEventState)}.", param_hint="--state")
    chosen = ProviderEventState(state) if state else None
    people.run(lambda tx: inbox.listed(tx, chosen, source, kind, most))


@inbox_app.command("show")
def inbox_show(event_id: Annotated[str, typer.Argument(help="The event's id; see `cairn inbox list`.")]) -> None:
    """Show an event as it was sent. It may hold personal data."""
    from cairn import inbox, people

    people.run(lambda tx: inbox.shown(tx, event_id))


@inbox_app.command("replay")
def inbox_replay(
    event_id: Annotated[str, typer.Argument(help="The event's id; left out with --ignored.")] = "",
    ignored: Annotated[bool, typer.Option("--ignored", help="All that were ignored.")] = False,
    source: Source = "",
    kind: Type = "",
) -> None:
    """Have an event handled again, or all that were ignored: once there is a handler, or a hook was mended."""
    from cairn import inbox, people

    if bool(event_id) == ignored:
        raise typer.BadParameter("Give either the id of an event or --ignored.")
    if event_id:
        people.run(lambda tx: inbox.replay(tx, event_id))
    else:
        people.run(lambda tx: inbox.replay_ignored(tx, source, kind))
