"""Editors who act at the very same moment: one wins or all do, and nothing is torn or lost."""

from __future__ import annotations

import pytest

from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data

CROWD = 8


def outcomes(payloads: list[Data]) -> list[str]:
    """The code of each payload's error, or "done", sorted."""
    return sorted(payload["errors"][0]["code"] if payload["errors"] else "done" for payload in payloads)


def lessons(editor: Client, course: str) -> list[list[Data]]:
    """The lessons of each module."""
    return [module["lessons"] for module in authors.course(editor, course)["modules"]]


# Saving --------------------------------------------------------------------------------------------------------------


def test_of_all_who_save_the_same_revision_exactly_one_wins(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    lesson = made["lessons"][0]
    saves: list[Data] = [{"id": lesson, "expectedRevision": 1, "title": f"Title {number}"} for number in range(CROWD)]
    payloads = authors.at_once(editor, "lessonUpdate", "lesson { title }", saves)
    assert outcomes(payloads) == ["REVISION_CONFLICT"] * (CROWD - 1) + ["done"]
    winner = next(save for save, payload in zip(saves, payloads, strict=True) if not payload["errors"])
    ((stored,),) = lessons(editor, made["course"])
    assert (stored["title"], stored["revision"]) == (winner["title"], 2)
    for payload in payloads:
        for error in payload["errors"]:
            assert (error["actualRevision"], error["fields"][0]["current"]) == (2, winner["title"])


def test_saves_of_different_lessons_all_succeed(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=CROWD // 2, blocks=0)
    saves: list[Data] = [{"id": each, "expectedRevision": 1, "title": f"Title {each}"} for each in made["lessons"]]
    payloads = authors.at_once(editor, "lessonUpdate", "__typename", saves)
    assert outcomes(payloads) == ["done"] * CROWD
    stored = {each["id"]: each["title"] for some in lessons(editor, made["course"]) for each in some}
    assert stored == {each: f"Title {each}" for each in made["lessons"]}


def test_texts_and_answer_keys_are_never_of_two_different_saves(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    block = factories.block(editor, made["lessons"][0], {"trueFalse": {"markdown": "0", "explanation": "0"}})
    saves: list[Data] = [
        {"id": block, "expectedRevision": 1, "block": {"trueFalse": {"markdown": word, "explanation": word}}}
        for word in map(str, range(1, CROWD + 1))
    ]
    payloads = authors.at_once(editor, "blockUpdate", "__typename", saves)
    assert outcomes(payloads).count("done") == 1
    document = """query($id: ID!) @perspective(stage: DRAFT) {
        block(id: $id) { markdown ... on TrueFalseQuestion { explanation } } }"""
    stored = editor.ask(document, id=block)["block"]
    assert stored["markdown"] == stored["explanation"] != "0"


# Places --------------------------------------------------------------------------------------------------------------


def test_lessons_made_at_once_all_find_a_place_of_their_own(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=2, blocks=0)
    places: list[Data] = [{}, {"afterId": None}, {"afterId": made["lessons"][0]}]
    inputs: list[Data] = [
        {"moduleId": made["modules"][0], "title": f"New {number}", **places[number % 3]} for number in range(CROWD)
    ]
    payloads = authors.at_once(editor, "lessonCreate", "lesson { id }", inputs)
    assert outcomes(payloads) == ["done"] * CROWD
    (stored,) = lessons(editor, made["course"])
    assert authors.positions(stored) == list(range(1, CROWD + 3))
    assert set(authors.ids(stored)) == {*made["lessons"], *(payload["lesson"]["id"] for payload in payloads)}


def test_lessons_moved_at_once_keep_places_of_their_own(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=CROWD, blocks=0)
    all_lessons = made["lessons"]
    moves: list[Data] = [
        {"id": each, "afterId": None if number % 2 else all_lessons[number - 3]}
        for number, each in enumerate(all_lessons)
    ]
    assert outcomes(authors.at_once(editor, "lessonMove", "__typename", moves)) == ["done"] * CROWD
    (stored,) = lessons(editor, made["course"])
    assert authors.positions(stored) == list(range(1, CROWD + 1))
    assert sorted(authors.ids(stored)) == sorted(all_lessons)


def test_lessons_that_change_places_between_two_modules_are_neither_lost_nor_doubled(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=CROWD // 2, blocks=0)
    one, other = made["modules"]
    moves: list[Data] = [
        {"id": each, "moduleId": other if number < CROWD // 2 else one, "afterId": None}
        for number, each in enumerate(made["lessons"])
    ]
    assert outcomes(authors.at_once(editor, "lessonMove", "__typename", moves)) == ["done"] * CROWD
    first, second = lessons(editor, made["course"])
    assert (set(authors.ids(first)), set(authors.ids(second))) == (
        set(made["lessons"][CROWD // 2 :]),
        set(made["lessons"][: CROWD // 2]),
    )
    for stored in (first, second):
        assert len(set(authors.positions(stored))) == len(stored) == CROWD // 2


def test_moves_between_two_courses_are_all_refused_and_none_waits_for_another(editor: Client) -> None:
    here, there = (factories.tree(editor, modules=1, lessons=CROWD // 2, blocks=0) for _ in range(2))
    moves: list[Data] = [{"id": each, "moduleId": there["modules"][0]} for each in here["lessons"]]
    moves += [{"id": each, "moduleId": here["modules"][0]} for each in there["lessons"]]
    assert outcomes(authors.at_once(editor, "lessonMove", "__typename", moves)) == ["OTHER_ROOT"] * CROWD


def test_a_lesson_is_never_left_below_a_module_that_was_trashed_meanwhile(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=0, blocks=0)
    doomed, safe = made["modules"]
    stray = [factories.lesson(editor, safe) for _ in range(3)]
    document = """mutation($move: LessonMoveInput!, $create: LessonCreateInput!, $trash: ModuleTrashInput!,
        $isMove: Boolean!, $isCreate: Boolean!, $isTrash: Boolean!) {
        lessonMove(input: $move) @include(if: $isMove) { errors { code } }
        lessonCreate(input: $create) @include(if: $isCreate) { errors { code } }
        moduleTrash(input: $trash) @include(if: $isTrash) { errors { code } } }"""
    given: Data = {"create": {"moduleId": doomed, "title": "New"}, "trash": {"id": doomed}}
    nothing = {"isMove": False, "isCreate": False, "isTrash": False}
    acts: list[Data] = [{**nothing, "isMove": True, "move": {"id": each, "moduleId": doomed}} for each in stray]
    acts += [{**nothing, "isCreate": True}] * 3 + [{**nothing, "isTrash": True}]
    variables: list[Data] = [{**given, "move": {"id": stray[0]}, **act} for act in acts]
    found = authors.all_together(editor, lambda client, each: client.ask(document, **each), variables)
    codes = {error["code"] for answer in found for payload in answer.values() for error in payload["errors"]}
    assert codes <= {"NOT_FOUND"}
    editor.do("moduleRestore", "__typename", id=doomed)
    back = [each["id"] for some in lessons(editor, made["course"]) for each in some]
    done = sum(not payload["errors"] for answer in found[3:6] for payload in answer.values())
    assert len(back) == len(set(back)) == len(stray) + done
    assert set(stray) <= set(back)


# Publishing ----------------------------------------------------------------------------------------------------------


def test_publications_at_once_get_numbers_of_their_own(editor: Client) -> None:
    course = factories.course(editor)
    payloads = authors.at_once(editor, "coursePublish", "revision", [{"id": course}] * CROWD)
    assert sorted(payload["revision"] for payload in payloads) == list(range(1, CROWD + 1))


def test_no_course_is_live_below_a_theme_that_is_not(editor: Client, reader: Client) -> None:
    for _ in range(5):
        theme = factories.theme(editor, publish=True)
        courses = [factories.course(editor, themeId=theme) for _ in range(3)]
        acts: list[tuple[str, str]] = [("coursePublish", each) for each in courses] + [("themeUnpublish", theme)]
        payloads = authors.all_together(
            editor, lambda client, act: client.mutate(act[0], "__typename", id=act[1]), acts
        )
        document = """query($theme: ID!, $ids: [ID!]!) { theme(id: $theme) { courses { totalCount } }
            nodes(ids: $ids) { id ... on Course { theme { id } } } }"""
        found = reader.ask(document, theme=theme, ids=courses)
        live = [each for each in found["nodes"] if each]
        published = [not payload["errors"] for payload in payloads[:-1]]
        assert len(live) == sum(published)
        assert all(each["theme"] == {"id": theme} for each in live)
        assert (found["theme"] is None) == (not payloads[-1]["errors"]) == (not live)


def test_a_theme_is_never_trashed_under_a_course_that_joins_it(editor: Client) -> None:
    for _ in range(5):
        theme, course = factories.theme(editor), factories.course(editor)
        join: Data = {"id": course, "expectedRevision": 1, "themeId": theme}
        acts: list[tuple[str, Data]] = [
            ("courseUpdate", join),
            ("themeTrash", {"id": theme}),
            ("courseCreate", {"title": "New", "themeId": theme}),
        ]
        updated, trashed, created = authors.all_together(
            editor, lambda client, act: client.mutate(act[0], "__typename", **act[1]), acts
        )
        joined = not updated["errors"] or not created["errors"]
        assert joined != (not trashed["errors"])
        assert set(outcomes([updated, trashed, created])) <= {"done", "NOT_FOUND", "HAS_COURSES"}


def test_a_course_saved_while_it_is_published_is_live_whole_and_saved_whole(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=2, blocks=0)
    acts: list[tuple[str, Data]] = [
        ("lessonUpdate", {"id": each, "expectedRevision": 1, "title": "Saved"}) for each in made["lessons"]
    ]
    acts += [("coursePublish", {"id": made["course"]})] * 3
    payloads = authors.all_together(editor, lambda client, act: client.mutate(act[0], "__typename", **act[1]), acts)
    assert outcomes(payloads) == ["done"] * len(acts)
    draft = authors.course(editor, made["course"])
    assert all(each["title"] == "Saved" for some in lessons(editor, made["course"]) for each in some)
    live = authors.live(reader, made["course"])
    assert (authors.outline(live) == authors.outline(draft)) == (draft["publishState"] == "PUBLISHED")
    factories.publish(editor, made["course"])
    assert authors.outline(authors.live(reader, made["course"])) == authors.outline(draft)


# Names ---------------------------------------------------------------------------------------------------------------


def test_of_all_who_want_the_same_slug_exactly_one_gets_it(editor: Client) -> None:
    inputs: list[Data] = [{"title": f"Course {number}", "slug": "wanted"} for number in range(CROWD)]
    payloads = authors.at_once(editor, "courseCreate", "course { slug }", inputs)
    assert outcomes(payloads) == ["TAKEN"] * (CROWD - 1) + ["done"]


def test_copies_made_at_once_are_whole_or_refused(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=1, blocks=1)
    payloads = authors.at_once(editor, "courseDuplicate", "course { id }", [{"id": made["course"]}] * 4)
    copies = [payload["course"]["id"] for payload in payloads if not payload["errors"]]
    assert set(outcomes(payloads)) <= {"done", "TAKEN"}
    assert copies
    expected = authors.outline(authors.course(editor, made["course"]))
    assert all(authors.outline(authors.course(editor, each)) == expected for each in copies)


@pytest.mark.parametrize("kind", ["theme", "course"])
def test_something_trashed_and_saved_at_once_ends_in_the_trash(editor: Client, kind: str) -> None:
    root = {"theme": factories.theme, "course": factories.course}[kind](editor)
    acts: list[tuple[str, Data]] = [(f"{kind}Update", {"id": root, "expectedRevision": 1, "title": "Saved"})] * 3
    acts.append((f"{kind}Trash", {"id": root}))
    payloads = authors.all_together(editor, lambda client, act: client.mutate(act[0], "__typename", **act[1]), acts)
    assert outcomes(payloads[3:]) == ["done"]
    assert set(outcomes(payloads[:3])) <= {"done", "REVISION_CONFLICT", "NOT_FOUND"}
    assert authors.trashed(editor) == {root: kind}
