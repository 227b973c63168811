"""Who sees the schema: in production those with the permission, whatever way they take to it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from models.identity import Role
from tests.support.clients import Client

from .conftest import Serve
from .doorkeeper import Doorkeeper

PUBLIC = {"public_url": "https://cairn.example"}
ASKING = [
    "{ __schema { queryType { name } } }",
    '{ __type(name: "Query") { name } }',
    "query a { ...f } fragment f on Query { __schema { queryType { name } } }",
    'query a { viewer { kind } s: __type(name: "Query") { fields { name } } }',
    "{ ... on Query { ... @include(if: true) { __schema { types { name } } } } }",
]
# Each misses something that is there by a letter.
MISSPELLED = [
    "{ cours { id } }",
    "{ courses(frist: 1) { totalCount } }",
    "{ viewer { kid } }",
    "{ course(slug: 1) { ... on Cours { id } } }",
    "mutation($i: ThemeCreateInputs!) { themeCreate(input: $i) { errors { code } } }",
    "query @perspektive(stage: DRAFT) { __typename }",
    "query @perspective(stage: DRAF) { __typename }",
    'mutation { themeCreate(input: {title: "x", slugg: "x"}) { errors { code } } }',
]


@pytest.fixture
def production(database_url: str, serve: Serve) -> str:
    """The address of an application that browsers reach over https."""
    return serve(database_url, http=PUBLIC)


@pytest.fixture
def permitted(production: str, doorkeeper: Doorkeeper) -> Iterator[Client]:
    """An editor there."""
    client = Client(production, doorkeeper.token(doorkeeper.person()))
    yield client
    client.http.close()


@pytest.mark.parametrize("document", ASKING)
def test_in_production_the_schema_is_for_those_who_may(
    production: str, permitted: Client, doorkeeper: Doorkeeper, document: str
) -> None:
    learner = Client(production, doorkeeper.token(doorkeeper.person(Role.LEARNER), Role.LEARNER))
    anonymous = Client(production)
    # The document is remembered, and who asks is not: the order must make no difference.
    assert anonymous.fails(document) == "UNAUTHENTICATED"
    assert "errors" not in permitted.answer(document)
    assert learner.fails(document) == "FORBIDDEN"
    assert anonymous.fails(document) == "UNAUTHENTICATED"
    for each in (learner, anonymous):
        each.http.close()


@pytest.mark.parametrize(
    "document",
    [
        "{ __typename }",
        "{ courses { nodes { __typename } } }",
        "query __schema { __typename }",
        "# __schema\n{ __typename }",
    ],
)
def test_what_does_not_ask_for_the_schema_is_for_everybody(production: str, document: str) -> None:
    assert "errors" not in httpx.post(f"{production}/graphql", json={"query": document}).json()


@pytest.mark.parametrize("document", MISSPELLED)
def test_in_production_no_error_suggests_a_name(production: str, permitted: Client, document: str) -> None:
    answer = httpx.post(f"{production}/graphql", json={"query": document}).json()
    assert answer["errors"]
    assert "Did you mean" not in str(answer)
    variables = {"i": {"title": "x", "slugg": "x"}}
    wrong = "mutation($i: ThemeCreateInput!) { themeCreate(input: $i) { errors { code } } }"
    told = httpx.post(f"{production}/graphql", json={"query": wrong, "variables": variables}).json()
    assert "slugg" in str(told)
    assert "Did you mean" not in str(told)
    assert "Did you mean" in str(permitted.answer(wrong, **variables))


def test_in_development_everybody_sees_it_and_is_helped(address: str) -> None:
    anonymous = Client(address)
    assert "errors" not in anonymous.answer(ASKING[0])
    assert "Did you mean" in str(anonymous.answer(MISSPELLED[0]))
    anonymous.http.close()


def test_where_nobody_may_not_even_an_editor_may(database_url: str, serve: Serve, doorkeeper: Doorkeeper) -> None:
    url = serve(database_url, graphql={"introspection": "nobody"})
    client = Client(url, doorkeeper.token(doorkeeper.person()))
    assert client.fails(ASKING[0]) == "FORBIDDEN"
    client.http.close()


def test_a_token_reads_the_schema_as_long_as_its_owner_may(production: str, doorkeeper: Doorkeeper) -> None:
    person = doorkeeper.person(Role.LEARNER)
    client = Client(production, doorkeeper.token(person, Role.EDITOR))
    assert client.fails(ASKING[0]) == "FORBIDDEN"
    doorkeeper.sql("UPDATE role_grant SET role = 'editor' WHERE user_id = %s", person)
    assert "errors" not in client.answer(ASKING[0])
    client.http.close()


def test_in_production_the_ide_opens_for_those_who_may_read_the_schema(production: str, doorkeeper: Doorkeeper) -> None:
    assert httpx.get(f"{production}/ide/").status_code == 403
    for role, status in ((Role.LEARNER, 403), (Role.EDITOR, 200)):
        cookie = f"__Host-cairn_session={doorkeeper.session(doorkeeper.person(role))}"
        for path in ("/ide/", "/ide/index.html"):
            answer = httpx.get(f"{production}{path}", headers={"cookie": cookie})
            assert answer.status_code == status, (role, path)
            assert "x-frame-options" in answer.headers
