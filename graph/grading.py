"""What people grade, in the API: the queue of answers that somebody has to read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models.events.assessment as facts
import models.grading as models
from core.rows import Row
from graph.assessment import Answer
from graph.context import LIVE
from graph.curriculum.types import Assessment
from graph.door import Act, Done, described_as, mutation
from graph.engine import BatchInfo
from graph.fields import batched, column, described, entity, related_one
from graph.formats.base import Block
from graph.jobs import Job
from graph.node import Node, by_id
from graph.paging import Connection, connection
from graph.subscriptions import OWNERS, Event, subscription
from models.grading import GradingState, RegradeState
from models.identity import Scope
from resolvers.assessment import accommodations, queue, regrading, visible
from resolvers.assessment.batches import papers

described(GradingState, awaiting="Nobody has graded it yet.", graded="It is graded; it can be graded anew.")


described(
    RegradeState,
    running="It is under way.",
    done="It is done.",
    stopped="It was not done: nothing was published any more as it began.",
)


async def _questions(rows: Sequence[Any], info: BatchInfo) -> list[Row]:
    found = await papers(info.context.reader, [row.paper_id for row in rows])
    return [paper[row.block_id] for row, paper in zip(rows, found, strict=True)]


@entity(models.Grading)
class Grading(Node):
    """An answer that a person has to read, and what they say it is worth. Whose answer it is, nobody is told."""

    attempt_id: strawberry.ID
    block_id: strawberry.ID
    submitted_at: datetime
    points: int
    rubric: str | None
    sample_answer: str | None
    state: GradingState
    score: float | None
    comment: str | None
    graded_by: strawberry.ID | None
    graded_at: datetime | None
    revision: int
    assessment: Assessment | None = related_one(
        visible.ASSESSMENT_OF_GRADING, "The assessment as readers see it now; null when they see it no more."
    )
    question: Block | None = batched(_questions, "The question as it was asked.", needs=("paper_id", "block_id"))
    answer: Answer | None = related_one(visible.ANSWER_OF_GRADING, "What was answered.")


@entity(models.Accommodation)
class Accommodation(Node):
    """That one person has more time for an assessment, or more attempts, than others."""

    assessment_id: strawberry.ID
    user_id: strawberry.ID
    extra_minutes: int
    extra_percent: int
    extra_attempts: int
    reason: str
    granted_by: strawberry.ID | None
    created_at: datetime = column("When it was given first.")
    updated_at: datetime = column("When it was given last.")
    assessment: Assessment | None = related_one(
        visible.ASSESSMENT_OF_ACCOMMODATION, "The assessment as readers see it now; null when they see it no more."
    )


@strawberry.type(description="What a regrade makes of the answers to one question.")
class RegradeQuestion:
    """Counts of answers in attempts of earlier revisions."""

    block_id: strawberry.ID = strawberry.field(description="The question.")
    answers: int = strawberry.field(description="How many answers there are.")
    changed: int = strawberry.field(description="How many of them are worth something else.")
    kept: int = strawberry.field(
        description="How many of them keep their key, because the question was asked otherwise then."
    )


def _counted(rows: Sequence[Any], info: BatchInfo) -> list[list[RegradeQuestion]]:
    return [[RegradeQuestion(block_id=each["block_id"], **each["counts"]) for each in row.questions] for row in rows]


@entity(models.Regrade)
class Regrade(Node):
    """That attempts of earlier revisions are graded by the keys of a later one, or what would come of it."""

    assessment_id: strawberry.ID
    revision: int | None
    is_preview: bool
    state: RegradeState
    attempts: int
    answers_changed: int
    scores_changed: int
    newly_passed: int
    no_longer_passed: int
    attempt_ids: list[strawberry.ID]
    created_at: datetime = column("When it was called for.")
    questions: list[RegradeQuestion] = batched(
        _counted, "What becomes of the answers to each question.", needs=("questions",)
    )
    job: Job | None = related_one(visible.JOB_OF_REGRADE, "The job that does it, for who called for it.")


@strawberry.input(description="Which accommodations.")
class AccommodationFilter:
    """All conditions must hold."""

    assessment: strawberry.ID | None = strawberry.field(default=None, description="At this assessment.")
    user: strawberry.ID | None = strawberry.field(default=None, description="Of this person.")


@strawberry.input(description="Which regrades.")
class RegradeFilter:
    """All conditions must hold."""

    assessment: strawberry.ID | None = strawberry.field(default=None, description="Of this assessment.")


@strawberry.input(description="Which answers.")
class GradingFilter:
    """All conditions must hold."""

    assessment: strawberry.ID | None = strawberry.field(default=None, description="Of this assessment.")


@strawberry.type
class GradingQuery:
    """Root fields for those who grade."""

    grading_queue: Connection[Grading] = connection(
        visible.GRADINGS_AWAITED,
        "The answers that wait for somebody to grade them, the oldest first.",
        filter=GradingFilter,
        scope=Scope.ANSWER_GRADE,
    )
    gradings: Connection[Grading] = connection(
        visible.GRADINGS_DONE,
        "The answers that people have graded, the newest first.",
        filter=GradingFilter,
        scope=Scope.ANSWER_GRADE,
    )
    grading: Grading | None = by_id(visible.GRADING_BY_ID, "One answer that a person has to grade, or has graded.")
    accommodations: Connection[Accommodation] = connection(
        visible.ACCOMMODATIONS,
        "Who has more time or more attempts: oneself, and for those who may give it, others.",
        filter=AccommodationFilter,
    )
    regrades: Connection[Regrade] = connection(
        visible.REGRADES, "What was regraded, the newest first.", filter=RegradeFilter, scope=Scope.CONTENT_PUBLISH
    )
    regrade: Regrade | None = by_id(visible.REGRADE_BY_ID, "One regrade, or what one would come to.")


@strawberry.type
class GradingSubscription:
    """Root fields for those who take assessments."""

    accommodation_changed: Event = subscription(
        (facts.AccommodationGranted, facts.AccommodationRevoked),
        OWNERS,
        "One has more time or more attempts at an assessment than before, or no more than others any more.",
    )


@mutation(Scope.ANSWER_GRADE, Grading, shows=LIVE, records=(facts.AnswerGraded,), within=True)
async def grading_save(
    act: Act,
    attempt_id: Annotated[strawberry.ID, described_as("The attempt that the answer belongs to.")],
    block_id: Annotated[strawberry.ID, described_as("The question.")],
    score: Annotated[float, described_as("The points that it earns: from 0 to its `points`, in hundredths.")],
    expected_revision: Annotated[int, described_as("The revision you looked at.")],
    comment: Annotated[
        str | None,
        described_as("What to tell whoever answered (Markdown); they see it once feedback is due.", secret=True),
    ] = None,
) -> str:
    """Says what an answer is worth, for the first time or anew. The attempt is graded once all of it is.

    Where somebody else graded it in the meantime, nothing is written, and the error shows both gradings.
    """
    return await queue.give(act.tx, attempt_id, block_id, score, comment, expected_revision)


@mutation(
    Scope.ACCOMMODATION_GRANT,
    Accommodation,
    shows=LIVE,
    trusted=True,
    records=(facts.AccommodationGranted,),
    within=True,
)
async def accommodation_grant(
    act: Act,
    assessment_id: Annotated[strawberry.ID, described_as("The assessment.")],
    user_id: Annotated[strawberry.ID, described_as("Who is to have more.")],
    reason: Annotated[str, described_as("Why: for those who may give it, and for the person.", secret=True)],
    extra_minutes: Annotated[int, described_as("So many minutes more for each attempt.")] = 0,
    extra_percent: Annotated[int, described_as("So much more time for each attempt, in percent of the limit.")] = 0,
    extra_attempts: Annotated[int, described_as("So many attempts more than others have.")] = 0,
) -> str:
    """Gives somebody more time or more attempts at an assessment, in place of what they had more before.

    An attempt that is under way gets its time at once, and none is ever taken away from one.
    """
    amounts = {"extra_minutes": extra_minutes, "extra_percent": extra_percent, "extra_attempts": extra_attempts}
    given = {**amounts, "reason": reason}
    return await accommodations.grant(act.tx, act.viewer, assessment_id, user_id, given)


@mutation(
    Scope.ACCOMMODATION_GRANT,
    Accommodation,
    shows=LIVE,
    trusted=True,
    records=(facts.AccommodationRevoked,),
    within=True,
)
async def accommodation_revoke(act: Act, id: Annotated[strawberry.ID, described_as("The accommodation's id.")]) -> Done:
    """Takes back what somebody had more. An attempt that is under way keeps its time."""
    await accommodations.revoke(act.tx, act.viewer, id)
    return Done(None, subject=id)


AssessmentId = Annotated[strawberry.ID, described_as("The assessment, which is published.")]


@mutation(Scope.CONTENT_PUBLISH, Regrade, shows=LIVE, within=True)
async def regrade_preview(act: Act, id: AssessmentId) -> str:
    """Finds out what would come of a regrade: how many answers, scores and passes would change. Changes nothing.

    A job does it: `state` says when it is done.
    """
    return await regrading.begin(act.tx, id, is_preview=True)


@mutation(Scope.CONTENT_PUBLISH, Regrade, shows=LIVE, within=True)
async def regrade_start(act: Act, id: AssessmentId) -> str:
    """Has attempts of earlier revisions graded by the keys that are published now, where a question is the same.

    A job does it, in batches. What people graded stays; what attempts came to before stands in the audit log.
    """
    return await regrading.begin(act.tx, id, is_preview=False)


MUTATIONS = (
    grading_save, accommodation_grant, accommodation_revoke, regrade_preview, regrade_start,
)  # fmt: skip
