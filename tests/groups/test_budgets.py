"""What reading groups costs: a fixed number of statements, however many groups and members there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.groups.circles import Person, make, people
from tests.http.doorkeeper import Doorkeeper
from tests.support.clients import Client

Statements = Callable[[], AbstractContextManager[list[str]]]
BUDGETS = {
    "one's groups": ("{ viewer { groups { nodes { role group { name status } } } } }", 2),
    "one's groups with who is in them": (
        """{ viewer { groups { totalCount nodes { group { name canManage membership { role }
            owner { role } members { totalCount nodes { role user { displayName bio } } } } } } } }""",
        8,
    ),
    "all groups with who is in them": (
        "{ groups { totalCount nodes { name members { nodes { role user { displayName } group { name } } } } } }",
        5,
    ),
    "groups with their links": ("{ groups { nodes { invitations { nodes { status } } } } }", 2),
}


@pytest.fixture
def member(address: str, empty: None, database_url: str, doorkeeper: Doorkeeper) -> Iterator[Client]:
    """Somebody who owns three groups and shares them with others."""
    owner, *others = everybody = people(address, database_url, 4)
    for _ in range(3):
        group = make(owner.client, privacyLevel="PUBLIC")
        for each in others:
            _join(owner, each, group)
    yield owner.client
    for each in everybody:
        each.client.http.close()


def _join(owner: Person, other: Person, group: str) -> None:
    asked = owner.client.do("membershipInvite", "membership { id }", groupId=group, userId=other.id)
    other.client.do("membershipAccept", "__typename", id=asked["membership"]["id"])


@pytest.mark.parametrize("what", BUDGETS)
def test_reading_groups_costs_so_many_statements(member: Client, statements: Statements, what: str) -> None:
    document, budget = BUDGETS[what]
    with statements() as sent:
        found = member.ask(document)
    assert found
    assert len(sent) == budget, sent


def test_whoever_is_in_groups_costs_no_statement_more_where_groups_are_no_matter(
    member: Client, statements: Statements
) -> None:
    with statements() as sent:
        member.ask("{ viewer { kind name scopes } }")
    assert sent == []
