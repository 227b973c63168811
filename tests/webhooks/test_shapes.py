"""The JSON Schema that receivers are given, against what they are sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support import factories
from tests.support.clients import People
from tests.webhooks.receivers import receiver
from tests.webhooks.senders import send, webhook

EVENT = "subscription @perspective(stage: DRAFT) { contentChanged %s }"
SHOWN = "query($id: ID!) { webhook(id: $id) { payloadSchema testVectors } }"
QUERIES = [
    EVENT % "{ cursor fact { position type payload createdAt } }",
    EVENT % "{ __typename what: fact { kind: type } }",
    EVENT % "{ fact { type @skip(if: true) version @include(if: true) id } }",
    EVENT % "{ subject { id ... on Course { title modules { title lessons { minutes isPreview } } } } }",
    (EVENT % "{ subject { __typename ... on Theme { slug courses { totalCount nodes { title } } } ... Named } }")
    + " fragment Named on Module { title course { title difficultyLevel } }",
    EVENT % "{ subject { ... on Node { id } ... { id } ... on Course { id id title } } }",
]


def _faults(schema: Mapping[str, Any], value: Any, at: str = "$") -> Iterator[str]:
    """Where a value is not as the schema says: as much of JSON Schema as is written here."""
    if "anyOf" in schema:
        ways = [list(_faults(each, value, at)) for each in schema["anyOf"]]
        if all(ways):
            yield from min(ways, key=len)
        return
    if "const" in schema and value != schema["const"]:
        yield f"{at} is {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is {value!r}"
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None)}
    kind = schema.get("type")
    if kind == "number" and not isinstance(value, (int, float)):
        yield f"{at} is no number"
    elif kind in kinds and (not isinstance(value, kinds[kind]) or (kind == "integer" and isinstance(value, bool))):
        yield f"{at} is no {kind}: {value!r}"
    elif kind == "object":
        yield from (f"{at} lacks {name}" for name in schema.get("required", ()) if name not in value)
        for name, each in value.items():
            if name in schema["properties"]:
                yield from _faults(schema["properties"][name], each, f"{at}.{name}")
            elif schema.get("additionalProperties") is False:
                yield f"{at}.{name} is not told of"
    elif kind == "array":
        for number, each in enumerate(value):
            yield from _faults(schema["items"], each, f"{at}[{number}]")


def test_what_is_sent_is_as_its_schema_says(people: People, database_url: str) -> None:
    events = ["THEME_CREATED", "COURSE_CREATED", "MODULE_CREATED", "LESSON_CREATED"]
    schemas = {}
    with receiver() as there:
        for number, query in enumerate(QUERIES):
            url = f"{there.url}/{number}"
            hook, _ = webhook(people.admin, url, query=query, events=events, scopes=["CONTENT_EDIT"])
            shown = people.admin.ask(SHOWN, id=hook)["webhook"]
            schemas[f"/in/{number}"] = shown["payloadSchema"]
            assert list(_faults(shown["payloadSchema"], json.loads(shown["testVectors"][0]["body"]))) == []
        course = factories.course(people.editor, themeId=factories.theme(people.editor))
        factories.lesson(people.editor, factories.module(people.editor, course))
        send(database_url)
    assert len(there.received) == len(events) * len(QUERIES)
    for each in there.received:
        assert list(_faults(schemas[each.path], each.said)) == []
