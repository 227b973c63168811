"""`cairn webhooks key | list | deliveries | pause | resume | redeliver | schema | vectors | rekey`.

Commands import what they need when they run, as in `cairn.cli`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

webhooks_app = typer.Typer(help="Webhooks: who is told what, and what became of it.", no_args_is_help=True)
WebhookId = Annotated[str, typer.Argument(help="The webhook's id; see `cairn webhooks list`.")]


@webhooks_app.command("key")
def webhooks_key() -> None:
    """Print a fresh key to keep signing secrets under, for [bold]CAIRN_WEBHOOKS__KEYS[/bold]."""
    from core.sealing import new_key

    typer.echo(new_key())


@webhooks_app.command("list")
def webhooks_list() -> None:
    """Show all webhooks, how they stand, and how much waits for each."""
    from cairn import people, webhooks

    people.run(webhooks.listed)


@webhooks_app.command("deliveries")
def webhooks_deliveries(
    webhook_id: WebhookId,
    state: Annotated[str, typer.Option(help="Only those that stand so: pending, delivered, skipped, parked.")] = "",
) -> None:
    """Show the newest deliveries of a webhook, with the reason where one failed."""
    from cairn import people, webhooks
    from models.webhooks import DeliveryState

    if state and state not in set(DeliveryState):
        raise typer.BadParameter(f"A delivery is {', '.join(DeliveryState)}.", param_hint="--state")
    people.run(lambda tx: webhooks.deliveries(tx, webhook_id, DeliveryState(state) if state else None))


@webhooks_app.command("pause")
def webhooks_pause(webhook_id: WebhookId) -> None:
    """Have a webhook send nothing until it is resumed. What happens meanwhile is kept for it."""
    from cairn import people, webhooks

    people.run(lambda tx: webhooks.pause(tx, webhook_id))


@webhooks_app.command("resume")
def webhooks_resume(webhook_id: WebhookId) -> None:
    """Have a webhook send again, what waited first."""
    from cairn import people, webhooks

    people.run(lambda tx: webhooks.resume(tx, webhook_id))


@webhooks_app.command("redeliver")
def webhooks_redeliver(
    webhook_id: WebhookId,
    failed_since: Annotated[datetime, typer.Option(help="All that were parked since this instant, in UTC.")],
) -> None:
    """Have deliveries that failed sent again, with the same ids and all their tries before them."""
    from cairn import people, webhooks

    people.run(lambda tx: webhooks.redeliver(tx, webhook_id, failed_since))


@webhooks_app.command("schema")
def webhooks_schema(webhook_id: WebhookId) -> None:
    """Print the JSON Schema of what a webhook sends."""
    from cairn import people, webhooks

    people.run(lambda tx: webhooks.body_schema(tx, webhook_id))


@webhooks_app.command("vectors")
def webhooks_vectors(webhook_id: WebhookId) -> None:
    """Print messages of a webhook's shape with their signatures, to try a receiver with, as JSON."""
    from cairn import people, webhooks

    people.run(lambda tx: webhooks.vectors(tx, webhook_id))


@webhooks_app.command("rekey")
def webhooks_rekey() -> None:
    """Keep all signing secrets under the first of [bold]CAIRN_WEBHOOKS__KEYS[/bold]; then the others can go."""
    from cairn import people, webhooks

    people.run(webhooks.rekey)
