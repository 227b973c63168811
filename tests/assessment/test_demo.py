"""The demo's own assessments can be taken, and say what they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cairn.demo import loading
from tests.assessment.measures import measured
from tests.assessment.taking import Taker
from tests.events.logs import as_service, sql
from tests.support.clients import Client, Data

pytestmark = pytest.mark.usefixtures("grader")


@pytest.fixture
def demo(author: Client, database_url: str) -> None:
    """The demo's assessments in a database that is in use already."""

    if not sql(database_url, "SELECT 1 FROM assessment WHERE slug = 'five-pillars'"):
        as_service(database_url, loading.load_assessments)


def read(client: Client, slug: str) -> Data:
    """A published assessment, with its questions by their keys."""
    document = """query($slug: String!) { assessment(slug: $slug) { id kind licence attribution blocks { id key format }
        scales { key role bands { key meaning journey } } } }"""
    found: Data = client.ask(document, slug=slug)["assessment"]
    return {**found, "blocks": {each["key"]: each["id"] for each in found["blocks"] if each["key"]}}


@pytest.mark.parametrize(
    ("point", "hours", "total", "band"),
    [(2, "none", 10.0, "critical"), (6, "one", 30.0, "gap"), (9, "more", 45.0, "elite")],
)
def test_the_scorecard_tells_how_five_pillars_stand(
    demo: None, taker: Callable[[], Taker], author: Client, point: int, hours: str, total: float, band: str
) -> None:
    made = read(author, "five-pillars")
    assert (made["kind"], made["licence"]) == ("SCORECARD", "CC BY 4.0")
    pillars = ("body", "mind", "company", "work", "meaning")
    answers: Data = {made["blocks"][key]: {"scale": {"point": point}} for key in (*pillars, "ready")}
    answers[made["blocks"]["hours"]] = {"multipleChoice": {"choiceId": hours}}
    answers[made["blocks"]["body"]] = {"scale": {"point": point}}
    somebody = taker()
    found = measured(somebody, made["id"], answers)
    assert list(found) == [*pillars, "all"]
    assert (found["all"]["score"], found["all"]["band"]["key"]) == (total, band)


def test_the_survey_tells_how_somebody_is(demo: None, taker: Callable[[], Taker], author: Client) -> None:
    made = read(author, "how-are-you")
    given = {"rested": 8, "tired": 2, "calm": 8, "close": 5, "alone": 5, "useful": 10}
    answers = {made["blocks"][key]: {"scale": {"point": point}} for key, point in given.items()}
    found = measured(taker(), made["id"], answers)
    assert {key: each["score"] for key, each in found.items()} == {
        "rest": 8.0, "company": 5.0, "worth": 10.0, "all": pytest.approx(73.333, abs=0.01),
    }  # fmt: skip
    assert all(each["meaning"] for scale in made["scales"] for each in scale["bands"])
