"""The one schema: root types put together from the domains, and what the schema as a whole declares."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

import strawberry
from strawberry.directive import DirectiveLocation
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

import models.content
import models.curriculum
from graph import node
from graph.content import ContentQuery, Revision
from graph.curriculum import mutations as curriculum_mutations
from graph.curriculum.queries import CurriculumQuery
from graph.curriculum.types import Course, Lesson, Milestone, Module, Theme
from graph.errors import InputError, RevisionConflict
from graph.formats import FORMATS
from graph.identity import IdentityQuery
from graph.node import NodeQuery
from models.content import Stage
from models.curriculum import BlockFormat
from resolvers import curriculum
from resolvers.content import batches

_FORMAT_NAMES = {each.kind: each.output.__name__ for each in FORMATS}

# Which GraphQL type a row of a model is.
TYPES: dict[Any, Any] = {
    models.content.Revision: lambda _row: "Revision",
    models.curriculum.Theme: lambda _row: "Theme",
    models.curriculum.Course: lambda _row: "Course",
    models.curriculum.Milestone: lambda _row: "Milestone",
    models.curriculum.Module: lambda _row: "Module",
    models.curriculum.Lesson: lambda _row: "Lesson",
    models.curriculum.Block: lambda row: _FORMAT_NAMES[BlockFormat(row.format)],
}
# What `node(id)` finds.
FINDERS = (
    curriculum.THEME_BY_ID,
    curriculum.COURSE_BY_ID,
    curriculum.MODULE_BY_ID,
    curriculum.LESSON_BY_ID,
    curriculum.BLOCK_BY_ID,
    curriculum.MILESTONE_BY_ID,
    batches.REVISION_BY_ID,
)
MUTATIONS = (*curriculum_mutations.MUTATIONS,)


@strawberry.type(description="Everything that can be read.")
class Query(CurriculumQuery, ContentQuery, IdentityQuery, NodeQuery):
    """Root fields of all domains."""


@strawberry.directive(
    locations=[DirectiveLocation.QUERY],
    description="From which perspective the operation reads: LIVE unless it says DRAFT, which needs `content:edit`.",
)
def perspective(
    stage: Annotated[Stage, strawberry.argument(description="DRAFT as editors see it, LIVE as readers do.")],
) -> None:
    """Read by the HTTP edge before anything runs."""


@lru_cache(maxsize=1)
def schema() -> strawberry.Schema:
    """The schema, built once."""
    node.TYPE_NAMES.update(TYPES)
    node.BY_TAG.update({finder.child.__tag__: finder for finder in FINDERS})
    mutation = create_type("Mutation", list(MUTATIONS), description="Everything that can be changed.")
    return strawberry.Schema(
        query=Query,
        mutation=mutation,
        directives=[perspective],
        types=[Milestone, Revision, Theme, Course, Module, Lesson, InputError, RevisionConflict]
        + [each.output for each in FORMATS],
        config=StrawberryConfig(),
    )
