"""One thing at a time where it matters: gradings of one person, regrades, and the reading of papers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from resolvers.assessment import attempts, grading, papers, regrading
from resolvers.assessment.visible import PAPER
from tests.assessment.taking import CHOICE, Taker, quiz
from tests.assessment.test_late_feedback import marks
from tests.assessment.test_regrading import NO, YES, corrected, turned
from tests.events.logs import as_service, sql
from tests.jobs.crews import until
from tests.support.clients import Client, Data

Takers = Callable[[], Taker]


def test_two_attempts_of_one_person_are_graded_in_turn(
    author: Client, taker: Takers, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE}, feedbackMode="AFTER_PASS")
    somebody, done = taker(), []
    for _ in range(2):
        done.append(somebody.start(made))
        somebody.answer(done[-1], choice, **NO)
        somebody.submit(done[-1])
    for each in done:
        as_service(database_url, lambda tx, each=each: grading.grade(tx, each["id"]))  # type: ignore[misc]
    assert [marks(somebody, each) for each in done] == [[], []]
    corrected(author, made, choice, multipleChoice=turned())
    keys = "(SELECT jsonb_object_agg(id, body) FROM answer_key WHERE stage = 'live')"
    sql(database_url, f"UPDATE paper SET corrections = {keys}")
    both, show_all = threading.Barrier(2), grading._show_all

    async def together(tx: Any, attempt: Any) -> None:
        """Waits a while for the other one, which has marked its own attempt by then, if it could."""
        with suppress(threading.BrokenBarrierError):
            await asyncio.to_thread(both.wait, 2)
        await show_all(tx, attempt)

    monkeypatch.setattr(grading, "_show_all", together)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: as_service(database_url, lambda tx: grading.grade(tx, each["id"])), done))
    assert [len(marks(somebody, each)) for each in done] == [1, 1]
    assert both.broken


# Regrading -----------------------------------------------------------------------------------------------------------


def test_a_regrade_of_what_is_unpublished_meanwhile_stops(author: Client, database_url: str) -> None:
    made, _ = quiz(author, {"multipleChoice": CHOICE})
    begun = author.do("regradeStart", "regrade { id state }", id=made)["regrade"]
    author.do("assessmentUnpublish", "__typename", id=made)
    assert as_service(database_url, lambda tx: regrading.step(tx, begun["id"])) is None
    document = "query($id: ID!) { regrade(id: $id) { state attempts revision } }"
    assert author.ask(document, id=begun["id"])["regrade"] == {"state": "STOPPED", "attempts": 0, "revision": None}
    assert as_service(database_url, lambda tx: regrading.step(tx, begun["id"])) is None


def test_a_preview_waits_for_nobody_and_nobody_for_it(author: Client, taker: Takers, database_url: str) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, choice, **YES)
    somebody.submit(begun)
    as_service(database_url, lambda tx: grading.grade(tx, begun["id"]))
    corrected(author, made, choice, multipleChoice=turned())
    preview = author.do("regradePreview", "regrade { id }", id=made)["regrade"]

    async def beside(tx: Any) -> list[int | None]:
        """The steps of the preview, while this transaction grades, and holds all that it needs for that."""
        await grading.grade(tx, begun["id"])
        await tx.execute(sa.select(PAPER).with_for_update())
        step = lambda: as_service(database_url, lambda other: regrading.step(other, preview["id"]))  # noqa: E731
        return [await asyncio.to_thread(step) for _ in range(3)]

    assert as_service(database_url, beside) == [0, 100, None]


# Papers --------------------------------------------------------------------------------------------------------------


def test_nobody_begins_with_a_paper_of_what_is_no_more_published(author: Client, database_url: str) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})

    async def begins(tx: Any) -> Any:
        assessment = await attempts.live(tx, made)
        await asyncio.to_thread(corrected, author, made, choice, multipleChoice={"markdown": "Another question?"})
        return await papers.paper_of(tx, assessment)

    with pytest.raises(Exception, match="being published at the moment"):
        as_service(database_url, begins)
    assert sql(database_url, "SELECT count(*) FROM paper") == [(0,)]


def test_while_a_paper_is_read_nobody_publishes(
    author: Client, taker: Takers, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, (choice,) = quiz(author, {"multipleChoice": CHOICE})
    read, publishing = papers._published, list[Any]()
    with ThreadPoolExecutor(1) as pool:

        async def slowly(tx: Any, assessment_id: str) -> Any:
            """Reads while somebody publishes, who is waited for as long as it takes to see that they wait as well."""
            changes = {"multipleChoice": {"markdown": "Another question?"}}
            publishing.append(pool.submit(_published_if_may, author, made, choice, changes))
            waits = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"
            await asyncio.to_thread(
                until, lambda: publishing[0].done() or sql(database_url, waits)[0][0], "somebody who publishes"
            )
            assert not publishing[0].done()
            return await read(tx, assessment_id)

        monkeypatch.setattr(papers, "_published", slowly)
        begun = taker().start(made)
        publishing[0].result(60)
    assert [each["plainText"] for each in begun["questions"]] == ["Which?"]
    kept = sql(database_url, "SELECT revision, blocks->0->>'body' FROM paper")
    assert kept == [(1, "Which?")]


def _published_if_may(author: Client, made: str, block: str, settings: Data) -> None:
    """Saves and publishes, as far as nobody is in the way for too long."""
    document = "query($id: ID!) @perspective(stage: DRAFT) { block(id: $id) { revision } }"
    revision = author.ask(document, id=block)["block"]["revision"]
    author.mutate("blockUpdate", "__typename", id=block, expectedRevision=revision, block=settings)
    author.mutate("assessmentPublish", "__typename", id=made)
