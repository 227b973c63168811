"""`cairn jobs list | retry | cancel | park`. Commands import what they need when they run, as in `cairn.cli`."""

from __future__ import annotations

from typing import Annotated

import typer

jobs_app = typer.Typer(help="What is done in the background.", no_args_is_help=True)
JobId = Annotated[str, typer.Argument(help="The job's id; see `cairn jobs list`.")]


@jobs_app.command("list")
def jobs_list(
    state: Annotated[
        str, typer.Option(help="Only those that stand so: queued, running, done, parked, cancelled.")
    ] = "",
) -> None:
    """Show how much is to be done, and the newest jobs."""
    from cairn import jobs, people
    from models.jobs import JobState

    if state and state not in set(JobState):
        raise typer.BadParameter(f"A job is {', '.join(JobState)}.", param_hint="--state")
    people.run(lambda tx: jobs.listed(tx, JobState(state) if state else None))


@jobs_app.command("retry")
def jobs_retry(job_id: JobId) -> None:
    """Have a parked or cancelled job tried again, with all its attempts before it."""
    from cairn import jobs, people

    people.run(lambda tx: jobs.retry(tx, job_id))


@jobs_app.command("cancel")
def jobs_cancel(job_id: JobId) -> None:
    """See to it that a job is not done. What one that is being done has done so far is undone."""
    from cairn import jobs, people

    people.run(lambda tx: jobs.cancel(tx, job_id))


@jobs_app.command("park")
def jobs_park(
    job_id: JobId, reason: Annotated[str, typer.Option(help="Why, for whoever finds it.")] = "By hand."
) -> None:
    """Put a job that waits aside, until somebody has it tried again."""
    from cairn import jobs, people

    people.run(lambda tx: jobs.park(tx, job_id, reason))
