"""Each field of each type can be asked for alone: only the columns asked for are read, so each must know its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
)

from models.assessment import Attempt
from models.grading import Grading, Regrade
from models.groups import Group
from models.identity import User
from models.inbox import InboundHook, ProviderEvent
from models.jobs import Job
from models.leads import Lead
from models.uploads import Upload
from models.webhooks import Webhook, WebhookDelivery
from tests.curriculum.contents import one_of_everything
from tests.support.clients import Client, Data, People
from tests.support.servers import RunningApplication

# What the root fields that need arguments are asked for with, by the names of what `one_of_everything` makes.
ROOTS = {
    "theme": "theme(id: $theme)",
    "course": "course(id: $course)",
    "module": "module(id: $module)",
    "lesson": "lesson(id: $lesson)",
    "block": "block(id: $block)",
    "assessment": "assessment(id: $assessment)",
    "scale": "scale(id: $scale)",
    "user": f'user(id: "{User.new_id()}")',
    "job": f'job(id: "{Job.new_id()}")',
    "attempt": f'attempt(id: "{Attempt.new_id()}")',
    "group": f'group(id: "{Group.new_id()}")',
    "upload": f'upload(id: "{Upload.new_id()}")',
    "grading": f'grading(id: "{Grading.new_id()}")',
    "regrade": f'regrade(id: "{Regrade.new_id()}")',
    "lead": f'lead(id: "{Lead.new_id()}")',
    "wellbeingProfile": "wellbeingProfile(assessmentId: $assessment)",
    "assessmentAggregate": "assessmentAggregate(assessmentId: $assessment)",
    "assessmentAnalysis": "assessmentAnalysis(assessmentId: $assessment)",
    "assessmentFunnel": "assessmentFunnel(assessmentId: $assessment)",
    "inboundHook": f'inboundHook(id: "{InboundHook.new_id()}")',
    "providerEvent": f'providerEvent(id: "{ProviderEvent.new_id()}")',
    "webhook": f'webhook(id: "{Webhook.new_id()}")',
    "webhookDelivery": f'webhookDelivery(id: "{WebhookDelivery.new_id()}")',
    "conditionPreview": 'conditionPreview(blockId: $block, condition: "true")',
    "answerPreview": 'answerPreview(blockId: $block, answer: {multipleChoice: {choiceId: "cold"}})',
    "assessmentFlow": "assessmentFlow(assessmentId: $assessment)",
    "assessmentWalk": "assessmentWalk(assessmentId: $assessment, answers: [])",
    "node": "node(id: $milestone)",
    "nodes": "nodes(ids: [$theme, $course, $module, $lesson, $block, $milestone, $assessment, $scale])",
}
PARAMETERS = ", ".join(
    f"${name}: ID!" for name in ("theme", "course", "module", "lesson", "block", "milestone", "assessment", "scale")
)
# What those who are not signed in are refused.
FOR_STAFF = (
    *("trash", "events", "jobs", "schedules", "auditLog", "answerPreview", "conditionPreview"),
    *("assessmentFlow", "assessmentWalk", "gradingQueue", "gradings", "regrades"),
    *("webhooks", "inboundHooks", "providerEvents", "groups"),
    *("leads", "highPriorityLeads", "assessmentAggregate", "assessmentAnalysis", "assessmentFunnel"),
)
# More ways to the same type are tried too, but not all that there are.
WAYS_PER_TYPE = 2


def ways(schema: GraphQLSchema) -> dict[str, list[str]]:
    """Type name to selections that lead to it, with `%s` where the fields go; found by walking from the root."""
    found: dict[str, list[str]] = defaultdict(list)
    assert schema.query_type is not None
    waiting = [(field, "%s") for field in schema.query_type.fields.items()]
    expanded: set[str] = set()
    while waiting:
        (name, field), way = waiting.pop(0)
        kind = get_named_type(field.type)
        if is_leaf_type(kind):
            continue
        call = ROOTS[name] if way == "%s" and name in ROOTS else name
        for target, way_there in reached(schema, kind, way % f"{call} {{ %s }}"):
            found[target.name].append(way_there)
            if target.name not in expanded:
                expanded.add(target.name)
                waiting += [(each, way_there) for each in target.fields.items()]
    return found


def reached(
    schema: GraphQLSchema, kind: object, way: str
) -> Iterator[tuple[GraphQLObjectType | GraphQLInterfaceType, str]]:
    """A type itself, and where it is an interface, each type that it may turn out to be."""
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    yield kind, way
    if isinstance(kind, GraphQLInterfaceType):
        for each in schema.get_possible_types(kind):
            yield each, way % f"... on {each.name} {{ %s }}"


def selected(name: str, field: GraphQLField) -> str:
    """The field with the least below it that can be asked for."""
    return name if is_leaf_type(get_named_type(field.type)) else f"{name} {{ __typename }}"


@pytest.fixture(scope="module")
def schema(application: tuple[str, RunningApplication]) -> GraphQLSchema:
    """The schema as the API tells it."""
    with httpx.Client(timeout=60, verify=False) as http:
        told: Any = Client(application[0], http=http).ask(get_introspection_query())
    return build_client_schema(told)


def variables(made: Data) -> Data:
    """What `ROOTS` refers to."""
    below = {"module": made["modules"][1], "lesson": made["lessons"][1], "block": made["blocks"]["multipleChoice"]}
    return {"theme": made["theme"], "course": made["course"], "milestone": made["milestone"], **below} | {
        "assessment": made["assessment"],
        "scale": made["scale"],
    }


@pytest.mark.parametrize(("who", "stage"), [("admin", "DRAFT"), ("anonymous", "LIVE")])
def test_every_field_can_be_asked_for_alone(
    people: People, schema: GraphQLSchema, subtests: pytest.Subtests, who: str, stage: str
) -> None:
    client: Client = getattr(people, who)
    given = {**variables(one_of_everything(people.editor)), "stage": stage}
    for name, some in ways(schema).items():
        is_block = name.endswith(("Block", "Question"))  # Those are many, and read in the same way.
        for way in some[: 1 if is_block or stage == "LIVE" else WAYS_PER_TYPE]:
            if who == "anonymous" and way.startswith(FOR_STAFF):
                continue
            with subtests.test(type=name, way=way):
                client.ask(document(schema, name, way), **given)


def document(schema: GraphQLSchema, name: str, way: str) -> str:
    """Each field of the type in a selection of its own; beside them, something that uses every variable."""
    fields = (way % selected(*field) for field in schema.type_map[name].fields.items())
    asked = " ".join(f"f{number}: {field}" for number, field in enumerate(fields))
    all_variables = f"{ROOTS['nodes']} {{ __typename }}"
    return f"query({PARAMETERS}, $stage: Stage!) @perspective(stage: $stage) {{ {asked} used: {all_variables} }}"


def test_every_type_that_can_be_read_is_reached(schema: GraphQLSchema) -> None:
    outputs = {name for name, each in schema.type_map.items() if isinstance(each, GraphQLObjectType)}
    written = {name for name in outputs if name.endswith("Payload") or name.startswith("__")}
    errors = {"InputError", "ConditionProblem", "FlowProblem", "RevisionConflict", "RateLimited", "FieldDifference"}
    roots = {"Query", "Mutation", "Subscription"}
    elsewhere = {
        "IdMapping",
        "WebhookHeader",
        "Event",
        "PublicEvent",
        "UploadTarget",
        "UploadHeader",
    }  # In payloads, and in what is sent.
    assert outputs - written - errors - roots - elsewhere <= set(ways(schema))


def test_every_field_of_a_payload_can_be_asked_for_alone(
    editor: Client, schema: GraphQLSchema, subtests: pytest.Subtests
) -> None:
    made = one_of_everything(editor)
    formats = {"MultipleChoiceQuestion": "multipleChoice", "TextBlock": "text"}
    objects = {"Theme": made["theme"], "Course": made["course"], "Module": made["modules"][1]}
    objects |= {"Lesson": made["lessons"][0]} | {each: made["blocks"][name] for each, name in formats.items()}
    for kind, object_id in objects.items():
        name = "block" if kind in formats else kind.lower()
        stale: Data = {"id": object_id, "expectedRevision": 0}
        stale |= {"block": {formats[kind]: {}}} if kind in formats else {}
        fields = list(schema.type_map[kind].fields.items())
        asked = " ".join(
            f"f{number}: {name}Update(input: $stale) {{ {name} {{ ... on {kind} {{ {selected(*field)} }} }} }}"
            for number, field in enumerate(fields)
        )
        with subtests.test(kind=kind):
            answer = editor.ask(f"mutation($stale: {name.title()}UpdateInput!) {{ {asked} }}", stale=stale)
            assert [set(answer[f"f{number}"][name]) for number in range(len(fields))] == [{each} for each, _ in fields]
