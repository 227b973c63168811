"""Attempts in the API: begin, answer, hand in, and see what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models.assessment as models
import models.events.assessment as facts
from core.rows import Row
from graph.context import Context
from graph.curriculum.enums import ScaleRole
from graph.curriculum.scales import ScoreBand
from graph.curriculum.types import Assessment
from graph.declaring import batch_field
from graph.door import Act, Done, Gate, described_as, mutation
from graph.engine import BatchInfo, load_shared
from graph.fields import batched, column, described, entity, related, related_one
from graph.formats.answering import AnswerInput, AnswerRemark, given_answer, shown_answer
from graph.formats.base import Block, Response
from graph.node import Node, by_id
from graph.paging import Connection, connection
from graph.subscriptions import OWNERS, Event, subscription
from graph.uploads import TARGET, Upload, begun, files_of
from models.assessment import AttemptPhase as AttemptPhase
from models.assessment import AttemptStatus
from models.curriculum import BlockFormat
from resolvers.assessment import attempts, batches, scales, uploading, visible
from resolvers.formats import BY_KIND
from resolvers.formats.base import QuestionFormat
from resolvers.requests.limits import UPLOAD
from resolvers.uploads import FileToCome

_PATH = ("paper_id", "shown_ids")

described(
    AttemptStatus,
    in_progress="It is under way.",
    submitted="It is handed in, and not graded yet.",
    graded="It is graded.",
    expired="Its time was up before it was handed in; what was saved by then counts.",
)
described(
    AttemptPhase,
    none="At no time in particular.",
    pre="Before a programme.",
    mid="In the midst of it.",
    post="After it.",
    follow_up="Some time later.",
)


async def _papers(paper_ids: Sequence[str], context: Context) -> Sequence[Any]:
    return await batches.papers(context.reader, paper_ids)


async def _answered_ids(attempt_ids: Sequence[str], context: Context) -> Sequence[Any]:
    return await batches.answered_ids(context.reader, attempt_ids)


async def _blocks(rows: Sequence[Any], info: BatchInfo) -> list[list[Row]]:
    papers = await load_shared(info.context, _papers, [row.paper_id for row in rows])
    return [batches.shown(row, paper) for row, paper in zip(rows, papers, strict=True)]


async def _questions(rows: Sequence[Any], info: BatchInfo) -> list[list[Row]]:
    return [batches.questions(blocks) for blocks in await _blocks(rows, info)]


async def _progress(rows: Sequence[Any], info: BatchInfo) -> list[AttemptProgress]:
    answered = await load_shared(info.context, _answered_ids, [row.id for row in rows])
    return [progress_of(*each) for each in zip(await _blocks(rows, info), answered, strict=True)]


async def _sections(rows: Sequence[Any], info: BatchInfo) -> list[list[AttemptSection]]:
    answered = await load_shared(info.context, _answered_ids, [row.id for row in rows])
    return [sections_of(*each) for each in zip(await _blocks(rows, info), answered, strict=True)]


def progress_of(blocks: Sequence[Row], answered: set[str]) -> AttemptProgress:
    """How far one is, as the API shows it."""
    return AttemptProgress(**vars(batches.progress(blocks, answered)))


def sections_of(blocks: Sequence[Row], answered: set[str]) -> list[AttemptSection]:
    """The pages that blocks make, as the API shows them."""
    by_id: dict[str, Any] = {block.id: block for block in blocks}
    found = []
    for page in batches.pages(blocks):
        inside = [by_id[each] for each in page.block_ids]
        heading = by_id[page.section_id] if page.section_id else None
        title = heading.title if heading else None
        found.append(
            AttemptSection(heading=heading, title=title, blocks=inside, progress=progress_of(inside, answered))
        )
    return found


def _shown(kind: str, value: dict[str, Any] | None) -> Response | None:
    if value is None:
        return None
    model = BY_KIND[BlockFormat(kind)]
    assert issubclass(model, QuestionFormat)
    return shown_answer(model.format, model.response_model.model_validate(value))


def _values(rows: Sequence[Any], info: BatchInfo) -> list[Response | None]:
    return [_shown(row.format, row.value) for row in rows]


async def _files(rows: Sequence[Any], info: BatchInfo) -> list[list[Row]]:
    return await batches.files_of_answers(info.context.reader, rows)


def _right(rows: Sequence[Any], info: BatchInfo) -> list[Response | None]:
    return [_shown(row.format, row.right_value) for row in rows]


def _remarks(rows: Sequence[Any], info: BatchInfo) -> list[list[AnswerRemark]]:
    return [[AnswerRemark(text=each["text"], part=each["part"]) for each in row.remarks] for row in rows]


@entity(models.Answer)
class Answer:
    """What somebody answered to one question of an attempt."""

    block_id: strawberry.ID
    updated_at: datetime = column("When it was last saved.")
    value: Response = batched(_values, "The answer.", needs=("format", "value"))
    files: list[Upload] = batched(
        _files, "The files that it hands in, in order; empty for any other answer.", needs=("format", "value")
    )


@entity(models.AnswerMark)
class AnswerMark:
    """What an answer is worth and what there is to say to it."""

    block_id: strawberry.ID
    share: str | None
    score: float | None
    points: int
    explanation: str | None
    comment: str | None
    remarks: list[AnswerRemark] = batched(_remarks, "The feedback on it.", needs=("remarks",))
    right_answer: Response | None = batched(
        _right, "An answer that earns all points; null where none can be written down.", needs=("format", "right_value")
    )


def _reached(rows: Sequence[Any], info: BatchInfo) -> list[ScoreBand | None]:
    return [None if row.reached is None else ScoreBand(**row.reached) for row in rows]


@strawberry.type
class OnScale:
    """What is told of a scale with whatever stands on it."""

    key: str = strawberry.field(description="The scale's key.")
    label: str = strawberry.field(description="What it measures.")
    description: str = strawberry.field(description="What is meant by that.")
    role: ScaleRole = strawberry.field(description="What its score is for.")
    minimum: float = strawberry.field(description="The lowest score that there is.")
    maximum: float = strawberry.field(description="The highest score that there is.")
    higher_is_better: bool = strawberry.field(description="Whether more of it is better.")


@strawberry.type(description="What an attempt came to on one scale.")
class ScaleScore(OnScale):
    """At run time it is the scale as its paper has it, with the score."""

    counted: int = strawberry.field(description="How many answers count towards it.")
    answered: int = strawberry.field(description="How many of them were given.")
    raw: float | None = strawberry.field(description="The number that the answers come to, before it is made a score.")
    score: float | None = strawberry.field(description="The score; null where too many answers are missing.")
    exact: str | None = strawberry.field(description='The same exactly, such as "20/3".')
    band: ScoreBand | None = batch_field(_reached, "The band that the score falls into, with what it means.")


async def _scale_scores(rows: Sequence[Any], info: BatchInfo) -> list[list[Row]]:
    return await scales.scores_of_attempts(info.context.reader, rows)


@strawberry.type(description="How far one is with what is asked, by what was answered so far.")
class AttemptProgress:
    """It may well grow and shrink on the way."""

    answered: int = strawberry.field(description="How many questions are answered.")
    total: int = strawberry.field(description="How many questions there are on the path.")
    required_left: int = strawberry.field(description="How many questions have to be answered and are not.")


@strawberry.type(description="One page of an attempt: a section with what is shown of it.")
class AttemptSection:
    """What stands before the first section is a page without heading."""

    heading: Block | None = strawberry.field(description="The section's own block; null before the first section.")
    title: str | None = strawberry.field(description="The title of the section; null before the first section.")
    blocks: list[Block] = strawberry.field(description="What is shown in it, in order.")
    progress: AttemptProgress = strawberry.field(description="How far one is with its questions.")


@entity(models.Attempt)
class Attempt(Node):
    """One person's go at an assessment."""

    revision: int
    number: int
    phase: AttemptPhase
    status: AttemptStatus
    passing_score: int
    time_limit_minutes: int | None
    started_at: datetime
    deadline_at: datetime | None
    submitted_at: datetime | None
    score: float | None
    max_score: float | None
    percentage: float | None
    passed: bool | None
    assessment: Assessment | None = related_one(
        visible.ASSESSMENT_OF_ATTEMPT, "The assessment as readers see it now; null when they see it no more."
    )
    blocks: list[Block] = batched(
        _blocks,
        "The path: all that is shown by what was answered so far, in order, as it was when the attempt began.",
        needs=_PATH,
    )
    questions: list[Block] = batched(_questions, "Those blocks of the path that are to be answered.", needs=_PATH)
    sections: list[AttemptSection] = batched(
        _sections, "The path in pages: each section with what is shown of it.", needs=("id", *_PATH)
    )
    progress: AttemptProgress = batched(_progress, "How far one is.", needs=("id", *_PATH))
    answers: list[Answer] = related(visible.ANSWERS_OF_ATTEMPT, "What was answered so far.", assumed=10)
    scale_scores: list[ScaleScore] = batched(
        _scale_scores,
        "What it came to on the assessment's scales, as they were when it began; empty until it is measured.",
        needs=("id", "paper_id"),
    )
    marks: list[AnswerMark] = related(
        visible.MARKS_OF_ATTEMPT, "What the answers are worth; empty until feedback is due.", assumed=10
    )


@strawberry.input(description="Which attempts.")
class AttemptFilter:
    """All conditions must hold."""

    assessment: strawberry.ID | None = strawberry.field(default=None, description="At this assessment.")
    status: AttemptStatus | None = strawberry.field(default=None, description="Those that are so far.")
    phase: AttemptPhase | None = strawberry.field(default=None, description="Those of this phase.")


@strawberry.type
class AttemptQuery:
    """Root fields about one's own attempts."""

    attempts: Connection[Attempt] = connection(
        visible.ATTEMPTS, "One's own attempts, the newest first.", filter=AttemptFilter
    )
    attempt: Attempt | None = by_id(visible.ATTEMPT_BY_ID, "One of one's own attempts.")


@strawberry.type
class AttemptSubscription:
    """Root fields for those who take assessments."""

    attempt_graded: Event = subscription(
        (facts.AttemptGraded, facts.AttemptRegraded),
        OWNERS,
        "One of one's own attempts is graded, or graded anew: ask for its `subject`.",
    )


AttemptId = Annotated[strawberry.ID, described_as("The attempt's id.")]
Given = Annotated[AnswerInput | None, described_as("What is answered; null takes the answer back.", secret=True)]
Phase = Annotated[
    AttemptPhase | None,
    described_as("When in a programme it is made; when absent it goes on with what is under way, or has no phase."),
]


@mutation(Gate.PERSON, Attempt, trusted=True, records=(facts.AttemptStarted, facts.AttemptSubmitted))
async def attempt_start(
    act: Act, assessment_id: Annotated[strawberry.ID, described_as("The assessment.")], phase: Phase = None
) -> str:
    """Begins an attempt at an assessment, or goes on with the one that is under way."""
    return await attempts.start(act.tx, act.viewer, assessment_id, phase)


@mutation(Gate.PERSON, Attempt, trusted=True)
async def attempt_answer_save(
    act: Act, id: AttemptId, block_id: Annotated[strawberry.ID, described_as("The question.")], answer: Given = None
) -> str:
    """Keeps an answer, in place of an older one. It may be changed as often as one likes while there is time."""
    if answer is None:
        await attempts.clear(act.tx, act.viewer, id, block_id)
        return id
    kind, values = given_answer(answer)
    await attempts.save(act.tx, act.viewer, id, block_id, kind, values)
    return id


@mutation(Gate.PERSON, Attempt, trusted=True, records=(facts.AttemptSubmitted,))
async def attempt_submit(act: Act, id: AttemptId) -> str:
    """Hands an attempt in. It is graded within moments; doing this again changes nothing."""
    await attempts.submit(act.tx, act.viewer, id)
    return id


@mutation(Gate.PERSON, Upload, trusted=True, extra={"target": TARGET}, limit=UPLOAD)
async def upload_start(
    act: Act,
    attempt_id: AttemptId,
    block_id: Annotated[strawberry.ID, described_as("The question.")],
    name: Annotated[str, described_as("What the file is called, without folders.", secret=True)],
    media_type: Annotated[str, described_as("Its media type, such as image/png.")],
    size: Annotated[int, described_as("How many bytes it has.")],
    sha256: Annotated[str, described_as("Its SHA-256, in hexadecimal digits.")],
) -> Done:
    """Makes room for a file that an answer is to hand in, and says where to send it. The same file again has the same
    upload.
    """
    files = files_of(act)
    coming = FileToCome(name, media_type, size, sha256)
    return await begun(files, await uploading.announce(act.tx, files, act.viewer, attempt_id, block_id, coming))


MUTATIONS = (upload_start, attempt_start, attempt_answer_save, attempt_submit)
