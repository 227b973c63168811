"""Places: siblings are put behind one another, parents change, and no two ever stand in the same place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import new_id
from models.curriculum import Lesson
from resolvers.content import drafts
from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data

LEVELS = ["module", "lesson", "block"]


class Row:
    """Siblings of one kind below one parent, and how they are moved."""

    def __init__(self, editor: Client, kind: str, number: int = 4) -> None:
        self.editor, self.kind = editor, kind
        sizes = {
            "module": {"modules": number, "lessons": 0, "blocks": 0},
            "lesson": {"modules": 1, "lessons": number, "blocks": 0},
            "block": {"modules": 1, "lessons": 1, "blocks": number},
        }[kind]
        self.made: Data = factories.tree(editor, **sizes)
        self.ids: list[str] = self.made[f"{kind}s"]

    def rows(self) -> list[Data]:
        """The siblings as they stand."""
        course = authors.course(self.editor, self.made["course"])
        if self.kind == "module":
            found: list[Data] = course["modules"]
            return found
        lessons: list[Data] = course["modules"][0]["lessons"]
        return lessons if self.kind == "lesson" else lessons[0]["blocks"]

    def order(self) -> list[str]:
        """Their ids; their places must be 1, 2, 3 and so on."""
        rows = self.rows()
        assert authors.positions(rows) == list(range(1, len(rows) + 1))
        return authors.ids(rows)

    def move(self, object_id: str, **place: Any) -> None:
        """Puts one of them elsewhere."""
        self.editor.do(f"{self.kind}Move", "__typename", id=object_id, **place)

    def create(self, **place: Any) -> str:
        """Makes one more at a place."""
        make = {"module": factories.module, "lesson": factories.lesson, "block": factories.block}[self.kind]
        parent = {"module": self.made["course"], "lesson": self.made["modules"][:1], "block": self.made["lessons"][:1]}
        above = parent[self.kind]
        made: str = make(self.editor, above if isinstance(above, str) else above[0], **place)  # type: ignore[operator]
        return made


# Moving among siblings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LEVELS)
def test_a_sibling_moves_to_the_start_to_the_end_and_behind_another(editor: Client, kind: str) -> None:
    row = Row(editor, kind)
    a, b, c, d = row.ids
    row.move(c, afterId=None)
    assert row.order() == [c, a, b, d]
    row.move(a)
    assert row.order() == [c, b, d, a]
    row.move(c, afterId=d)
    assert row.order() == [b, d, c, a]
    row.move(a, afterId=b)
    assert row.order() == [b, a, d, c]
    row.move(c, afterId=d)
    assert row.order() == [b, a, d, c]


@pytest.mark.parametrize("kind", LEVELS)
def test_a_new_sibling_goes_to_the_end_or_where_it_is_wanted(editor: Client, kind: str) -> None:
    row = Row(editor, kind, 2)
    a, b = row.ids
    first, last, middle = row.create(afterId=None), row.create(), row.create(afterId=a)
    assert row.order() == [first, a, middle, b, last]


def test_only_what_was_moved_counts_as_saved(editor: Client) -> None:
    row = Row(editor, "lesson", 3)
    row.move(row.ids[2], afterId=None)
    assert [each["revision"] for each in row.rows()] == [2, 1, 1]


@pytest.mark.parametrize("kind", LEVELS)
def test_any_moves_leave_the_order_that_a_list_would_have(editor: Client, kind: str) -> None:
    row = Row(editor, kind, 5)
    places = st.none() | st.just("end") | st.integers(0, 4)

    @settings(max_examples=4, deadline=None, derandomize=True)
    @given(st.lists(st.tuples(st.integers(0, 4), places), min_size=3, max_size=6))
    def moved(moves: list[tuple[int, Any]]) -> None:
        expected = row.order()
        for number, place in moves:
            mine = row.ids[number]
            if place == number:
                continue
            expected.remove(mine)
            if place is None:
                expected.insert(0, mine)
                row.move(mine, afterId=None)
            elif place == "end":
                expected.append(mine)
                row.move(mine)
            else:
                expected.insert(expected.index(row.ids[place]) + 1, mine)
                row.move(mine, afterId=row.ids[place])
        assert row.order() == expected

    moved()


def test_what_lies_in_the_trash_keeps_its_place(editor: Client) -> None:
    row = Row(editor, "lesson", 3)
    a, b, c = row.ids
    editor.do("lessonTrash", "__typename", id=b)
    assert authors.positions(row.rows()) == [1, 3]
    row.move(c, afterId=None)
    assert authors.ids(row.rows()) == [c, a]
    editor.do("lessonRestore", "__typename", id=b)
    assert row.order() == [c, a, b]


# Moving to another parent --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "expected"), [({}, "abcX"), ({"afterId": None}, "Xabc"), ({"afterId": "b"}, "abXc")], ids=str
)
@pytest.mark.parametrize("kind", ["lesson", "block"])
def test_a_child_moves_to_another_parent_at_a_place(editor: Client, kind: str, place: Data, expected: str) -> None:
    sizes = {"modules": 2, "lessons": 3 if kind == "lesson" else 1, "blocks": 0 if kind == "lesson" else 3}
    made = factories.tree(editor, **sizes)
    names = dict(zip("XYZabc", made[f"{kind}s"], strict=True))
    above, parents = {
        "lesson": ("moduleId", made["modules"]),
        "block": ("lessonId", made["lessons"]),
    }[kind]
    after = {"afterId": names.get(place["afterId"])} if place else {}
    editor.do(f"{kind}Move", "__typename", id=names["X"], **{above: parents[1]}, **after)
    old, new = (module["lessons"] for module in authors.course(editor, made["course"])["modules"])
    if kind == "block":
        old, new = old[0]["blocks"], new[0]["blocks"]
    assert authors.ids(old) == [names["Y"], names["Z"]]
    assert authors.ids(new) == [names[each] for each in expected]
    assert authors.positions(new) == [1, 2, 3, 4]


def test_a_lesson_takes_its_blocks_along(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=1, blocks=2)
    editor.do("lessonMove", "__typename", id=made["lessons"][0], moduleId=made["modules"][1])
    first, second = authors.course(editor, made["course"])["modules"]
    assert first["lessons"] == []
    assert authors.ids(second["lessons"]) == made["lessons"][::-1]
    assert authors.ids(second["lessons"][1]["blocks"]) == made["blocks"][:2]


def test_the_own_parent_may_be_named(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=2, blocks=0)
    payload = editor.do(
        "lessonMove", "lesson { module { id } position }", id=made["lessons"][0], moduleId=made["modules"][0]
    )
    assert payload["lesson"] == {"module": {"id": made["modules"][0]}, "position": 2}


# What is refused -----------------------------------------------------------------------------------------------------


def refusal(editor: Client, name: str, **input: Any) -> tuple[str, list[str]]:
    """The code and the path of the one error."""
    found = editor.refused(name, **input)
    return found["code"], found["path"]


@pytest.mark.parametrize("kind", ["lesson", "block"])
def test_nothing_moves_to_another_course(editor: Client, kind: str) -> None:
    mine, other = (factories.tree(editor, modules=1, lessons=1, blocks=1) for _ in range(2))
    above, parent = ("moduleId", other["modules"][0]) if kind == "lesson" else ("lessonId", other["lessons"][0])
    before = [authors.course(editor, each["course"]) for each in (mine, other)]
    assert refusal(editor, f"{kind}Move", id=mine[f"{kind}s"][0], **{above: parent}) == ("OTHER_ROOT", [above])
    assert [authors.course(editor, each["course"]) for each in (mine, other)] == before


@pytest.mark.parametrize("kind", ["lesson", "block"])
def test_a_parent_is_one_that_is_there_and_of_the_right_kind(editor: Client, kind: str) -> None:
    made = factories.tree(editor, modules=2, lessons=2, blocks=1)
    above, parents = ("moduleId", made["modules"]) if kind == "lesson" else ("lessonId", made["lessons"])
    editor.do(f"{above[:-2]}Trash", "__typename", id=parents[1])
    mine = made[f"{kind}s"][0]
    assert refusal(editor, f"{kind}Move", id=mine, **{above: parents[1]}) == ("NOT_FOUND", [above])
    wrong = ("WRONG_KIND_OF_ID", [above])
    for each in (made["course"], mine, new_id(0x034), "nonsense"):
        assert refusal(editor, f"{kind}Move", id=mine, **{above: each}) == wrong


@pytest.mark.parametrize("kind", LEVELS)
def test_a_sibling_is_one_of_the_same_parent_and_another(editor: Client, kind: str) -> None:
    sizes = {"module": (2, 1, 1), "lesson": (2, 2, 0), "block": (1, 2, 2)}[kind]
    made = factories.tree(editor, **dict(zip(("modules", "lessons", "blocks"), sizes, strict=True)))
    stranger = factories.tree(editor, modules=1, lessons=1, blocks=1)[f"{kind}s"][0]
    mine = made[f"{kind}s"][0]
    others = {"module": [stranger], "lesson": made["lessons"][2:], "block": made["blocks"][2:]}
    before = authors.course(editor, made["course"])
    missing = ("NOT_FOUND", ["afterId"])
    for after in (mine, stranger, *others[kind]):
        assert refusal(editor, f"{kind}Move", id=mine, afterId=after) == missing
    for after in (made["course"], "nonsense", "", new_id(0x034)):
        assert refusal(editor, f"{kind}Move", id=mine, afterId=after) == ("WRONG_KIND_OF_ID", ["afterId"])
    assert authors.course(editor, made["course"]) == before


def test_nothing_is_made_behind_a_sibling_that_is_not_there(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=1, blocks=0)
    before = authors.course(editor, made["course"])
    below = {"moduleId": made["modules"][0], "title": "T"}
    for after in (made["lessons"][1], new_id(Lesson.__tag__)):
        assert refusal(editor, "lessonCreate", **below, afterId=after) == ("NOT_FOUND", ["afterId"])
    assert refusal(editor, "lessonCreate", **below, afterId="nonsense") == ("WRONG_KIND_OF_ID", ["afterId"])
    assert authors.course(editor, made["course"]) == before


@pytest.mark.parametrize("kind", LEVELS)
def test_what_lies_in_the_trash_or_nowhere_does_not_move(editor: Client, kind: str) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    editor.do("moduleTrash", "__typename", id=made["modules"][0])
    tag = {"module": 0x035, "lesson": 0x036, "block": 0x037}[kind]
    for missing in (made[f"{kind}s"][0], new_id(tag)):
        assert refusal(editor, f"{kind}Move", id=missing, afterId=None) == ("NOT_FOUND", ["id"])


def test_only_so_many_fit_below_one_parent_those_in_the_trash_included(
    editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drafts.MAX_SIBLINGS == 500
    monkeypatch.setattr(drafts, "MAX_SIBLINGS", 3)  # The application runs in this process; 500 would take seconds.
    made = factories.tree(editor, modules=1, lessons=2, blocks=3)
    full, other = made["lessons"]
    editor.do("blockTrash", "__typename", id=made["blocks"][0])
    one_more = {"lessonId": full, "block": {"section": {"title": "T"}}}
    assert refusal(editor, "blockCreate", **one_more) == ("TOO_MANY", ["lessonId"])
    assert refusal(editor, "blockMove", id=made["blocks"][3], lessonId=full) == ("TOO_MANY", ["lessonId"])
    editor.do("blockMove", "__typename", id=made["blocks"][1], afterId=None)
    editor.do("blockMove", "__typename", id=made["blocks"][3], lessonId=other, afterId=None)
