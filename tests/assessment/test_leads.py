"""Somebody without an account takes a scorecard, leaves an address, and becomes somebody with an account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from models.identity import Role
from resolvers.leads import HIGH_PRIORITY_LEADS, LEAD
from tests.assessment.measures import pillar, scale
from tests.assessment.taking import Taker, quiz
from tests.events.logs import sql
from tests.identity.guests import PASSWORD, Post
from tests.jobs.crews import until
from tests.support.clients import Client, Data

Takers = Callable[[], Taker]
Staff = Callable[[Role], tuple[str, Client]]
pytestmark = pytest.mark.usefixtures("grader")

LEADS = """{ leads { nodes { email firstName utmSource utmCampaign consentVersion score convertedAt } }
    highPriorityLeads { nodes { email } } }"""


@pytest.fixture
def visitor_who_took(author: Client, visitor: Callable[[], Client]) -> Callable[[int], tuple[Client, str]]:
    """`visitor_who_took(answer)` has no account, and handed in a scorecard that makes them three times as promising."""
    made, (ready,) = quiz(author, pillar("ready"), kind="SCORECARD", publish=False)
    fields = {"aggregation": "FORMULA", "formula": "ready * 3", "minimum": 0, "maximum": 30}
    scale(author, made, "promise", [ready], role="LEAD", **fields)
    author.do("assessmentPublish", "__typename", id=made)

    def took(answer: int) -> tuple[Client, str]:
        client = visitor()
        client.token = client.do("accountStartAnonymously", "accessToken", kind="APP")["accessToken"]
        somebody = Taker(client)
        begun = somebody.start(made)
        somebody.answer(begun, ready, scale={"point": answer})
        somebody.submit(begun)
        return client, begun["id"]

    return took


def test_an_address_is_left_with_a_scorecard_and_is_the_staffs_to_see(
    visitor_who_took: Callable[[int], tuple[Client, str]], staff: Staff, author: Client
) -> None:
    client, attempt = visitor_who_took(9)
    given: Data = {"attemptId": attempt, "email": " Lee@Example.org ", "utm": {"source": "news", "campaign": "spring"}}
    selection = "attempt { id status scaleScores { key } }"
    first = client.do("attemptLeadCapture", selection, **given, firstName="Lee", consentVersion="1")["attempt"]
    assert (first["id"], first["scaleScores"]) == (attempt, [])
    other, another = visitor_who_took(2)
    again = other.do(
        "attemptLeadCapture", "attempt { id }", attemptId=another, email="lee@example.org", firstName="Mallory"
    )
    assert again["attempt"]["id"] == another
    admin = staff(Role.ADMIN)[1]
    found = admin.ask(LEADS)
    (lead,) = found["leads"]["nodes"]
    assert (lead["email"], lead["firstName"], lead["utmSource"]) == ("lee@example.org", "Lee", "news")
    assert (lead["consentVersion"], lead["score"], lead["convertedAt"]) == ("1", 6.0, None)
    assert found["highPriorityLeads"]["nodes"] == []
    client.do("attemptLeadCapture", "__typename", **given)
    assert admin.ask(LEADS)["highPriorityLeads"]["nodes"] == [{"email": "lee@example.org"}]
    for stranger in (client, author):
        assert stranger.fails("{ leads { totalCount } }") == "FORBIDDEN"


def test_an_address_is_left_with_ones_own_attempt_that_is_handed_in(
    visitor_who_took: Callable[[int], tuple[Client, str]], author: Client, taker: Takers
) -> None:
    client, attempt = visitor_who_took(9)
    given: Data = {"attemptId": attempt, "email": "lee@example.org"}
    assert taker().client.refused("attemptLeadCapture", **given)["code"] == "NOT_FOUND"
    assert client.refused("attemptLeadCapture", **{**given, "email": "nobody"})["path"] == ["email"]
    made, _ = quiz(author, pillar("body"))
    begun = Taker(client).start(made)
    assert client.refused("attemptLeadCapture", **{**given, "attemptId": begun["id"]})["code"] == "IN_PROGRESS"


def test_whoever_makes_the_account_theirs_is_no_lead_any_more(
    visitor_who_took: Callable[[int], tuple[Client, str]],
    staff: Staff,
    post: Post,
    database_url: str,
    visitor: Callable[[], Client],
) -> None:
    client, attempt = visitor_who_took(9)
    client.do("attemptLeadCapture", "__typename", attemptId=attempt, email="lee@example.org")
    user = client.ask("{ viewer { id } }")["viewer"]["id"]
    client.do("accountClaim", "__typename", email="lee@example.org", password=PASSWORD)
    visitor().do("accountConfirm", "__typename", token=post.secret("lee@example.org", "confirm"), password=PASSWORD)
    until(lambda: sql(database_url, "SELECT 1 FROM lead WHERE converted_user_id = %s", user), "conversion")
    assert staff(Role.ADMIN)[1].ask(LEADS)["highPriorityLeads"]["nodes"] == []


def test_those_with_a_high_score_are_found_without_looking_at_all_others(database_url: str, empty: None) -> None:
    many = """INSERT INTO lead (id, email, first_seen_at, score) SELECT gen_random_uuid(), n || '@example.org', now(),
        n %% 26 FROM generate_series(1, 20000) AS n"""
    sql(database_url, many)
    sql(database_url, "ANALYZE lead")
    newest = sa.select(LEAD.c.id).where(*HIGH_PRIORITY_LEADS.where).order_by(LEAD.c.id.desc()).limit(21)
    plan = sql(database_url, f"EXPLAIN {newest.compile(dialect=postgresql.dialect())}".replace("%(param_1)s", "21"))
    assert any("ix_lead_high_priority" in line for (line,) in plan), plan
