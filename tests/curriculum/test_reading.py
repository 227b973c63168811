"""What can be read, by whom, in which order, through which conditions."""

from __future__ import annotations

from typing import Any

import pytest

from core.ids import new_id
from models.curriculum import Course, Lesson, Milestone
from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data, People

LISTS = ["themes", "courses", "modules", "lessons", "blocks"]


def published(editor: Client, **fields: Any) -> str:
    """A published course without modules; answers its id."""
    course_id = factories.course(editor, **fields)
    factories.publish(editor, course_id)
    return course_id


def listed(client: Client, name: str, **arguments: Any) -> list[str]:
    """The ids of a root list, in order."""
    kind = name[:-1].title()
    document = (
        f"query($sort: {kind}Sort, $filter: {kind}Filter)"
        f" {{ {name}(first: 100, sort: $sort, filter: $filter) {{ totalCount nodes {{ id }} }} }}"
    )
    found = client.ask(document, **arguments)[name]
    assert found["totalCount"] == len(found["nodes"])
    return authors.ids(found["nodes"])


# Lists and their conditions ------------------------------------------------------------------------------------------


def test_courses_are_found_by_every_condition_and_by_all_together(
    editor: Client, reader: Client, subtests: pytest.Subtests
) -> None:
    calm, bold = factories.theme(editor, publish=True), factories.theme(editor, publish=True)
    sleep = published(editor, themeId=calm, title="Sleep 100% well")
    under = published(editor, themeId=calm, title="Under_score", kind="JOURNAL", difficultyLevel="ADVANCED")
    slash = published(editor, themeId=bold, title="C", summary="Back\\slash", kind="JOURNAL")
    alone = published(editor, title="D", description="**Deep** SLEEP, ÄRGER", difficultyLevel="INTERMEDIATE")
    expected: list[tuple[Data | None, set[str]]] = [
        (None, {sleep, under, slash, alone}),
        ({}, {sleep, under, slash, alone}),
        ({"theme": None, "text": None}, {sleep, under, slash, alone}),
        ({"theme": calm}, {sleep, under}),
        ({"theme": sleep}, set()),
        ({"difficulty": "BEGINNER"}, {sleep, slash}),
        ({"difficulty": "ADVANCED"}, {under}),
        ({"kind": "JOURNAL"}, {under, slash}),
        ({"kind": "JOURNAL", "theme": calm}, {under}),
        ({"kind": "COURSE", "difficulty": "ADVANCED"}, set()),
        ({"text": ""}, {sleep, under, slash, alone}),
        ({"text": "sleep"}, {sleep, alone}),
        ({"text": "SLEEP"}, {sleep, alone}),
        ({"text": "ärger"}, {alone}),
        ({"text": "100%"}, {sleep}),
        ({"text": "%"}, {sleep}),
        ({"text": "_"}, {under}),
        ({"text": "r_s"}, {under}),
        ({"text": "\\"}, {slash}),
        ({"text": "k\\s"}, {slash}),
        ({"text": "\\%"}, set()),
        ({"text": "sleep", "theme": calm, "kind": "COURSE", "difficulty": "BEGINNER"}, {sleep}),
    ]
    for condition, courses in expected:
        with subtests.test(condition=condition):
            assert set(listed(reader, "courses", filter=condition)) == courses


def test_themes_are_found_by_words_of_their_title_or_summary(editor: Client, reader: Client) -> None:
    spring = factories.theme(editor, publish=True, title="Spring", summary="New leaves")
    factories.theme(editor, publish=True, title="Winter", summary="Old snow")
    assert listed(reader, "themes", filter={"text": "SPRING"}) == [spring]
    assert listed(reader, "themes", filter={"text": "leaves"}) == [spring]


def test_modules_lessons_and_blocks_are_found_by_what_they_belong_to(
    editor: Client, reader: Client, subtests: pytest.Subtests
) -> None:
    made, other = (factories.tree(editor, modules=2, lessons=2, blocks=1) for _ in range(2))
    question = factories.block(editor, made["lessons"][3], factories.choice_question(title="Heading of Mine"))
    for tree in (made, other):
        factories.publish(editor, tree["course"])
    expected: list[tuple[str, Data, list[str]]] = [
        ("modules", {"course": made["course"]}, made["modules"]),
        ("lessons", {"course": made["course"]}, made["lessons"]),
        ("lessons", {"module": made["modules"][1]}, made["lessons"][2:]),
        ("lessons", {"module": made["modules"][1], "course": other["course"]}, []),
        ("blocks", {"lesson": made["lessons"][3]}, [made["blocks"][3], question]),
        ("blocks", {"format": "MULTIPLE_CHOICE"}, [question]),
        ("blocks", {"text": "heading OF"}, [question]),
        ("blocks", {"text": "Which?"}, [question]),
        ("blocks", {"lesson": made["lessons"][0], "format": "MULTIPLE_CHOICE"}, []),
    ]
    for name, condition, found in expected:
        with subtests.test(name=name, condition=condition):
            assert listed(reader, name, filter=condition) == found


def test_modules_and_lessons_are_found_by_their_words(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    module = factories.module(editor, made["course"], title="Roots", summary="Deep down")
    lesson = factories.lesson(editor, module, title="Branches")
    factories.publish(editor, made["course"])
    assert listed(reader, "modules", filter={"text": "root"}) == [module]
    assert listed(reader, "modules", filter={"text": "DOWN"}) == [module]
    assert listed(reader, "lessons", filter={"text": "branch"}) == [lesson]


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("courses", {"theme": "nonsense"}),
        ("modules", {"course": "nonsense"}),
        ("lessons", {"module": "nonsense"}),
        ("lessons", {"course": "nonsense"}),
        ("blocks", {"lesson": "nonsense"}),
        ("courses", {"text": "a\0b"}),
        ("themes", {"text": "\0"}),
    ],
)
def test_a_condition_that_nothing_can_meet_is_the_callers_mistake(
    reader: Client, name: str, condition: dict[str, str]
) -> None:
    kind = name[:-1].title()
    document = f"query($filter: {kind}Filter) {{ {name}(filter: $filter) {{ totalCount }} }}"
    assert reader.fails(document, filter=condition) == "BAD_USER_INPUT"


# Sorts ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["themes", "courses"])
def test_roots_are_sorted_by_every_order(editor: Client, reader: Client, subtests: pytest.Subtests, name: str) -> None:
    kind = name[:-1]
    fields = [{"title": "cc", "position": 2}, {"title": "aa", "position": 9}, {"title": "bb", "position": 1}]
    payloads = factories.many(editor, f"{kind}Create", f"{kind} {{ id }}", fields)
    c, a, b = (payload[kind]["id"] for payload in payloads)
    authors.save(editor, f"{kind}Update", kind + " { id }", c, summary="Saved last")
    factories.many(editor, f"{kind}Publish", "__typename", [{"id": each} for each in (a, b, c)])
    expected = {
        "POSITION_ASC": [b, c, a],
        "TITLE_ASC": [a, b, c],
        "TITLE_DESC": [c, b, a],
        "CREATED_AT_ASC": [c, a, b],
        "CREATED_AT_DESC": [b, a, c],
        "UPDATED_AT_ASC": [a, b, c],
        "UPDATED_AT_DESC": [c, b, a],
    }
    assert set(expected) == orders(reader, kind)
    for order, found in expected.items():
        with subtests.test(order=order):
            assert listed(reader, name, sort=order) == found
    assert listed(reader, name) == expected["POSITION_ASC"]


@pytest.mark.parametrize("name", ["modules", "lessons", "blocks"])
def test_what_is_below_a_course_is_sorted_by_every_order(
    editor: Client, reader: Client, subtests: pytest.Subtests, name: str
) -> None:
    course_id = factories.course(editor)
    module_id = factories.module(editor, course_id, title="b")
    lesson_id = factories.lesson(editor, module_id, title="b")
    make = {
        "modules": lambda title: factories.module(editor, course_id, title=title),
        "lessons": lambda title: factories.lesson(editor, module_id, title=title),
        "blocks": lambda title: factories.block(editor, lesson_id, {"text": {"markdown": title}}),
    }[name]
    first = {"modules": module_id, "lessons": lesson_id}.get(name) or make("b")
    second, third = make("c"), make("a")
    block = {"block": {"text": {"points": 1}}} if name == "blocks" else {"title": "b"}
    authors.save(editor, f"{name[:-1]}Update", "__typename", first, **block)
    factories.publish(editor, course_id)
    expected = {
        "CREATED_AT_ASC": [first, second, third],
        "CREATED_AT_DESC": [third, second, first],
        "UPDATED_AT_ASC": [second, third, first],
        "UPDATED_AT_DESC": [first, third, second],
        "TITLE_ASC": [third, first, second],
        "TITLE_DESC": [second, first, third],
    }
    available = orders(reader, name[:-1])
    assert available == set(expected) - ({"TITLE_ASC", "TITLE_DESC"} if name == "blocks" else set())
    for order in available:
        with subtests.test(order=order):
            assert listed(reader, name, sort=order) == expected[order]


def orders(client: Client, kind: str) -> set[str]:
    """All orders that the schema offers for a kind."""
    document = "query($name: String!) { __type(name: $name) { enumValues { name } } }"
    found = client.ask(document, name=f"{kind.title()}Sort")
    return {each["name"] for each in found["__type"]["enumValues"]}


# One object ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["theme", "course"])
def test_a_root_is_found_by_its_id_or_by_its_slug(editor: Client, reader: Client, kind: str) -> None:
    make = {"theme": factories.theme, "course": factories.course}[kind]
    root = make(editor, slug="a-fine-name")
    editor.do(f"{kind}Publish", "__typename", id=root)
    assert reader.ask(f"query($id: ID!) {{ {kind}(id: $id) {{ slug }} }}", id=root)[kind] == {"slug": "a-fine-name"}
    assert reader.ask(f'{{ {kind}(slug: "a-fine-name") {{ id }} }}')[kind] == {"id": root}


@pytest.mark.parametrize("kind", ["theme", "course"])
@pytest.mark.parametrize("slug", ["another-name", "", "A-Fine-Name", "a\0b"])
def test_a_slug_that_nothing_has_finds_nothing(reader: Client, kind: str, slug: str) -> None:
    assert reader.ask(f"query($slug: String) {{ {kind}(slug: $slug) {{ id }} }}", slug=slug)[kind] is None


@pytest.mark.parametrize("kind", ["theme", "course"])
def test_a_root_is_asked_for_by_one_of_the_two(reader: Client, kind: str) -> None:
    document = f"query($id: ID, $slug: String) {{ {kind}(id: $id, slug: $slug) {{ id }} }}"
    assert reader.fails(document) == "BAD_USER_INPUT"
    assert reader.fails(document, id=None, slug=None) == "BAD_USER_INPUT"
    assert reader.fails(document, id=new_id(Course.__tag__), slug="both") == "BAD_USER_INPUT"


@pytest.mark.parametrize("kind", ["theme", "course", "module", "lesson", "block"])
def test_an_id_of_another_kind_or_of_none_is_a_mistake(reader: Client, kind: str) -> None:
    document = f"query($id: ID!) {{ {kind}(id: $id) {{ id }} }}"
    for wrong in (new_id(Milestone.__tag__), "nonsense", "", "0199a8f2-7c00-4036-9d1c-2f6f0f0a4b11", "a\0b"):
        assert reader.fails(document, id=wrong) == "BAD_USER_INPUT"


def test_every_level_is_found_by_its_id(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    for kind in ("module", "lesson", "block"):
        found = reader.ask(f"query($id: ID!) {{ {kind}(id: $id) {{ id }} }}", id=made[f"{kind}s"][0])
        assert found[kind] == {"id": made[f"{kind}s"][0]}


def test_an_id_that_nobody_has_finds_nothing(reader: Client) -> None:
    assert reader.ask("query($id: ID!) { course(id: $id) { id } }", id=new_id(Course.__tag__)) == {"course": None}


# Nodes ---------------------------------------------------------------------------------------------------------------

NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


def test_a_node_of_every_kind_is_found_by_its_id_alone(editor: Client, reader: Client) -> None:
    theme = factories.theme(editor, publish=True)
    made = factories.tree(editor, modules=1, lessons=1, blocks=1, themeId=theme)
    milestones = [{"name": "Start", "startDay": 1, "endDay": 2}]
    authors.save(editor, "courseMilestonesSet", "__typename", made["course"], milestones=milestones)
    factories.publish(editor, made["course"])
    milestone = authors.course(reader, made["course"], authors.LIVE)["milestones"][0]["id"]
    wanted = {
        theme: "Theme",
        made["course"]: "Course",
        made["modules"][0]: "Module",
        made["lessons"][0]: "Lesson",
        made["blocks"][0]: "TextBlock",
        milestone: "Milestone",
    }
    for object_id, kind in wanted.items():
        found = reader.ask("query($id: ID!) { node(id: $id) { __typename id } }", id=object_id)
        assert found == {"node": {"__typename": kind, "id": object_id}}


def test_a_revision_is_a_node_for_editors_alone(editor: Client, reader: Client, people: People) -> None:
    course_id = published(editor)
    found = editor.ask("query($id: ID!) { course(id: $id) { revisions { nodes { id } } } }", id=course_id)
    revision = found["course"]["revisions"]["nodes"][0]["id"]
    document = "query($id: ID!) { node(id: $id) { __typename id ... on Revision { number } } }"
    assert editor.ask(document, id=revision) == {"node": {"__typename": "Revision", "id": revision, "number": 1}}
    for client in (reader, people.learner):
        assert client.ask(document, id=revision) == {"node": None}


def test_nodes_come_in_the_order_asked_for_with_null_for_what_is_not_there(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=2, blocks=1)
    factories.publish(editor, made["course"])
    nobody = new_id(Lesson.__tag__)
    wanted = [made["lessons"][1], nobody, made["course"], made["lessons"][0], made["course"], made["blocks"][0]]
    found = reader.ask(NODES, ids=wanted)["nodes"]
    assert [each and each["id"] for each in found] == [None if each == nobody else each for each in wanted]


def test_no_nodes_are_found_by_no_ids(reader: Client) -> None:
    assert reader.ask(NODES, ids=[]) == {"nodes": []}


def test_at_most_a_hundred_nodes_are_asked_for_at_once(reader: Client) -> None:
    ids = [new_id(Course.__tag__) for _ in range(101)]
    assert reader.ask(NODES, ids=ids[:100]) == {"nodes": [None] * 100}
    assert reader.fails(NODES, ids=ids) == "BAD_USER_INPUT"


@pytest.mark.parametrize("wrong", ["", "nonsense", "0199a8f2-7c00-4036-9d1c-2f6f0f0a4b11", "a\0b"])
def test_what_is_no_id_of_ours_is_a_mistake(reader: Client, wrong: str) -> None:
    assert reader.fails("query($id: ID!) { node(id: $id) { id } }", id=wrong) == "BAD_USER_INPUT"
    assert reader.fails(NODES, ids=[new_id(Course.__tag__), wrong]) == "BAD_USER_INPUT"


def test_mistakes_do_not_use_up_the_connections(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    several = [made["course"], made["modules"][0], made["lessons"][0], made["blocks"][0], "nonsense"]
    mistake = "{ wrong: courses(first: -1) { totalCount } themes { totalCount } lessons { totalCount } }"
    for _ in range(20):
        assert reader.fails(NODES, ids=several) == "BAD_USER_INPUT"
        assert reader.fails(mistake) == "BAD_USER_INPUT"
    assert reader.ask("{ courses { totalCount } }") == {"courses": {"totalCount": 1}}


# The viewer, and who sees what of publishing -------------------------------------------------------------------------


def test_everybody_learns_who_they_are_and_what_they_may(people: People) -> None:
    document = "{ viewer { kind id name scopes canEdit canPublish } }"
    nobody = {"kind": "ANONYMOUS", "id": None, "name": None, "scopes": [], "canEdit": False, "canPublish": False}
    assert people.anonymous.ask(document) == {"viewer": nobody}
    learner = people.learner.ask(document)["viewer"]
    assert (learner["kind"], learner["scopes"], learner["canEdit"]) == ("API_TOKEN", [], False)
    editor = people.editor.ask(document)["viewer"]
    assert editor["scopes"] == ["CONTENT_EDIT", "CONTENT_PUBLISH", "CONTENT_IMPORT", "SCHEMA_READ", "AGGREGATES_READ"]
    assert editor["canEdit"]
    assert editor["canPublish"]
    assert "USER_MANAGE" in people.admin.ask(document)["viewer"]["scopes"]


@pytest.mark.parametrize("who", ["anonymous", "learner"])
def test_readers_see_what_is_published_and_nothing_of_its_history(people: People, who: str) -> None:
    course_id = published(people.editor)
    authors.save(people.editor, "courseUpdate", "__typename", course_id, title="Changed since")
    document = """query($id: ID!) { course(id: $id) { publishState publishedRevision { number }
        revisions { totalCount nodes { number } edges { cursor } pageInfo { hasNextPage } } } }"""
    nothing = {"totalCount": 0, "nodes": [], "edges": [], "pageInfo": {"hasNextPage": False}}
    seen = getattr(people, who).ask(document, id=course_id)["course"]
    assert seen == {"publishState": "PUBLISHED", "publishedRevision": None, "revisions": nothing}


@pytest.mark.parametrize(("who", "code"), [("anonymous", "UNAUTHENTICATED"), ("learner", "FORBIDDEN")])
def test_the_trash_is_for_editors(people: People, who: str, code: str) -> None:
    assert getattr(people, who).fails("{ trash { totalCount } }") == code


# Selections that meet in one place -----------------------------------------------------------------------------------


def test_a_fragment_may_be_joined_by_more_fields_in_one_place_than_in_another(editor: Client, reader: Client) -> None:
    plain, rich = (factories.tree(editor, modules=1, lessons=1, blocks=0) for _ in range(2))
    for made in (plain, rich):
        factories.publish(editor, made["course"])
    document = """query($plain: ID!, $rich: ID!) {
        plain: course(id: $plain) { ...Titles }
        rich: course(id: $rich) { ...Titles modules { summary lessons { slug } } }
    } fragment Titles on Course { modules { title lessons { title } } }"""
    found = reader.ask(document, plain=plain["course"], rich=rich["course"])
    assert set(found["plain"]["modules"][0]) == {"title", "lessons"}
    assert found["rich"]["modules"][0]["summary"] == ""
    assert set(found["rich"]["modules"][0]["lessons"][0]) == {"title", "slug"}


def test_one_fragment_counts_each_list_by_its_own_conditions(editor: Client, reader: Client) -> None:
    theme = factories.theme(editor, publish=True)
    for fields in ({"themeId": theme}, {"themeId": theme, "kind": "JOURNAL"}, {}):
        published(editor, **fields)
    document = """query($theme: ID!) {
        all: courses { ...Count } journals: courses(filter: { kind: JOURNAL }) { ...Count }
        theme(id: $theme) { all: courses { ...Count } journals: courses(filter: { kind: JOURNAL }) { ...Count } }
    } fragment Count on CourseConnection { totalCount }"""
    found = reader.ask(document, theme=theme)
    assert (found["all"]["totalCount"], found["journals"]["totalCount"]) == (3, 1)
    assert (found["theme"]["all"]["totalCount"], found["theme"]["journals"]["totalCount"]) == (2, 1)


def test_directives_leave_fields_out(editor: Client, reader: Client) -> None:
    course_id = published(editor)
    document = """query($id: ID!, $no: Boolean!, $yes: Boolean!) { course(id: $id) {
        slug @include(if: $no) title @skip(if: $yes) modules @include(if: $no) { title } kind @include(if: $yes) } }"""
    assert reader.ask(document, id=course_id, no=False, yes=True) == {"course": {"kind": "COURSE"}}


def test_a_fragment_on_every_kind_asks_each_for_its_own_alone(editor: Client) -> None:
    course_id = factories.course(editor, title="Noticing", themeId=factories.theme(editor))
    anything = "... on Node { ... on Course { estimatedMinutes title } ... on TextBlock { html points } id }"
    asked = f"course(id: $id) {{ {anything} theme {{ {anything} }} }} node(id: $id) {{ {anything} }}"
    document = f"query($id: ID!) @perspective(stage: DRAFT) {{ {asked} }}"

    found = editor.ask(document, id=course_id)

    assert found["course"]["title"] == found["node"]["title"] == "Noticing"
    assert set(found["course"]["theme"]) == {"id"}
