"""What is visible of attempts: row-level security lets people's own through, and marks once feedback is due."""

from __future__ import annotations

from core.relations import Relation, Sort, equals
from core.tables import table_of
from models.assessment import Answer, AnswerMark, AssessmentDay, Attempt, Paper, ScaleAggregate, ScaleScore
from models.curriculum import Assessment

PAPER, ATTEMPT, ANSWER, MARK = (table_of(model) for model in (Paper, Attempt, Answer, AnswerMark))
SCORE, AGGREGATE, DAY = (table_of(model) for model in (ScaleScore, ScaleAggregate, AssessmentDay))

_FIRST = {"FIRST": Sort("created_at")}
ATTEMPTS = Relation(
    Attempt,
    sorts={"NEWEST": Sort("id", descending=True)},
    filters={
        "assessment": equals(ATTEMPT.c.assessment_id),
        "status": equals(ATTEMPT.c.status),
        "phase": equals(ATTEMPT.c.phase),
    },
)
ATTEMPT_BY_ID = Relation(Attempt, "id")
ASSESSMENT_OF_ATTEMPT = Relation(Assessment, "id", "assessment_id")
ANSWERS_OF_ATTEMPT = Relation(Answer, "attempt_id", sorts=_FIRST)
MARKS_OF_ATTEMPT = Relation(AnswerMark, "attempt_id", sorts=_FIRST)
