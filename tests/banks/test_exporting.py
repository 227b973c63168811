"""A bank goes out and comes in again as it was; what the other format has no word for is told in the file."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from resolvers.importing.reading import Source
from tests.banks import samples
from tests.events.logs import sql
from tests.importing.running import Importer
from tests.support import factories
from tests.support.clients import Client, Data, People

SHOWN = """query @perspective(stage: DRAFT) { courses(first: 3) { nodes { id modules { lessons { title blocks {
    format title markdown points
    ... on QuestionBlock { hints explanation }
    ... on MultipleChoiceQuestion { shuffle choices { id text isCorrect creditPercent feedback } }
    ... on MultiSelectQuestion { partialCredit choices { id text isCorrect creditPercent feedback } }
    ... on TrueFalseQuestion { correctAnswer feedbackTrue feedbackFalse }
    ... on ShortAnswerQuestion { accepted { text match creditPercent feedback } }
    ... on NumericQuestion { unit requiresUnit answers { value tolerance minimum maximum creditPercent feedback } }
    ... on MatchingQuestion { prompts { id text correctTargetId } targets { id text } }
    ... on RankingQuestion { orderCredit items { id text correctPosition } }
    ... on FreeformQuestion { rubric minimumWords maximumWords }
    ... on FileUploadQuestion { rubric maximumFiles } } } } } } }"""


def fetch(client: Client, course: str, format: str) -> httpx.Response:
    """The answer to somebody who exports."""
    headers = {"authorization": f"Bearer {client.token}"} if client.token else {}
    return client.http.get(f"{client.url}/exports/{course}", params={"format": format}, headers=headers)


def courses(editor: Client) -> list[Data]:
    """All drafts, the oldest last."""
    found: list[Data] = editor.ask(SHOWN)["courses"]["nodes"]
    return found


def questions(course: Data) -> list[Data]:
    """The blocks of a course but for its sections."""
    lessons = [lesson for module in course["modules"] for lesson in module["lessons"]]
    return [block for lesson in lessons for block in lesson["blocks"] if block["format"] != "SECTION"]


@pytest.mark.parametrize(("source", "text"), [(Source.GIFT, samples.GIFT), (Source.MOODLE, samples.MOODLE)])
@pytest.mark.parametrize("way", [Source.GIFT, Source.MOODLE])
def test_what_goes_out_comes_in_again_as_it_was(
    people: People, importer: Importer, tmp_path: Path, source: Source, text: str, way: Source
) -> None:
    first = tmp_path / "first"
    first.write_text(text)
    importer(first, source=source, name="First")
    (course,) = courses(people.editor)
    before = questions(course)
    answer = fetch(people.editor, course["id"], way.value)
    assert answer.status_code == 200
    second = tmp_path / "second"
    second.write_bytes(answer.content)
    importer(second, source=way, name="Second")
    (again,) = [each for each in courses(people.editor) if each["id"] != course["id"]]
    kept = [each for each in before if not _is_told(each, answer.text)]
    assert [_alike(each, way) for each in questions(again)] == [_alike(each, way) for each in kept]
    assert len(kept) >= 7


def _is_told(block: Data, file: str) -> bool:
    lost = [line for line in file.splitlines() if "not exported" in line]
    name = block["title"] or block["markdown"][:60]
    return any(f"› {name} ({block['format'].lower()})" in line for line in lost)


def _alike(block: Data, way: Source) -> Data:
    """What both formats hold: ranges are values with a tolerance; GIFT knows no points, hints, rubrics and limits."""
    block = {**block, "answers": [_number(each) for each in block.get("answers", [])]}
    if way is Source.GIFT:
        left_out = ("points", "hints", "rubric", "minimumWords", "maximumWords", "shuffle")
        block = {name: value for name, value in block.items() if name not in left_out}
    return block


def _number(answer: Data) -> Data:
    if answer["value"] is None:
        low, high = float(answer["minimum"]), float(answer["maximum"])
        value, tolerance = (low + high) / 2, (high - low) / 2
    else:
        value, tolerance = float(answer["value"]), float(answer["tolerance"] or 0)
    return {"value": value, "tolerance": tolerance, "percent": answer["creditPercent"], "said": answer["feedback"]}


def test_only_authors_export_because_the_keys_are_in_it(people: People, database_url: str) -> None:
    course = factories.course(people.editor)
    found = [fetch(each, course, "gift").status_code for each in (people.anonymous, people.learner, people.editor)]
    assert found == [401, 403, 200]
    noted = sql(database_url, "SELECT details FROM audit_log WHERE action = 'bank_export'")
    assert noted == [({"format": "gift", "questions": 0, "lost": 0},)]
    assert fetch(people.editor, course, "pdf").status_code == 400
    assert fetch(people.editor, "nonsense", "gift").status_code == 422
    assert fetch(people.editor, course[:-1] + ("0" if course[-1] != "0" else "1"), "gift").status_code == 404
