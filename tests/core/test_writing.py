"""Bad values are refused in words that name the field, by the rules of the models and by the constraints below."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from core.database import Database
from core.errors import DomainError, SeveralErrors
from core.tables import Table, table_of
from core.viewer import SERVICE
from core.writing import Transaction, camel, checked, transaction
from models.content import Content, Revision
from models.curriculum import Course, Lesson, Milestone, Module, Theme
from models.identity import RoleGrant, User
from tests.core.conftest import Run

Act = Callable[[Transaction], Awaitable[Any]]


async def _staged(tx: Transaction, model: type[Table], **values: Any) -> str:
    made = model.new_id()
    await tx.insert(Content, [{"id": made, "kind": table_of(model).name, "root_id": made}])
    defaults = {
        name: info.get_default(call_default_factory=True)
        for name, info in model.model_fields.items()
        if not info.is_required() and name not in ("created_at", "updated_at")
    }
    await tx.insert(model, [{**defaults, "id": made, "stage": "draft", "revision": 1, **values}])
    return made


async def _same_slug(tx: Transaction) -> None:
    await _staged(tx, Theme, title="One", slug="same")
    await _staged(tx, Theme, title="Two", slug="same")


async def _unknown_theme(tx: Transaction) -> None:
    await _staged(tx, Course, title="One", slug="one", theme_id=Theme.new_id())


async def _no_days(tx: Transaction) -> None:
    await _staged(tx, Course, title="One", slug="one", duration_days=0)


async def _days_backwards(tx: Transaction) -> None:
    course = await _staged(tx, Course, title="One", slug="one")
    await _staged(tx, Milestone, name="M", course_id=course, start_day=2, end_day=1)


async def _rule_without_days(tx: Transaction) -> None:
    course = await _staged(tx, Course, title="One", slug="one")
    await _staged(tx, Module, title="M", course_id=course, release_rule="days_after_enrolment")


async def _unknown_parent(tx: Transaction) -> None:
    await _staged(tx, Lesson, title="L", slug="l", module_id=Module.new_id())


async def _same_place(tx: Transaction) -> None:
    course = await _staged(tx, Course, title="One", slug="one")
    for title in ("A", "B"):
        await _staged(tx, Module, title=title, course_id=course, position=1)


async def _no_title(tx: Transaction) -> None:
    await _staged(tx, Theme, title=None, slug="one")


async def _grant_to_nobody(tx: Transaction) -> None:
    grant = {"id": RoleGrant.new_id(), "user_id": User.new_id(), "role": "editor", "scope_type": "global"}
    await tx.insert(RoleGrant, [grant])


async def _unknown_status(tx: Transaction) -> None:
    status: sa.ColumnClause[str] = sa.literal_column("'asleep'")
    await tx.execute(sa.insert(table_of(User)).values(id=User.new_id(), display_name="N", status=status))


async def _revision_of_nothing(tx: Transaction) -> None:
    sealed = {"id": Revision.new_id(), "root_id": Content.new_id(), "number": 1, "kind": "published", "snapshot": {}}
    await tx.insert(Revision, [sealed])


@pytest.mark.parametrize(
    ("act", "code", "path"),
    [
        (_same_slug, "TAKEN", ("slug",)),
        (_unknown_theme, "NOT_FOUND", ("themeId",)),
        (_no_days, "INVALID", ("durationDays",)),
        (_days_backwards, "INVALID", ("endDay",)),
        (_rule_without_days, "INVALID", ("releaseAfterDays",)),
        (_unknown_parent, "NOT_FOUND", ("moduleId",)),
        (_same_place, "TAKEN", ("courseId",)),
        (_no_title, "INVALID", ()),
        (_grant_to_nobody, "NOT_FOUND", ("userId",)),
        (_unknown_status, "INVALID", ()),
        (_revision_of_nothing, "NOT_FOUND", ("rootId",)),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_a_constraint_speaks_of_the_field_it_guards(run: Run, act: Act, code: str, path: tuple[str, ...]) -> None:
    async def work(database: Database) -> DomainError | None:
        try:
            async with transaction(database, SERVICE) as tx:
                await act(tx)
        except DomainError as error:
            return error
        return None

    refused = run(work)
    assert refused is not None
    assert (refused.code, tuple(refused.path)) == (code, path)
    assert refused.message.endswith(".")


def test_after_a_refusal_nothing_is_left(run: Run) -> None:
    async def work(database: Database) -> int:
        with pytest.raises(DomainError):
            async with transaction(database, SERVICE) as tx:
                await _unknown_theme(tx)
        async with transaction(database, SERVICE) as tx:
            return len(await tx.rows(sa.select(table_of(Content).c.id)))

    assert run(work) == 0


def test_many_rows_go_in_with_one_statement(run: Run) -> None:
    async def work(database: Database) -> tuple[int, int]:
        sent: list[str] = []
        async with transaction(database, SERVICE) as tx:
            database.on_statement = sent.append
            rows = [{"id": User.new_id(), "display_name": f"N{n}", "status": "active"} for n in range(50)]
            await tx.insert(User, rows)
            await tx.insert(User, [])
            database.on_statement = None
            return len(sent), len(await tx.rows(sa.select(table_of(User).c.id)))

    assert run(work) == (1, 50)


def test_values_that_keep_the_rules_are_accepted_and_tidied() -> None:
    assert checked(Theme, {"title": "  Sleep  ", "slug": "sleep-well"}) == {"title": "Sleep", "slug": "sleep-well"}


def test_every_broken_rule_is_reported_at_once_by_the_name_of_its_field() -> None:
    with pytest.raises(SeveralErrors) as refused:
        checked(Course, {"title": " ", "slug": "No Slug", "duration_days": 0, "summary": "fine"})
    assert {tuple(error.path) for error in refused.value.errors} == {("title",), ("slug",), ("durationDays",)}
    assert all(error.message[0].isupper() and error.message.endswith(".") for error in refused.value.errors)


def test_the_path_to_the_whole_comes_before_the_field() -> None:
    with pytest.raises(SeveralErrors) as refused:
        checked(Milestone, {"start_day": 0}, ("milestones", 3))
    assert [tuple(error.path) for error in refused.value.errors] == [("milestones", 3, "startDay")]


@pytest.mark.parametrize("name", ["title", "summary", "description"])
def test_a_text_that_postgresql_cannot_keep_is_refused_by_its_field(name: str) -> None:
    with pytest.raises(SeveralErrors) as refused:
        checked(Course, {name: "a\0b"})
    assert [tuple(error.path) for error in refused.value.errors] == [(name,)]


@pytest.mark.parametrize(("snake", "camel_case"), [("id", "id"), ("theme_id", "themeId"), ("is_a_b", "isAB")])
def test_names_are_shown_as_the_api_writes_them(snake: str, camel_case: str) -> None:
    assert camel(snake) == camel_case
