"""Attempts are measured on the scales of their assessment, in phases, and what they came to is their owner's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.assessment.measures import measured, pillar, points, scale, scorecard, scores
from tests.assessment.taking import CHOICE, Taker, quiz
from tests.events.logs import sql
from tests.jobs.crews import until
from tests.support.clients import Client, Data, People

Takers = Callable[[], Taker]
Statements = Callable[[], AbstractContextManager[list[str]]]
pytestmark = pytest.mark.usefixtures("grader")


def test_an_attempt_is_measured_on_every_scale(author: Client, taker: Takers) -> None:
    made, blocks = scorecard(author, "body", "mind", publish=False)
    scale(author, made, "all", list(blocks.values()), role="OVERALL", minimum=0, maximum=40, factor=1.5)
    author.do("assessmentPublish", "__typename", id=made)
    found = measured(taker(), made, points(blocks, 3, 10))
    assert [found[each]["score"] for each in found] == [3.0, 10.0, 19.5]
    assert [(each["band"] or {}).get("key") for each in found.values()] == ["low", "high", None]
    assert found["body"]["band"]["journey"] == "what_why_take_action"
    assert (found["all"]["raw"], found["all"]["exact"], found["all"]["role"]) == (13.0, "39/2", "OVERALL")


def test_choices_yes_and_no_and_rows_count_what_their_author_said(author: Client, taker: Takers) -> None:
    rows = [{"id": "rest", "text": "I rest."}, {"id": "rush", "text": "I rush."}]
    columns = [{"id": "no", "text": "No"}, {"id": "yes", "text": "Yes"}]
    matrix: Data = {"matrix": {"markdown": "Do you?", "rows": rows, "columns": columns}}
    yes: Data = {"trueFalse": {"markdown": "Is it so?", "points": 0}}
    made, (choice, truth, agree) = quiz(author, {"multipleChoice": CHOICE}, yes, matrix, publish=False)
    often = [{"option": "no", "value": 0}, {"option": "yes", "value": 4}]
    items = [
        {"blockId": choice, "values": [{"option": "yes", "value": 2.5}, {"option": "no", "value": 1}]},
        {"blockId": truth, "weight": 3},
        {"blockId": agree, "part": "rest", "values": often},
        {"blockId": agree, "part": "rush", "values": often, "isReversed": True},
    ]
    scale(author, made, "all", items, minimum=1, maximum=13.5)
    author.do("assessmentPublish", "__typename", id=made)
    answers: dict[str, Data] = {
        choice: {"multipleChoice": {"choiceId": "yes"}},
        truth: {"trueFalse": {"isTrue": True}},
        agree: {"matrix": {"rows": [{"rowId": "rest", "columnIds": ["yes"]}, {"rowId": "rush", "columnIds": ["no"]}]}},
    }
    assert measured(taker(), made, answers)["all"]["score"] == 13.5


def test_what_is_missing_is_made_up_for_as_far_as_the_scale_allows(author: Client, taker: Takers) -> None:
    made, blocks = scorecard(author, "body", "mind", "heart", bands=False, publish=False)
    strict = list(blocks.values())
    scale(author, made, "strict", strict, minimum=3, maximum=30)
    scale(author, made, "lenient", strict, minimum=3, maximum=30, missingAllowed=1)
    author.do("assessmentPublish", "__typename", id=made)
    found = measured(taker(), made, points(blocks, 5, None, 2))
    assert (found["strict"]["score"], found["strict"]["answered"], found["strict"]["counted"]) == (None, 2, 3)
    assert found["lenient"]["score"] == 10.5
    none = measured(taker(), made, points(blocks, None, None, None))
    assert [each["score"] for each in none.values()] == [None] * 5


def test_it_is_measured_by_what_was_published_when_it_began(author: Client, taker: Takers) -> None:
    made, blocks = scorecard(author, "body", bands=False)
    somebody = taker()
    begun = somebody.start(made)
    scale(author, made, "later", list(blocks.values()))
    author.do("assessmentPublish", "__typename", id=made)
    somebody.answer(begun, blocks["body"], scale={"point": 7})
    somebody.submit(begun)
    somebody.graded(begun)
    assert list(scores(somebody, begun)) == ["body"]
    assert list(measured(taker(), made, points(blocks, 7))) == ["body", "later"]


def test_reaching_a_band_is_a_fact_that_does_not_say_which(author: Client, taker: Takers, database_url: str) -> None:
    made, blocks = scorecard(author, "body", "mind", publish=False)
    scale(author, made, "quiet", [blocks["body"]])
    author.do("assessmentPublish", "__typename", id=made)
    measured(taker(), made, points(blocks, 2, 9))
    found = sql(database_url, "SELECT payload FROM fact WHERE type = 'scale.band_reached'")
    until(lambda: len(found) == 2, "facts")
    assert {key for (payload,) in found for key in payload} == {"assessmentId", "userId", "scaleId"}


def test_attempts_of_each_phase_are_counted_by_themselves(author: Client, taker: Takers) -> None:
    made, blocks = scorecard(author, "body", maxAttempts=1)
    somebody = taker()
    for phase in ("PRE", "MID", "POST", "FOLLOW_UP", None):
        measured(somebody, made, points(blocks, 5), phase)
        again: Data = {"assessmentId": made, "phase": phase}
        assert somebody.client.refused("attemptStart", **again)["code"] == "NO_ATTEMPT_LEFT"
    document = "query($phase: AttemptPhase) { attempts(filter: {phase: $phase}) { nodes { phase number } } }"
    found = somebody.client.ask(document, phase="POST")["attempts"]["nodes"]
    assert found == [{"phase": "POST", "number": 3}]


def test_one_attempt_is_under_way_whatever_its_phase(author: Client, taker: Takers) -> None:
    made, _ = scorecard(author, "body")
    somebody = taker()
    begun = somebody.client.do("attemptStart", "attempt { id phase }", assessmentId=made, phase="PRE")["attempt"]
    assert begun["phase"] == "PRE"
    error = somebody.client.refused("attemptStart", assessmentId=made, phase="POST")
    assert (error["code"], error["path"]) == ("OTHER_PHASE_UNDER_WAY", ["phase"])
    assert somebody.start(made)["id"] == begun["id"]


def test_scores_are_nobody_elses(people: People, author: Client, taker: Takers, database_url: str) -> None:
    made, blocks = scorecard(author, "body")
    somebody = taker()
    measured(somebody, made, points(blocks, 2))
    document = "{ attempts { nodes { scaleScores { key score } } } }"
    assert somebody.client.ask(document)["attempts"]["nodes"] == [{"scaleScores": [{"key": "body", "score": 2.0}]}]
    for stranger in (taker().client, author, people.admin):
        assert stranger.ask(document)["attempts"]["nodes"] == []


@pytest.mark.parametrize("number", [1, 3])
def test_the_scores_of_any_number_of_attempts_are_read_in_two_statements(
    people: People, author: Client, taker: Takers, statements: Statements, database_url: str, number: int
) -> None:
    made, blocks = scorecard(author, "body", "mind")
    somebody = taker()
    for each in range(number):
        measured(somebody, made, points(blocks, each + 1, 5))
    reader = people.learner.ask("{ viewer { id } }")["viewer"]["id"]
    for table in ("attempt", "scale_score"):
        sql(database_url, f"UPDATE {table} SET user_id = %s WHERE assessment_id = %s", reader, made)
    document = """query($id: ID!) { attempts(filter: {assessment: $id}) {
        nodes { scaleScores { key score band { key } } } } }"""
    with statements() as sent:
        found = people.learner.ask(document, id=made)["attempts"]["nodes"]
    assert [len(each["scaleScores"]) for each in found] == [2] * number
    assert len(sent) == 3


def test_a_lead_scale_is_for_staff_and_no_score_of_the_person(author: Client, taker: Takers) -> None:
    made, (body,) = quiz(author, pillar("body"), publish=False)
    scale(author, made, "promise", [body], role="LEAD")
    author.do("assessmentPublish", "__typename", id=made)
    assert measured(taker(), made, {body: {"scale": {"point": 5}}}) == {}
