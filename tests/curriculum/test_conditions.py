"""Conditions of blocks through the API: written, shown in words, checked when a course is published."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import factories
from tests.support.clients import Client, Data, People

QUESTIONS: dict[str, Data] = {
    "mood": {"scale": {"markdown": "How are you?"}},
    "drink": {
        "multipleChoice": {"markdown": "What?", "choices": [{"id": "tea", "text": "1"}, {"id": "milk", "text": "2"}]}
    },
    "habits": {
        "multiSelect": {"markdown": "What?", "choices": [{"id": "run", "text": "1"}, {"id": "swim", "text": "2"}]}
    },
    "smoker": {"trueFalse": {"markdown": "I smoke."}},
    "town": {"shortAnswer": {"markdown": "Where?"}},
    "hours": {"numeric": {"markdown": "How long?"}},
    "order": {"ranking": {"markdown": "?", "items": [{"id": "x-1", "text": "1"}, {"id": "y", "text": "2"}]}},
    "often": {
        "matrix": {
            "markdown": "?",
            "rows": [{"id": "walk", "text": "1"}],
            "columns": [{"id": "daily", "text": "1"}, {"id": "never", "text": "2"}],
        }
    },
    "pairs": {
        "matching": {
            "markdown": "?",
            "prompts": [{"id": "sun", "text": "1"}],
            "targets": [{"id": "day", "text": "1"}, {"id": "night", "text": "2"}],
        }
    },
    "gaps": {"cloze": {"markdown": "?", "text": "[[n]]", "gaps": [{"id": "n", "kind": "NUMBER"}]}},
    "essay": {"freeform": {"markdown": "?"}},
    "stars": {"rating": {"markdown": "?"}},
    "file": {"fileUpload": {"markdown": "?"}},
    "diary": {"reflection": {"markdown": "?"}},
}


def named(key: str, /, **more: Any) -> Data:
    """A question whose answer has this name."""
    ((kind, content),) = QUESTIONS[key].items()
    return {kind: {**content, "key": key, **more}}


def lesson_of(editor: Client, *blocks: Data) -> Data:
    """A draft course with one lesson of these blocks; answers the ids of course, lesson and blocks."""
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    inputs = [{"lessonId": made["lessons"][0], "block": each} for each in blocks]
    ids = [each["block"]["id"] for each in factories.many(editor, "blockCreate", "block { id }", inputs)]
    return {"course": made["course"], "lesson": made["lessons"][0], "blocks": ids}


def text(condition: str | None) -> Data:
    """A block of words that is shown under a condition."""
    return {"text": {"markdown": "Well done.", "showIf": condition}}


def refusals(editor: Client, course: str) -> list[Data]:
    """Why a course cannot be published."""
    document = """mutation($input: CoursePublishInput!) { coursePublish(input: $input) {
        revision errors { __typename message code path ... on ConditionProblem { blockId position } } } }"""
    payload = editor.ask(document, input={"id": course})["coursePublish"]
    assert (payload["revision"] is None) == bool(payload["errors"])
    errors: list[Data] = payload["errors"]
    return errors


def test_everything_that_was_answered_before_can_be_asked_for(editor: Client) -> None:
    condition = (
        "mood < 4 and drink == 'tea' and 'run' in habits and not smoker and town != 'Graz' and hours > 1.5 "
        "and order['x-1'] == 1 and often.walk in ['daily'] and pairs.sun == 'day' and gaps.n > 3 and stars > 2 "
        "and answered(essay) and answered(file) and answered(often)"
    )
    made = lesson_of(editor, *(named(key) for key in QUESTIONS), text(condition))
    assert refusals(editor, made["course"]) == []


def test_readers_see_the_condition_in_words(people: People) -> None:
    made = lesson_of(people.editor, named("mood"), text("mood<4"))
    factories.publish(people.editor, made["course"])
    found = people.anonymous.ask("query($id: ID!) { block(id: $id) { showIf shownWhen } }", id=made["blocks"][1])
    assert found["block"] == {"showIf": "mood<4", "shownWhen": "mood is below 4"}
    plain = people.anonymous.ask("query($id: ID!) { block(id: $id) { key showIf shownWhen } }", id=made["blocks"][0])
    assert plain["block"] == {"key": "mood", "showIf": None, "shownWhen": None}


@pytest.mark.parametrize(
    ("blocks", "place", "position", "said"),
    [
        ([named("mood"), text("moood < 4")], 1, 1, "Nothing here is called moood. Did you mean mood?"),
        ([text("mood < 4"), named("mood")], 0, 1, "mood cannot be used here: It is answered later."),
        (
            [named("mood", showIf="mood > 1")],
            0,
            1,
            "mood cannot be used here: It is the answer to this question itself.",
        ),
        (
            [named("diary"), text("answered(diary)")],
            1,
            10,
            "diary cannot be used here: What is written there is private.",
        ),
        ([named("mood"), text("mood")], 1, 1, "This is a number, and a yes or no is needed."),
        ([named("drink"), text("true and drink == 'rum'")], 1, 19, "There is no choice 'rum'. There are: milk, tea."),
    ],
)
def test_a_condition_that_makes_no_sense_stands_in_the_way_of_publishing(
    editor: Client, blocks: list[Data], place: int, position: int, said: str
) -> None:
    made = lesson_of(editor, *blocks)
    (error,) = refusals(editor, made["course"])
    assert (error["__typename"], error["code"], error["path"]) == ("ConditionProblem", "CONDITION", ["id"])
    assert (error["blockId"], error["position"]) == (made["blocks"][place], position)
    assert f"block {place + 1} (" in error["message"]
    assert error["message"].endswith(f"character {position}: {said}")


def test_moving_a_question_behind_what_asks_for_it_is_told_of_at_publishing(editor: Client) -> None:
    made = lesson_of(editor, named("mood"), text("mood < 4"))
    assert refusals(editor, made["course"]) == []
    editor.do("blockMove", "__typename", id=made["blocks"][0])
    assert [error["code"] for error in refusals(editor, made["course"])] == ["CONDITION"]


def test_a_question_in_the_trash_cannot_be_asked_for(editor: Client) -> None:
    made = lesson_of(editor, named("mood"), text("mood < 4"))
    editor.do("blockTrash", "__typename", id=made["blocks"][0])
    assert [error["position"] for error in refusals(editor, made["course"])] == [1]


def test_answers_of_other_lessons_cannot_be_asked_for(editor: Client) -> None:
    made = lesson_of(editor, named("mood"))
    module = factories.module(editor, made["course"])
    factories.block(editor, factories.lesson(editor, module), text("mood < 4"))
    assert [error["code"] for error in refusals(editor, made["course"])] == ["CONDITION"]


def test_two_answers_of_a_lesson_have_two_names(editor: Client) -> None:
    made = lesson_of(editor, named("mood"), named("mood"))
    (error,) = refusals(editor, made["course"])
    assert (error["__typename"], error["code"]) == ("InputError", "DUPLICATE_KEY")


@pytest.mark.parametrize(
    ("block", "path", "said"),
    [
        (text("mood <"), "showIf", "Character 7: Something is missing at the end."),
        (text("mood && x"), "showIf", "Character 6: '&' has no meaning here. Write and."),
        (text("x" * 1001), "showIf", "Character 1001: A condition has at most 1000 characters."),
        (named("mood", key="not"), "key", "Conditions need the word 'not' themselves."),
        (named("mood", key="Mood"), "key", "String should match pattern '^[a-z][a-z0-9_]*$'."),
    ],
)
def test_what_cannot_be_read_is_not_even_saved(editor: Client, block: Data, path: str, said: str) -> None:
    lesson = factories.tree(editor, modules=1, lessons=1, blocks=0)["lessons"][0]
    error = editor.refused("blockCreate", lessonId=lesson, block=block)
    assert (error["path"], error["message"]) == (["block", path] if error["path"][0] == "block" else [path], said)


def test_a_condition_can_be_changed_and_taken_away(editor: Client) -> None:
    made = lesson_of(editor, named("mood"), text("mood < 4"))
    for revision, condition in enumerate(["mood > 4", None], 1):
        changes: Data = {
            "id": made["blocks"][1],
            "expectedRevision": revision,
            "block": {"text": {"showIf": condition}},
        }
        assert editor.do("blockUpdate", "block { showIf }", **changes)["block"] == {"showIf": condition}
    assert refusals(editor, made["course"]) == []


def test_authors_try_a_condition_before_they_save_it(editor: Client) -> None:
    made = lesson_of(editor, named("drink"), text(None))
    document = """query($id: ID!, $condition: String!) @perspective(stage: DRAFT) {
        conditionPreview(blockId: $id, condition: $condition) { inWords names errors { message position } } }"""
    good = editor.ask(document, id=made["blocks"][1], condition="drink != 'tea'")["conditionPreview"]
    assert good == {"inWords": "drink is not 'tea'", "names": ["drink"], "errors": []}
    bad = editor.ask(document, id=made["blocks"][0], condition="drink ==")["conditionPreview"]
    assert bad == {
        "inWords": "drink ==",
        "names": [],
        "errors": [{"message": "Something is missing at the end.", "position": 9}],
    }


def test_an_answer_can_be_tried_before_anybody_gives_it(people: People) -> None:
    made = lesson_of(people.editor, factories.choice_question(points=4, penaltyPercent=25), named("hours"))
    document = """query($id: ID!, $answer: AnswerInput!) @perspective(stage: DRAFT) {
        answerPreview(blockId: $id, answer: $answer) {
            errors { message path } share score explanation remarks { text part }
            answer { format ... on MultipleChoiceResponse { choiceId } }
            rightAnswer { ... on MultipleChoiceResponse { choiceId } } } }"""

    def tried(block: str, answer: Data) -> Data:
        found: Data = people.editor.ask(document, id=block, answer=answer)["answerPreview"]
        return found

    choice = made["blocks"][0]
    wrong = tried(choice, {"multipleChoice": {"choiceId": "b"}})
    assert (wrong["share"], wrong["score"], wrong["remarks"]) == ("-1/4", -1.0, [])
    assert wrong["answer"] == {"format": "MULTIPLE_CHOICE", "choiceId": "b"}
    assert (wrong["rightAnswer"], wrong["explanation"]) == ({"choiceId": "a"}, "Because")
    assert tried(choice, {"multipleChoice": {"choiceId": "a"}})["remarks"] == [{"text": "Well done", "part": "a"}]
    refused = tried(choice, {"multipleChoice": {"choiceId": "z"}})
    assert refused["errors"] == [{"message": "There is no choice 'z'.", "path": ["choiceId"]}]
    assert (refused["answer"], refused["rightAnswer"], refused["explanation"]) == (None, None, None)
    other = tried(choice, {"numeric": {"number": "1"}})
    assert other["errors"] == [{"message": "This is a multiple choice question.", "path": []}]
    poll = tried(made["blocks"][1], {"numeric": {"number": "+1.50"}})
    assert (poll["share"], poll["score"], poll["errors"]) == (None, None, [])
    live = document.replace("@perspective(stage: DRAFT)", "")
    for reader, code in ((people.anonymous, "UNAUTHENTICATED"), (people.learner, "FORBIDDEN")):
        assert reader.fails(live, id=choice, answer={"multipleChoice": {"choiceId": "a"}}) == code
