"""The way through an assessment, for its editors: its map, and a dry run with given answers."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import strawberry

from core.errors import RequestError, SeveralErrors
from core.flowcharts import mermaid, outline, svg
from core.viewer import require
from graph.assessment import AttemptProgress, AttemptSection, progress_of, sections_of
from graph.curriculum.scales import ScoreBand
from graph.declaring import argument, batch_field
from graph.engine import BatchInfo
from graph.errors import InputError, UserError, user_errors
from graph.fields import described
from graph.formats.answering import AnswerInput, given_answer
from graph.formats.base import Block
from graph.node import require_kind
from models.identity import Scope
from resolvers import curriculum
from resolvers.assessment import flows, simulating
from resolvers.assessment.simulating import Simulated
from resolvers.assessment.walking import HiddenBecause
from resolvers.curriculum.measuring import Measure, Measured

MAX_ANSWERS = 500

described(
    HiddenBecause,
    condition="Its own condition does not hold.",
    section="The condition of its section does not hold.",
    jump="It is jumped over.",
    empty="It is a section of which nothing is shown.",
)


@strawberry.input(description="What is answered to one question.")
class GivenAnswer:
    """For trying an assessment out."""

    block_id: strawberry.ID = strawberry.field(description="The question.")
    answer: AnswerInput = strawberry.field(description="What is answered.")


@strawberry.type(description="A block that is not on the path.")
class HiddenBlock:
    """And why."""

    block: Block = strawberry.field(description="The block.")
    because: HiddenBecause = strawberry.field(description="Why it is not on the path.")
    in_words: str = strawberry.field(description="The same in words.")


@strawberry.type(description="A rule that applied on the way.")
class WalkedJump:
    """Where it led."""

    from_block: Block = strawberry.field(description="The block that has the rule.")
    goto_block: Block | None = strawberry.field(description="Where it went on; null for the end.")
    in_words: str = strawberry.field(description="The rule in words.")


@strawberry.type(description="What one answer of a dry run is worth.")
class WalkedAnswer:
    """Without what there is to say to it: see `answerPreview`."""

    block_id: strawberry.ID = strawberry.field(description="The question.")
    share: str | None = strawberry.field(
        description='What it earns of the points, exactly, such as "2/3"; null where a machine cannot say.'
    )
    score: float | None = strawberry.field(description="The same in points.")
    points: int = strawberry.field(description="What a full answer is worth.")


@strawberry.type(description="What a dry run comes to on one scale.")
class WalkedScale:
    """Of a scale that is for staff only, too."""

    key: str = strawberry.field(description="The scale's key.")
    label: str = strawberry.field(description="What it measures.")
    answered: int = strawberry.field(description="How many of its items were answered.")
    raw: float | None = strawberry.field(description="The number that the answers come to.")
    score: float | None = strawberry.field(description="The score; null where too many answers are missing.")
    band: ScoreBand | None = strawberry.field(description="The band that it falls into.")


@strawberry.type(description="A dry run through an assessment with given answers. Nothing of it is kept.")
class AssessmentWalk:
    """What somebody with these answers would see, and what it would come to."""

    errors: list[InputError] = strawberry.field(
        description="Why answers would not be taken, by their place; the walk goes on as if they had not been given."
    )
    blocks: list[Block] = strawberry.field(description="The path: what is shown, in order.")
    sections: list[AttemptSection] = strawberry.field(description="The path in pages.")
    progress: AttemptProgress = strawberry.field(description="How far these answers get.")
    hidden: list[HiddenBlock] = strawberry.field(description="What is not shown, and why.")
    jumps: list[WalkedJump] = strawberry.field(description="The rules that applied, in order.")
    discarded: list[Block] = strawberry.field(
        description="The questions whose answers would be discarded, as they are not on the path."
    )
    missing: list[Block] = strawberry.field(description="The questions that would still have to be answered.")
    answers: list[WalkedAnswer] = strawberry.field(description="What the answers on the path are worth, in order.")
    score: float = strawberry.field(description="The points that a machine gives.")
    max_score: float = strawberry.field(description="The points that it could have given on this path.")
    percentage: float | None = strawberry.field(description="The score in percent; null where nothing has points.")
    passed: bool | None = strawberry.field(description="Whether that is enough; null where nothing has points.")
    awaits_a_person: bool = strawberry.field(description="Whether there is something that a person has to grade.")
    scales: list[WalkedScale] = strawberry.field(description="What the answers on the path come to on each scale.")


async def _walk(
    parents: Sequence[Any], info: BatchInfo, assessment_id: str, answers: list[Any]
) -> Sequence[AssessmentWalk | None]:
    require(info.context.viewer, Scope.CONTENT_EDIT, somewhere=True)
    require_kind(curriculum.ASSESSMENT_BY_ID, assessment_id)
    if len(answers) > MAX_ANSWERS:
        raise RequestError(f"At most {MAX_ANSWERS} answers.")
    given = [(str(each.block_id), *given_answer(each.answer)) for each in answers]
    found = await simulating.simulate(info.context.reader, assessment_id, given)
    return [None if found is None else _shown(found)] * len(parents)


def _shown(found: Simulated) -> AssessmentWalk:
    blocks: Any = found.blocks
    path, result = found.path, found.result
    shown = [blocks[each] for each in path.shown_ids]
    order = {name: place for place, name in enumerate(found.blocks)}
    hidden = sorted(path.hidden, key=lambda each: order[each.block_id])
    errors: Any = user_errors(SeveralErrors(list(found.problems)))
    return AssessmentWalk(
        errors=errors,
        blocks=shown,
        sections=sections_of(shown, set(found.answers)),
        progress=progress_of(shown, set(found.answers)),
        hidden=[
            HiddenBlock(block=blocks[each.block_id], because=each.why, in_words=simulating.reason(each, found))
            for each in hidden
        ],
        jumps=[
            WalkedJump(
                from_block=blocks[each.from_block_id],
                goto_block=None if each.goto_block_id is None else blocks[each.goto_block_id],
                in_words=simulating.jump_in_words(each, found),
            )
            for each in path.jumps
        ],
        discarded=[blocks[each] for each in found.discarded],
        missing=[blocks[each] for each in found.missing],
        answers=[_worth(step) for step in path.steps if step.response is not None],
        score=float(result.score),
        max_score=float(result.max_score),
        percentage=None if result.percentage is None else float(result.percentage),
        passed=result.passed(found.passing_score),
        awaits_a_person=any(step.awaits_a_person for step in path.steps),
        scales=[_measured(*each) for each in zip(found.scales, found.measured, strict=True)],
    )


def _measured(scale: Measure, came_to: Measured) -> WalkedScale:
    band = None if came_to.score is None else scale.band_of(came_to.score)
    return WalkedScale(
        key=scale.key,
        label=scale.label,
        answered=came_to.answered,
        raw=None if came_to.raw is None else float(came_to.raw),
        score=None if came_to.score is None else float(came_to.score),
        band=None if band is None else ScoreBand(**band.model_dump()),
    )


def _worth(step: Any) -> WalkedAnswer:
    share = step.outcome.share
    score = step.outcome.score(step.points)
    return WalkedAnswer(
        block_id=step.block_id,
        share=None if share is None else str(share),
        score=None if score is None else float(score),
        points=step.points,
    )


@strawberry.type(description="The map of an assessment: what comes after what, and when.")
class AssessmentFlow:
    """Sections are frames, rules are arrows, and what nobody would come to is marked."""

    outline: str = strawberry.field(description="The map as plain text.")
    mermaid: str = strawberry.field(description="The map as a flowchart in Mermaid.")
    svg: str = strawberry.field(description="The map drawn, as an SVG document with a title and a description.")
    problems: list[UserError] = strawberry.field(
        description="What on the way stands in the way of publishing; empty when nothing does."
    )


async def _flow(parents: Sequence[Any], info: BatchInfo, assessment_id: str) -> Sequence[AssessmentFlow | None]:
    require(info.context.viewer, Scope.CONTENT_EDIT, somewhere=True)
    require_kind(curriculum.ASSESSMENT_BY_ID, assessment_id)
    found = await flows.flow_of(info.context.reader, assessment_id)
    if found is None:
        return [None] * len(parents)
    chart, problems = found.chart, user_errors(SeveralErrors(list(found.problems)))
    drawn = AssessmentFlow(outline=outline(chart), mermaid=mermaid(chart), svg=svg(chart), problems=problems)
    return [drawn] * len(parents)


@strawberry.type
class FlowQuery:
    """Root fields for those who write assessments."""

    assessment_flow: AssessmentFlow | None = batch_field(
        _flow,
        "The map of an assessment, for its authors, as text, in Mermaid and drawn. Needs the permission "
        "`content:edit`, for this course or everywhere.",
        [argument("assessment_id", strawberry.ID, "The assessment's id.", default=inspect.Parameter.empty)],
    )
    assessment_walk: AssessmentWalk | None = batch_field(
        _walk,
        "A dry run through an assessment, for its authors: the path with these answers, what is hidden and why, and "
        "what it would come to. Nothing is kept. Needs the permission `content:edit`, for this course or everywhere.",
        [
            argument("assessment_id", strawberry.ID, "The assessment's id.", default=inspect.Parameter.empty),
            argument("answers", list[GivenAnswer], "What is answered, at most 500.", default=inspect.Parameter.empty),
        ],
    )
