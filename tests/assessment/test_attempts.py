"""A quiz is taken through GraphQL: begun, answered, handed in, graded; its limits hold, and it is nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from cairn.composition import operations
from cairn.settings import GraphqlSettings
from core.viewer import Viewer, ViewerKind
from graph.subscribing import open_subscription
from resolvers.assessment import attempts
from resolvers.events import FACT
from tests.assessment.taking import CHOICE, NUMBER, Taker, quiz
from tests.events.logs import as_service, sql
from tests.jobs.crews import ask, until
from tests.support import factories
from tests.support.clients import Client, Data, People

Takers = Callable[[], Taker]
pytestmark = pytest.mark.usefixtures("grader")


def test_a_quiz_is_taken_from_its_first_question_to_its_feedback(author: Client, taker: Takers) -> None:
    made, (choice, number) = quiz(author, {"multipleChoice": CHOICE}, {"numeric": NUMBER})
    somebody = taker()
    begun = somebody.start(made)
    assert (begun["number"], begun["status"], begun["revision"], begun["deadlineAt"]) == (1, "IN_PROGRESS", 1, None)
    assert [each["id"] for each in begun["questions"]] == [choice, number]
    somebody.answer(begun, choice, multipleChoice={"choiceId": "no"})
    saved = somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})
    assert saved["answers"] == [{"blockId": choice, "value": {"__typename": "MultipleChoiceResponse"}}]
    assert (saved["marks"], saved["score"]) == ([], None)
    somebody.answer(begun, number, numeric={"number": "150"})
    somebody.submit(begun)
    done = somebody.graded(begun)
    assert (done["status"], done["score"], done["maxScore"], done["percentage"], done["passed"]) == (
        "GRADED", 3.0, 4.0, 75.0, True,
    )  # fmt: skip
    first, second = done["marks"]
    assert (first["blockId"], first["share"], first["score"], first["points"]) == (choice, "1", 3.0, 3)
    assert first["remarks"] == [{"text": "Well done", "part": "yes"}]
    assert (first["explanation"], first["rightAnswer"]["choiceId"]) == ("It is.", "yes")
    assert (second["share"], second["score"], second["rightAnswer"]["number"]) == ("0", 0.0, "90")


def test_a_wrong_answer_may_cost_points_and_a_percentage_is_never_below_nothing(author: Client, taker: Takers) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": "no"})
    somebody.submit(begun)
    done = somebody.graded(begun)
    assert (done["score"], done["percentage"], done["passed"]) == (-1.5, 0.0, False)


def test_a_survey_has_nothing_to_pass(author: Client, taker: Takers) -> None:
    made, (mood,) = quiz(author, {"scale": {"markdown": "How are you?"}}, kind="SURVEY")
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, mood, scale={"point": 7})
    somebody.submit(begun)
    done = somebody.graded(begun)
    assert (done["status"], done["maxScore"], done["percentage"], done["passed"]) == ("GRADED", 0.0, None, None)


def test_an_attempt_goes_on_where_it_was_left(author: Client, taker: Takers) -> None:
    made, (choice, _) = quiz(author, {"multipleChoice": CHOICE}, {"numeric": NUMBER})
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": "no"})
    again = somebody.start(made)
    assert again["id"] == begun["id"]
    assert [each["blockId"] for each in again["answers"]] == [choice]
    assert somebody.answer(begun, choice)["answers"] == []


def test_what_is_graded_is_what_was_published_when_it_began(author: Client, taker: Takers) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody = taker()
    begun = somebody.start(made)
    turned = [{**each, "isCorrect": each["id"] == "no"} for each in CHOICE["choices"]]
    reworded = {"choices": turned, "markdown": "And now?"}
    change: Data = {"id": choice, "expectedRevision": 1, "block": {"multipleChoice": reworded}}
    author.do("blockUpdate", "__typename", **change)
    author.do("assessmentPublish", "__typename", id=made)
    asked = somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})["questions"]
    assert [each["plainText"] for each in asked] == ["Which?"]
    somebody.submit(begun)
    assert (somebody.graded(begun)["score"], begun["revision"]) == (3.0, 1)
    later = taker()
    newer = later.start(made)
    assert [each["plainText"] for each in newer["questions"]] == ["And now?"]
    later.answer(newer, choice, multipleChoice={"choiceId": "yes"})
    later.submit(newer)
    assert (later.graded(newer)["score"], newer["revision"]) == (-1.5, 2)


def test_questions_are_drawn_and_shuffled_once_for_an_attempt(author: Client, taker: Takers) -> None:
    blocks = [{"scale": {"markdown": f"Question {number}"}} for number in range(12)]
    made, ids = quiz(author, *blocks, questionLimit=6, shuffle=True)
    orders = []
    for _ in range(3):
        somebody = taker()
        order = [each["id"] for each in somebody.start(made)["questions"]]
        assert [each["id"] for each in somebody.start(made)["questions"]] == order
        assert len(set(order)) == 6
        assert set(order) <= set(ids)
        orders.append(order)
    assert len({tuple(order) for order in orders}) > 1


def test_only_what_is_shown_counts_and_hidden_answers_are_discarded(author: Client, taker: Takers) -> None:
    smoker = {"trueFalse": {"markdown": "I smoke.", "key": "smoker", "points": 0}}
    how = {"numeric": {**NUMBER, "key": None, "showIf": "smoker", "isRequired": True}}
    made, (first, second) = quiz(author, smoker, how)
    somebody = taker()
    begun = somebody.start(made)
    assert [each["id"] for each in begun["questions"]] == [first]
    shown = somebody.answer(begun, first, trueFalse={"isTrue": True})
    assert [each["id"] for each in shown["questions"]] == [first, second]
    missing = somebody.client.refused("attemptSubmit", id=begun["id"])
    assert (missing["code"], missing["path"]) == ("REQUIRED", ["questions", second])
    somebody.answer(begun, second, numeric={"number": "1"})
    somebody.answer(begun, first, trueFalse={"isTrue": False})
    somebody.submit(begun)
    done = somebody.graded(begun)
    assert [each["blockId"] for each in done["answers"]] == [first]
    assert (done["maxScore"], [each["blockId"] for each in done["marks"]]) == (0.0, [first])


@pytest.mark.parametrize(
    ("answer", "code", "path"),
    [
        ({"multipleChoice": {"choiceId": "maybe"}}, "INVALID", ["answer", "choiceId"]),
        ({"numeric": {"number": "1"}}, "WRONG_FORMAT", ["answer"]),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_by_its_field(
    author: Client, taker: Takers, answer: Data, code: str, path: list[str]
) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody = taker()
    begun = somebody.start(made)
    error = somebody.refused(begun, choice, **answer)
    assert (error["code"], error["path"]) == (code, path)
    assert (somebody.look(begun) or {})["answers"] == []


def test_what_is_handed_in_stays_as_it_is(author: Client, taker: Takers) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE}, maxAttempts=1)
    somebody = taker()
    begun = somebody.start(made)
    first = somebody.submit(begun)
    assert somebody.submit(begun)["submittedAt"] == first["submittedAt"]
    assert somebody.refused(begun, choice, multipleChoice={"choiceId": "yes"})["code"] == "NOT_IN_PROGRESS"
    assert somebody.graded(begun)["score"] == 0.0
    assert somebody.client.refused("attemptStart", assessmentId=made)["code"] == "NO_ATTEMPT_LEFT"


def test_attempts_are_counted_for_each_person(author: Client, taker: Takers) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE}, maxAttempts=2)
    somebody = taker()
    for number in (1, 2):
        begun = somebody.start(made)
        assert begun["number"] == number
        somebody.submit(begun)
    assert somebody.client.refused("attemptStart", assessmentId=made)["code"] == "NO_ATTEMPT_LEFT"
    assert taker().start(made)["number"] == 1


# Time ----------------------------------------------------------------------------------------------------------------


def let_time_pass(database_url: str, attempt: Data) -> None:
    """The attempt's time is up from now on."""
    sql(database_url, "UPDATE attempt SET deadline_at = now() - interval '1 second' WHERE id = %s", attempt["id"])


def test_when_the_time_is_up_what_was_saved_counts(author: Client, taker: Takers, database_url: str) -> None:
    made, (choice, number) = quiz(
        author, {"multipleChoice": CHOICE}, {"numeric": NUMBER}, timeLimitMinutes=10, maxAttempts=1
    )
    somebody = taker()
    begun = somebody.start(made)
    assert begun["deadlineAt"] is not None
    somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})
    let_time_pass(database_url, begun)
    assert somebody.refused(begun, number, numeric={"number": "90"})["code"] == "TIME_IS_UP"
    ended = somebody.submit(begun)
    assert ended["status"] == "EXPIRED"
    assert ended["submittedAt"] == ended["deadlineAt"]
    assert somebody.graded(begun)["score"] == 3.0
    assert somebody.client.refused("attemptStart", assessmentId=made)["code"] == "NO_ATTEMPT_LEFT"


def test_an_attempt_that_nobody_hands_in_ends_by_itself(author: Client, taker: Takers, database_url: str) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE}, timeLimitMinutes=10)
    somebody = taker()
    begun, other = somebody.start(made), taker().start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})
    let_time_pass(database_url, begun)
    ask(database_url, attempts.EXPIRE)
    done = somebody.graded(begun)
    assert (done["status"], done["score"], done["passed"]) == ("EXPIRED", 3.0, True)
    assert sql(database_url, "SELECT status FROM attempt WHERE id = %s", other["id"]) == [("in_progress",)]


def test_beginning_again_ends_what_is_over(author: Client, taker: Takers, database_url: str) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE}, timeLimitMinutes=10)
    somebody = taker()
    begun = somebody.start(made)
    let_time_pass(database_url, begun)
    assert somebody.start(made)["number"] == 2
    assert somebody.graded(begun)["status"] == "EXPIRED"


# Feedback ------------------------------------------------------------------------------------------------------------


def marks_after(somebody: Taker, made: str, choice: str, answer: str) -> tuple[Data, list[Any]]:
    """An attempt with this answer, once it is graded, and the shares of its marks that are shown."""
    begun = somebody.start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": answer})
    somebody.submit(begun)
    done = somebody.graded(begun)
    return done, [each["share"] for each in done["marks"]]


@pytest.mark.parametrize(
    ("mode", "maximum", "first", "second"),
    [
        ("NEVER", None, [], []),
        ("AFTER_SUBMIT", None, ["-1/2"], ["1"]),
        ("AFTER_PASS", None, [], ["1"]),
        ("AFTER_CLOSE", 2, [], ["1"]),
        ("AFTER_CLOSE", 3, [], []),
    ],
)
def test_what_was_right_is_shown_when_it_is_due(
    author: Client, taker: Takers, mode: str, maximum: int | None, first: list[str], second: list[str]
) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE}, feedbackMode=mode, maxAttempts=maximum)
    somebody = taker()
    before, shown = marks_after(somebody, made, choice, "no")
    assert shown == first
    _, shown = marks_after(somebody, made, choice, "yes")
    assert shown == second
    held_back = (somebody.look(before) or {})["marks"]
    assert bool(held_back) == bool(first or second)


def test_what_a_person_has_to_read_waits_for_one(author: Client, taker: Takers, database_url: str) -> None:
    made, (essay, _) = quiz(author, {"freeform": {"markdown": "Why?", "points": 5}}, {"multipleChoice": CHOICE})
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, essay, freeform={"text": "Because."})
    somebody.submit(begun)
    until(lambda: sql(database_url, "SELECT 1 FROM answer_mark WHERE attempt_id = %s", begun["id"]), "marks")
    stands = somebody.look(begun)
    assert stands is not None
    assert (stands["status"], stands["score"], len(stands["marks"])) == ("SUBMITTED", None, 2)


def test_those_whose_attempt_it_is_are_told_that_it_is_graded(author: Client, taker: Takers, database_url: str) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody = taker()
    done, _ = marks_after(somebody, made, choice, "yes")
    mine = sa.and_(FACT.c.type == "attempt.graded", FACT.c.subject_id == done["id"])
    (fact,) = as_service(database_url, lambda tx: tx.rows(sa.select(FACT).where(mine)))
    runs = operations(GraphqlSettings())
    document = "subscription { attemptGraded { subject { ... on Attempt { score } } } }"
    follows = open_subscription(runs, runs.prepare(document, None), {}).follows
    owner, other = (Viewer(ViewerKind.USER, each) for each in (fact.payload["userId"], made))
    assert follows.concerns(owner, fact)  # type: ignore[union-attr]
    assert not follows.concerns(other, fact)  # type: ignore[union-attr]


# Whose it is ---------------------------------------------------------------------------------------------------------


def test_an_attempt_is_nobody_elses(people: People, author: Client, taker: Takers) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody, other = taker(), taker()
    begun = somebody.start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": "no"})
    document = "query($id: ID!) { node(id: $id) { id } attempts { totalCount nodes { answers { blockId } } } }"
    for stranger in (other.client, author, people.admin, people.anonymous):
        assert stranger.ask(document, id=begun["id"]) == {"node": None, "attempts": {"totalCount": 0, "nodes": []}}
    assert other.look(begun) is None
    for stranger in (other, Taker(author)):
        assert stranger.refused(begun, choice, multipleChoice={"choiceId": "yes"})["code"] == "NOT_FOUND"
        assert stranger.client.refused("attemptSubmit", id=begun["id"])["code"] == "NOT_FOUND"
    assert somebody.client.ask(document, id=begun["id"])["attempts"]["totalCount"] == 1


def test_attempts_are_for_people_who_are_signed_in_and_see_the_assessment(
    people: People, author: Client, taker: Takers
) -> None:
    document = "mutation($id: ID!) { attemptStart(input: {assessmentId: $id}) { errors { code } } }"
    made, _ = quiz(author, {"multipleChoice": CHOICE})
    assert people.anonymous.fails(document, id=made) == "UNAUTHENTICATED"
    assert people.learner.fails(document, id=made) == "FORBIDDEN"
    draft = factories.assessment(author, questions=1)
    assert taker().client.refused("attemptStart", assessmentId=draft)["code"] == "NOT_FOUND"
    author.do("assessmentUnpublish", "__typename", id=made)
    assert taker().client.refused("attemptStart", assessmentId=made)["code"] == "NOT_FOUND"


def test_a_quiz_in_a_lesson_is_taken_once_its_course_is_published(author: Client, taker: Takers) -> None:
    course = factories.tree(author, modules=1, lessons=1, blocks=0)
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE}, lesson_id=course["lessons"][0])
    factories.publish(author, course["course"])
    done, shown = marks_after(taker(), made, choice, "yes")
    assert (done["passed"], shown) == (True, ["1"])


# Many at once --------------------------------------------------------------------------------------------------------


def at_once(number: int, act: Callable[[], Data]) -> list[Data]:
    """What comes of doing something so many times at once."""
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda _: act(), range(number)))


def test_of_many_who_begin_at_once_all_have_the_same_attempt(author: Client, taker: Takers, database_url: str) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE}, maxAttempts=1)
    somebody = taker()
    begun = at_once(16, lambda: somebody.client.mutate("attemptStart", "attempt { id }", assessmentId=made))
    assert {each["attempt"]["id"] for each in begun if each["attempt"]} == {begun[0]["attempt"]["id"]}
    assert [each["errors"] for each in begun] == [[]] * 16
    assert len(sql(database_url, "SELECT 1 FROM attempt WHERE assessment_id = %s", made)) == 1


def test_of_many_who_hand_in_at_once_one_is_graded_once(author: Client, taker: Takers, database_url: str) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})
    at_once(16, lambda: somebody.client.mutate("attemptSubmit", "attempt { status }", id=begun["id"]))
    assert somebody.graded(begun)["score"] == 3.0
    submitted = "SELECT type, count(*) FROM fact WHERE subject_id = %s GROUP BY type ORDER BY type"
    assert sql(database_url, submitted, begun["id"]) == [
        ("attempt.graded", 1), ("attempt.started", 1), ("attempt.submitted", 1),
    ]  # fmt: skip
