"""A key that was wrong is corrected: attempts of earlier revisions are graded anew, and all else of them stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.rows import Row
from models.identity import Role
from resolvers.assessment import regrading
from tests.assessment.graders import ESSAY, Grader
from tests.assessment.taking import CHOICE, NUMBER, Taker, quiz
from tests.events.logs import as_service, sql
from tests.jobs.crews import until, until_idle
from tests.support import factories
from tests.support.clients import Client, Data, People

Takers = Callable[[], Taker]
Staff = Callable[[Role], tuple[str, Client]]
REPORT = """regrade { id revision isPreview state attempts answersChanged scoresChanged newlyPassed noLongerPassed
    attemptIds questions { blockId answers changed kept } }"""


def turned(**more: Any) -> Data:
    """The choice with its key the other way round; nothing else differs."""
    return {"choices": [{**each, "isCorrect": each["id"] == "no"} for each in CHOICE["choices"]], **more}


def corrected(author: Client, made: str, block: str, **settings: Any) -> None:
    """Saves a question, and publishes the assessment."""
    document = "query($id: ID!) @perspective(stage: DRAFT) { block(id: $id) { revision } }"
    revision = author.ask(document, id=block)["block"]["revision"]
    author.do("blockUpdate", "__typename", id=block, expectedRevision=revision, block=settings)
    author.do("assessmentPublish", "__typename", id=made)


def regraded(author: Client, made: str, name: str = "regradeStart") -> Data:
    """What comes of a regrade, once it is done."""
    begun: Data = author.do(name, REPORT, id=made)["regrade"]
    document = f"query($id: ID!) {{ {REPORT.replace('regrade {', 'regrade(id: $id) {', 1)} }}"

    def found() -> Data:
        report: Data = author.ask(document, id=begun["id"])["regrade"]
        return report

    until(lambda: found()["state"] == "DONE", "a regrade")
    return found()


def taken(somebody: Taker, made: str, *answers: tuple[str, Data]) -> Data:
    """An attempt with these answers, graded."""
    begun = somebody.start(made)
    for block, answer in answers:
        somebody.answer(begun, block, **answer)
    somebody.submit(begun)
    return somebody.graded(begun)


YES, NO = {"multipleChoice": {"choiceId": "yes"}}, {"multipleChoice": {"choiceId": "no"}}


@pytest.mark.usefixtures("grader")
def test_a_corrected_key_changes_what_earlier_attempts_come_to_and_the_report_says_so_before(
    author: Client, taker: Takers, people: People, database_url: str
) -> None:
    made, (choice, number) = quiz(author, {"multipleChoice": CHOICE}, {"numeric": NUMBER})
    right, wrong, left_out = taker(), taker(), taker()
    was_right, was_wrong, was_empty = (
        taken(who, made, *given) for who, given in ((right, [(choice, YES)]), (wrong, [(choice, NO)]), (left_out, []))
    )
    under_way = taker()
    begun = under_way.start(made)
    corrected(author, made, choice, multipleChoice=turned())

    preview = regraded(author, made, "regradePreview")
    counts = {"attempts": 3, "answersChanged": 2, "scoresChanged": 2, "newlyPassed": 1, "noLongerPassed": 1}
    assert {name: preview[name] for name in counts} == counts
    assert set(preview["attemptIds"]) == {was_right["id"], was_wrong["id"]}
    assert preview["questions"] == [{"blockId": choice, "answers": 2, "changed": 2, "kept": 0}]
    assert ((right.look(was_right) or {})["score"], preview["isPreview"], preview["revision"]) == (3.0, True, 2)

    report = regraded(author, made)
    assert {**report, "id": 0, "isPreview": 0} == {**preview, "id": 0, "isPreview": 0}
    now_wrong, now_right = right.look(was_right) or {}, wrong.look(was_wrong) or {}
    assert (now_wrong["score"], now_wrong["passed"], now_wrong["revision"]) == (-1.5, False, 1)
    assert (now_right["score"], now_right["passed"], now_right["marks"][0]["rightAnswer"]["choiceId"]) == (
        3,
        True,
        "no",
    )
    assert left_out.look(was_empty) == {**was_empty, "marks": (left_out.look(was_empty) or {})["marks"]}
    # What is still under way is graded by the corrected key as well.
    under_way.answer(begun, choice, **NO)
    under_way.submit(begun)
    assert (under_way.graded(begun)["score"], number) == (3.0, number)
    document = "query($subject: ID!) { auditLog(filter: { subject: $subject }) { nodes { action details } } }"
    entry = people.admin.ask(document, subject=was_right["id"])["auditLog"]["nodes"][0]
    assert (entry["action"], entry["details"]["before"]["score"], entry["details"]["after"]["score"]) == (
        "attempt_regrade", 3.0, -1.5,
    )  # fmt: skip
    told = "SELECT subject_id::text FROM fact WHERE type = 'attempt.regraded' ORDER BY 1"
    assert sql(database_url, told) == sorted([(was_right["id"],), (was_wrong["id"],)])


@pytest.mark.usefixtures("grader")
def test_done_again_it_changes_nothing(author: Client, taker: Takers, database_url: str) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody = taker()
    taken(somebody, made, (choice, YES))
    corrected(author, made, choice, multipleChoice=turned())
    assert regraded(author, made)["scoresChanged"] == 1
    again = regraded(author, made)
    assert (again["attempts"], again["answersChanged"], again["scoresChanged"], again["attemptIds"]) == (1, 0, 0, [])
    assert sql(database_url, "SELECT count(*) FROM fact WHERE type = 'attempt.regraded'") == [(1,)]


@pytest.mark.usefixtures("grader")
@pytest.mark.parametrize(
    "change",
    [
        {"markdown": "Which is it not?"},
        {"choices": [CHOICE["choices"][0] | {"isCorrect": False}, {"id": "maybe", "text": "Maybe", "isCorrect": True}]},
    ],
    ids=["other words", "a choice removed"],
)
def test_a_question_that_was_asked_otherwise_keeps_its_key(author: Client, taker: Takers, change: Data) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody = taker()
    done = taken(somebody, made, (choice, YES))
    corrected(author, made, choice, multipleChoice={**turned(), **change})
    report = regraded(author, made)
    assert (report["attempts"], report["scoresChanged"]) == (1, 0)
    assert report["questions"] == [{"blockId": choice, "answers": 1, "changed": 0, "kept": 1}]
    assert (somebody.look(done) or {})["score"] == 3.0


@pytest.mark.usefixtures("grader")
def test_a_correction_outlasts_a_later_rewording(author: Client, taker: Takers) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody = taker()
    done = taken(somebody, made, (choice, YES))
    corrected(author, made, choice, multipleChoice=turned())
    regraded(author, made)
    corrected(author, made, choice, multipleChoice={"markdown": "Which, then?"})
    assert regraded(author, made)["scoresChanged"] == 0
    assert (somebody.look(done) or {})["score"] == -1.5


@pytest.mark.usefixtures("grader")
def test_what_people_graded_stays(author: Client, taker: Takers, staff: Staff) -> None:
    made, (choice, essay) = quiz(author, {"multipleChoice": CHOICE}, {"freeform": ESSAY})
    coach, somebody, waiting = Grader(staff(Role.COACH)[1]), taker(), taker()
    for who in (somebody, waiting):
        begun = who.start(made)
        who.answer(begun, choice, **NO)
        who.answer(begun, essay, freeform={"text": "Because."})
        who.submit(begun)
    first, second = coach.awaited(made, 2)
    coach.give(first, 4, "Good.")
    mine = next(who for who in (somebody, waiting) if (who.look({"id": first["attemptId"]})))
    other = waiting if mine is somebody else somebody
    assert mine.graded({"id": first["attemptId"]})["score"] == 2.5
    corrected(author, made, choice, multipleChoice=turned())
    report = regraded(author, made)
    assert (report["answersChanged"], report["scoresChanged"], report["newlyPassed"]) == (2, 1, 1)
    done = mine.look({"id": first["attemptId"]}) or {}
    assert (done["score"], done["marks"][1]["comment"]) == (7.0, "Good.")
    assert (other.look({"id": second["attemptId"]}) or {})["status"] == "SUBMITTED"
    coach.give(coach.queue()[0], 0)
    assert other.graded({"id": second["attemptId"]})["score"] == 3.0


@pytest.mark.usefixtures("empty")
def test_killed_between_two_batches_it_goes_on_where_it_was_and_counts_once(
    author: Client, taker: Takers, database_url: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(regrading, "AT_ONCE", 1)
    request.getfixturevalue("grader")
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    for _ in range(3):
        taken(taker(), made, (choice, YES))
    corrected(author, made, choice, multipleChoice=turned())
    until_idle(database_url)
    # Nobody is there to do the job: it is done by hand, and stopped in the middle of a batch.
    sql(database_url, "UPDATE job SET run_at = now() WHERE false")
    begun = as_service(database_url, lambda tx: _row(tx, made))
    for expected in (0, 33):
        assert as_service(database_url, lambda tx: regrading.step(tx, begun)) == expected

    async def dies(tx: Any) -> None:
        await regrading.step(tx, begun)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        as_service(database_url, dies)
    left = []
    while (percent := as_service(database_url, lambda tx: regrading.step(tx, begun))) is not None:
        left.append(percent)
    assert left == [66, 100]
    found = sql(database_url, "SELECT attempts, scores_changed, no_longer_passed FROM regrade WHERE id = %s", begun)
    assert found == [(3, 3, 3)]
    assert sql(database_url, "SELECT count(*) FROM fact WHERE type = 'attempt.regraded'") == [(3,)]
    assert as_service(database_url, lambda tx: regrading.step(tx, begun)) is None


async def _row(tx: Any, made: str) -> str:
    """A regrade without a job."""
    from models.grading import Regrade

    regrade_id = Regrade.new_id()
    row = {"id": regrade_id, "assessment_id": made, "root_id": made, "state": "running"}
    await tx.insert(Regrade, [{**row, "is_preview": False, "questions": [], "attempt_ids": []}])
    return regrade_id


# What is the same question -------------------------------------------------------------------------------------------


def test_a_question_is_the_same_when_learners_see_the_same() -> None:
    settings = {"choices": [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}]}
    key = {"choices": {"a": {"is_correct": True}}}
    one = {"format": "multiple_choice", "title": None, "body": "Which?", "settings": settings, "answer_key": key}
    assert regrading.is_same_question(one, {**one, "answer_key": {"choices": {"b": {"is_correct": True}}}})
    assert not regrading.is_same_question(one, {**one, "body": "Which one?"})
    fewer = {"choices": [{"id": "a", "text": "A"}, {"id": "c", "text": "B"}]}
    assert not regrading.is_same_question(one, {**one, "settings": fewer})
    # A setting that is younger than the question, and was never made, is no difference.
    assert regrading.is_same_question(one, {**one, "settings": {**settings, "hints": []}})
    paper, later = (
        Row({"blocks": [{**one, "id": "q"}], "answer_keys": {"q": key}, "corrections": {}, "branches": {}}),
    ) * 2
    assert regrading.corrections(paper, later) == {"q": key}


# Who may -------------------------------------------------------------------------------------------------------------


def test_regrading_is_for_those_who_may_publish(
    author: Client, staff: Staff, people: People, database_url: str
) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE})
    document = "mutation($id: ID!) { regradeStart(input: {id: $id}) { errors { code } } }"
    assert people.anonymous.fails(document, id=made) == "UNAUTHENTICATED"
    assert staff(Role.COACH)[1].fails(document, id=made) == "FORBIDDEN"
    assert people.learner.fails(document, id=made) == "FORBIDDEN"
    begun = author.do("regradePreview", "regrade { id }", id=made)["regrade"]
    assert people.learner.ask("query($id: ID!) { node(id: $id) { id } }", id=begun["id"]) == {"node": None}
    draft = factories.assessment(author, questions=1)
    assert author.refused("regradeStart", id=draft)["code"] == "NOT_PUBLISHED"
    assert author.refused("regradeStart", id=begun["id"])["code"] == "WRONG_KIND_OF_ID"


def test_an_editor_within_a_course_regrades_there_and_nowhere_else(author: Client, staff: Staff) -> None:
    made, courses = [], []
    for _ in range(2):
        tree = factories.tree(author, modules=1, lessons=1, blocks=0)
        made.append(quiz(author, {"multipleChoice": CHOICE}, lesson_id=tree["lessons"][0])[0])
        factories.publish(author, tree["course"])
        courses.append(tree["course"])
    user_id, client = staff(Role.LEARNER)
    scope = {"scopeType": "COURSE", "scopeId": courses[0]}
    staff(Role.ADMIN)[1].do("roleGrant", "__typename", userId=user_id, role="EDITOR", **scope)
    assert client.do("regradeStart", "regrade { state }", id=made[0])["regrade"]["state"] == "RUNNING"
    assert client.refused("regradeStart", id=made[1])["code"] == "NOT_FOUND"
    author.do("regradeStart", "__typename", id=made[1])
    assert len(client.ask("{ regrades { nodes { id } } }")["regrades"]["nodes"]) == 1
