"""Who may: the one table of roles and what they may do, and who may give which role to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from core.ids import tag_of
from core.viewer import scope_within
from models.groups import Group, MemberRole
from models.identity import Role, Scope, ScopeType

_EDITOR = frozenset(
    {Scope.CONTENT_EDIT, Scope.CONTENT_PUBLISH, Scope.CONTENT_IMPORT, Scope.SCHEMA_READ, Scope.AGGREGATES_READ}
)
_COACH = frozenset({Scope.ANSWER_GRADE, Scope.ACCOMMODATION_GRANT})
_ADMIN = (
    _EDITOR
    | _COACH
    | {
        Scope.USER_MANAGE,
        Scope.USER_IMPERSONATE,
        Scope.ROLE_GRANT,
        Scope.AUDIT_READ,
        Scope.EVENTS_READ,
        Scope.JOBS_MANAGE,
        Scope.INBOX_MANAGE,
        Scope.WEBHOOKS_MANAGE,
        Scope.GROUP_READ,
        Scope.GROUP_MODERATE,
        Scope.GROUP_MANAGE,
        Scope.RESULTS_READ,
        Scope.LEADS_READ,
    }
)

# A role without an entry of its own may what any signed-in person may.
SCOPES_OF_ROLE: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        Role.LEARNER: frozenset(),
        Role.CHAMPION: frozenset(),
        Role.MODERATOR: frozenset(),
        Role.COACH: _COACH,
        Role.HOST: frozenset(),
        Role.EDITOR: _EDITOR,
        Role.ADMIN: _ADMIN,
        Role.SUPER_ADMIN: _ADMIN | {Scope.ROLE_GRANT_KEEPERS},
    }
)

# What a role may within one course, where it is given for that alone. All else holds everywhere or not at all.
SCOPES_WITHIN_COURSE: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        Role.EDITOR: frozenset({Scope.CONTENT_EDIT, Scope.CONTENT_PUBLISH, Scope.AGGREGATES_READ}),
        Role.COACH: _COACH | {Scope.WELLBEING_READ, Scope.AGGREGATES_READ},
    }
)

_MODERATES = frozenset({Scope.GROUP_READ, Scope.GROUP_MODERATE})
_MANAGES = _MODERATES | {Scope.GROUP_MANAGE}

# And within one group. A role that is not named here would open nothing there, and is not given.
SCOPES_WITHIN_GROUP: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {Role.MODERATOR: _MODERATES, Role.COACH: _MANAGES, Role.HOST: frozenset({Scope.GROUP_READ})}
)

# What people may within a group because they are in it.
SCOPES_OF_MEMBER: Mapping[MemberRole, frozenset[Scope]] = MappingProxyType(
    {
        MemberRole.OWNER: _MANAGES,
        MemberRole.ADMIN: _MANAGES,
        MemberRole.MODERATOR: _MODERATES,
        MemberRole.MEMBER: frozenset({Scope.GROUP_READ}),
        MemberRole.CHILD: frozenset({Scope.GROUP_READ}),
        MemberRole.GUEST: frozenset({Scope.GROUP_READ}),
    }
)

SCOPES_WITHIN: Mapping[ScopeType, Mapping[Role, frozenset[Scope]]] = MappingProxyType(
    {ScopeType.COURSE: SCOPES_WITHIN_COURSE, ScopeType.GROUP: SCOPES_WITHIN_GROUP}
)

# Those who keep the house: the last of them cannot go.
KEEPERS = frozenset({Role.ADMIN, Role.SUPER_ADMIN})

# A role, and the course or group within which somebody holds it; or what they are in a group as a member.
HeldWithin = tuple[Role | MemberRole, str]

R = TypeVar("R", bound=StrEnum)

_NOBODY: frozenset[Role] = frozenset()
# Who may give and take which roles. Nobody makes an equal of themselves, but for those at the very top.
GRANTABLE: Mapping[Role, frozenset[Role]] = MappingProxyType(
    {
        **dict.fromkeys(Role, _NOBODY),
        Role.ADMIN: frozenset(Role) - KEEPERS,
        Role.SUPER_ADMIN: frozenset(Role),
    }
)


def scopes_of(roles: Iterable[Role]) -> frozenset[str]:
    """Everything that somebody with these roles may do."""
    return frozenset(scope.value for role in roles for scope in SCOPES_OF_ROLE[role])


def scopes_within(held: Iterable[HeldWithin]) -> frozenset[str]:
    """Everything that somebody may do within the courses and groups in which they are this, as viewers hold it."""
    return frozenset(scope_within(scope.value, root_id) for role, root_id in held for scope in _within(role, root_id))


def _within(role: Role | MemberRole, root_id: str) -> frozenset[Scope]:
    if isinstance(role, MemberRole):
        return SCOPES_OF_MEMBER[role]
    reach = ScopeType.GROUP if tag_of(root_id) == Group.__tag__ else ScopeType.COURSE
    return SCOPES_WITHIN[reach].get(role, frozenset())


def grantable_by(roles: Iterable[Role]) -> frozenset[Role]:
    """The roles that somebody with these roles may give to others, and take from them."""
    return frozenset(each for role in roles for each in GRANTABLE[role])


def may_act_as(own: Iterable[Role], theirs: Iterable[Role], within: Iterable[HeldWithin]) -> bool:
    """Whether somebody with their own roles may act as somebody with others: never to do more than they may anyway.

    `within` is what the other holds within courses and groups.
    """
    own_scopes, their_roles = scopes_of(own), set(theirs)
    theirs_anywhere = scopes_of(their_roles).union(*(_within(*each) for each in within))
    return Scope.USER_IMPERSONATE in own_scopes and not their_roles & KEEPERS and theirs_anywhere <= own_scopes


def table() -> str:
    """The Markdown page of roles and what each may, as `docs/roles.md` holds it."""
    lines = [
        "# Roles",
        "",
        "What each role may do, and who may give it. This page is generated by `make schema` from the one table in",
        "`resolvers/identity/rights.py`; a test compares it with the code.",
        "",
        f"| role | {' | '.join(f'`{scope.value}`' for scope in Scope)} | gives and takes |",
        f"|---|{'---|' * len(Scope)}---|",
        *(_line(role) for role in Role),
        "",
        "## Within one course",
        "",
        "| role | what it may there |",
        "|---|---|",
        *(_line_within(SCOPES_WITHIN_COURSE, role) for role in SCOPES_WITHIN_COURSE),
        "",
        "So much of a role holds where it is given for one course. Roles without permissions may be given so as well;",
        "all others hold everywhere or not at all.",
        "",
        "## Within one group",
        "",
        "| role | what it may there |",
        "|---|---|",
        *(_line_within(SCOPES_WITHIN_GROUP, role) for role in SCOPES_WITHIN_GROUP),
        "",
        "These are given by staff, to somebody who need not be in the group. Who is in it may, as long as they are:",
        "",
        "| in the group | what they may there |",
        "|---|---|",
        *(_line_within(SCOPES_OF_MEMBER, role) for role in SCOPES_OF_MEMBER),
        "",
        "[Groups](groups.md) tells what that comes to, and who may do what to whom.",
        "",
        "## Until when",
        "",
        "A role may end by itself at a set time. From the instant",
        "in which it ends or is taken back it authorises nothing. Nobody changes their own roles. The last person who",
        "holds `admin` or `super_admin` for good keeps it until somebody else holds it too.",
    ]
    return "\n".join(lines) + "\n"


def _line_within(table: Mapping[R, frozenset[Scope]], role: R) -> str:
    may = (f"`{scope.value}`" for scope in Scope if scope in table[role])
    return f"| {role.value} | {', '.join(may)} |"


def _line(role: Role) -> str:
    marks = ["yes" if scope in SCOPES_OF_ROLE[role] else "" for scope in Scope]
    gives = ", ".join(each.value for each in Role if each in GRANTABLE[role])
    return f"| {role.value} | {' | '.join(marks)} | {gives} |"
