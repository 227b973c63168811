"""Drafts stay with their editors: on every path a reader sees what was published, whole, and nothing else."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import Any

import pytest

from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data, People

READERS = ["anonymous", "learner"]
SEEN_BY_ID = """query($ids: [ID!]!, $theme: ID!, $course: ID!, $module: ID!, $lesson: ID!, $block: ID!) {
    nodes(ids: $ids) { id } node(id: $lesson) { id } theme(id: $theme) { id } course(id: $course) { id }
    module(id: $module) { id } lesson(id: $lesson) { id } block(id: $block) { id } }"""
LISTS = """{ themes { totalCount nodes { id } } courses { totalCount nodes { id } } modules { totalCount nodes { id } }
    lessons { totalCount nodes { id } } blocks { totalCount nodes { id } } }"""


def drafted(editor: Client) -> Data:
    """A theme and a course, with something on each level, that were never published."""
    theme = factories.theme(editor, title="Hidden theme", slug="hidden-theme")
    made = factories.tree(
        editor, modules=1, lessons=1, blocks=1, themeId=theme, title="Hidden course", slug="hidden-course"
    )
    return {"theme": theme, "course": made["course"]} | {
        each[:-1]: made[each][0] for each in ("modules", "lessons", "blocks")
    }


def changed(editor: Client) -> Data:
    """A published course whose draft differs from it on every level; what was published and what was not."""
    theme = factories.theme(editor, publish=True, title="Theme as published")
    made: Data = factories.tree(editor, modules=2, lessons=2, blocks=2, themeId=theme, title="Course as published")
    milestones = [{"name": "As published", "startDay": 1, "endDay": 9}]
    authors.save(editor, "courseMilestonesSet", "__typename", made["course"], milestones=milestones)
    factories.publish(editor, made["course"])
    authors.save(editor, "themeUpdate", "__typename", theme, title="Draft", slug="draft-theme")
    authors.save(editor, "courseUpdate", "__typename", made["course"], title="Draft", slug="draft", themeId=None)
    milestones = [{"name": "Draft", "startDay": 3, "endDay": 4}]
    authors.save(editor, "courseMilestonesSet", "__typename", made["course"], milestones=milestones)
    authors.save(editor, "moduleUpdate", "__typename", made["modules"][0], title="Draft")
    authors.save(editor, "lessonUpdate", "__typename", made["lessons"][0], title="Draft", slug="draft")
    authors.save(editor, "blockUpdate", "__typename", made["blocks"][0], block={"text": {"markdown": "Draft"}})
    editor.do("moduleMove", "__typename", id=made["modules"][1], afterId=None)
    editor.do("lessonMove", "__typename", id=made["lessons"][1], moduleId=made["modules"][1])
    editor.do("blockTrash", "__typename", id=made["blocks"][2])
    editor.do("lessonTrash", "__typename", id=made["lessons"][2])
    module = factories.module(editor, made["course"])
    lesson = factories.lesson(editor, module)
    added = [module, lesson, factories.block(editor, lesson), factories.block(editor, made["lessons"][0])]
    return {**made, "theme": theme, "added": added}


# What was never published --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", READERS)
def test_a_draft_is_not_found_by_any_id(people: People, who: str) -> None:
    made = drafted(people.editor)
    reader: Client = getattr(people, who)
    found = reader.ask(SEEN_BY_ID, ids=list(made.values()), **made)
    nothing: Data = dict.fromkeys(("node", "theme", "course", "module", "lesson", "block"))
    assert found == {"nodes": [None] * len(made), **nothing}


@pytest.mark.parametrize("who", READERS)
def test_a_draft_is_not_found_by_its_slug(people: People, who: str) -> None:
    drafted(people.editor)
    document = '{ theme(slug: "hidden-theme") { id } course(slug: "hidden-course") { id } }'
    assert getattr(people, who).ask(document) == {"theme": None, "course": None}


@pytest.mark.parametrize("who", READERS)
def test_a_draft_is_neither_listed_nor_counted(people: People, who: str) -> None:
    drafted(people.editor)
    found = getattr(people, who).ask(LISTS)
    assert set(map(str, found.values())) == {str({"totalCount": 0, "nodes": []})}


@pytest.mark.parametrize("who", READERS)
def test_a_draft_is_not_found_by_any_condition(people: People, who: str) -> None:
    made = drafted(people.editor)
    document = """query($theme: ID, $course: ID, $module: ID, $lesson: ID) {
        a: themes(filter: { text: "hidden" }) { totalCount } b: courses(filter: { text: "hidden" }) { totalCount }
        c: courses(filter: { theme: $theme }) { totalCount } d: modules(filter: { course: $course }) { totalCount }
        e: lessons(filter: { course: $course }) { totalCount } f: lessons(filter: { module: $module }) { totalCount }
        g: blocks(filter: { lesson: $lesson }) { totalCount } h: blocks(filter: { format: TEXT }) { totalCount } }"""
    given = {name: made[name] for name in ("theme", "course", "module", "lesson")}
    found = getattr(people, who).ask(document, **given)
    assert [each["totalCount"] for each in found.values()] == [0] * 8


@pytest.mark.parametrize("who", READERS)
def test_a_published_theme_does_not_tell_of_its_drafts(people: People, who: str) -> None:
    theme = factories.theme(people.editor, publish=True)
    shown = factories.course(people.editor, themeId=theme)
    factories.publish(people.editor, shown)
    factories.course(people.editor, themeId=theme, title="Hidden course")
    document = """query($id: ID!) { theme(id: $id) { all: courses { totalCount nodes { id } }
        hidden: courses(filter: { text: "hidden" }) { totalCount nodes { id } } } }"""
    found = getattr(people, who).ask(document, id=theme)["theme"]
    assert found["all"] == {"totalCount": 1, "nodes": [{"id": shown}]}
    assert found["hidden"] == {"totalCount": 0, "nodes": []}


@pytest.mark.parametrize("who", READERS)
def test_a_cursor_from_the_draft_is_only_a_place(people: People, who: str) -> None:
    shown = factories.course(people.editor, title="Shown", position=5)
    factories.publish(people.editor, shown)
    factories.course(people.editor, title="Hidden", position=1)
    document = "query @perspective(stage: DRAFT) { courses(first: 1) { nodes { title } pageInfo { endCursor } } }"
    draft = people.editor.ask(document)["courses"]
    assert draft["nodes"] == [{"title": "Hidden"}]
    following = "query($after: String) { courses(after: $after) { totalCount nodes { id } } }"
    found = getattr(people, who).ask(following, after=draft["pageInfo"]["endCursor"])
    assert found == {"courses": {"totalCount": 1, "nodes": [{"id": shown}]}}


# What changed since --------------------------------------------------------------------------------------------------


def test_what_is_live_stays_as_it_was_published_while_the_draft_changes(editor: Client, reader: Client) -> None:
    theme = factories.theme(editor, publish=True)
    made = factories.tree(editor, modules=2, lessons=2, blocks=2, themeId=theme)
    factories.publish(editor, made["course"])
    before = authors.live(reader, made["course"])
    everything = reader.ask(LISTS)
    authors.save(editor, "courseUpdate", "__typename", made["course"], title="Draft", slug="draft", themeId=None)
    authors.save(editor, "lessonUpdate", "__typename", made["lessons"][0], title="Draft")
    editor.do("moduleMove", "__typename", id=made["modules"][1], afterId=None)
    editor.do("blockMove", "__typename", id=made["blocks"][0], lessonId=made["lessons"][3])
    editor.do("lessonTrash", "__typename", id=made["lessons"][1])
    factories.lesson(editor, made["modules"][0])
    assert authors.live(reader, made["course"]) == before
    assert reader.ask(LISTS) == everything
    in_theme = "query($id: ID!) { theme(id: $id) { courses { nodes { id } } } }"
    assert authors.ids(reader.ask(in_theme, id=theme)["theme"]["courses"]["nodes"]) == [made["course"]]


@pytest.mark.parametrize("who", READERS)
def test_what_was_added_to_the_draft_is_not_found(people: People, who: str) -> None:
    added = changed(people.editor)["added"]
    found = getattr(people, who).ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=added)
    assert found == {"nodes": [None] * len(added)}


@pytest.mark.parametrize("who", READERS)
def test_words_of_the_draft_are_not_found_and_those_published_are(people: People, who: str) -> None:
    made = changed(people.editor)
    reader: Client = getattr(people, who)
    document = """query($text: String!) { courses(filter: { text: $text }) { nodes { id } }
        modules(filter: { text: $text }) { totalCount } lessons(filter: { text: $text }) { totalCount }
        blocks(filter: { text: $text }) { totalCount } themes(filter: { text: $text }) { totalCount } }"""
    found = reader.ask(document, text="draft")
    assert found["courses"]["nodes"] == []
    assert [found[each]["totalCount"] for each in ("modules", "lessons", "blocks", "themes")] == [0] * 4
    assert reader.ask(document, text="as published")["courses"]["nodes"] == [{"id": made["course"]}]


def test_a_new_slug_leads_nowhere_until_it_is_published(editor: Client, reader: Client) -> None:
    made = factories.course(editor, slug="old-name")
    factories.publish(editor, made)
    authors.save(editor, "courseUpdate", "__typename", made, slug="new-name")
    document = '{ old: course(slug: "old-name") { id } new: course(slug: "new-name") { id } }'
    assert reader.ask(document) == {"old": {"id": made}, "new": None}
    factories.publish(editor, made)
    assert reader.ask(document) == {"old": None, "new": {"id": made}}


def test_an_editor_sees_the_draft_only_when_asking_for_it(editor: Client, reader: Client) -> None:
    made = changed(editor)
    assert authors.live(editor, made["course"]) is not None
    live = authors.outline(authors.live(reader, made["course"]))
    assert authors.outline(authors.live(editor, made["course"])) == live
    assert authors.outline(authors.course(editor, made["course"])) != live


def test_what_lies_in_the_trash_is_no_part_of_the_draft(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    editor.do("moduleTrash", "__typename", id=made["modules"][0])
    document = """query($ids: [ID!]!, $stage: Stage!) @perspective(stage: $stage) { nodes(ids: $ids) { id }
        modules { totalCount } lessons { totalCount } blocks { totalCount } }"""
    ids = [made["modules"][0], made["lessons"][0], made["blocks"][0], made["blocks"][1]]
    draft = editor.ask(document, ids=ids, stage="DRAFT")
    assert [each and each["id"] for each in draft["nodes"]] == [None, None, None, made["blocks"][1]]
    assert [draft[each]["totalCount"] for each in ("modules", "lessons", "blocks")] == [1, 1, 1]
    assert None not in reader.ask(document, ids=ids, stage="LIVE")["nodes"]


# Asking for a perspective --------------------------------------------------------------------------------------------

BY_VARIABLE = "query($stage: Stage!) @perspective(stage: $stage) { courses { nodes { title } } }"
BY_DEFAULT = "query($stage: Stage! = DRAFT) @perspective(stage: $stage) { courses { nodes { title } } }"
WRITTEN = "query @perspective(stage: DRAFT) { courses { nodes { title } } }"


@pytest.mark.parametrize(("who", "code"), [("anonymous", "UNAUTHENTICATED"), ("learner", "FORBIDDEN")])
def test_the_draft_is_refused_to_readers_however_they_ask(people: People, who: str, code: str) -> None:
    reader: Client = getattr(people, who)
    assert reader.fails(WRITTEN) == code
    assert reader.fails(BY_VARIABLE, stage="DRAFT") == code
    assert reader.fails(BY_DEFAULT) == code


@pytest.mark.parametrize("who", ["anonymous", "learner", "editor", "admin"])
def test_what_is_live_is_for_all_however_they_ask(people: People, who: str) -> None:
    drafted(people.editor)
    client: Client = getattr(people, who)
    nothing: Data = {"courses": {"nodes": []}}
    assert client.ask(BY_VARIABLE, stage="LIVE") == nothing
    assert client.ask(BY_DEFAULT, stage="LIVE") == nothing
    assert client.ask("query @perspective(stage: LIVE) { courses { nodes { title } } }") == nothing
    assert client.ask("{ courses { nodes { title } } }") == nothing


@pytest.mark.parametrize("who", ["editor", "admin"])
def test_those_who_edit_see_the_draft_however_they_ask(people: People, who: str) -> None:
    drafted(people.editor)
    client: Client = getattr(people, who)
    hidden = {"courses": {"nodes": [{"title": "Hidden course"}]}}
    assert client.ask(WRITTEN) == client.ask(BY_VARIABLE, stage="DRAFT") == client.ask(BY_DEFAULT) == hidden


@pytest.mark.parametrize("stage", ["draft", "Draft", "", None, 1, ["DRAFT"], {"stage": "DRAFT"}])
def test_a_stage_that_does_not_exist_is_a_mistake(people: People, stage: Any) -> None:
    for client in (people.editor, people.anonymous):
        answer = client.answer(BY_VARIABLE, stage=stage)
        assert "data" not in answer
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_a_perspective_belongs_to_one_operation(editor: Client) -> None:
    drafted(editor)
    document = "query Live { courses { totalCount } } query Draft @perspective(stage: DRAFT) { courses { totalCount } }"
    headers = {"authorization": f"Bearer {editor.token}"}
    counted = {}
    for name in ("Live", "Draft"):
        body = {"query": document, "operationName": name}
        answer = editor.http.post(f"{editor.url}/graphql", json=body, headers=headers).json()
        counted[name] = answer["data"]["courses"]["totalCount"]
    assert counted == {"Live": 0, "Draft": 1}


def test_a_mutation_has_no_perspective(editor: Client) -> None:
    document = 'mutation @perspective(stage: DRAFT) { courseCreate(input: { title: "x" }) { course { id } } }'
    assert editor.fails(document) == "GRAPHQL_VALIDATION_FAILED"


# One version at a time -----------------------------------------------------------------------------------------------

EDITIONS = 8
LOOKS = 25  # at each edition: what one reader may ask for without being told to slow down
PAGE = """query($id: ID!) { course(id: $id) { title milestones { name }
    modules { title lessons { title blocks { plainText } } } }
    lessons(filter: { course: $id }) { totalCount } }"""


def edition(editor: Client, course: str | None, word: str, *, modules: int) -> str:
    """Publishes a version in which every text is the same word."""
    if course is None:
        course = factories.course(editor, title=word)
    authors.save(editor, "courseUpdate", "__typename", course, title=word)
    for old in authors.course(editor, course)["modules"]:
        editor.do("moduleTrash", "__typename", id=old["id"])
    for _ in range(modules):
        module = factories.module(editor, course, title=word)
        lesson = factories.lesson(editor, module, title=word, slug=f"{word}-{module[-12:]}")
        factories.block(editor, lesson, {"text": {"markdown": word}})
    milestones = [{"name": word, "startDay": 1, "endDay": 2}]
    authors.save(editor, "courseMilestonesSet", "__typename", course, milestones=milestones)
    factories.publish(editor, course, word)
    return course


def words(page: Data) -> set[str]:
    """Every text of the page."""
    modules = page["course"]["modules"]
    lessons = [lesson for module in modules for lesson in module["lessons"]]
    blocks = [block for lesson in lessons for block in lesson["blocks"]]
    titles = {each["title"] for each in (page["course"], *modules, *lessons)}
    return titles | {each["name"] for each in page["course"]["milestones"]} | {each["plainText"] for each in blocks}


def test_a_reader_sees_one_whole_version_while_another_is_published(people: People) -> None:
    course = edition(people.editor, None, "one", modules=1)
    edition(people.editor, course, "two", modules=3)
    authors.save(people.editor, "courseUpdate", "__typename", course, title="draft")
    turns = Semaphore(0)

    def watch(reader: Client) -> list[Data]:
        pages = []
        for _ in range(EDITIONS * LOOKS):
            turns.acquire(timeout=60)
            pages.append(reader.ask(PAGE, id=course))
        return pages

    readers = (people.anonymous, people.learner)
    with ThreadPoolExecutor(len(readers)) as crowd:
        watchers = [crowd.submit(watch, each) for each in readers]
        try:
            for number in itertools.islice(itertools.cycle((1, 2)), EDITIONS):
                turns.release(LOOKS * len(readers))
                authors.restore(people.editor, course, number)
                factories.publish(people.editor, course)
        finally:
            turns.release(EDITIONS * LOOKS * len(readers))
        pages = [page for each in watchers for page in each.result(timeout=60)]
    seen = {(*sorted(words(page)), len(page["course"]["modules"]), page["lessons"]["totalCount"]) for page in pages}
    assert seen == {("one", 1, 1), ("two", 3, 3)}
