"""Documents that the server knows already: asked for by hash, kept by caches, and where one wants, no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from cairn.settings import GraphqlSettings, HttpSettings
from core.errors import SeveralErrors
from models.identity import Role
from tests.support.clients import Client
from tests.support.factories import course

from .asking import GRAPHQL_JSON, JSON, refusal
from .conftest import Serve
from .doorkeeper import Doorkeeper

COURSES = "query Courses($first: Int) { courses(first: $first) { totalCount nodes { title } } }"
SEVERAL = "query One { a: __typename } query Two { b: __typename }"
RENAME = "mutation SignOut { sessionEnd(input: {}) { errors { code } } }"
DRAFTS = "query Drafts @perspective(stage: DRAFT) { courses { nodes { title } } }"
UNKNOWN = "sha256:" + "0" * 64


def id_of(text: str) -> str:
    """The id of a document, as clients work it out."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest of all these documents."""
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({id_of(text): text for text in (COURSES, SEVERAL, RENAME, DRAFTS)}))
    return path


@pytest.fixture
def trusting(serve: Serve, database_url: str, manifest: Path, empty: None) -> Iterator[httpx.Client]:
    """A client of an application that knows these documents, and runs others too."""
    with httpx.Client(base_url=serve(database_url, graphql=GraphqlSettings(trusted_documents=manifest))) as client:
        yield client


@pytest.fixture
def strict(serve: Serve, database_url: str, manifest: Path, empty: None) -> Iterator[httpx.Client]:
    """A client of an application that runs these documents and no others."""
    settings = GraphqlSettings(trusted_documents=manifest, only_trusted=True)
    with httpx.Client(base_url=serve(database_url, graphql=settings)) as client:
        yield client


def ask(client: httpx.Client, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    """Posts a body."""
    return client.post("/graphql", json=body, headers={"accept": GRAPHQL_JSON, **(headers or {})})


def get(client: httpx.Client, headers: dict[str, str] | None = None, **parameters: str) -> httpx.Response:
    """Asks over GET."""
    return client.get("/graphql", params=parameters, headers={"accept": GRAPHQL_JSON, **(headers or {})})


def test_a_document_is_asked_for_by_its_hash(trusting: httpx.Client) -> None:
    answer = ask(trusting, documentId=id_of(COURSES), variables={"first": 1}, operationName="Courses")
    assert (answer.status_code, answer.json()["data"]) == (200, {"courses": {"totalCount": 0, "nodes": []}})
    assert get(trusting, documentId=id_of(COURSES), variables='{"first":1}').json() == answer.json()


def test_of_several_operations_the_named_one_runs(trusting: httpx.Client) -> None:
    assert ask(trusting, documentId=id_of(SEVERAL), operationName="Two").json()["data"] == {"b": "Query"}
    assert ask(trusting, documentId=id_of(SEVERAL)).status_code == 400


@pytest.mark.parametrize(
    "unknown", [UNKNOWN, "sha256:", id_of(COURSES).upper(), id_of(COURSES)[7:], "x-a:b", "a" * 5000]
)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
def test_an_unknown_hash_is_told_by_its_code(trusting: httpx.Client, unknown: str, accept: str) -> None:
    asked = ask(trusting, {"accept": accept}, documentId=unknown)
    assert refusal(asked, 404) == "PERSISTED_DOCUMENT_NOT_FOUND"
    assert refusal(get(trusting, {"accept": accept}, documentId=unknown), 404) == "PERSISTED_DOCUMENT_NOT_FOUND"


@pytest.mark.parametrize(
    "body", [{"documentId": id_of(COURSES), "query": COURSES}, {"documentId": 1}, {"documentId": ""}, {}]
)
def test_what_is_asked_for_must_be_plain(trusting: httpx.Client, body: dict[str, Any]) -> None:
    assert refusal(ask(trusting, **body), 400) == "BAD_REQUEST"


def test_a_mutation_does_not_run_over_get(trusting: httpx.Client) -> None:
    assert refusal(get(trusting, documentId=id_of(RENAME)), 405) == "METHOD_NOT_ALLOWED"


def test_a_browser_that_asks_for_a_document_gets_its_answer_and_no_page(trusting: httpx.Client) -> None:
    answer = get(trusting, {"accept": "text/html, */*;q=0.1"}, documentId=id_of(COURSES))
    assert answer.headers["content-type"].startswith(JSON)


def test_without_a_manifest_no_document_is_known(http: httpx.Client) -> None:
    assert refusal(ask(http, documentId=id_of(COURSES)), 404) == "PERSISTED_DOCUMENT_NOT_FOUND"


# caches


def test_the_same_answer_is_not_sent_twice(trusting: httpx.Client, editor: Client) -> None:
    first = get(trusting, documentId=id_of(COURSES))
    mark = first.headers["etag"]
    assert mark.startswith('"')
    again = get(trusting, {"if-none-match": f'"other", {mark}'}, documentId=id_of(COURSES))
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", mark)
    assert again.headers["cache-control"] == first.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert again.headers["vary"] == first.headers["vary"]
    assert {"accept", "authorization", "cookie"} <= set(first.headers["vary"].split(", "))
    editor.do("coursePublish", "revision", id=course(editor, title="New"))
    changed = get(trusting, {"if-none-match": mark}, documentId=id_of(COURSES))
    assert changed.status_code == 200
    assert changed.headers["etag"] != mark


def test_other_variables_and_media_types_have_marks_of_their_own(trusting: httpx.Client) -> None:
    answers = [
        get(trusting, documentId=id_of(COURSES)),
        get(trusting, {"accept": JSON}, documentId=id_of(COURSES)),
        get(trusting, documentId=id_of(COURSES), variables='{"first": 3}'),
    ]
    # The cost of another page is another, and stands in the answer.
    assert len({answer.headers["etag"] for answer in answers}) == 3


@pytest.mark.parametrize("known", ["*", 'W/"{}"'])
def test_conditions_are_read_as_http_has_them(trusting: httpx.Client, known: str) -> None:
    mark = get(trusting, documentId=id_of(COURSES)).headers["etag"].strip('"')
    assert get(trusting, {"if-none-match": known.format(mark)}, documentId=id_of(COURSES)).status_code == 304


def test_what_somebody_signed_in_gets_is_for_them_alone(trusting: httpx.Client, doorkeeper: Doorkeeper) -> None:
    headers = {"authorization": f"Bearer {doorkeeper.token(doorkeeper.person())}"}
    answer = get(trusting, headers, documentId=id_of(DRAFTS))
    assert answer.headers["cache-control"] == "private, max-age=0, must-revalidate"
    again = get(trusting, {**headers, "if-none-match": answer.headers["etag"]}, documentId=id_of(DRAFTS))
    assert (again.status_code, again.headers["cache-control"]) == (304, answer.headers["cache-control"])
    assert get(trusting, {"if-none-match": answer.headers["etag"]}, documentId=id_of(DRAFTS)).status_code != 304


def test_failures_and_other_requests_are_not_kept(trusting: httpx.Client) -> None:
    answers = [
        get(trusting, documentId=id_of(DRAFTS)),
        get(trusting, documentId=id_of(COURSES), variables='{"first": 1000}'),
        get(trusting, documentId=UNKNOWN),
        get(trusting, query=COURSES),
        ask(trusting, documentId=id_of(COURSES)),
    ]
    assert {(each.headers["cache-control"], each.headers.get("etag")) for each in answers} == {("no-store", None)}


def test_how_long_caches_may_answer_is_a_setting(serve: Serve, database_url: str, manifest: Path) -> None:
    address = serve(
        database_url,
        graphql=GraphqlSettings(trusted_documents=manifest),
        http=HttpSettings(document_max_age=60),
    )
    answer = httpx.get(f"{address}/graphql", params={"documentId": id_of(COURSES)})
    assert answer.headers["cache-control"] == "public, max-age=60, must-revalidate"


# nothing else


@pytest.mark.parametrize("document", ["{ __typename }", "{ __schema { types { name } } }", "{" * 90_000, COURSES + " "])
def test_where_only_trusted_documents_run_no_other_is_even_parsed(strict: httpx.Client, document: str) -> None:
    assert refusal(ask(strict, query=document), 400) == "PERSISTED_DOCUMENT_REQUIRED"
    assert refusal(get(strict, query=document[:4000]), 400) == "PERSISTED_DOCUMENT_REQUIRED"


def test_trusted_documents_run_by_hash_and_by_text(strict: httpx.Client) -> None:
    by_hash, by_text = ask(strict, documentId=id_of(COURSES)), ask(strict, query=COURSES)
    assert by_hash.status_code == by_text.status_code == 200
    assert by_hash.json() == by_text.json()


def test_editors_may_run_anything_and_learners_may_not(strict: httpx.Client, doorkeeper: Doorkeeper) -> None:
    codes = {}
    for role in (Role.EDITOR, Role.LEARNER):
        token = doorkeeper.token(doorkeeper.person(role), role)
        codes[role] = ask(strict, {"authorization": f"Bearer {token}"}, query="{ __typename }").status_code
    assert codes == {Role.EDITOR: 200, Role.LEARNER: 400}


def test_whose_credentials_are_wrong_is_told_so(strict: httpx.Client) -> None:
    answer = ask(strict, {"authorization": "Bearer nonsense"}, query="{ __typename }")
    assert refusal(answer, 401) == "UNAUTHENTICATED"


# manifests


def served_with(serve: Serve, url: str, path: Path, content: str) -> None:
    """Tries to start an application with this manifest."""
    path.write_text(content)
    serve(url, graphql=GraphqlSettings(trusted_documents=path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[", "is no manifest"),
        ('["{ a }"]', "is no manifest"),
        ('{"operations": [{"id": 1}]}', "is no manifest"),
        ('{"sha256:aa": 1}', "is no manifest"),
        (json.dumps({UNKNOWN: COURSES}), "is not the sha256 of its text"),
        (json.dumps({id_of("{ nonsense }"): "{ nonsense }"}), "Cannot query field 'nonsense'"),
        (json.dumps({id_of("{"): "{"}), "Syntax Error"),
        (json.dumps({id_of("{ " + "a " * 10_000 + "}"): "{ " + "a " * 10_000 + "}"}), "more than 10000 tokens"),
    ],
)
def test_a_manifest_that_is_wrong_stops_the_start(
    serve: Serve, database_url: str, tmp_path: Path, content: str, told: str
) -> None:
    with pytest.raises(SeveralErrors, match=told):
        served_with(serve, database_url, tmp_path / "wrong.json", content)


def test_every_wrong_document_is_named(serve: Serve, database_url: str, tmp_path: Path) -> None:
    texts = ["{ one }", "{ two }", COURSES]
    with pytest.raises(SeveralErrors) as refused:
        served_with(serve, database_url, tmp_path / "a.json", json.dumps({id_of(text): text for text in texts}))
    assert [id_of(text) in str(refused.value) for text in texts] == [True, True, False]


@pytest.mark.parametrize(
    "manifest",
    [
        {id_of(COURSES).removeprefix("sha256:"): COURSES},
        {
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [{"id": id_of(COURSES)[7:], "body": COURSES, "name": "Courses"}],
        },
    ],
    ids=["hashes", "a list of operations"],
)
def test_manifests_of_other_tools_are_understood(
    serve: Serve, database_url: str, tmp_path: Path, manifest: dict[str, Any]
) -> None:
    (tmp_path / "theirs.json").write_text(json.dumps(manifest))
    address = serve(database_url, graphql=GraphqlSettings(trusted_documents=tmp_path / "theirs.json"))
    assert httpx.post(f"{address}/graphql", json={"documentId": id_of(COURSES)}).json()["data"]["courses"]
