"""`cairn user create | grant | revoke`. Commands import what they need when they run, as in `cairn.cli`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cairn.people import Reach
    from models.identity import Role

user_app = typer.Typer(help="People and their roles.", no_args_is_help=True)
Course = Annotated[str, typer.Option(help="The one course within which it holds, by its id or slug.")]
Group = Annotated[str, typer.Option(help="The one group within which it holds, by its id or slug.")]


@user_app.command("create")
def user_create(
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    name: Annotated[str, typer.Option(help="The name that others see; made from the address when absent.")] = "",
    role: Annotated[str, typer.Option(help="A role to give at once.")] = "",
) -> None:
    """Make an account for somebody, and print a link to sign in that works once. Safe to repeat."""
    from cairn import people

    people.run(lambda tx: people.create(tx, email, name, _role(role) if role else None))


@user_app.command("grant")
def user_grant(
    email: Annotated[str, typer.Argument(help="Whose role it is to be.")],
    role: Annotated[str, typer.Argument(help="The role; see docs/roles.md.")],
    days: Annotated[int, typer.Option(help="After how many days it ends by itself; 0 for never.", min=0)] = 0,
    course: Course = "",
    group: Group = "",
) -> None:
    """Give somebody a role, everywhere or within one course or group, or another end to one they hold."""
    from cairn import people

    chosen, reach = _role(role), _reach(course, group)
    people.run(lambda tx: people.grant(tx, email, chosen, days, reach))


@user_app.command("revoke")
def user_revoke(
    email: Annotated[str, typer.Argument(help="Whose role it is.")],
    role: Annotated[str, typer.Argument(help="The role; see docs/roles.md.")],
    course: Course = "",
    group: Group = "",
) -> None:
    """Take a role back at once. The last admin cannot lose theirs."""
    from cairn import people

    chosen, reach = _role(role), _reach(course, group)
    people.run(lambda tx: people.revoke(tx, email, chosen, reach))


def _reach(course: str, group: str) -> Reach:
    from cairn.people import Reach
    from models.identity import ScopeType

    if course and group:
        raise typer.BadParameter("Name a course or a group, not both.", param_hint="--group")
    if group:
        return Reach(ScopeType.GROUP, group)
    return Reach(ScopeType.COURSE, course) if course else Reach()


def _role(name: str) -> Role:
    from models.identity import Role

    if name not in set(Role):
        raise typer.BadParameter(f"{name} is no role. Roles are {', '.join(Role)}.", param_hint="role")
    return Role(name)
