"""What is refused records nothing, and what was not declared cannot be recorded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.events.logs import sql
from tests.support import factories
from tests.support.clients import People


def test_a_mutation_that_is_refused_records_nothing(people: People, database_url: str) -> None:
    theme = factories.theme(people.editor)
    people.editor.refused("themeUpdate", id=theme, expectedRevision=7, title="Late")
    assert sql(database_url, "SELECT type FROM fact") == [("theme.created",)]


def test_what_a_mutation_does_not_declare_it_cannot_record(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.events import ThemeUnpublished
    from resolvers import curriculum, events

    create = curriculum.create_theme

    async def say_more(tx: Any, values: Any) -> str:
        made = await create(tx, values)
        events.record(tx, ThemeUnpublished(subject_id=made))
        return made

    monkeypatch.setattr(curriculum, "create_theme", say_more)
    assert (
        people.editor.post('mutation { themeCreate(input: {title: "Kind"}) { errors { message } } }').json()["errors"][
            0
        ]["extensions"]["code"]
        == "INTERNAL_SERVER_ERROR"
    )
    assert sql(database_url, "SELECT 1 FROM fact UNION ALL SELECT 1 FROM theme") == []
