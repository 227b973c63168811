"""What a front end reads, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.support import factories
from tests.support.clients import Client

COURSE_PAGE = """query($id: ID!) { course(id: $id) { title
    modules { title lessons { title blocks { id __typename html } } } } }"""
Statements = Callable[[], AbstractContextManager[list[str]]]


@pytest.mark.parametrize("width", [1, 4])
def test_a_course_page_costs_four_statements_however_wide_it_is(
    editor: Client, reader: Client, statements: Statements, width: int
) -> None:
    made = factories.tree(editor, modules=width, lessons=width, blocks=2)
    factories.publish(editor, made["course"])
    with statements() as sent:
        page = reader.ask(COURSE_PAGE, id=made["course"])
    assert len(page["course"]["modules"]) == width
    assert len(sent) == 4, sent


def test_a_reader_sees_nothing_of_a_draft(editor: Client, reader: Client) -> None:
    made = factories.tree(editor)
    assert reader.ask(COURSE_PAGE, id=made["course"]) == {"course": None}
    assert reader.fails("query @perspective(stage: DRAFT) { courses { totalCount } }") == "UNAUTHENTICATED"
