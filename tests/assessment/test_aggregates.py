"""What is told of many people is counted however much there is, and is told of no scale that is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from resolvers.assessment import aggregates
from tests.assessment.measures import scorecard
from tests.assessment.taking import CHOICE, Taker, quiz
from tests.events.logs import as_service, sql
from tests.support.clients import Client, People

Takers = Callable[[], Taker]
# The same attempt at more assessments, on more days, than one statement has room for.
MANY = """
WITH made AS (
  INSERT INTO content SELECT (jsonb_populate_record(one, jsonb_build_object('id', gen_random_uuid()))).*
  FROM content AS one, generate_series(1, 220) WHERE one.id = %s RETURNING id
)
INSERT INTO attempt SELECT (jsonb_populate_record(one, jsonb_build_object(
  'id', gen_random_uuid(), 'assessment_id', made.id, 'number', day, 'status', 'submitted',
  'started_at', now() - make_interval(days => day), 'submitted_at', now()))).*
FROM attempt AS one, made, generate_series(1, 55) AS day"""


def test_days_are_counted_however_many_there_are(author: Client, taker: Takers, database_url: str) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE})
    taker().start(made)
    sql(database_url, MANY, made)
    for _ in range(2):
        as_service(database_url, aggregates.summarise)
        counted = sql(database_url, "SELECT count(*), sum(started), sum(submitted) FROM assessment_day")
        assert counted == [(220 * 55 + 1, 220 * 55 + 1, 220 * 55)]


TOLD = """INSERT INTO scale_aggregate (id, assessment_id, root_id, scale_id, phase, revision, key, label, position,
 people, mean, bands) SELECT gen_random_uuid(), assessment_id, assessment_id, id, 'none', 1, key, label, position,
 10, 5, '[]' FROM scale WHERE stage = 'live'"""
AGGREGATE = "query($id: ID!) { assessmentAggregate(assessmentId: $id) { key } }"


@pytest.mark.parametrize("change", ["lead", "gone"])
def test_a_scale_that_is_gone_or_for_staff_alone_is_told_of_no_more(
    author: Client, people: People, database_url: str, change: str
) -> None:
    made, _ = scorecard(author, "body", "mind")
    sql(database_url, TOLD)
    as_service(database_url, aggregates.summarise)
    assert {each["key"] for each in people.editor.ask(AGGREGATE, id=made)["assessmentAggregate"]} == {"body", "mind"}
    document = "query($id: ID!) @perspective(stage: DRAFT) { assessment(id: $id) { scales { id key revision } } }"
    (scale,) = [each for each in author.ask(document, id=made)["assessment"]["scales"] if each["key"] == "mind"]
    if change == "lead":
        given = {"id": scale["id"], "expectedRevision": scale["revision"], "role": "LEAD"}
        author.do("scaleUpdate", "__typename", **given)
    else:
        author.do("scaleTrash", "__typename", id=scale["id"])
    author.do("assessmentPublish", "__typename", id=made)
    as_service(database_url, aggregates.summarise)
    assert [each["key"] for each in people.editor.ask(AGGREGATE, id=made)["assessmentAggregate"]] == ["body"]
