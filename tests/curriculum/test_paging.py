"""Connections: pages of any size walk the whole list, both ways, whatever happens in between; cursors are checked."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import new_id
from models.curriculum import Course
from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data, People

SORTS = [
    "POSITION_ASC",
    "TITLE_ASC",
    "TITLE_DESC",
    "CREATED_AT_ASC",
    "CREATED_AT_DESC",
    "UPDATED_AT_ASC",
    "UPDATED_AT_DESC",
]
PAGE = """edges { cursor node { id } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"""
ARGUMENTS = "first: $first, after: $after, last: $last, before: $before, sort: $sort, filter: $filter"
PARAMETERS = (
    "$first: Int, $after: String, $last: Int, $before: String, $sort: CourseSort, $filter: CourseFilter,"
    " $theme: ID!, $stage: Stage! = DRAFT) @perspective(stage: $stage"
)
COURSES = f"query({PARAMETERS}) {{ theme(id: $theme) {{ id }} courses({ARGUMENTS}) {{ {PAGE} }} }}"
OF_THEME = f"query({PARAMETERS}) {{ theme(id: $theme) {{ courses({ARGUMENTS}) {{ {PAGE} }} }} }}"
A_FEW = settings(max_examples=8, deadline=None, derandomize=True)
sizes = st.lists(st.integers(1, 9), min_size=1, max_size=4)


def shelf(editor: Client, number: int, **fields: Any) -> tuple[str, list[str]]:
    """A theme with so many courses; answers its id and theirs, in the order they were made."""
    theme = factories.theme(editor)
    return theme, filled(editor, theme, number, **fields)


def filled(editor: Client, theme: str, number: int, **fields: Any) -> list[str]:
    """More courses below a theme; answers their ids."""
    inputs = [
        {"title": f"Course {each % 4}", "position": each % 3, "themeId": theme, **fields} for each in range(number)
    ]
    return [each["course"]["id"] for each in factories.many(editor, "courseCreate", "course { id }", inputs)]


def one_page(client: Client, theme: str, *, nested: bool = False, **arguments: Any) -> Data:
    """One page of all courses, or of those of the theme."""
    found = client.ask(OF_THEME if nested else COURSES, theme=theme, **arguments)
    page: Data = found["theme"]["courses"] if nested else found["courses"]
    assert [edge["node"] for edge in page["edges"]] == page["nodes"]
    cursors = [edge["cursor"] for edge in page["edges"]] or [None]
    assert (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]) == (cursors[0], cursors[-1])
    return page


def forwards(client: Client, theme: str, page_sizes: list[int], **arguments: Any) -> Iterator[list[str]]:
    """The pages of a list from the front, by `first` and `after`."""
    cursor = None
    for size in itertools.cycle(page_sizes):
        page = one_page(client, theme, first=size, after=cursor, **arguments)
        assert page["pageInfo"]["hasPreviousPage"] == (cursor is not None)
        assert len(page["nodes"]) == size or not page["pageInfo"]["hasNextPage"]
        yield authors.ids(page["nodes"])
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return


def backwards(client: Client, theme: str, page_sizes: list[int], **arguments: Any) -> Iterator[list[str]]:
    """The pages of a list from the back, by `last` and `before`."""
    cursor = None
    for size in itertools.cycle(page_sizes):
        page = one_page(client, theme, last=size, before=cursor, **arguments)
        assert page["pageInfo"]["hasNextPage"] == (cursor is not None)
        assert len(page["nodes"]) == size or not page["pageInfo"]["hasPreviousPage"]
        yield authors.ids(page["nodes"])
        cursor = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            return


# Walking -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("nested", "stage"), [(False, "LIVE"), (True, "DRAFT")], ids=["all", "of a theme"])
def test_pages_of_any_sizes_walk_the_whole_list_both_ways(people: People, nested: bool, stage: str) -> None:
    theme, made = shelf(people.editor, 11)
    if stage == "LIVE":
        people.editor.do("themePublish", "__typename", id=theme)
        factories.many(people.editor, "coursePublish", "__typename", [{"id": each} for each in made])
    client = people.editor if stage == "DRAFT" else people.anonymous

    @A_FEW
    @given(sizes, st.sampled_from(SORTS))
    def walks(page_sizes: list[int], sort: str) -> None:
        asked: Data = {"nested": nested, "sort": sort, "stage": stage}
        whole = authors.ids(one_page(client, theme, first=100, **asked)["nodes"])
        there = list(itertools.chain(*forwards(client, theme, page_sizes, **asked)))
        back = list(itertools.chain(*reversed(list(backwards(client, theme, page_sizes, **asked)))))
        assert there == back == whole
        assert sorted(whole) == sorted(made)

    walks()


def test_rows_that_sort_alike_are_walked_by_their_ids(editor: Client, subtests: pytest.Subtests) -> None:
    theme = factories.theme(editor)
    course = factories.course(editor, title="Same", themeId=theme)
    # Copies keep the position; made in one transaction, they would share the instants too.
    copies = [{"id": course, "title": "Same", "slug": f"same-{number}"} for number in range(5)]
    made = [course] + [p["course"]["id"] for p in factories.many(editor, "courseDuplicate", "course { id }", copies)]
    for sort, expected in (("POSITION_ASC", made), ("TITLE_ASC", made), ("TITLE_DESC", made[::-1])):
        with subtests.test(sort=sort):
            assert list(itertools.chain(*forwards(editor, theme, [2], sort=sort))) == expected


def test_rows_made_at_the_same_instant_are_walked_by_their_ids(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=3, blocks=2)
    copy = editor.do("courseDuplicate", "course { id }", id=made["course"])["course"]["id"]
    document = """query($id: ID, $sort: BlockSort, $first: Int, $after: String) @perspective(stage: DRAFT) {
        lessons(filter: { course: $id }) { nodes { id } }
        blocks(sort: $sort, first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"""
    for sort, descending in (("CREATED_AT_ASC", False), ("CREATED_AT_DESC", True)):
        whole = authors.ids(editor.ask(document, id=copy, sort=sort, first=100)["blocks"]["nodes"])
        copied = [each for each in whole if each not in made["blocks"]]
        assert copied == sorted(copied, reverse=descending)
        walked, cursor, more = [], None, True
        while more:
            page = editor.ask(document, id=copy, sort=sort, first=5, after=cursor)["blocks"]
            walked += authors.ids(page["nodes"])
            cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert walked == whole


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("walk", [forwards, backwards])
def test_rows_that_come_and_go_between_pages_repeat_nothing_and_hide_nothing(
    editor: Client, sort: str, walk: Any
) -> None:
    theme, made = shelf(editor, 7)
    seen: list[str] = []
    for number, page in enumerate(walk(editor, theme, [2], sort=sort)):
        seen += page
        if number == 0:
            filled(editor, theme, 1, title="AAA", position=0)
            filled(editor, theme, 1, title="Course 2", position=1)
            filled(editor, theme, 1, title="ZZZ", position=9)
        if number == 1:
            editor.do("courseTrash", "__typename", id=seen[0])
    assert len(seen) == len(set(seen))
    assert set(made) <= set(seen)


def test_a_page_may_start_behind_a_row_that_is_gone(editor: Client) -> None:
    theme, made = shelf(editor, 4, position=0)
    page = one_page(editor, theme, first=2)
    editor.do("courseTrash", "__typename", id=made[1])
    following = one_page(editor, theme, first=2, after=page["pageInfo"]["endCursor"])
    assert authors.ids(following["nodes"]) == made[2:]


def test_every_theme_pages_its_own_courses(editor: Client) -> None:
    shelves = dict(shelf(editor, number, position=0) for number in (5, 1, 3))
    empty = factories.theme(editor)
    document = f"query @perspective(stage: DRAFT) {{ themes {{ nodes {{ id courses(first: 2) {{ {PAGE} }} }} }} }}"
    found = {each["id"]: each["courses"] for each in editor.ask(document)["themes"]["nodes"]}
    for theme, made in shelves.items():
        assert authors.ids(found[theme]["nodes"]) == made[:2]
        assert found[theme]["totalCount"] == len(made)
        assert found[theme]["pageInfo"]["hasNextPage"] == (len(made) > 2)
        assert found[theme]["edges"][0]["cursor"] == found[theme]["pageInfo"]["startCursor"]
    assert (found[empty]["nodes"], found[empty]["totalCount"]) == ([], 0)
    assert found[empty]["pageInfo"] == dict.fromkeys(("startCursor", "endCursor")) | dict.fromkeys(
        ("hasNextPage", "hasPreviousPage"), False
    )


def test_the_courses_of_a_theme_are_filtered_and_counted_by_the_filter(editor: Client) -> None:
    theme, made = shelf(editor, 3)
    journals = filled(editor, theme, 2, kind="JOURNAL")
    page = one_page(editor, theme, nested=True, first=1, filter={"kind": "JOURNAL"})
    assert (len(page["nodes"]), page["totalCount"]) == (1, len(journals))
    assert set(authors.ids(page["nodes"])) < set(journals)
    assert one_page(editor, theme, nested=True)["totalCount"] == len(made) + len(journals)


def test_the_history_of_a_course_is_paged_newest_first(editor: Client) -> None:
    course = factories.course(editor)
    factories.many(
        editor, "coursePublish", "revision", [{"id": course, "message": f"No. {each}"} for each in range(1, 6)]
    )
    document = """query($id: ID!, $first: Int, $after: String) { course(id: $id) {
        revisions(first: $first, after: $after) { totalCount nodes { number message } pageInfo { endCursor } } } }"""
    first = editor.ask(document, id=course, first=2)["course"]["revisions"]
    assert first["totalCount"] == 5
    assert first["nodes"] == [{"number": 5, "message": "No. 5"}, {"number": 4, "message": "No. 4"}]
    second = editor.ask(document, id=course, first=2, after=first["pageInfo"]["endCursor"])["course"]["revisions"]
    assert [each["number"] for each in second["nodes"]] == [3, 2]


def test_the_trash_is_paged_newest_object_first(editor: Client) -> None:
    made = [factories.course(editor) for _ in range(3)]
    factories.many(editor, "courseTrash", "__typename", [{"id": each} for each in made])
    document = "query($after: String) { trash(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } }"
    first = editor.ask(document)["trash"]
    second = editor.ask(document, after=first["pageInfo"]["endCursor"])["trash"]
    assert authors.ids(first["nodes"]) + authors.ids(second["nodes"]) == made[::-1]


# How many ------------------------------------------------------------------------------------------------------------


def test_without_a_number_there_are_twenty_rows(editor: Client) -> None:
    theme, made = shelf(editor, 21, position=0)
    assert authors.ids(one_page(editor, theme)["nodes"]) == made[:20]
    middle = one_page(editor, theme, first=3)["edges"][2]["cursor"]
    assert authors.ids(one_page(editor, theme, after=middle)["nodes"]) == made[3:]
    assert authors.ids(one_page(editor, theme, before=middle)["nodes"]) == made[:2]


@pytest.mark.parametrize("way", ["first", "last"])
def test_a_page_of_no_rows_still_counts_and_says_whether_there_are_any(editor: Client, way: str) -> None:
    theme, _ = shelf(editor, 2)
    page = one_page(editor, theme, **{way: 0})
    assert (page["edges"], page["totalCount"]) == ([], 2)
    assert page["pageInfo"]["hasNextPage" if way == "first" else "hasPreviousPage"]
    assert not page["pageInfo"]["hasPreviousPage" if way == "first" else "hasNextPage"]


@pytest.mark.parametrize("number", [-1, 101, 2**31 - 1])
@pytest.mark.parametrize("way", ["first", "last"])
def test_a_page_has_at_most_a_hundred_rows_and_never_less_than_none(editor: Client, way: str, number: int) -> None:
    assert editor.fails(COURSES, **{way: number}, theme=new_id(0x032)) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": 1, "last": 1},
        {"after": "A", "before": "B"},
        {"first": 1, "before": "B"},
        {"last": 1, "after": "A"},
    ],
    ids=" and ".join,
)
def test_a_page_is_read_one_way_only(editor: Client, arguments: Data) -> None:
    theme, _ = shelf(editor, 3)
    cursor = one_page(editor, theme)["edges"][1]["cursor"]
    given_cursors = {name: cursor if isinstance(value, str) else value for name, value in arguments.items()}
    assert editor.fails(COURSES, theme=theme, **given_cursors) == "BAD_USER_INPUT"


# Cursors -------------------------------------------------------------------------------------------------------------


def encoded(parts: Any) -> str:
    """What a forger would send."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decoded(cursor: str) -> list[str]:
    """What a forger would find."""
    parts: list[str] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return parts


def cursor_of(client: Client, theme: str, sort: str) -> str:
    """A cursor that is as it should be."""
    cursor: str = one_page(client, theme, first=1, sort=sort)["pageInfo"]["endCursor"]
    return cursor


def test_a_cursor_belongs_to_one_order(editor: Client) -> None:
    theme, _ = shelf(editor, 2)
    for mine, other in itertools.pairwise([*SORTS, SORTS[0]]):
        cursor = cursor_of(editor, theme, mine)
        assert editor.fails(COURSES, theme=theme, sort=other, after=cursor) == "BAD_USER_INPUT"


def test_a_cursor_belongs_to_one_list(editor: Client) -> None:
    theme, _ = shelf(editor, 2)
    document = "query @perspective(stage: DRAFT) { themes { pageInfo { endCursor } } }"
    of_themes = editor.ask(document)["themes"]["pageInfo"]["endCursor"]
    assert editor.fails(COURSES, theme=theme, after=of_themes) == "BAD_USER_INPUT"


@pytest.mark.parametrize("way", ["after", "before"])
@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "nonsense",
        "🙂",
        "====",
        "\0",
        encoded("text"),
        encoded({}),
        encoded([]),
        encoded(["POSITION_ASC", "0"]),
        encoded(["POSITION_ASC", 0, None]),
        encoded([[[]]] * 3),
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
    ids=range(14),
)
def test_what_never_was_a_cursor_is_refused(editor: Client, way: str, cursor: str) -> None:
    document = f"query($cursor: String) {{ courses({way}: $cursor) {{ totalCount }} }}"
    assert editor.fails(document, cursor=cursor) == "BAD_USER_INPUT"


WRONG_KEYS = {
    "POSITION_ASC": ["", "x", "1.5", "1e3", " 1", "1_0", "٣", "2147483648", "-2147483649", "9" * 400, "NaN", "\0"],
    "TITLE_ASC": ["\0", "a\0b"],
    "CREATED_AT_ASC": ["", "x", "today", "infinity", "2026-13-01 00:00:00+00", "2026-W01-1", "0", "\0"],
}


@pytest.mark.parametrize("sort", WRONG_KEYS)
def test_a_cursor_whose_key_no_row_can_have_is_refused_and_disturbs_nothing_else(
    editor: Client, subtests: pytest.Subtests, sort: str
) -> None:
    theme, made = shelf(editor, 1)
    name, _, row = decoded(cursor_of(editor, theme, sort))
    document = """query($theme: ID!, $course: ID!, $sort: CourseSort, $after: String) @perspective(stage: DRAFT) {
        theme(id: $theme) { courses(sort: $sort, after: $after) { nodes { id } } } course(id: $course) { id }
        other: theme(id: $theme) { id courses { totalCount } } }"""
    other = {"id": theme, "courses": {"totalCount": 1}}
    for key in WRONG_KEYS[sort]:
        with subtests.test(key=key):
            answer = editor.answer(document, theme=theme, course=made[0], sort=sort, after=encoded([name, key, row]))
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
            assert answer["data"] == {"theme": None, "course": {"id": made[0]}, "other": other}


@pytest.mark.parametrize("sort", ["POSITION_ASC", "TITLE_DESC", "UPDATED_AT_ASC"])
def test_a_cursor_without_an_id_is_refused(editor: Client, subtests: pytest.Subtests, sort: str) -> None:
    theme, _ = shelf(editor, 1)
    name, key, _ = decoded(cursor_of(editor, theme, sort))
    for row in ("", "x", "0199a8f2-7c00-4036-9d1c-2f6f0f0a4b11", "' OR true --", "\0"):
        with subtests.test(row=row):
            after = encoded([name, key, row])
            assert editor.fails(COURSES, theme=theme, sort=sort, after=after) == "BAD_USER_INPUT"


def test_a_cursor_that_was_altered_within_reason_is_a_place_in_the_list(editor: Client) -> None:
    theme, made = shelf(editor, 3, position=2_000_000_000)
    name, _, _ = decoded(cursor_of(editor, theme, "POSITION_ASC"))
    for key, expected in (("1999999999", made), ("2000000001", [])):
        cursor = encoded([name, key, new_id(Course.__tag__)])
        assert authors.ids(one_page(editor, theme, after=cursor)["nodes"]) == expected
    cursor = one_page(editor, theme, first=2)["pageInfo"]["endCursor"]
    assert authors.ids(one_page(editor, theme, after=cursor)["nodes"]) == made[2:]
