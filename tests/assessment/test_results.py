"""Results as a table: who may have it, what is in it, what never is, and that no number of attempts takes memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable

import httpx
import pytest

from cairn.http.results import guarded
from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from models.identity import Role
from resolvers.assessment import results
from tests.assessment.conftest import Staff
from tests.assessment.taking import CHOICE, NUMBER, Taker, quiz
from tests.events.logs import sql
from tests.support.clients import Client
from tests.support.databases import with_database

Takers = Callable[[], Taker]
BLOCKS = (
    {"multipleChoice": {**CHOICE, "key": "which"}},
    {"numeric": NUMBER},
    {"shortAnswer": {"markdown": "Say *something*."}},
    {"reflection": {"markdown": "For yourself alone."}},
)


def fetch(client: Client, assessment: str, **query: str) -> httpx.Response:
    """The answer to somebody who asks for results."""
    return client.http.get(f"{client.url}/results/{assessment}", params=query)


def table(client: Client, assessment: str, **query: str) -> list[dict[str, str]]:
    """The rows."""
    answer = fetch(client, assessment, **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.fixture
def admin(staff: Staff, empty: None) -> Client:
    """Somebody who may have results, and know names."""
    return staff(Role.ADMIN)[1]


@pytest.mark.usefixtures("grader")
def test_each_attempt_is_a_row_with_what_was_answered_and_what_that_earned(
    author: Client, taker: Takers, admin: Client, database_url: str
) -> None:
    made, (choice, number, text, private) = quiz(author, *BLOCKS)
    somebody, other = taker(), taker()
    begun = somebody.start(made)
    somebody.answer(begun, choice, multipleChoice={"choiceId": "yes"})
    somebody.answer(begun, number, numeric={"number": "-5"})
    somebody.answer(begun, text, shortAnswer={"text": "=SUM(A1:A9)"})
    somebody.answer(begun, private, reflection={"text": "a secret"})
    somebody.submit(begun)
    somebody.graded(begun)
    somebody.start(made)
    other.start(made)
    first, second, third = table(admin, made)
    assert (first["which"], first["which (points)"]) == ("Right", "3")
    assert (first["minutes"], first["minutes (points)"]) == ("-5", "0")
    assert first["Say something."] == "'=SUM(A1:A9)"
    assert (first["status"], first["score"], first["max score"], first["percentage"], first["passed"]) == (
        "graded", "3", "4", "75", "yes",
    )  # fmt: skip
    assert "a secret" not in fetch(admin, made).text
    assert not any("yourself" in name for name in first)
    assert first["person"] == second["person"] != third["person"]
    assert "name" not in first
    assert table(admin, made)[0]["person"] != first["person"]
    named = table(admin, made, names="true")
    assert {each["person"] for each in named} == {
        each for (each,) in sql(database_url, "SELECT user_id::text FROM attempt")
    }
    assert all(each["name"] and "email" in each for each in named)
    noted = sql(
        database_url, "SELECT details, actor_id IS NOT NULL FROM audit_log WHERE action = 'results_export' ORDER BY id"
    )
    assert [details["names"] for details, _ in noted] == [False, False, False, True]
    assert all(is_known for _, is_known in noted)


def test_no_cell_begins_within_another_wherever_a_spreadsheet_divides_them(
    author: Client, taker: Takers, admin: Client
) -> None:
    made, (_, _, text, _) = quiz(author, *BLOCKS)
    somebody = taker()
    somebody.answer(somebody.start(made), text, shortAnswer={"text": 'a;=1+1\t=2+2";=3+3'})
    lines = io.StringIO(fetch(admin, made).content.decode("utf-8-sig"))
    for sign in ";\t":
        lines.seek(0)
        assert not [each for row in csv.reader(lines, delimiter=sign) for each in row if each.startswith("=")]
    assert table(admin, made)[0]["Say something."] == "a;'=1+1\t'=2+2\";'=3+3"


def test_only_those_who_may_have_results(
    author: Client, taker: Takers, staff: Staff, admin: Client, house: tuple[str, object]
) -> None:
    made, _ = quiz(author, *BLOCKS)
    nobody = Client(house[0])
    found = [fetch(each, made).status_code for each in (nobody, taker().client, author, staff(Role.COACH)[1], admin)]
    assert found == [401, 403, 403, 403, 200]
    nobody.http.close()


def test_wellbeing_is_in_no_table_and_what_is_no_assessment_is_told(author: Client, admin: Client) -> None:
    made, (block,) = quiz(author, {"scale": {"markdown": "How are you?"}}, kind="WELLBEING")
    found = [fetch(admin, each) for each in (made, block, "nonsense", made[:-1] + ("0" if made[-1] != "0" else "1"))]
    assert [each.status_code for each in found] == [422, 422, 422, 404]
    assert found[0].json()["error"]["code"] == "PRIVATE"
    author.do("assessmentUpdate", "__typename", id=made, expectedRevision=1, kind="SURVEY")
    author.do("assessmentPublish", "__typename", id=made)
    assert fetch(admin, made).status_code == 422


@pytest.mark.parametrize(
    ("cell", "guarded_as"),
    [
        ("=1+1", "'=1+1"), ("+1", "+1"), ("-1.5", "-1.5"), ("-1+cmd", "'-1+cmd"), ("@a", "'@a"), ("\ta", "'\ta"),
        ("  =a", "'  =a"), ("plain", "plain"), ("", ""), ("\r=a", "'\r'=a"), ("-", "'-"),
        ("\u00a0=a", "'\u00a0=a"), ("\u3000+a", "'\u3000+a"), ("\u200b@a", "'\u200b@a"), ("\x00=a", "'\x00=a"),
        ("\uff1da", "'\uff1da"), ("\uff0b1", "'\uff0b1"), (" \uff0d1+1", "' \uff0d1+1"), ("\uff20a", "'\uff20a"),
        ("\u22121", "'\u22121"), ("a=b", "a=b"), ("\u00a0a", "\u00a0a"),
    ],
)  # fmt: skip
def test_nothing_runs_in_a_spreadsheet(cell: str, guarded_as: str) -> None:
    assert guarded(cell) == guarded_as


MANY = """INSERT INTO attempt (id, paper_id, assessment_id, revision, user_id, number, status, phase, passing_score,
 shows_feedback, block_ids, shown_ids, started_at, submitted_at)
 SELECT gen_random_uuid(), paper_id, assessment_id, revision, user_id, number + n, 'submitted', phase, 70, true,
 block_ids, shown_ids, now(), now() FROM attempt, generate_series(1, %s) AS n"""


def test_any_number_of_attempts_takes_no_memory(author: Client, taker: Takers, database_url: str) -> None:
    made, _ = quiz(author, *BLOCKS)
    taker().start(made)
    sql(database_url, MANY, 20_000)

    async def all_of_it(database: Database) -> tuple[int, int]:
        """(rows, the most memory that was taken after the first page)."""
        async with transaction(database, SERVICE) as tx:
            columns = await results.table_for(tx, made, has_names=False)
            rows, after = await results.page_of(tx, columns, None)
            number = len(rows)
            tracemalloc.start()
            while after is not None:
                rows, after = await results.page_of(tx, columns, after)
                number += len(rows)
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return number, most

    number, most = with_database(database_url, all_of_it)
    assert number == 20_001
    assert most < 5_000_000
