"""Scales as editors make them: what they count, what scores mean, and what keeps them from being published."""

from __future__ import annotations

import pytest

from tests.assessment.measures import BANDS, pillar, scale, scorecard
from tests.assessment.taking import CHOICE, quiz
from tests.support import factories
from tests.support.clients import Client, Data, People

SELECTION = """scale { id key label description role minimum maximum higherIsBetter aggregation formula factor
    missingAllowed changeThreshold normDeviation reliability position revision assessment { id }
    items { blockId part weight isReversed values { option value } }
    bands { key label minimum maximum meaning journey } conversion { raw score } }"""
AGREE: Data = {
    "matrix": {
        "markdown": "How far do you agree?",
        "key": "agree",
        "rows": [{"id": "rest", "text": "I rest well."}, {"id": "rush", "text": "I am in a hurry."}],
        "columns": [{"id": "no", "text": "No"}, {"id": "yes", "text": "Yes"}],
    }
}


def test_a_scale_is_written_and_read_back(editor: Client) -> None:
    made, (one, two) = quiz(editor, pillar("sleep"), {"multipleChoice": CHOICE}, publish=False)
    whole: Data = {
        "key": "rest", "label": "Rest", "description": "How you rest.", "role": "OVERALL", "minimum": 1, "maximum": 23,
        "higherIsBetter": False, "factor": 1.5, "missingAllowed": 1, "changeThreshold": 2, "normDeviation": 4.5,
        "reliability": 0.8,
    }  # fmt: skip
    items = [
        {"blockId": one, "isReversed": True, "weight": 0.5},
        {"blockId": two, "values": [{"option": "yes", "value": 3}, {"option": "no", "value": 0}]},
    ]
    bands = [{"key": "all", "label": "All", "minimum": 1, "maximum": 23, "meaning": "You rest.", "journey": "rest"}]
    found = editor.do("scaleCreate", SELECTION, assessmentId=made, items=items, bands=bands, **whole)["scale"]
    rest = {"id": found["id"], "aggregation": "SUM", "formula": None, "position": 1, "revision": 1, "conversion": []}
    counted = [{"part": None, "weight": 1.0, "isReversed": False, "values": [], **each} for each in items]
    assert found == {**whole, **rest, "assessment": {"id": made}, "items": counted, "bands": bands}
    changed: Data = {"id": found["id"], "expectedRevision": 1, "bands": [], "label": "Resting"}
    again = editor.do("scaleUpdate", SELECTION, **changed)["scale"]
    assert (again["label"], again["bands"], again["items"], again["revision"]) == ("Resting", [], counted, 2)
    assert editor.refused("scaleUpdate", **changed)["code"] == "REVISION_CONFLICT"


def test_readers_see_scales_once_they_are_published(people: People) -> None:
    made, _ = scorecard(people.editor, "body", "mind", publish=False)
    document = "query($id: ID!) { assessment(id: $id) { scales { key bands { key } } } }"
    assert people.anonymous.ask(document, id=made)["assessment"] is None
    people.editor.do("assessmentPublish", "__typename", id=made)
    found = people.anonymous.ask(document, id=made)["assessment"]["scales"]
    assert found == [{"key": each, "bands": [{"key": band["key"]} for band in BANDS]} for each in ("body", "mind")]


def test_scales_are_moved_trashed_and_restored(editor: Client) -> None:
    made, _ = scorecard(editor, "body", "mind", bands=False)
    document = "query($id: ID!) @perspective(stage: DRAFT) { assessment(id: $id) { scales { id key } } }"
    first, second = (each["id"] for each in editor.ask(document, id=made)["assessment"]["scales"])

    def keys() -> list[str]:
        return [each["key"] for each in editor.ask(document, id=made)["assessment"]["scales"]]

    editor.do("scaleMove", "__typename", id=second, afterId=None)
    assert keys() == ["mind", "body"]
    editor.do("scaleTrash", "__typename", id=first)
    assert keys() == ["mind"]
    editor.do("scaleRestore", "__typename", id=first)
    assert keys() == ["mind", "body"]


def test_the_scales_of_a_copied_course_count_the_questions_of_the_copy(editor: Client) -> None:
    course = factories.tree(editor, modules=1, lessons=1, blocks=0)
    _, blocks = scorecard(editor, "body", lesson_id=course["lessons"][0])
    made = editor.do("courseDuplicate", "idMap { original copy }", id=course["course"])
    copies = {each["original"]: each["copy"] for each in made["idMap"]}
    copy = next(each for each in copies.values() if each == copies[blocks["body"]])
    document = """query($id: ID!) @perspective(stage: DRAFT) {
        block(id: $id) { assessment { scales { items { blockId } } } } }"""
    found = editor.ask(document, id=copy)["block"]["assessment"]["scales"]
    assert found == [{"items": [{"blockId": copy}]}]
    editor.do("coursePublish", "__typename", id=next(iter(copies.values())))


REFUSED: list[tuple[Data, list[str]]] = [
    ({"minimum": 10, "maximum": 10}, ["maximum"]),
    ({"aggregation": "FORMULA"}, ["formula"]),
    ({"formula": "1 + 1"}, ["formula"]),
    ({"aggregation": "FORMULA", "formula": "1 +"}, ["formula"]),
    ({"aggregation": "FORMULA", "formula": "1", "missingAllowed": 1}, ["missingAllowed"]),
    ({"factor": 0}, ["factor"]),
    ({"factor": 2, "conversion": [{"raw": 1, "score": 1}]}, ["factor"]),
    ({"changeThreshold": -1}, ["changeThreshold"]),
    ({"reliability": 1.5, "normDeviation": 1}, ["reliability"]),
    ({"reliability": 0.5}, ["reliability"]),
    ({"key": "No key"}, ["key"]),
    ({"bands": [{"key": "a", "label": " ", "minimum": 1, "maximum": 10}]}, ["bands", "0", "label"]),
    ({"bands": [{"key": "a", "label": "A", "minimum": 1, "maximum": 9, "journey": "A B"}]}, ["bands", "0", "journey"]),
    ({"items": [{"blockId": "THE ASSESSMENT"}]}, ["items", "0", "blockId"]),
]


def test_what_makes_no_sense_is_refused_by_its_field(editor: Client, subtests: pytest.Subtests) -> None:
    made = factories.assessment(editor)
    for fields, path in REFUSED:
        with subtests.test(fields=fields):
            known = {**fields, **({"items": [{"blockId": made}]} if "items" in fields else {})}
            given = {"key": "body", "label": "Body", "minimum": 1, "maximum": 10, **known}
            assert editor.refused("scaleCreate", assessmentId=made, **given)["path"] == path


def band(minimum: float, maximum: float, key: str = "band") -> Data:
    return {"key": key, "label": key.title(), "minimum": minimum, "maximum": maximum}


WRONG: list[tuple[Data, str]] = [
    ({"items": []}, "it counts no answers"),
    ({"items": ["body", "body"]}, "is counted twice"),
    ({"items": ["body", "essay"]}, "cannot be counted: take a scale"),
    ({"items": ["choice"]}, "needs a value for each of its options"),
    ({"items": [{"blockId": "choice", "values": [{"option": "maybe", "value": 1}]}]}, "has no option 'maybe'"),
    ({"items": [{"blockId": "body", "values": [{"option": "1", "value": 1}]}]}, "leave its values out"),
    ({"items": ["agree"]}, "counts by its parts: rest, rush"),
    ({"items": [{"blockId": "agree", "part": "sleep"}]}, "has no part 'sleep'"),
    ({"items": ["elsewhere"]}, "item 1 is no question of this assessment"),
    ({"maximum": 9}, "a score may come to 10, which is not between 1 and 9"),
    ({"factor": 2, "aggregation": "MEAN"}, "a score may come to 20"),
    ({"conversion": [{"raw": 1, "score": 1}, {"raw": 9, "score": 10}]}, "its table has to reach from 1 to 10"),
    ({"conversion": [{"raw": 5, "score": 1}, {"raw": 5, "score": 10}]}, "do not ascend"),
    ({"conversion": [{"raw": 1, "score": 1}, {"raw": 10, "score": 11}]}, "a score may come to 11"),
    ({"aggregation": "FORMULA", "formula": "bod * 2"}, "Did you mean body?"),
    ({"aggregation": "FORMULA", "formula": "body > 2"}, "This is a yes or no, and a number is needed"),
    ({"bands": [band(1, 5, "a"), band(6, 10, "b")]}, "there is a gap between the bands 'A' and 'B'"),
    ({"bands": [band(1, 6, "a"), band(5, 10, "b")]}, "there is an overlap between the bands 'A' and 'B'"),
    ({"bands": [band(2, 10)]}, "its bands begin at 2, and its scores at 1"),
    ({"bands": [band(1, 9)]}, "its bands end at 9, and its scores at 10"),
    ({"bands": [band(1, 5), band(5, 10)]}, "two of its bands have the same key"),
    ({"bands": [band(5, 1)]}, "ends before it begins"),
]


def _without_items(fields: Data) -> Data:
    return {name: value for name, value in fields.items() if name != "items"}


def test_a_scale_that_measures_nothing_is_not_published(editor: Client, subtests: pytest.Subtests) -> None:
    """All of them stand in one assessment, whose refusal names each."""
    essay: Data = {"freeform": {"markdown": "Why?", "key": "essay"}}
    choice: Data = {"multipleChoice": {**CHOICE, "key": "choice"}}
    made, blocks = quiz(editor, pillar("body"), essay, choice, AGREE, publish=False)
    _, (elsewhere,) = quiz(editor, pillar("body"), publish=False)
    ids = {**dict(zip(("body", "essay", "choice", "agree"), blocks, strict=True)), "elsewhere": elsewhere}
    for number, (fields, _) in enumerate(WRONG):
        items = [each if isinstance(each, dict) else {"blockId": each} for each in fields.get("items", ["body"])]
        items = [{**each, "blockId": ids[each["blockId"]]} for each in items]
        scale(editor, made, f"scale_{number}", items, **_without_items(fields), label=f"Number {number}.")
    payload = editor.mutate("assessmentPublish", "__typename", id=made)
    assert {each["code"] for each in payload["errors"]} == {"SCALE"}
    for number, (fields, told) in enumerate(WRONG):
        with subtests.test(fields=fields):
            mine = [each["message"] for each in payload["errors"] if f"'Number {number}.'" in each["message"]]
            assert any(told in message for message in mine), mine


def test_scales_together_make_sense_or_are_not_published(editor: Client) -> None:
    made, blocks = scorecard(editor, "body", "mind", publish=False, questionLimit=1)
    for _ in range(2):
        scale(editor, made, "all", [blocks["body"]], role="OVERALL")
    payload = editor.mutate("assessmentPublish", "__typename", id=made)
    told = " ".join(each["message"] for each in payload["errors"])
    assert "2 scales have the key all" in told
    assert "2 scales have the role overall" in told
    assert "questions are drawn by chance" in told


def test_a_course_with_such_a_scale_is_not_published_either(editor: Client) -> None:
    course = factories.tree(editor, modules=1, lessons=1, blocks=0)
    made, blocks = scorecard(editor, "body", lesson_id=course["lessons"][0])
    editor.do("blockTrash", "__typename", id=blocks["body"])
    editor.do("blockCreate", "__typename", assessmentId=made, block=pillar("mind"))
    error = editor.refused("coursePublish", id=course["course"])
    assert (error["code"], "is no question of this assessment" in error["message"]) == ("SCALE", True)
