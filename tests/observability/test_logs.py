"""The line about each operation: what is in it, when it is written, and what never is."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import pytest

from cairn.settings import LogSettings
from core.redaction import HIDDEN
from models.identity import Role
from tests.support import factories
from tests.support.clients import People

from .conftest import Serve, Written

Listen = Callable[..., Written]
PAGE = "query Page($id: ID!) { course(id: $id) { title modules { title lessons { title } } } }"
ALL = LogSettings(sample=1)
PHASES = ("plan_ms", "sql_ms", "assembly_ms")


@pytest.fixture
def course(people: People) -> str:
    """A published course with two modules of two lessons."""
    made = factories.tree(people.editor, modules=2, lessons=2, blocks=0)
    factories.publish(people.editor, made["course"])
    return str(made["course"])


def test_the_line_about_a_query_says_what_it_took(serve: Serve, written: Listen, course: str) -> None:
    reader = serve(log=ALL)
    log = written()
    answer = reader.post(PAGE, {"id": course})
    found = log.record()
    told = {name: found[name] for name in ("operation", "kind", "status", "statements", "rows", "objects", "viewer")}
    assert told == {
        "operation": "Page", "kind": "query", "status": "ok", "statements": 3, "rows": 7, "objects": 7,
        "viewer": "anonymous",
    }  # fmt: skip
    assert found["document"] == hashlib.sha256(PAGE.encode()).hexdigest()[:12]
    assert found["request_id"] == answer.headers["x-request-id"]
    assert found["cost"] > 0
    assert found["sql_ms"] > 0
    assert sum(found[name] for name in PHASES) == pytest.approx(found["total_ms"], abs=0.05)


def test_a_mutation_is_always_written_with_who_asked_and_without_their_secrets(
    serve: Serve, written: Listen, people: People, users: dict[Role, str]
) -> None:
    editor = serve(people.editor.token, log=LogSettings(sample=0))
    log = written()
    editor.do("courseCreate", "course { id }", title="A secret plan")
    found = log.record()
    assert (found["kind"], found["status"], found["viewer"]) == ("mutation", "ok", "api_token")
    assert found["user"] == users[Role.EDITOR]
    assert found["statements"] > 3
    assert [each for each in (editor.token, "A secret plan", "@example.org") if str(each) in log.text] == []


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ("{ nonsense }", "refused", "GRAPHQL_VALIDATION_FAILED"),
        ("{ not closed", "refused", "GRAPHQL_PARSE_FAILED"),
        ("query @perspective(stage: DRAFT) { courses { totalCount } }", "refused", "UNAUTHENTICATED"),
        ('{ courses { totalCount } node(id: "nothing") { id } }', "partial", "BAD_USER_INPUT"),
    ],
)
def test_what_did_not_go_well_is_written_with_its_code(
    serve: Serve, written: Listen, document: str, status: str, code: str
) -> None:
    reader = serve(log=LogSettings(sample=0))
    log = written()
    reader.answer(document)
    found = log.record()
    assert (found["status"], found["codes"]) == (status, [code])
    assert found["document"] == hashlib.sha256(document.encode()).hexdigest()[:12]


def test_of_ordinary_queries_only_a_fraction_is_written(serve: Serve, written: Listen, course: str) -> None:
    silent, chatty = serve(log=LogSettings(sample=0)), serve(log=ALL)
    log = written()
    for _ in range(5):
        silent.ask(PAGE, id=course)
    chatty.ask(PAGE, id=course)
    assert log.record()["sample"] == 1


def test_a_slow_operation_is_a_warning_with_its_plan_and_without_the_values_of_its_variables(
    serve: Serve, written: Listen, course: str
) -> None:
    reader = serve(log=LogSettings(sample=0, slow_ms=0))
    log = written()
    reader.ask(PAGE, id=course)
    found = log.record()
    assert (found["level"], found["message"], found["variables"]) == ("warning", "slow operation", ["id"])
    assert "FROM lesson" in found["plan"]
    assert course not in log.text
    reader.ask(PAGE, id=course)
    again = log.records()[-1]
    assert "plan" not in again


def test_every_record_of_a_request_has_its_id(
    serve: Serve, written: Listen, monkeypatch: pytest.MonkeyPatch, course: str
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the reader is broken")

    reader = serve(log=LogSettings(sample=0))
    monkeypatch.setattr("core.reading.Reader.fetch", broken)
    monkeypatch.setattr("core.reading.Reader.rows", broken)
    log = written()
    answer = reader.post(PAGE, {"id": course})
    masked = log.record("cairn.graph")
    assert "the reader is broken" in masked["exception"]
    assert masked["request_id"] == log.record()["request_id"] == answer.headers["x-request-id"]
    assert log.record()["codes"] == ["INTERNAL_SERVER_ERROR"]


def test_for_the_eye_a_record_is_one_line(serve: Serve, written: Listen, course: str) -> None:
    reader = serve(log=ALL)
    log = written(format="text")
    reader.ask(PAGE, id=course)
    (line,) = [each for each in log.text.splitlines() if "cairn.operations" in each]
    assert "operation=Page kind=query" in line
    assert " request_id=" in line


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize(
    ("said", "secret"),
    [
        ("connecting to postgresql://cairn:open-sesame@db/cairn", "open-sesame"),
        ("host=db password=open-sesame", "open-sesame"),
        ("authorization: Bearer abc.def.ghi", "abc.def.ghi"),
        ("token cairn_api_" + "a1" * 24 + "b", "a1a1"),
    ],
)
def test_what_looks_like_a_secret_is_not_written(written: Listen, format: str, said: str, secret: str) -> None:
    log = written(format=format)
    logging.getLogger("cairn.somewhere").warning("%s", said)
    try:
        raise ValueError(said)
    except ValueError:
        logging.getLogger("cairn.somewhere").exception("failed")
    assert HIDDEN in log.text
    assert secret not in log.text


def test_below_the_level_nothing_is_written(serve: Serve, written: Listen, course: str) -> None:
    reader = serve(log=ALL)
    log = written(level="error")
    reader.ask(PAGE, id=course)
    assert log.text == ""


def test_only_editors_are_told_where_the_time_went(people: People, course: str) -> None:
    told = people.editor.post(PAGE, {"id": course}).headers["server-timing"]
    names = [part.partition(";dur=")[0] for part in told.split(", ")]
    assert names == ["plan", "sql", "assembly", "total"]
    assert all(float(part.partition("=")[2]) >= 0 for part in told.split(", "))
    for other in (people.anonymous, people.learner):
        assert "server-timing" not in other.post(PAGE, {"id": course}).headers
