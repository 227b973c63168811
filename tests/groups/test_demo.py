"""The demo content has a cohort with two pods, and a coach who runs all three."""

from __future__ import annotations

from cairn.demo import groups
from models.identity import Role
from tests.groups.circles import GROUP, members
from tests.http.doorkeeper import Doorkeeper
from tests.support.clients import Client, People
from tests.support.databases import as_service

SLUGS = ("spring-together", "early-birds", "night-owls")
FOUND = f"query($slug: String!) {{ group(slug: $slug) {{ {GROUP.partition('{ ')[2]} }}"


def test_the_demo_cohort_and_its_pods_are_under_way_and_coached(
    people: People, database_url: str, doorkeeper: Doorkeeper
) -> None:
    as_service(database_url, groups.load)
    ((coach,),) = doorkeeper.sql("SELECT id::text FROM \"user\" WHERE email = 'coach@demo.example'")
    token = Client(people.admin.url, doorkeeper.token(coach, Role.ADMIN))
    found = [token.ask(FOUND, slug=slug)["group"] for slug in SLUGS]
    assert [(each["status"], each["memberCount"], each["canManage"]) for each in found] == [
        ("ACTIVE", 6, True),
        ("ACTIVE", 3, True),
        ("ACTIVE", 3, True),
    ]
    cohort, *pods = (set(members(token, each["id"]) or {}) for each in found)
    assert set.union(*pods) == cohort
    assert people.anonymous.ask(FOUND, slug=SLUGS[0])["group"]["name"] == "Spring together"
    assert people.anonymous.ask(FOUND, slug=SLUGS[1])["group"] is None
    token.http.close()
