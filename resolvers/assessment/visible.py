"""What is visible of attempts: row-level security lets people's own through, and marks once feedback is due."""

from __future__ import annotations

from core.relations import Relation, Sort, equals
from core.tables import table_of
from models.assessment import Answer, AnswerMark, AssessmentDay, Attempt, Paper, ScaleAggregate, ScaleScore
from models.curriculum import Assessment
from models.grading import Accommodation, Grading, GradingState, Regrade
from models.jobs import Job

PAPER, ATTEMPT, ANSWER, MARK = (table_of(model) for model in (Paper, Attempt, Answer, AnswerMark))
SCORE, AGGREGATE, DAY = (table_of(model) for model in (ScaleScore, ScaleAggregate, AssessmentDay))
GRADING, REGRADE = table_of(Grading), table_of(Regrade)
ACCOMMODATION = table_of(Accommodation)

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
MARKS_OF_ATTEMPT = Relation(AnswerMark, "attempt_id")

_GRADINGS = {"assessment": equals(GRADING.c.assessment_id)}
GRADINGS_AWAITED = Relation(
    Grading,
    sorts={"OLDEST": Sort("submitted_at")},
    filters=_GRADINGS,
    where=(GRADING.c.state == GradingState.AWAITING.value,),
)
GRADINGS_DONE = Relation(
    Grading,
    sorts={"NEWEST": Sort("submitted_at", descending=True)},
    filters=_GRADINGS,
    where=(GRADING.c.state == GradingState.GRADED.value,),
)
GRADING_BY_ID = Relation(Grading, "id")
ASSESSMENT_OF_GRADING = Relation(Assessment, "id", "assessment_id")
ANSWER_OF_GRADING = Relation(Answer, "id", "answer_id")

ACCOMMODATIONS = Relation(
    Accommodation,
    sorts={"NEWEST": Sort("id", descending=True)},
    filters={"assessment": equals(ACCOMMODATION.c.assessment_id), "user": equals(ACCOMMODATION.c.user_id)},
)
ASSESSMENT_OF_ACCOMMODATION = Relation(Assessment, "id", "assessment_id")

REGRADES = Relation(
    Regrade,
    sorts={"NEWEST": Sort("id", descending=True)},
    filters={"assessment": equals(REGRADE.c.assessment_id)},
)
REGRADE_BY_ID = Relation(Regrade, "id")
JOB_OF_REGRADE = Relation(Job, "id", "job_id")
