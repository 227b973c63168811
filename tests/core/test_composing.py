"""Statements for several levels at once: made once for the way to a level, whatever is asked for there."""

from __future__ import annotations

from typing import Any

import pytest

from core import composing
from core.composing import Level, Request, compose
from core.paging import Page
from core.relations import Perspective
from resolvers.curriculum.visible import COURSES_OF_THEME, MODULES_OF_COURSE, THEMES

LIVE = Perspective("live", hides_trash=True)


def _composed(columns: tuple[str, ...], *, behind: bool = False) -> list[tuple[str, tuple[str, ...]]]:
    """The statements for themes, their courses and those courses' modules, with these columns of each.

    `behind`: where they are numbered after a level that has nothing to do with them.
    """
    sort = THEMES.default_sort
    cut = Page(2, ("1", "x"), False)
    levels = [
        Level(THEMES, "page", None, columns, cursors=True),
        Level(COURSES_OF_THEME, "page", 0, columns, counts=True),
        Level(MODULES_OF_COURSE, "many", 1, columns),
    ]
    requests = [
        Request(THEMES, page=Page(3, None, False), sort=sort),
        Request(COURSES_OF_THEME, page=cut, sort=sort),
        Request(MODULES_OF_COURSE),
    ]
    if behind:
        moved = [each._replace(parent=None if each.parent is None else each.parent + 1) for each in levels]
        levels = [Level(MODULES_OF_COURSE, "many", None, ("id",)), *moved]
        requests = [Request(MODULES_OF_COURSE, ["y"]), *requests]
    texts, counts = compose(levels, [each.variant() for each in requests], LIVE)
    found = [(text.sql, text.names) for text in (*texts, *filter(None, counts))]
    return found[1:] if behind else found


def test_who_asks_for_other_columns_of_the_same_has_no_statement_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    _composed(("title",))
    made: list[Any] = []
    monkeypatch.setattr(composing, "compiled", made.append)
    texts = [sql for sql, _ in _composed(("slug", "id", "position"))]
    assert made == []
    assert all("slug" in sql and "title" not in sql for sql in texts[:3])
    # Of no column at all there is still a row for each.
    assert [sql.split("\n")[0].strip() for sql, _ in _composed(())][2] == "SELECT t2.course_id AS belongs_to"


def test_values_are_named_after_the_levels_as_they_are_numbered_among_all() -> None:
    first, behind = _composed(("id",)), _composed(("id",), behind=True)
    assert [sql for sql, _ in first] == [sql for sql, _ in behind]
    assert sorted(first[2][1]) == ["cursor_id1", "cursor_key1", "size0", "size1", "stage"]
    assert sorted(behind[2][1]) == ["cursor_id2", "cursor_key2", "size1", "size2", "stage"]
