"""Profiles: what has changed between phases, whose it is to see, and what is told of many people together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.identity import Role
from resolvers.assessment.aggregates import SUMMARISE
from tests.assessment.measures import BANDS, measured, pillar, points, scale, scorecard
from tests.assessment.taking import Taker, quiz
from tests.events.logs import sql
from tests.jobs.crews import ask, until
from tests.support import factories
from tests.support.clients import Client, Data, People

Takers = Callable[[], Taker]
pytestmark = pytest.mark.usefixtures("grader")

POINT = "{ phase score band { key } }"
SCALE = f"key pre post change isBetter changed reliableChange isReliable latest {POINT} points {POINT}"
PROFILE = f"""query($assessment: ID!, $user: ID) {{ wellbeingProfile(assessmentId: $assessment, userId: $user) {{
    phases scales {{ {SCALE} }} overall {{ key }} mainMover {{ key }} priority {{ key }}
    chartSvg chartTableHtml }} }}"""


def profile(client: Client, assessment: str, user: str | None = None) -> Data | None:
    """A profile as somebody sees it."""
    found: Data | None = client.ask(PROFILE, assessment=assessment, user=user)["wellbeingProfile"]
    return found


def test_a_profile_tells_what_has_changed_and_whether_it_counts(author: Client, taker: Takers) -> None:
    made, blocks = scorecard(author, "body", "mind", "worry", publish=False, bands=False)
    body, mind, worry = blocks.values()
    norms = {"changeThreshold": 3, "normDeviation": 2, "reliability": 0.875}
    for key, block in (("sure", body), ("small", mind)):
        scale(author, made, key, [block], bands=BANDS, **norms)
    scale(author, made, "fear", [worry], higherIsBetter=False)
    scale(author, made, "all", [body, mind], role="OVERALL", maximum=20)
    author.do("assessmentPublish", "__typename", id=made)
    somebody = taker()
    measured(somebody, made, points(blocks, 3, 5, 9), "PRE")
    alone = profile(somebody.client, made)
    assert alone is not None
    assert ([each["change"] for each in alone["scales"]], alone["mainMover"]) == ([None] * 7, None)
    measured(somebody, made, points(blocks, 9, 6, 2), "POST")
    found = profile(somebody.client, made)
    assert found is not None
    scales = {each["key"]: each for each in found["scales"]}
    assert found["phases"] == ["PRE", "POST"]
    sure, small, fear = scales["sure"], scales["small"], scales["fear"]
    assert (sure["pre"], sure["post"], sure["change"], sure["changed"], sure["isBetter"]) == (3.0, 9.0, 6.0, True, True)
    # Twice the squared standard error of measurement is 2 * 4 * 0.125 = 1.
    assert (sure["reliableChange"], sure["isReliable"]) == (6.0, True)
    assert (small["change"], small["changed"], small["isReliable"]) == (1.0, False, False)
    assert (fear["change"], fear["isBetter"], fear["changed"], fear["isReliable"]) == (-7.0, True, None, None)
    assert [each["band"]["key"] for each in sure["points"]] == ["low", "high"]
    assert (found["overall"], found["mainMover"], found["priority"]) == (
        {"key": "all"},
        {"key": "worry"},
        {"key": "worry"},
    )
    assert found["chartSvg"].startswith("<svg ")
    assert "<caption>Profile</caption>" in found["chartTableHtml"]


def test_before_is_the_first_score_after_the_newest(author: Client, taker: Takers) -> None:
    made, blocks = scorecard(author, "body")
    somebody = taker()
    for phase, answer in (("PRE", 2), ("PRE", 6), ("POST", 4), ("POST", 8), (None, 5)):
        measured(somebody, made, points(blocks, answer), phase)
    found = profile(somebody.client, made)
    assert found is not None
    (body,) = found["scales"]
    assert (body["pre"], body["post"], body["latest"]["score"], body["latest"]["phase"]) == (2.0, 8.0, 5.0, "NONE")


def test_scores_of_another_way_of_counting_are_not_compared(author: Client, taker: Takers) -> None:
    made, (block,) = quiz(author, pillar("body"), kind="SURVEY", publish=False)
    measure = scale(author, made, "body", [block])
    author.do("assessmentPublish", "__typename", id=made)
    somebody = taker()
    measured(somebody, made, {block: {"scale": {"point": 2}}}, "PRE")
    changes: Data = {"id": measure, "expectedRevision": 1, "factor": 10, "maximum": 100}
    author.do("scaleUpdate", "__typename", **changes)
    author.do("assessmentPublish", "__typename", id=made)
    measured(somebody, made, {block: {"scale": {"point": 3}}}, "POST")
    found = profile(somebody.client, made)
    assert found is not None
    assert (found["phases"], found["scales"][0]["pre"], found["scales"][0]["change"]) == (["POST"], None, None)


# Whose it is ---------------------------------------------------------------------------------------------------------


def test_a_coach_sees_the_profile_of_those_in_their_course_who_agreed_to_that(
    people: People, author: Client, taker: Takers, staff: Callable[[Role], tuple[str, Client]]
) -> None:
    course, other = (factories.tree(author, modules=1, lessons=1, blocks=0) for _ in range(2))
    made, blocks = scorecard(author, "body", lesson_id=course["lessons"][0])
    factories.publish(author, course["course"])
    coach_id, coach = staff(Role.LEARNER)
    elsewhere_id, elsewhere = staff(Role.LEARNER)
    for who, where in ((coach_id, course), (elsewhere_id, other)):
        given = {"userId": who, "role": "COACH", "scopeType": "COURSE", "scopeId": where["course"]}
        people.admin.do("roleGrant", "__typename", **given)
    somebody = taker()
    owner = somebody.client.ask("{ viewer { id } }")["viewer"]["id"]
    measured(somebody, made, points(blocks, 2))
    assert profile(somebody.client, made) is not None
    agreed: Data = {"purpose": "WELLBEING_DATA", "courseId": course["course"]}
    everybody = (coach, elsewhere, author, people.admin, people.anonymous, taker().client)

    def who_sees() -> list[bool]:
        return [profile(each, made, owner) is not None for each in everybody]

    assert who_sees() == [False] * 6
    somebody.client.do("consentGrant", "__typename", purpose="WELLBEING_DATA", version="1")
    assert who_sees() == [False] * 6
    somebody.client.do("consentGrant", "consent { courseId }", version="1", **agreed)
    assert who_sees() == [True] + [False] * 5
    answers = "query($id: ID!) { attempts(filter: {assessment: $id}) { totalCount } }"
    assert coach.ask(answers, id=made)["attempts"]["totalCount"] == 0
    somebody.client.do("consentWithdraw", "__typename", **agreed)
    assert who_sees() == [False] * 6


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"purpose": "RECORDING", "courseId": "COURSE"}, "INVALID"),
        ({"purpose": "WELLBEING_DATA", "courseId": "THEME"}, "WRONG_KIND_OF_ID"),
    ],
)
def test_only_wellbeing_data_are_agreed_on_for_a_course(author: Client, taker: Takers, given: Data, code: str) -> None:
    ids = {"COURSE": factories.course(author), "THEME": factories.theme(author)}
    error = taker().client.refused("consentGrant", **{**given, "courseId": ids[given["courseId"]]}, version="1")
    assert (error["code"], error["path"]) == (code, ["courseId"])


# Many people ---------------------------------------------------------------------------------------------------------


AGGREGATE = """query($id: ID!) { assessmentAggregate(assessmentId: $id) { key people mean bands { key people } } }"""
FUNNEL = "query($id: ID!) { assessmentFunnel(assessmentId: $id) { started submitted completionPercent } }"


def multiply(database_url: str, assessment: str, people: int, first: int = 0) -> None:
    """Copies the one score there is to so many more people, with scores from 1 to 10 in turn."""
    document = """INSERT INTO scale_score (id, attempt_id, user_id, paper_id, assessment_id, root_id, scale_id, phase,
        submitted_at, answered, raw, score, exact, band)
        SELECT ('ffffffff-0000-0000-0000-' || lpad((n)::text, 12, '0'))::uuid, gen_random_uuid(), gen_random_uuid(),
        paper_id, assessment_id, root_id, scale_id, phase, submitted_at, 1, n %% 10 + 1, n %% 10 + 1,
        (n %% 10 + 1)::text, CASE WHEN n %% 10 + 1 < 4 THEN 'low' WHEN n %% 10 + 1 < 8 THEN 'middle' ELSE 'high' END
        FROM (SELECT * FROM scale_score WHERE assessment_id = %s ORDER BY id LIMIT 1) AS one,
        generate_series(%s::int, %s::int) AS n"""
    sql(
        database_url,
        "SET session_replication_role = replica; "
        + document.replace("%s", "'{}'").format(assessment, first, first + people - 1),
    )


def test_people_are_told_of_together_by_whole_tens(
    people: People, author: Client, taker: Takers, database_url: str
) -> None:
    made, blocks = scorecard(author, "body")
    measured(taker(), made, points(blocks, 1))

    def told(number: int) -> list[Data]:
        done = "SELECT count(*) FROM job WHERE actor = 'summarise_results' AND state = 'done'"
        ((before,),) = sql(database_url, done)
        ask(database_url, SUMMARISE)
        until(lambda: sql(database_url, done)[0][0] > before, "the summary")
        found: list[Data] = people.editor.ask(AGGREGATE, id=made)["assessmentAggregate"]
        assert [each["people"] for each in found] == ([number] if number else [])
        return found

    multiply(database_url, made, 8)
    told(0)
    multiply(database_url, made, 1, first=8)
    (ten,) = told(10)
    assert [each["people"] for each in ten["bands"]] == [5, 5, 0]
    multiply(database_url, made, 9, first=9)
    assert told(10) == [ten]
    assert people.editor.ask(FUNNEL, id=made)["assessmentFunnel"] == [
        {"started": 1, "submitted": 1, "completionPercent": 100.0}
    ]
    for document in (AGGREGATE, FUNNEL):
        assert people.learner.fails(document, id=made) == "FORBIDDEN"
