"""Copies: a course made anew from another's draft, equal in everything that is not an identity."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.ids import new_id
from models.curriculum import Course
from tests.curriculum import authors
from tests.curriculum.contents import QUESTION, one_of_everything
from tests.support import factories
from tests.support.clients import Client, Data

WHOLE = """course { title slug summary description descriptionHtml kind difficultyLevel estimatedMinutes durationDays
    theme { id } milestones { id name position startDay endDay }
    modules { id title summary position releaseRule releaseAfterDays releaseOn unlockAfter { id }
        lessons { id title slug minutes isPreview isRequired completionRule position
            blocks { id __typename format position title markdown html plainText points isRequired
                ... on MediaBlock { kind url alternativeUrls alt transcript captions { locale url } durationSeconds }
                ... on CalloutBlock { tone } ... on EmbedBlock { address: url height aspectRatio }
                ... on QuestionBlock { hints explanation }
                ... on MultipleChoiceQuestion { choices { id text isCorrect feedback } shuffle display }
                ... on MultiSelectQuestion { choices { id text isCorrect feedback } partialCredit }
                ... on TrueFalseQuestion { correctAnswer trueLabel feedbackTrue feedbackFalse }
                ... on ShortAnswerQuestion { accepted { text match feedback creditPercent } }
                ... on NumericQuestion { answers { value tolerance toleranceKind feedback } unit }
                ... on FreeformQuestion { minimumWords rubric sampleAnswer }
                ... on RankingQuestion { items { id text correctPosition } }
                ... on ScaleQuestion { minimum maximum step } ... on RatingQuestion { symbol labels }
                ... on MatrixQuestion { rows { id text correctColumnIds } columns { id text } } } } } }"""
DOCUMENT = f"query($id: ID!) @perspective(stage: DRAFT) {{ {WHOLE.replace('course {', 'course(id: $id) {', 1)} }}"


def duplicate(editor: Client, course: str, **input: Any) -> tuple[str, dict[str, str]]:
    """Copies a course; answers the copy's id and what became of what."""
    payload = editor.do("courseDuplicate", "course { id } idMap { original copy }", id=course, **input)
    return payload["course"]["id"], {each["original"]: each["copy"] for each in payload["idMap"]}


def without_slug(course: Data) -> Data:
    """All but the two fields that a copy has for itself."""
    return {name: value for name, value in course.items() if name not in ("title", "slug")}


def test_a_copy_is_equal_in_all_but_its_ids_title_and_slug(editor: Client) -> None:
    made = one_of_everything(editor)
    copy, ids = duplicate(editor, made["course"])
    original = editor.ask(DOCUMENT, id=made["course"])["course"]
    expected = json.dumps(without_slug(original))
    for old, new in ids.items():
        expected = expected.replace(old, new)
    copied = editor.ask(DOCUMENT, id=copy)["course"]
    assert without_slug(copied) == json.loads(expected)
    assert (copied["title"], copied["slug"]) == (f"Copy of {original['title']}", f"{original['slug']}-copy")
    assert copied["modules"][1]["unlockAfter"] == {"id": ids[made["modules"][0]]}
    assert QUESTION["explanation"] in str(copied)


def test_every_object_has_a_new_id_and_all_are_told(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=2, blocks=1)
    milestones = [{"name": "A", "startDay": 1, "endDay": 2}]
    authors.save(editor, "courseMilestonesSet", "__typename", made["course"], milestones=milestones)
    milestone = authors.course(editor, made["course"])["milestones"][0]["id"]
    copy, ids = duplicate(editor, made["course"])
    assert set(ids) == {made["course"], milestone, *made["modules"], *made["lessons"], *made["blocks"]}
    assert ids[made["course"]] == copy
    assert not set(ids.values()) & set(ids)
    assert len(set(ids.values())) == len(ids)
    document = "query($ids: [ID!]!) @perspective(stage: DRAFT) { nodes(ids: $ids) { __typename } }"
    kinds = [editor.ask(document, ids=list(each))["nodes"] for each in (ids, ids.values())]
    assert kinds[0] == kinds[1]


def test_a_copy_is_a_draft_that_was_never_saved(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    authors.save(editor, "lessonUpdate", "__typename", made["lessons"][0], title="Saved")
    factories.publish(editor, made["course"])
    copy, _ = duplicate(editor, made["course"])
    tree = authors.course(editor, copy)
    lesson = tree["modules"][0]["lessons"][0]
    assert (tree["publishState"], tree["revision"], lesson["revision"]) == ("DRAFT", 1, 1)
    assert authors.live(reader, copy) is None
    assert factories.publish(editor, copy) == 1


def test_what_lies_in_the_trash_is_not_copied(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=2, blocks=2)
    editor.do("moduleTrash", "__typename", id=made["modules"][1])
    editor.do("blockTrash", "__typename", id=made["blocks"][0])
    copy, ids = duplicate(editor, made["course"])
    assert set(ids) == {made["course"], made["modules"][0], *made["lessons"][:2], *made["blocks"][1:4]}
    assert authors.outline(authors.course(editor, copy)) == authors.outline(authors.course(editor, made["course"]))


def test_original_and_copy_go_their_own_ways(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=1, blocks=1)
    copy, ids = duplicate(editor, made["course"])
    before = authors.course(editor, made["course"])
    authors.save(editor, "lessonUpdate", "__typename", ids[made["lessons"][0]], title="Only the copy")
    editor.do("moduleTrash", "__typename", id=ids[made["modules"][1]])
    assert authors.course(editor, made["course"]) == before
    assert authors.outline(authors.course(editor, copy)) != authors.outline(before)


def test_a_copy_may_be_named(editor: Client) -> None:
    course = factories.course(editor, title="Original", slug="original")
    copy, _ = duplicate(editor, course, title="Named", slug="named")
    found = authors.course(editor, copy)
    assert (found["title"], found["slug"]) == ("Named", "named")


@pytest.mark.parametrize(
    ("name", "code", "path"),
    [
        ({"slug": "original"}, "TAKEN", ["slug"]),
        ({"slug": "No Slug"}, "INVALID", ["slug"]),
        ({"title": "x" * 201}, "INVALID", ["title"]),
        ({"title": "a\0b"}, "INVALID", ["title"]),
    ],
)
def test_a_copy_with_a_name_that_will_not_do_is_refused(editor: Client, name: Data, code: str, path: list[str]) -> None:
    course = factories.course(editor, slug="original")
    error = editor.refused("courseDuplicate", id=course, **name)
    assert (error["code"], error["path"]) == (code, path)
    document = "query @perspective(stage: DRAFT) { courses { totalCount } }"
    assert editor.ask(document) == {"courses": {"totalCount": 1}}


def test_the_longest_names_can_be_copied_many_times(editor: Client) -> None:
    course = factories.course(editor, title="T" * 200, slug="s" * 100)
    slugs = {authors.course(editor, duplicate(editor, course)[0])["slug"] for _ in range(3)}
    assert len(slugs) == 3


@pytest.mark.parametrize(
    "missing", ["nonsense", new_id(Course.__tag__), new_id(0x035)], ids=["no id", "no course", "a module"]
)
def test_only_a_course_that_is_there_is_copied(editor: Client, missing: str) -> None:
    error = editor.refused("courseDuplicate", id=missing)
    assert error["path"] == ["id"]
    assert error["code"] in {"NOT_FOUND", "WRONG_KIND_OF_ID"}
