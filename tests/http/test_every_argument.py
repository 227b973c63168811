"""Wild values in every argument of every query and mutation, from people of every kind: never a failure of ours."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_leaf_type,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from cairn.settings import Settings
from core.ids import new_id
from core.tables import table_of
from models import TABLES
from models.identity import Role
from tests.fence.arguments import contract
from tests.fence.test_injection import HOSTILE
from tests.support import factories
from tests.support.clients import Client
from tests.support.servers import RunningApplication, cloned

from .asking import GRAPHQL_JSON
from .doorkeeper import Doorkeeper

LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
WHO = (None, Role.LEARNER, Role.EDITOR, Role.SUPER_ADMIN)
_a_few = settings(
    max_examples=200 if LONG else 3,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)

# Words of the languages and libraries behind the API, which nobody outside has any use for.
INSIDES = re.compile(r"Maybe\[|object at 0x|Traceback|psycopg|sqlalchemy|strawberry|pydantic", re.IGNORECASE)

NUMBERS = st.sampled_from([0, 1, -1, 2, 100, 101, 2**31 - 1, -(2**31)])
FLOATS = st.sampled_from([0.0, -0.0, 1.5, -1.0, 1e308, -1e308, 5e-324, 1e15])
TEXTS = st.sampled_from(
    [*HOSTILE.values(), "", " ", "a", "A word", "x" * 70_000, "\u202e\ufeff\u200b", "🏃" * 300, "me@example.org",
     "a@b", "en", "xx-yy", "Europe/Berlin", "../../etc/passwd", "+4917012345678", "/a/b", "a.b", "{}", "null",
     "\u0300" * 9_000 + "\u0323" * 9_000, "\ud7ff\U0010ffff", "I\u0307stanbul", "\x1b[31m", "javascript:alert(1)", "https://example.org/x?y#z"]
)  # fmt: skip
INSTANTS = st.sampled_from(
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59",
     "2026-11-01T12:00:00+00:00", "2100-01-01T00:00:00Z", "1970-01-01T00:00:00", "2026-11-01", "soon"]
)  # fmt: skip
DATES = st.sampled_from(["0001-01-01", "9999-12-31", "2026-02-28", "2026-02-30", "today"])
JSONS = st.recursive(
    st.none() | st.booleans() | NUMBERS | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def wild(kind: GraphQLInputType, ids: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values that the type lets through, as strange as it lets them be."""
    if isinstance(kind, GraphQLNonNull):
        return present(kind.of_type, ids)
    return present(kind, ids) | st.none()


def present(kind: Any, ids: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """As `wild`, and never null."""
    if isinstance(kind, GraphQLList):
        return st.lists(wild(kind.of_type, ids), max_size=3)
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from(list(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return st.deferred(lambda: _object(kind, ids))
    leaves = {
        "Int": NUMBERS, "Float": FLOATS, "Long": NUMBERS, "Boolean": st.booleans(), "ID": ids | TEXTS, "String": TEXTS,
        "DateTime": INSTANTS, "Date": DATES, "JSON": JSONS,
    }  # fmt: skip
    return leaves[kind.name]


def _object(kind: GraphQLInputObjectType, ids: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    values = {name: wild(field.type, ids) for name, field in kind.fields.items()}
    if kind.is_one_of:
        return st.one_of([st.fixed_dictionaries({name: each}) for name, each in values.items()])
    required = {name for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
    return st.fixed_dictionaries(
        {name: each for name, each in values.items() if name in required},
        optional={name: each for name, each in values.items() if name not in required},
    )


def _fields() -> Iterator[tuple[str, str, GraphQLField]]:
    for operation, kind in (("query", contract().query_type), ("mutation", contract().mutation_type)):
        assert kind is not None
        yield from ((operation, name, field) for name, field in kind.fields.items() if field.args)


FIELDS = list(_fields())


def document(operation: str, name: str, field: GraphQLField) -> str:
    """An operation with every argument of one field as a variable."""
    variables = ", ".join(f"${each}: {argument.type}" for each, argument in field.args.items())
    given_as = ", ".join(f"{each}: ${each}" for each in field.args)
    kind = get_named_type(field.type)
    below = "" if is_leaf_type(kind) else " { __typename }"
    if operation == "mutation":
        below = " { __typename errors { code message path } }"
    elif getattr(kind, "name", "").endswith("Connection"):
        below = " { totalCount pageInfo { endCursor hasPreviousPage } nodes { __typename } }"
    return f"{operation}({variables}) {{ {name}({given_as}){below} }}"


class Crowd:
    """One of each kind, signed in; who was signed out on the way comes in again."""

    def __init__(self, address: str, doorkeeper: Doorkeeper) -> None:
        self.http = httpx.Client(base_url=address, timeout=60, verify=False)
        self._door = doorkeeper
        self._cookies: dict[Role, str] = {}
        self._name = f"cairn_session_{address.rpartition(':')[2]}"

    def asks(self, who: Role | None, body: Any) -> httpx.Response:
        """What somebody is answered."""
        self.http.cookies.clear()
        headers = {"accept": GRAPHQL_JSON, "x-cairn-client": "test"}
        if who is not None:
            if who not in self._cookies:
                self._cookies[who] = self._door.session(self._door.person(who))
            headers["cookie"] = f"{self._name}={self._cookies[who]}"
        answer = self.http.post("/graphql", json=body, headers=headers)
        if "UNAUTHENTICATED" in answer.text and who is not None:
            del self._cookies[who]
        return answer


@pytest.fixture(scope="module")
def crowd(database_server: tuple[str, str]) -> Iterator[tuple[Crowd, st.SearchStrategy[str]]]:
    """Those who ask, and ids of everything that there is and of things of every kind that are not there.

    On a database of their own, where they may do to each other what they like.
    """
    with cloned(*database_server) as url, ExitStack() as stack:
        running = RunningApplication(Settings(DATABASE_URL=SecretStr(url)))
        address = running.start()
        stack.callback(running.stop)
        doorkeeper = Doorkeeper(url)
        editor = Client(address, doorkeeper.token(doorkeeper.person()))
        stack.callback(editor.http.close)
        factories.publish(editor, factories.tree(editor, modules=1, lessons=1, blocks=1)["course"])
        there = [
            str(row[0])
            for model in TABLES
            for row in doorkeeper.sql(f'SELECT id FROM "{table_of(model).name}" ORDER BY id DESC LIMIT 2')
        ]
        made_up = [new_id(model.__tag__) for model in TABLES]
        found = Crowd(address, doorkeeper)
        stack.callback(found.http.close)
        yield found, st.sampled_from([*there, *made_up])


@pytest.mark.parametrize(("operation", "name", "field"), FIELDS, ids=[name for _, name, _ in FIELDS])
@_a_few
@given(data=st.data())
def test_whatever_is_given_is_answered_or_refused(
    crowd: tuple[Crowd, st.SearchStrategy[str]], operation: str, name: str, field: GraphQLField, data: st.DataObject
) -> None:
    who = data.draw(st.sampled_from(WHO), "who")
    arguments = {each: wild(argument.type, crowd[1]) for each, argument in field.args.items()}
    variables = data.draw(st.fixed_dictionaries(arguments), "variables")
    answer = crowd[0].asks(who, {"query": document(operation, name, field), "variables": variables})
    assert answer.status_code < 500, answer.text
    codes = [each["extensions"]["code"] for each in answer.json().get("errors", [])]
    assert "INTERNAL_SERVER_ERROR" not in codes, (variables, answer.text)
    assert not INSIDES.search(answer.text), answer.text


def test_null_for_what_may_only_be_left_out_is_refused_by_field(crowd: tuple[Crowd, st.SearchStrategy[str]]) -> None:
    start = """mutation { accountStartAnonymously(input: {displayName: null, kind: null}) {
        account { id } errors { code path message } } }"""
    answer = crowd[0].asks(None, {"query": start}).json()["data"]["accountStartAnonymously"]
    assert answer["account"] is None
    assert [(each["code"], each["path"]) for each in answer["errors"]] == [
        ("INVALID", ["displayName"]),
        ("INVALID", ["kind"]),
    ]


def test_every_kind_of_value_is_made() -> None:
    named = {get_named_type(each.type).name for _, _, field in FIELDS for each in field.args.values()}
    assert len(FIELDS) > 80
    assert {"Int", "String", "ID"} <= named
    assert list(itertools.islice(WHO, 4)) == [None, Role.LEARNER, Role.EDITOR, Role.SUPER_ADMIN]
