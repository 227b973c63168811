"""The one schema: root types put together from the domains, and what the schema as a whole declares."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Annotated, Any

import strawberry
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType
from strawberry.directive import DirectiveLocation
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

from core.relations import Relation
from core.rows import Row
from core.tables import Table
from graph import node
from graph.assessment import MUTATIONS as ATTEMPT_MUTATIONS
from graph.assessment import Attempt, AttemptQuery, AttemptSubscription
from graph.audit import AuditQuery
from graph.content import ContentQuery, Revision
from graph.curriculum import mutations as curriculum_mutations
from graph.curriculum.assessments import MUTATIONS as ASSESSMENT_MUTATIONS
from graph.curriculum.branches import MUTATIONS as BRANCH_MUTATIONS
from graph.curriculum.queries import CurriculumQuery
from graph.curriculum.scales import MUTATIONS as SCALE_MUTATIONS
from graph.curriculum.scales import Scale
from graph.curriculum.schedules import MUTATIONS as SCHEDULE_MUTATIONS
from graph.curriculum.schedules import Schedule, SchedulesQuery
from graph.curriculum.subscriptions import CurriculumSubscription
from graph.curriculum.types import Assessment, Course, Lesson, Milestone, Module, Theme
from graph.declaring import install
from graph.errors import ConditionProblem, FlowProblem, InputError, RateLimited, RevisionConflict
from graph.events import EventsQuery, Fact
from graph.flows import FlowQuery
from graph.formats import FORMATS
from graph.formats.base import Branch
from graph.grading import MUTATIONS as GRADING_MUTATIONS
from graph.grading import Accommodation, Grading, GradingQuery, GradingSubscription, Regrade
from graph.groups import mutations as group_mutations
from graph.groups.types import Group, GroupsQuery, GroupsSubscription, Membership
from graph.identity import accounts, friends, impersonation, people
from graph.identity.friends import FriendsQuery
from graph.identity.viewer import IdentityQuery
from graph.inbox import MUTATIONS as INBOX_MUTATIONS
from graph.inbox import InboundHook, InboxQuery, ProviderEvent
from graph.jobs import MUTATIONS as JOB_MUTATIONS
from graph.jobs import Job, JobsQuery, JobsSubscription
from graph.leads import MUTATIONS as LEAD_MUTATIONS
from graph.leads import Lead, LeadsQuery
from graph.node import NodeQuery
from graph.profiles import ProfileQuery
from graph.results import ResultsQuery
from graph.scalars import SCALARS
from graph.sources import TYPE_NAMES
from graph.subscriptions import EventsSubscription
from graph.uploads import MUTATIONS as UPLOAD_MUTATIONS
from graph.uploads import Upload, UploadsQuery
from graph.viewer import ViewerQuery
from graph.webhooks import mutations as webhook_mutations
from graph.webhooks.types import Webhook, WebhookDelivery, WebhooksQuery
from models.content import Stage
from models.curriculum import Block

_FORMAT_NAMES = {each.kind.value: each.output.__name__ for each in FORMATS}


def _name_of(name: str, _row: Row) -> str:
    return name


# Every type whose objects have an id; blocks are added with their formats.
ENTITIES: tuple[Any, ...] = (
    Theme, Course, Milestone, Module, Lesson, Assessment, Branch, Scale, Attempt, Upload, Grading, Accommodation,
    Regrade, Revision, Schedule, Fact, Job, InboundHook, ProviderEvent, Webhook, WebhookDelivery, Group, Membership,
    Lead,
)  # fmt: skip
# Which GraphQL type a row of a model is.
TYPES: dict[type[Table], Callable[[Row], str]] = {
    **{each.__entity__: partial(_name_of, each.__name__) for each in ENTITIES},
    Block: lambda row: _FORMAT_NAMES[row.format],
}
OUTPUTS = tuple(kind for each in FORMATS for kind in (each.output, each.response) if kind is not None)
# What `node(id)` finds.
FINDERS = tuple(Relation(model, "id") for model in TYPES)
MUTATIONS = (
    *accounts.MUTATIONS,
    *impersonation.MUTATIONS,
    *people.MUTATIONS,
    *friends.MUTATIONS,
    *JOB_MUTATIONS,
    *INBOX_MUTATIONS,
    *curriculum_mutations.MUTATIONS,
    *ASSESSMENT_MUTATIONS,
    *SCALE_MUTATIONS,
    *BRANCH_MUTATIONS,
    *ATTEMPT_MUTATIONS,
    *LEAD_MUTATIONS,
    *UPLOAD_MUTATIONS,
    *GRADING_MUTATIONS,
    *SCHEDULE_MUTATIONS,
    *group_mutations.MUTATIONS,
    *webhook_mutations.MUTATIONS,
)


@strawberry.type(description="Everything that can be read.")
class Query(
    CurriculumQuery,
    AttemptQuery,
    ProfileQuery,
    ResultsQuery,
    LeadsQuery,
    GradingQuery,
    FlowQuery,
    UploadsQuery,
    SchedulesQuery,
    ContentQuery,
    ViewerQuery,
    IdentityQuery,
    FriendsQuery,
    GroupsQuery,
    AuditQuery,
    EventsQuery,
    JobsQuery,
    InboxQuery,
    WebhooksQuery,
    NodeQuery,
):
    """Root fields of all domains."""


@strawberry.type(description="Everything that can be followed as it happens.")
class Subscription(
    EventsSubscription,
    CurriculumSubscription,
    AttemptSubscription,
    GradingSubscription,
    GroupsSubscription,
    JobsSubscription,
):
    """Root fields of all domains."""


@strawberry.directive(
    locations=[DirectiveLocation.QUERY, DirectiveLocation.SUBSCRIPTION],
    description="From which perspective the operation reads: LIVE unless it says DRAFT, which needs `content:edit`.",
)
def perspective(
    stage: Annotated[Stage, strawberry.argument(description="DRAFT as editors see it, LIVE as readers do.")],
) -> None:
    """Read by the HTTP edge before anything runs."""


@lru_cache(maxsize=1)
def schema() -> strawberry.Schema:
    """The schema, built once."""
    TYPE_NAMES.update(TYPES)
    node.BY_TAG.update({finder.child.__tag__: finder for finder in FINDERS})
    mutation = create_type("Mutation", list(MUTATIONS), description="Everything that can be changed.")
    made = strawberry.Schema(
        query=Query,
        mutation=mutation,
        subscription=Subscription,
        directives=[perspective],
        types=[*ENTITIES, *OUTPUTS, InputError, RateLimited, ConditionProblem, FlowProblem, RevisionConflict],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    install(made)
    _describe_arguments(made)
    _settle_types(made)
    _settle_choices(made)
    return made


def _describe_arguments(made: strawberry.Schema) -> None:
    """What Strawberry does not let a schema directive say of its arguments."""
    directive = made._schema.get_directive("records")
    assert directive is not None
    directive.args["facts"].description = "What it may record."


def facts_of_mutations() -> dict[str, tuple[str, ...]]:
    """Mutation to the types of the facts that it may record."""
    return {
        name: tuple(fact.type for fact in field.extensions["strawberry-definition"].metadata["records"])
        for name, field in schema()._schema.mutation_type.fields.items()  # type: ignore[union-attr]
    }


def _settle_choices(made: strawberry.Schema) -> None:
    """Inputs with `@oneOf` are that to validation as well, so that several keys are refused before anything runs."""
    for kind in made._schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            kind.is_one_of = bool(getattr(kind.extensions.get("strawberry-definition"), "is_one_of", False))


def _settle_types(made: strawberry.Schema) -> None:
    """Objects with an id are rows, and a row says what it is: no object has to be asked for its type one by one."""
    for kind in made._schema.type_map.values():
        declared = kind.extensions.get("strawberry-definition")
        origin = getattr(declared, "origin", None)
        if isinstance(origin, type) and issubclass(origin, node.Node):
            if isinstance(kind, GraphQLInterfaceType):
                kind.extensions["types_of"] = node.type_names
            elif isinstance(kind, GraphQLObjectType):
                kind.is_type_of = None
