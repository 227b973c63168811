"""What reading costs: a fixed number of statements per list and per level, however wide the answer is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data, People

Statements = Callable[[], AbstractContextManager[list[str]]]
PAGE = "course(id: $course) { title modules { title lessons { title blocks { id __typename html } } } }"
# What is asked for, and what it costs somebody who is not signed in, a learner and an editor.
BUDGETS: dict[str, tuple[str, int, int, int]] = {
    "themes": ("themes { nodes { title } }", 1, 1, 1),
    "courses": ("courses { nodes { title } }", 1, 1, 1),
    "modules": ("modules { nodes { title } }", 1, 1, 1),
    "lessons": ("lessons { nodes { title } }", 1, 1, 1),
    "blocks": ("blocks { nodes { markdown } }", 1, 1, 1),
    "a list, sorted and filtered": (
        'courses(sort: TITLE_DESC, filter: { theme: $theme, kind: COURSE, text: "o" }) { nodes { title } }',
        1,
        1,
        1,
    ),
    "a list with cursors": ("courses { edges { cursor node { title } } pageInfo { endCursor hasNextPage } }", 1, 1, 1),
    "a list with its count": ("courses { totalCount nodes { title } }", 2, 2, 2),
    "a count alone": ("lessons { totalCount }", 2, 2, 2),
    "no more than the name of the type": ("course(id: $course) { __typename }", 1, 1, 1),
    "nothing of ours": ("__typename viewer { kind scopes }", 0, 0, 0),
    "a course page": (PAGE, 4, 4, 4),
    "all courses with all below": ("courses { nodes { modules { lessons { blocks { markdown } } } } }", 4, 4, 4),
    "themes with their courses": ("themes { nodes { courses { nodes { title } } } }", 2, 2, 2),
    "themes with all below": (
        """themes(first: 5) { nodes { courses(first: 5) { nodes { modules { lessons {
            blocks { html lesson { title } } } } } } } }""",
        6,
        6,
        6,
    ),
    "themes with their courses, all counted": ("themes { totalCount nodes { courses { totalCount } } }", 4, 4, 4),
    "the way up": ("blocks { nodes { lesson { module { course { theme { title } } } } } }", 5, 5, 5),
    "what a course owns": ("courses { nodes { theme { title } milestones { name } modules { title } } }", 4, 4, 4),
    "what modules wait for": ("courses { nodes { modules { unlockAfter { title } } } }", 3, 3, 3),
    "the same twice under other names": ("courses { nodes { a: modules { title } b: modules { summary } } }", 3, 3, 3),
    "the same twice under one name": ("courses { nodes { modules { title } modules { summary } } }", 2, 2, 2),
    "two lists under other names": ("a: courses { nodes { title } } b: courses(last: 1) { nodes { title } }", 2, 2, 2),
    "every kind of block": (
        "blocks { nodes { ... on QuestionBlock { hints } ... on MultipleChoiceQuestion { choices { text } } } }",
        1,
        1,
        1,
    ),
    "answer keys": (
        """blocks { nodes { ... on QuestionBlock { explanation }
            ... on MultipleChoiceQuestion { choices { isCorrect feedback } } } }""",
        1,
        1,
        2,
    ),
    "answer keys, deep down": (
        """courses { nodes { modules { lessons { blocks { ... on QuestionBlock { explanation }
            ... on MultipleChoiceQuestion { choices { isCorrect feedback } } } } } } }""",
        4,
        4,
        5,
    ),
    "how things stand": ("courses { nodes { publishState } } themes { nodes { publishState } }", 2, 2, 6),
    "what is published": ("courses { nodes { publishedRevision { number } } }", 1, 1, 2),
    "the history": ("courses { nodes { revisions { nodes { number } } } }", 1, 2, 2),
    "the history, counted": ("courses { nodes { revisions { totalCount } } }", 1, 3, 3),
    "objects by their ids": ("nodes(ids: $nodes) { id ... on Course { title } ... on Lesson { title } }", 2, 2, 2),
}


@dataclass(frozen=True)
class Shelf:
    """So many themes with a course each, so many modules, lessons and blocks on each level."""

    variables: Data

    @staticmethod
    def made(editor: Client, width: int) -> Shelf:
        themes = [factories.theme(editor, publish=True) for _ in range(width)]
        first = factories.tree(editor, modules=width + 1, lessons=1, blocks=0, themeId=themes[0])
        lessons = [factories.lesson(editor, first["modules"][0]) for _ in range(width - 1)]
        content = [factories.choice_question() for _ in range(width)]
        for lesson in (first["lessons"][0], *lessons):
            factories.many(
                editor, "blockCreate", "__typename", [{"lessonId": lesson, "block": each} for each in content]
            )
        rule = {"releaseRule": "AFTER_MODULE", "unlockAfterId": first["modules"][0]}
        authors.save(editor, "moduleUpdate", "__typename", first["modules"][1], **rule)
        milestones = [{"name": f"{day}", "startDay": day, "endDay": day} for day in range(1, width + 1)]
        authors.save(editor, "courseMilestonesSet", "__typename", first["course"], milestones=milestones)
        copies = [{"id": first["course"]} for _ in themes[1:]]
        courses = [first["course"]]
        if copies:
            made = factories.many(editor, "courseDuplicate", "course { id }", copies)
            courses += [each["course"]["id"] for each in made]
        for theme, course in zip(themes, courses, strict=True):
            authors.save(editor, "courseUpdate", "__typename", course, themeId=theme)
            factories.publish(editor, course)
        some = {"theme": themes[0], "course": courses[0], "nodes": [*courses, first["lessons"][0], *lessons]}
        return Shelf(some)


@pytest.mark.parametrize("width", [1, 5])
def test_every_level_costs_a_fixed_number_of_statements(
    people: People, statements: Statements, subtests: pytest.Subtests, width: int
) -> None:
    shelf = Shelf.made(people.editor, width)
    for name, (selection, *costs) in BUDGETS.items():
        everybody = [("anonymous", "LIVE"), ("learner", "LIVE"), ("editor", "DRAFT")]
        for (who, stage), cost in zip(everybody, costs, strict=True):
            client: Client = getattr(people, who)
            given = {key: value for key, value in shelf.variables.items() if f"${key}" in selection}
            kinds = {"theme": "ID", "course": "ID!", "nodes": "[ID!]!"}
            parameters = "".join(f", ${key}: {kinds[key]}" for key in given)
            document = f"query($stage: Stage!{parameters}) @perspective(stage: $stage) {{ {selection} }}"
            with subtests.test(what=name, who=who, stage=stage):
                with statements() as sent:
                    client.ask(document, stage=stage, **given)
                assert len(sent) == cost, sent


@pytest.mark.parametrize("width", [1, 5])
def test_the_trash_is_listed_with_titles_in_two_statements(editor: Client, statements: Statements, width: int) -> None:
    made = [factories.course(editor) for _ in range(width)]
    factories.many(editor, "courseTrash", "__typename", [{"id": each} for each in made])
    with statements() as sent:
        found = editor.ask("{ trash { nodes { title kind trashedAt } } }")
    assert len(found["trash"]["nodes"]) == width
    assert len(sent) == 2, sent


@pytest.mark.parametrize("width", [1, 6])
def test_a_move_renumbers_all_siblings_in_one_statement(editor: Client, statements: Statements, width: int) -> None:
    made = factories.tree(editor, modules=1, lessons=1 + width, blocks=0)
    with statements() as sent:
        editor.do("lessonMove", "__typename", id=made["lessons"][-1], afterId=None)
    assert sum("UPDATE lesson" in text for text in sent) == 1, sent


def test_publishing_costs_the_same_whatever_the_size_of_the_course(editor: Client, statements: Statements) -> None:
    costs = []
    for width in (1, 3):
        made = factories.tree(editor, modules=width, lessons=width, blocks=width)
        with statements() as sent:
            factories.publish(editor, made["course"])
        costs.append(len(sent))
    assert costs[0] == costs[1]


def test_only_the_columns_asked_for_are_read(editor: Client, reader: Client, statements: Statements) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    with statements() as sent:
        reader.ask("query($id: ID!) { lesson(id: $id) { title blocks { plainText } } }", id=made["lessons"][0])
    lesson, block = (text[: text.index("FROM")] for text in sent)
    assert "title" in lesson
    assert "slug" not in lesson
    assert "body_text" in block
    assert "body_html" not in block
    assert "settings" not in block
