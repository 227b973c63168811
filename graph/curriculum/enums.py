"""The curriculum's enums, every value described. Take them from here on this floor: they must be known before use."""

from __future__ import annotations

from graph.fields import described
from models.curriculum import (
    AssessmentKind,
    CompletionRule,
    CourseKind,
    DifficultyLevel,
    FeedbackMode,
    ReleaseRule,
    ScaleAggregation,
    ScaleRole,
    Season,
)

described(
    Season,
    spring="March to May.",
    summer="June to August.",
    autumn="September to November.",
    winter="December to February.",
    any="The whole year.",
)
described(CourseKind, course="Modules of lessons.", journal="A day-by-day programme.")
described(
    DifficultyLevel,
    beginner="Nothing is presumed.",
    intermediate="Some experience helps.",
    advanced="For the practised.",
)
described(
    ReleaseRule,
    immediately="Open from the start.",
    days_after_enrolment="Some days after enrolment.",
    on_date="On a calendar day.",
    after_module="When another module is finished.",
)
described(
    CompletionRule,
    passed="Its questions are passed.",
    completed="It was gone through.",
    completed_and_passed="Gone through, and its questions passed.",
    completed_or_passed="Gone through, or its questions passed.",
    not_applicable="It never counts.",
)

described(
    AssessmentKind,
    quiz="To find out, or to show, what somebody knows.",
    wellbeing="How somebody is, measured on scales, often before and after.",
    survey="What somebody thinks or does.",
    scorecard="Where somebody stands, in points.",
)
described(
    FeedbackMode,
    never="Never.",
    after_submit="As soon as an attempt is handed in.",
    after_pass="When it is passed.",  # noqa: S106 - no password
    after_close="When no further attempt is possible.",
)
described(
    ScaleAggregation,
    sum="What the answers count, added up.",
    mean="Their mean.",
    formula="What a formula over the keys of the questions says.",
)
described(
    ScaleRole,
    part="One of the things that are measured.",
    overall="All of them together; there is one at most.",
    lead="How promising somebody is who has no account yet; it is for staff, and there is one at most.",
)

__all__ = [
    "AssessmentKind",
    "CompletionRule",
    "CourseKind",
    "DifficultyLevel",
    "FeedbackMode",
    "ReleaseRule",
    "ScaleAggregation",
    "ScaleRole",
    "Season",
]
