"""What public scanners of GraphQL try first, against an installation that is set up for production.

The checks are those that graphql-cop, InQL, graphw00f and the templates of nuclei publish. What each looks for in an
answer must not be there. Queries over GET are there on purpose: caches need them, and a foreign page gets nothing by
them (`test_origins`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from pydantic import HttpUrl, SecretStr

from cairn.settings import HttpSettings, Settings
from tests.support.servers import RunningApplication

Check = Callable[[httpx.Client], httpx.Response]
ONE_TYPE = "fields { type { fields { type { fields { type { name } } } } } }"
DOCUMENTS = {
    "aliases": "query { " + " ".join(f"alias{number}:__typename" for number in range(101)) + " }",
    "one field many times": "query { " + "__typename " * 500 + "}",
    "fragments in a circle": "query { __schema { ...A } } fragment A on __Schema { __typename ...B } "
    "fragment B on __Schema { ...A }",
    "introspection in a circle": f"query {{ __schema {{ types {{ {ONE_TYPE} }} }} }}",
    "introspection": "query IntrospectionQuery { __schema { queryType { name } types { name } } }",
    "introspection behind an alias": 'query { a: __type(name: "User") { name fields { name } } }',
    "introspection in a fragment": "{ ...a } fragment a on Query { s: __schema { types { name } } }",
}


def _post(document: str) -> Check:
    return lambda http: http.post("/graphql", json={"query": document})


# Each is answered without data.
REFUSED: dict[str, Check] = {
    **{what: _post(document) for what, document in DOCUMENTS.items()},
    "a batch": lambda http: http.post("/graphql", json=[{"query": "{ __typename }"}] * 10),
    "a mutation over GET": lambda http: http.get("/graphql", params={"query": "mutation { __typename }"}),
    "a POST with its query in the address": lambda http: http.post("/graphql", params={"query": "{ __typename }"}),
    "a form": lambda http: http.post("/graphql", data={"query": "{ __typename }"}),
    "a form in parts": lambda http: http.post("/graphql", files={"operations": (None, '{"query": "{ __typename }"}')}),
    "plain text": lambda http: http.post(
        "/graphql", content='{"query": "{ __typename }"}', headers={"content-type": "text/plain"}
    ),
    "a GraphQL body": lambda http: http.post(
        "/graphql", content="{ __typename }", headers={"content-type": "application/graphql"}
    ),
    "a hash that nobody registered": lambda http: http.post(
        "/graphql", json={"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
    ),
}
# Words by which an answer would tell of its insides.
TELLING = ("stacktrace", "traceback", '"exception"', '"tracing"', "did you mean", "graphiql", "playground", ".py")
# Where an IDE, a console or what somebody left behind may be.
ELSEWHERE = (
    "/graphiql", "/playground", "/console", "/altair", "/voyager", "/graphql/console", "/graphql/schema.json",
    "/v1/graphql", "/api/graphql", "/graphql.php", "/___graphql", "/metrics", "/mailbox", "/debug", "/docs",
    "/openapi.json", "/.env", "/.git/config", "/server-status", "/actuator/health", "/ide/../../pyproject.toml",
    "/ide/%2e%2e/pyproject.toml", "/ide/assets/..%2f..%2fpyproject.toml",
)  # fmt: skip


@pytest.fixture(scope="module")
def production(database_url: str) -> Iterator[httpx.Client]:
    """A stranger before an application that browsers reach over https."""
    running = RunningApplication(
        Settings(DATABASE_URL=SecretStr(database_url), http=HttpSettings(public_url=HttpUrl("https://cairn.example")))
    )
    with httpx.Client(base_url=running.start(), timeout=60, verify=False) as http:
        yield http
    running.stop()


@pytest.mark.parametrize("what", REFUSED)
def test_what_scanners_send_is_answered_without_data(production: httpx.Client, what: str) -> None:
    answer = REFUSED[what](production)
    assert answer.status_code < 500
    assert answer.json().get("data") is None, answer.text
    assert answer.json()["errors"]
    assert [word for word in TELLING if word in answer.text.lower()] == []


def test_ten_unknown_directives_are_one_mistake(production: httpx.Client) -> None:
    answer = _post("query { __typename " + "@aa" * 10 + " }")(production)
    assert len(answer.json()["errors"]) == 1


@pytest.mark.parametrize(
    "document",
    ["qwerty cop { abc }", "query { __schema { directive } }", "query @skip { __typename }", "query @deprecated { a }",
     "aaa", "query { alias^:__typename }", "query ! { __typename }", "query { __typename @abc }", "query aa#aa { a }"],
)  # fmt: skip
@pytest.mark.parametrize("header", ["accept", "apollo-tracing", "x-apollo-tracing", "x-debug"])
def test_no_error_tells_of_its_insides(production: httpx.Client, document: str, header: str) -> None:
    answer = production.post("/graphql", json={"query": document}, headers={header: "*/*"})
    assert answer.json()["errors"]
    assert "data" not in answer.json()
    assert [word for word in TELLING if word in answer.text.lower()] == []


@pytest.mark.parametrize("path", ELSEWHERE)
def test_nothing_was_left_lying_about(production: httpx.Client, path: str) -> None:
    request = production.build_request("GET", path, headers={"accept": "text/html"})
    # As it was written, dots and all.
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = production.send(request)
    assert answer.status_code in (403, 404), answer.text
    assert len(answer.content) < 200


def test_the_address_itself_shows_no_ide_to_strangers(production: httpx.Client) -> None:
    answer = production.get("/graphql", headers={"accept": "text/html"}, follow_redirects=True)
    assert answer.status_code == 403
    assert "graphiql" not in answer.text.lower()


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND"])
def test_other_methods_are_none_of_ours(production: httpx.Client, method: str) -> None:
    assert production.request(method, "/graphql").status_code in (400, 405)


def test_no_answer_says_what_it_was_made_with(production: httpx.Client) -> None:
    for answer in (_post("{ __typename }")(production), production.get("/nothing"), production.get("/healthz")):
        told = " ".join(f"{name}: {value}" for name, value in answer.headers.items()).lower()
        assert [word for word in ("uvicorn", "starlette", "python", "strawberry", "x-powered-by") if word in told] == []
