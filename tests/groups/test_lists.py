"""The list of groups: everybody finds those that they may see, however many others there are."""

from __future__ import annotations

import psycopg
import pytest

from models.groups import GROUPS_OF_VIEWER
from models.identity import Scope
from tests.groups.circles import Circle, invite, make
from tests.http.doorkeeper import Doorkeeper

LIST = "query($sort: GroupSort) { groups(first: 50, sort: $sort) { totalCount nodes { id } } }"
STRANGERS = """INSERT INTO "group" (id, kind, name, slug, status, member_count, privacy_level, description)
    SELECT gen_random_uuid(), 'family', 'Strangers', 'strangers-' || number, 'active', 0, 'private', repeat('.', 500)
    FROM generate_series(1, 10000) AS number"""


@pytest.mark.parametrize("sort", ["NEWEST", "NAME"])
def test_the_list_holds_what_one_may_see_and_no_more(circle: Circle, sort: str) -> None:
    stranger = circle.client("stranger")
    public, private = make(stranger, privacyLevel="PUBLIC"), make(stranger)
    over = make(stranger, privacyLevel="PUBLIC")
    stranger.do("groupDisband", "__typename", id=over)
    asked = make(stranger, kind="FAMILY")
    invite(stranger, asked, circle.people["member"].id)

    def listed(name: str) -> set[str]:
        found = circle.client(name).ask(LIST, sort=sort)["groups"]
        assert found["totalCount"] == len(found["nodes"])
        return {each["id"] for each in found["nodes"]}

    assert listed("member") == {circle.id, public, asked}
    assert listed("moderator") == {circle.id, public}
    assert listed("stranger") == {public, private, asked}
    assert listed("staff") == {circle.id, public, private, over, asked}
    circle.client("owner").do("membershipPause", "__typename", id=circle.ids["moderator"])
    assert circle.client("staff").ask(LIST)["groups"]["totalCount"] == 5


def test_the_groups_of_others_are_not_walked_through(circle: Circle, doorkeeper: Doorkeeper, database_url: str) -> None:
    doorkeeper.sql(STRANGERS)
    doorkeeper.sql('ANALYZE "group"')
    person = circle.people["member"].id
    settings = {"cairn.viewer_id": person, "cairn.scopes": "", "cairn.within": f"{Scope.GROUP_READ}@{circle.id}"}
    with psycopg.connect(database_url) as connection:
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, true)", [name, value])
        connection.execute("SET LOCAL ROLE cairn_api")
        listed = f'SELECT id FROM "group" WHERE {GROUPS_OF_VIEWER} ORDER BY id DESC LIMIT 21'
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN ANALYZE {listed}").fetchall())
        assert connection.execute(listed).fetchall() != []
    assert 'Seq Scan on "group"' not in plan, plan
    removed = [int(line.rpartition(" ")[2]) for line in plan.splitlines() if "Rows Removed by Filter" in line]
    assert sum(removed) < 100, plan
