"""What people have to read is graded by them: in turn, within bounds, and without being told whose it is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from models.identity import Role
from tests.assessment.graders import ESSAY, Grader, word
from tests.assessment.taking import CHOICE, Taker, quiz
from tests.events.logs import sql
from tests.jobs.crews import until, until_idle
from tests.support import factories
from tests.support.clients import Client, Data, People

Takers = Callable[[], Taker]
Staff = Callable[[Role], tuple[str, Client]]
pytestmark = pytest.mark.usefixtures("grader")


@pytest.fixture
def coach(staff: Staff, empty: None) -> Grader:
    """Somebody who may grade everywhere."""
    return Grader(staff(Role.COACH)[1])


def handed_in(somebody: Taker, made: str, essay: str, text: str = "Because.") -> Data:
    """An attempt with an essay, handed in."""
    begun = somebody.start(made)
    somebody.answer(begun, essay, freeform={"text": text})
    somebody.submit(begun)
    return begun


def test_an_essay_is_read_and_graded_by_a_person_and_then_the_attempt_is_graded(
    author: Client, taker: Takers, coach: Grader, database_url: str
) -> None:
    made, (essay, choice) = quiz(author, {"freeform": ESSAY}, {"multipleChoice": CHOICE})
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, essay, freeform={"text": "Because."})
    somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})
    somebody.submit(begun)
    (entry,) = coach.awaited(made)
    assert (entry["state"], entry["points"], entry["rubric"], entry["revision"]) == (
        "AWAITING", 5, "Two reasons at least.", 1,
    )  # fmt: skip
    assert (entry["question"], entry["answer"]["value"]["text"]) == ({"id": essay, "plainText": "Why?"}, "Because.")
    stands = somebody.look(begun) or {}
    assert (stands["status"], stands["score"]) == ("SUBMITTED", None)

    given = coach.give(entry, 2.25, "One reason, and a good one.")
    assert (given["state"], given["score"], given["revision"]) == ("GRADED", 2.25, 2)
    done = somebody.graded(begun)
    assert (done["status"], done["score"], done["maxScore"], done["percentage"], done["passed"]) == (
        "GRADED", 5.25, 8.0, 65.625, False,
    )  # fmt: skip
    mark = done["marks"][0]
    assert (mark["share"], mark["score"], mark["comment"]) == ("9/20", 2.25, "One reason, and a good one.")
    assert coach.queue() == []
    assert [each["id"] for each in coach.queue(made, "gradings")] == [entry["id"]]
    facts = sql(database_url, "SELECT type FROM fact WHERE type LIKE '%%graded' ORDER BY recorded")
    assert facts == [("answer.graded",), ("attempt.graded",)]


def test_an_attempt_is_graded_when_the_last_of_its_answers_is(author: Client, taker: Takers, coach: Grader) -> None:
    made, (one, other) = quiz(author, {"freeform": ESSAY}, {"freeform": {**ESSAY, "markdown": "And why not?"}})
    somebody = taker()
    begun = somebody.start(made)
    for block in (one, other):
        somebody.answer(begun, block, freeform={"text": "Because."})
    somebody.submit(begun)
    first, second = coach.awaited(made, 2)
    coach.give(first, 5)
    until(lambda: (somebody.look(begun) or {})["marks"][0]["share"] == "1", "the first mark")
    assert (somebody.look(begun) or {})["status"] == "SUBMITTED"
    coach.give(second, 0)
    done = somebody.graded(begun)
    assert (done["status"], done["score"], done["percentage"]) == ("GRADED", 5.0, 50.0)


def test_grading_anew_changes_the_score_and_the_log_holds_both(
    author: Client, taker: Takers, coach: Grader, people: People, database_url: str
) -> None:
    made, (essay,) = quiz(author, {"freeform": ESSAY})
    somebody = taker()
    begun = handed_in(somebody, made, essay)
    given = coach.give(coach.awaited(made)[0], 1, "Too short.")
    assert somebody.graded(begun)["passed"] is False
    coach.give(given, 4, "I had not seen the second page.")
    until(lambda: (somebody.look(begun) or {})["score"] == 4.0, "another score")
    done = somebody.look(begun) or {}
    assert (done["passed"], done["marks"][0]["comment"]) == (True, "I had not seen the second page.")
    document = """query($subject: ID!) { auditLog(filter: { subject: $subject }, first: 9) {
        nodes { action details before after } } }"""
    newest = people.admin.ask(document, subject=given["id"])["auditLog"]["nodes"][0]
    assert (newest["action"], newest["before"]["score"], newest["after"]["score"]) == ("grading_save", 1.0, 4.0)
    assert "page" not in str(newest)
    (entry,) = people.admin.ask(document, subject=begun["id"])["auditLog"]["nodes"][:1]
    assert entry["action"] == "attempt_regrade"
    assert (entry["details"]["before"]["score"], entry["details"]["after"]["score"]) == (1.0, 4.0)
    facts = "SELECT type, count(*) FROM fact WHERE subject_id = %s AND type LIKE '%%graded' GROUP BY 1 ORDER BY 1"
    assert sql(database_url, facts, begun["id"]) == [("attempt.graded", 1), ("attempt.regraded", 1)]


@pytest.mark.parametrize("score", [-0.01, 5.01, 1e308, 2.005])
def test_points_outside_the_bounds_are_refused_by_their_field(
    author: Client, taker: Takers, coach: Grader, score: float
) -> None:
    made, (essay,) = quiz(author, {"freeform": ESSAY})
    handed_in(taker(), made, essay)
    (entry,) = coach.awaited(made)
    error = coach.refused(entry, score)
    assert (error["code"], error["path"]) == ("INVALID", ["score"])
    assert coach.queue()[0]["state"] == "AWAITING"


def test_all_that_is_wrong_with_a_grading_is_said_at_once(author: Client, taker: Takers, coach: Grader) -> None:
    made, (essay,) = quiz(author, {"freeform": ESSAY})
    handed_in(taker(), made, essay)
    (entry,) = coach.awaited(made)
    payload = coach.client.mutate("gradingSave", "grading { state }", **word(entry, 6, "x" * 10_001))
    assert [each["path"] for each in payload["errors"]] == [["score"], ["comment"]]
    assert coach.refused(entry, 1, attemptId=essay)["path"] == ["attemptId"]
    assert coach.refused(entry, 1, blockId=entry["attemptId"])["code"] == "WRONG_KIND_OF_ID"


def test_of_two_who_grade_at_once_the_second_sees_what_the_first_said(
    author: Client, taker: Takers, staff: Staff, coach: Grader
) -> None:
    made, (essay,) = quiz(author, {"freeform": ESSAY})
    somebody = taker()
    begun = handed_in(somebody, made, essay)
    (entry,) = coach.awaited(made)
    graders = [coach, *(Grader(staff(Role.COACH)[1]) for _ in range(3))]
    with ThreadPoolExecutor(len(graders)) as pool:
        told = list(
            pool.map(
                lambda number: graders[number].client.mutate("gradingSave", "__typename", **word(entry, number + 1)),
                range(len(graders)),
            )
        )
    refused = [each["errors"][0] for each in told if each["errors"]]
    assert len(refused) == len(graders) - 1
    assert {each["code"] for each in refused} == {"REVISION_CONFLICT"}
    (kept,) = [number + 1 for number, each in enumerate(told) if not each["errors"]]
    shown = {field["field"]: field["current"] for field in refused[0]["fields"]}
    assert (refused[0]["actualRevision"], shown["score"]) == (2, kept)
    assert somebody.graded(begun)["score"] == kept


def test_the_last_two_answers_of_an_attempt_graded_at_once_grade_it_once(
    author: Client, taker: Takers, coach: Grader, database_url: str
) -> None:
    made, ids = quiz(author, {"freeform": ESSAY}, {"freeform": ESSAY}, {"freeform": ESSAY})
    somebody = taker()
    begun = somebody.start(made)
    for block in ids:
        somebody.answer(begun, block, freeform={"text": "Because."})
    somebody.submit(begun)
    entries = coach.awaited(made, 3)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda entry: coach.give(entry, 2), entries))
    assert somebody.graded(begun)["score"] == 6.0
    until_idle(database_url)
    told = "SELECT count(*) FROM fact WHERE subject_id = %s AND type IN ('attempt.graded', 'attempt.regraded')"
    assert sql(database_url, told, begun["id"]) == [(1,)]


def test_what_is_written_for_oneself_is_never_read_by_graders(
    author: Client, taker: Takers, coach: Grader, database_url: str
) -> None:
    made, (own, poll, essay) = quiz(
        author, {"reflection": {"markdown": "What now?"}}, {"freeform": {"markdown": "And?"}}, {"freeform": ESSAY}
    )
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, own, reflection={"text": "My secret."})
    somebody.answer(begun, poll, freeform={"text": "No points for this."})
    somebody.answer(begun, essay, freeform={"text": "Because."})
    somebody.submit(begun)
    coach.awaited(made)
    until_idle(database_url)
    assert [each["blockId"] for each in coach.queue()] == [essay]
    assert "secret" not in str(coach.queue())
    error = coach.refused({"attemptId": begun["id"], "blockId": own, "revision": 1}, 0)
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["blockId"])


def test_graders_see_the_answer_and_nothing_of_the_person(author: Client, taker: Takers, coach: Grader) -> None:
    made, (essay,) = quiz(author, {"freeform": ESSAY})
    begun = handed_in(taker(), made, essay)
    coach.awaited(made)
    document = """query($id: ID!) { node(id: $id) { id } attempt(id: $id) { id } attempts { totalCount } }"""
    assert coach.client.ask(document, id=begun["id"]) == {"node": None, "attempt": None, "attempts": {"totalCount": 0}}
    fields = coach.client.ask('{ __type(name: "Grading") { fields { name } } }')["__type"]["fields"]
    assert not {each["name"] for each in fields} & {"user", "userId", "owner", "attempt"}


def test_a_comment_is_shown_when_feedback_is_due_and_not_before(
    author: Client, taker: Takers, coach: Grader, database_url: str
) -> None:
    made, (essay,) = quiz(author, {"freeform": ESSAY}, feedbackMode="AFTER_PASS")
    somebody = taker()
    begun = handed_in(somebody, made, essay)
    given = coach.give(coach.awaited(made)[0], 1, "Think again.")
    assert somebody.graded(begun)["marks"] == []
    coach.give(given, 5, "Well, yes.")
    until(lambda: (somebody.look(begun) or {})["marks"], "feedback")
    assert (somebody.look(begun) or {})["marks"][0]["comment"] == "Well, yes."


def test_an_essay_that_was_left_out_earns_nothing_and_waits_for_nobody(
    author: Client, taker: Takers, coach: Grader
) -> None:
    made, (_, choice) = quiz(author, {"freeform": ESSAY}, {"multipleChoice": CHOICE})
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})
    somebody.submit(begun)
    done = somebody.graded(begun)
    assert (done["status"], done["score"], done["maxScore"]) == ("GRADED", 3.0, 8.0)
    assert coach.queue() == []


# Who may -------------------------------------------------------------------------------------------------------------


def test_grading_is_for_those_who_may(author: Client, taker: Takers, coach: Grader, people: People) -> None:
    made, (essay,) = quiz(author, {"freeform": ESSAY})
    somebody = taker()
    handed_in(somebody, made, essay)
    (entry,) = coach.awaited(made)
    queue = "{ gradingQueue { totalCount } }"
    grade = "mutation($i: GradingSaveInput!) { gradingSave(input: $i) { errors { code } } }"
    for client, code in ((people.anonymous, "UNAUTHENTICATED"), (author, "FORBIDDEN"), (somebody.client, "FORBIDDEN")):
        assert client.fails(queue) == code
        assert client.fails(grade, i=word(entry, 5)) == code
        assert client.ask("query($id: ID!) { node(id: $id) { id } }", id=entry["id"]) == {"node": None}
    assert people.admin.ask(queue)["gradingQueue"]["totalCount"] == 1


def within(admin: Client, user_id: str, course: str) -> Any:
    """Makes somebody a coach within one course."""
    scope = {"scopeType": "COURSE", "scopeId": course}
    return admin.do("roleGrant", "role { id }", userId=user_id, role="COACH", **scope)["role"]["id"]


def test_a_coach_within_a_course_grades_what_is_handed_in_there_and_nothing_else(
    author: Client, taker: Takers, staff: Staff
) -> None:
    courses, made = [], []
    for _ in range(2):
        tree = factories.tree(author, modules=1, lessons=1, blocks=0)
        made.append(quiz(author, {"freeform": ESSAY}, lesson_id=tree["lessons"][0]))
        factories.publish(author, tree["course"])
        courses.append(tree["course"])
    attempts = [handed_in(taker(), assessment, essay) for assessment, (essay,) in made]
    user_id, client = staff(Role.LEARNER)
    within(staff(Role.ADMIN)[1], user_id, courses[0])
    coach, other = Grader(client), Grader(staff(Role.COACH)[1])
    until(lambda: len(other.queue()) == 2, "both")
    (entry,) = coach.queue()
    assert entry["attemptId"] == attempts[0]["id"]
    (hidden,) = [each for each in other.queue() if each["attemptId"] != entry["attemptId"]]
    assert coach.refused(hidden, 1)["code"] == "NOT_FOUND"
    assert coach.give(entry, 3)["state"] == "GRADED"
    assert [each["state"] for each in other.queue()] == ["AWAITING"]


def test_the_queue_takes_as_many_statements_for_many_as_for_few(
    author: Client, taker: Takers, coach: Grader, statements: Callable[[], Any], people: People
) -> None:
    made, (essay,) = quiz(author, {"freeform": ESSAY})
    sent = {}
    for number in (1, 4):
        while len(coach.queue(made)) < number:
            handed_in(taker(), made, essay)
            coach.awaited(made, len(coach.queue(made)) + 1)
        with statements() as listened:
            Grader(people.admin).queue(made)
        sent[number] = len(listened)
    assert sent[1] == sent[4] <= 4, sent
