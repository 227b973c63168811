"""Assessments as editors make them: in lessons and by themselves, drafted and published like all content."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import factories
from tests.support.clients import Client, Data, People

SELECTION = """assessment { id kind title slug introduction introductionHtml passingScore maxAttempts timeLimitMinutes
    questionLimit shuffle feedbackMode licence attribution revision publishState lesson { id } blocks { plainText } }"""
WHOLE: Data = {
    "kind": "SCORECARD",
    "title": "Five pillars",
    "slug": "five-pillars",
    "introduction": "Take your *time*.",
    "passingScore": 80,
    "maxAttempts": 3,
    "timeLimitMinutes": 20,
    "questionLimit": 1,
    "shuffle": True,
    "feedbackMode": "AFTER_CLOSE",
    "licence": "CC BY 4.0",
    "attribution": "Cairn",
}


def question(text: str = "How are you?", **more: Any) -> Data:
    return {"scale": {"markdown": text, **more}}


def read(client: Client, stage: str = "LIVE", **by: str) -> Data | None:
    """An assessment as somebody sees it."""
    ((name, value),) = by.items()
    fields = SELECTION.removeprefix("assessment ")
    kind = "ID" if name == "id" else "String"
    document = f"query($key: {kind}!) @perspective(stage: {stage}) {{ assessment({name}: $key) {fields} }}"
    found: Data | None = client.ask(document, key=value)["assessment"]
    return found


def test_an_assessment_by_itself_is_written_published_and_read(people: People) -> None:
    slug = f"five-pillars-{id(people)}"
    made = people.editor.do("assessmentCreate", SELECTION, **{**WHOLE, "slug": slug})["assessment"]
    rest = {"id": made["id"], "slug": slug, "introductionHtml": "<p>Take your <em>time</em>.</p>", "revision": 1}
    rest |= {"publishState": "DRAFT", "lesson": None, "blocks": []}
    assert made == {**WHOLE, **rest}
    for text in ("One?", "Two?"):
        factories.many(
            people.editor, "blockCreate", "__typename", [{"assessmentId": made["id"], "block": question(text)}]
        )
    assert read(people.anonymous, slug=slug) is None
    people.editor.do("assessmentPublish", "revision", id=made["id"])
    seen = read(people.anonymous, slug=slug)
    assert seen is not None
    assert [block["plainText"] for block in seen["blocks"]] == ["One?", "Two?"]
    people.editor.do(
        "assessmentUpdate", "__typename", id=made["id"], expectedRevision=1, title="Six pillars", slug=slug
    )
    draft = read(people.editor, "DRAFT", id=made["id"])
    assert draft is not None
    assert (draft["title"], draft["publishState"], draft["revision"]) == ("Six pillars", "CHANGED", 2)
    assert read(people.anonymous, id=made["id"]) == seen
    people.editor.do("assessmentUnpublish", "__typename", id=made["id"])
    assert read(people.anonymous, id=made["id"]) is None


def test_what_is_not_said_has_defaults(editor: Client) -> None:
    made = editor.do("assessmentCreate", SELECTION, title="A little quiz!")["assessment"]
    assert made["slug"].startswith("a-little-quiz")
    assert (made["kind"], made["passingScore"], made["feedbackMode"]) == ("QUIZ", 70, "AFTER_SUBMIT")
    assert [made[each] for each in ("maxAttempts", "timeLimitMinutes", "questionLimit", "licence")] == [None] * 4


def test_a_quiz_in_a_lesson_is_published_with_its_course(people: People) -> None:
    editor = people.editor
    made = factories.tree(editor, modules=1, lessons=2, blocks=0)
    quiz = factories.assessment(editor, made["lessons"][0], questions=2)
    draft = read(editor, "DRAFT", id=quiz)
    assert draft is not None
    assert (draft["slug"], draft["lesson"]) == (None, {"id": made["lessons"][0]})
    for name in ("assessmentPublish", "assessmentUnpublish"):
        assert editor.refused(name, id=quiz)["code"] == "NOT_A_ROOT"
    factories.publish(editor, made["course"])
    document = (
        "query($id: ID!) { lesson(id: $id) { assessments { id blocks { id assessment { id } lesson { id } } } } }"
    )
    (seen,) = people.anonymous.ask(document, id=made["lessons"][0])["lesson"]["assessments"]
    assert seen["id"] == quiz
    assert [(block["assessment"], block["lesson"]) for block in seen["blocks"]] == [({"id": quiz}, None)] * 2
    editor.do("assessmentMove", "__typename", id=quiz, lessonId=made["lessons"][1])
    editor.do("assessmentTrash", "__typename", id=factories.assessment(editor, made["lessons"][1], questions=1))
    factories.publish(editor, made["course"])
    assert people.anonymous.ask(document, id=made["lessons"][0])["lesson"]["assessments"] == []
    assert [each["id"] for each in people.anonymous.ask(document, id=made["lessons"][1])["lesson"]["assessments"]] == [
        quiz
    ]


def test_a_copy_of_a_course_has_quizzes_of_its_own(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    quiz = factories.assessment(editor, made["lessons"][0], questions=1)
    copied = editor.do("courseDuplicate", "course { id } idMap { original copy }", id=made["course"])
    ids = {pair["original"]: pair["copy"] for pair in copied["idMap"]}
    copy = read(editor, "DRAFT", id=ids[quiz])
    assert copy is not None
    assert copy["lesson"] == {"id": ids[made["lessons"][0]]}
    assert len(copy["blocks"]) == 1


def test_a_sealed_revision_comes_back_with_its_questions(editor: Client) -> None:
    survey = factories.assessment(editor, questions=2)
    editor.do("assessmentPublish", "__typename", id=survey)
    document = "query($id: ID!) @perspective(stage: DRAFT) { assessment(id: $id) { treeRevision blocks { id } } }"
    first = editor.ask(document, id=survey)["assessment"]["blocks"][0]["id"]
    editor.do("blockTrash", "__typename", id=first)
    stands = editor.ask(document, id=survey)["assessment"]
    assert len(stands["blocks"]) == 1
    again = {"id": survey, "number": 1, "expectedTreeRevision": stands["treeRevision"]}
    editor.do("assessmentRevisionRestore", "__typename", **again)
    assert len(editor.ask(document, id=survey)["assessment"]["blocks"]) == 2


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"title": " "}, "title"),
        ({"passingScore": 101}, "passingScore"),
        ({"maxAttempts": 0}, "maxAttempts"),
        ({"timeLimitMinutes": 0}, "timeLimitMinutes"),
        ({"questionLimit": 0}, "questionLimit"),
        ({"slug": "No Slug"}, "slug"),
        ({"introduction": "x" * 20_001}, "introduction"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_field(editor: Client, fields: Data, path: str) -> None:
    assert editor.refused("assessmentCreate", **{"title": "A quiz", **fields})["path"] == [path]


def test_only_what_stands_by_itself_has_a_name_in_addresses(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    refused = editor.refused("assessmentCreate", title="A quiz", lessonId=made["lessons"][0], slug="a-quiz")
    assert refused["path"] == ["slug"]
    quiz = factories.assessment(editor, made["lessons"][0])
    assert editor.refused("assessmentUpdate", id=quiz, expectedRevision=1, slug="a-quiz")["path"] == ["slug"]
    survey = factories.assessment(editor)
    assert editor.refused("assessmentUpdate", id=survey, expectedRevision=1, slug=None)["path"] == ["slug"]
    assert editor.refused("assessmentMove", id=survey)["code"] == "IS_ROOT"


def test_two_published_assessments_never_share_a_slug(editor: Client) -> None:
    first = factories.assessment(editor, questions=1)
    slug = (read(editor, "DRAFT", id=first) or {})["slug"]
    assert editor.refused("assessmentCreate", title="Another", slug=slug)["code"] == "TAKEN"


def test_an_assessment_that_cannot_be_taken_is_not_published(editor: Client) -> None:
    empty = factories.assessment(editor)
    assert editor.refused("assessmentPublish", id=empty)["code"] == "EMPTY"
    factories.many(
        editor, "blockCreate", "__typename", [{"assessmentId": empty, "block": {"text": {"markdown": "Hi"}}}]
    )
    assert editor.refused("assessmentPublish", id=empty)["code"] == "EMPTY"
    short = factories.assessment(editor, questions=2, questionLimit=3)
    assert editor.refused("assessmentPublish", id=short)["code"] == "TOO_FEW_QUESTIONS"
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    factories.assessment(editor, made["lessons"][0])
    assert editor.refused("coursePublish", id=made["course"])["code"] == "EMPTY"


def test_conditions_of_an_assessment_speak_of_its_own_questions(editor: Client) -> None:
    survey = factories.assessment(editor)
    blocks = [question("One?", key="one"), question("Two?", showIf="one < 3"), question("Three?", showIf="two < 3")]
    factories.many(editor, "blockCreate", "__typename", [{"assessmentId": survey, "block": each} for each in blocks])
    error = editor.refused("assessmentPublish", id=survey)
    assert error["code"] == "CONDITION"
    assert error["message"].startswith("In the assessment ")
    assert error["message"].endswith("Nothing here is called two.")


def test_a_block_stands_in_one_place(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    quiz = factories.assessment(editor, made["lessons"][0])
    assert editor.refused("blockCreate", block=question())["path"] == ["lessonId"]
    both = {"lessonId": made["lessons"][0], "assessmentId": quiz, "block": question()}
    assert editor.refused("blockCreate", **both)["path"] == ["assessmentId"]
    block = factories.block(editor, made["lessons"][0], question())
    document = "query($id: ID!) @perspective(stage: DRAFT) { block(id: $id) { lesson { id } assessment { id } } }"
    editor.do("blockMove", "__typename", id=block, assessmentId=quiz)
    assert editor.ask(document, id=block)["block"] == {"lesson": None, "assessment": {"id": quiz}}
    editor.do("blockMove", "__typename", id=block, lessonId=made["lessons"][0])
    assert editor.ask(document, id=block)["block"] == {"lesson": {"id": made["lessons"][0]}, "assessment": None}
    other = factories.assessment(editor)
    assert editor.refused("blockMove", id=block, assessmentId=other)["code"] == "OTHER_ROOT"


def test_assessments_are_found_by_what_they_are(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    quiz = factories.assessment(editor, made["lessons"][0], title="Kept apart 4711")
    alone = factories.assessment(editor, title="Kept apart 4711", kind="SURVEY")
    document = """query($filter: AssessmentFilter!) @perspective(stage: DRAFT) {
        assessments(filter: $filter) { nodes { id } } }"""

    def found(**conditions: Any) -> list[str]:
        answer = editor.ask(document, filter={"text": "apart 4711", **conditions})
        return [node["id"] for node in answer["assessments"]["nodes"]]

    assert found() == [quiz, alone]
    assert found(kind="SURVEY") == found(standsAlone=True) == [alone]
    assert found(lesson=made["lessons"][0]) == found(standsAlone=False) == [quiz]


def test_saving_over_somebody_else_is_a_conflict(editor: Client) -> None:
    survey = factories.assessment(editor)
    editor.do("assessmentUpdate", "__typename", id=survey, expectedRevision=1, maxAttempts=2)
    error = editor.refused("assessmentUpdate", id=survey, expectedRevision=1, maxAttempts=5)
    assert error["fields"] == [{"field": "maxAttempts", "yours": 5, "current": 2}]
