"""Who is told what happens in a group: those who see it, and of their own standing everybody themselves."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from cairn.composition import operations
from cairn.settings import GraphqlSettings
from core.viewer import Viewer, ViewerKind
from graph.subscribing import open_subscription
from graph.subscriptions import Follows
from models.groups import MemberRole
from models.identity import Role
from resolvers.events import FACT
from resolvers.identity.rights import scopes_within
from tests.groups.circles import Circle, invite, make
from tests.support.databases import as_service


def follows(field: str) -> Follows:
    """What a subscription to this field follows."""
    runs = operations(GraphqlSettings())
    return open_subscription(runs, runs.prepare(f"subscription {{ {field} {{ cursor }} }}", None), {}).follows


@pytest.mark.parametrize(
    ("type_", "told"),
    [
        ("membership.joined", {"member", "coach"}),
        ("group.updated", {"member", "coach"}),
        # Who is asked in is not for members to know.
        ("membership.invited", set()),
    ],
)
def test_those_who_see_a_group_are_told_what_happens_in_it(
    circle: Circle, database_url: str, type_: str, told: set[str]
) -> None:
    circle.client("owner").do("groupUpdate", "__typename", id=circle.id, expectedRevision=1, name="Runners")
    other = make(circle.client("stranger"))
    within = {
        "member": scopes_within([(MemberRole.MEMBER, circle.id)]),
        "coach": scopes_within([(Role.COACH, circle.id)]),
        "elsewhere": scopes_within([(MemberRole.OWNER, other)]),
        "nobody": frozenset[str](),
    }
    of_group = sa.or_(FACT.c.subject_id == circle.id, FACT.c.payload["rootId"].astext == circle.id)
    query = sa.select(FACT).where(FACT.c.type == type_, of_group).limit(1)
    (fact,) = as_service(database_url, lambda tx: tx.rows(query))
    changed = follows("groupChanged")
    person = circle.people["stranger"].id
    concerned = {
        name
        for name, held in within.items()
        if changed.concerns(Viewer(ViewerKind.USER, person, within=held), fact)  # type: ignore[union-attr]
    }
    assert concerned == told


def test_who_is_asked_in_is_told_and_nobody_else(circle: Circle, database_url: str) -> None:
    asked = invite(circle.client("owner"), circle.id, circle.people["stranger"].id)
    (fact,) = as_service(database_url, lambda tx: tx.rows(sa.select(FACT).where(FACT.c.subject_id == asked)))
    changed = follows("membershipChanged")
    told = {
        name
        for name, person in circle.people.items()
        if changed.concerns(Viewer(ViewerKind.USER, person.id), fact)  # type: ignore[union-attr]
    }
    assert told == {"stranger"}


@pytest.mark.parametrize(("by", "act"), [("stranger", "membershipLeave"), ("owner", "membershipRemove")])
def test_that_somebody_who_was_asked_does_not_come_is_not_told_to_members(
    circle: Circle, database_url: str, by: str, act: str
) -> None:
    asked = invite(circle.client("owner"), circle.id, circle.people["stranger"].id)
    circle.client(by).do(act, "__typename", id=asked)
    query = sa.select(FACT).where(FACT.c.subject_id == asked).order_by(FACT.c.recorded)
    happened = as_service(database_url, lambda tx: tx.rows(query))
    assert len(happened) == 2
    member = Viewer(ViewerKind.USER, circle.people["member"].id, within=scopes_within([(MemberRole.MEMBER, circle.id)]))
    assert [fact.type for fact in happened if follows("groupChanged").concerns(member, fact)] == []  # type: ignore[union-attr]
    stranger = Viewer(ViewerKind.USER, circle.people["stranger"].id)
    assert all(follows("membershipChanged").concerns(stranger, fact) for fact in happened)  # type: ignore[union-attr]
