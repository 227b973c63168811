"""Surveys that were written for another system go the same way here as there."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.assessment import surveyjs
from tests.assessment.surveyjs import Walk
from tests.assessment.test_branching import WALK
from tests.support import factories
from tests.support.clients import Client

LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
EVENINGS = json.loads((Path(__file__).parent / "foreign" / "evenings.json").read_text())


def generated(pages: int, on_a_page: int) -> surveyjs.Json:
    """A definition of hundreds of elements, nearly all of which depend on something; the same each time."""
    chance = random.Random(7)
    names: list[str] = []
    definition: surveyjs.Json = {"title": "A long survey", "pages": [], "triggers": []}

    def asked() -> str:
        one = f"{{{chance.choice(names)}}} {chance.choice(['<', '>', '<=', '>=', '=', '<>'])} {chance.randint(1, 10)}"
        return one if chance.random() < 0.5 else f"{one} {chance.choice(['and', 'or'])} {{{chance.choice(names)}}} < 9"

    for number in range(pages):
        page: surveyjs.Json = {"name": f"p{number}", "title": f"Page {number}", "elements": []}
        if names and chance.random() < 0.3:
            page["visibleIf"] = asked()
        for place in range(on_a_page):
            name = f"q{number}_{place}"
            element = {"type": "rating", "rateMin": 1, "rateMax": 10, "name": name, "title": f"Question {name}?"}
            page["elements"].append({**element, **({"visibleIf": asked()} if names and chance.random() < 0.8 else {})})
            names.append(name)
        definition["pages"].append(page)
    for here, there in zip(range(len(names)), range(2, len(names)), strict=False):
        if chance.random() < 0.6:
            target = names[min(len(names) - 1, there + chance.randint(0, 15))]
            rule = {"type": "skip", "expression": f"{{{names[here]}}} = {chance.randint(1, 10)}", "gotoName": target}
            definition["triggers"].append(rule)
    return definition


def imported(author: Client, definition: surveyjs.Json) -> tuple[str, dict[str, str]]:
    """A published assessment of this definition, and the ids of its blocks by name."""
    made = factories.assessment(author, kind="SURVEY", title=definition["title"])
    blocks = list(surveyjs.blocks_of(definition))
    inputs = [{"assessmentId": made, "block": block} for _, block in blocks]
    payloads = factories.many(author, "blockCreate", "block { id revision }", inputs)
    ids = {name: each["block"]["id"] for (name, _), each in zip(blocks, payloads, strict=True)}
    rules = [
        {
            "id": ids[name],
            "expectedRevision": 1,
            "branches": [{"condition": condition, "gotoBlockId": ids[goto]} for condition, goto in some],
        }
        for name, some in surveyjs.rules_of(definition).items()
    ]
    factories.many(author, "blockBranchesSet", "__typename", rules)
    author.do("assessmentPublish", "__typename", id=made)
    return made, ids


def values_for(definition: surveyjs.Json, chance: random.Random) -> surveyjs.Json:
    """What somebody might answer; some of it they leave out."""
    found: surveyjs.Json = {}
    for page in definition["pages"]:
        for element in page["elements"]:
            if element["type"] != "html" and chance.random() < 0.8:
                found[element["name"]] = _value(element, chance)
    return found


def _value(element: surveyjs.Json, chance: random.Random) -> Any:
    choices = [each["value"] for each in element.get("choices", ())]
    match element["type"]:
        case "boolean":
            return chance.random() < 0.5
        case "radiogroup":
            return chance.choice(choices)
        case "checkbox":
            return chance.sample(choices, chance.randint(1, len(choices)))
        case "rating":
            return chance.randint(element["rateMin"], element["rateMax"])
        case _:
            return chance.choice([0, 3, 9, 25, 40, 95]) if element.get("inputType") else "So"


@pytest.mark.parametrize(
    ("definition", "least", "people"),
    [(EVENINGS, 18, 20), (generated(40, 12) if LONG else generated(8, 12), 500 if LONG else 100, 6)],
    ids=["evenings", "generated"],
)
def test_a_foreign_survey_goes_the_same_way(author: Client, definition: surveyjs.Json, least: int, people: int) -> None:
    made, ids = imported(author, definition)
    text = json.dumps(definition)
    assert text.count("visibleIf") + text.count("gotoName") >= least
    elements = {each["name"]: each for page in definition["pages"] for each in page["elements"]}
    chance = random.Random(11)
    ways = set()
    for _ in range(people):
        values = values_for(definition, chance)
        given = [
            {"blockId": ids[name], "answer": surveyjs.answer(elements[name], value)} for name, value in values.items()
        ]
        walked = author.ask(WALK, id=made, answers=given)["assessmentWalk"]
        assert walked["errors"] == []
        shown = {each["id"] for each in walked["blocks"]}
        names = [name for name in elements if ids[name] in shown]
        assert names == Walk(definition, values).names()
        assert {each["id"] for each in walked["discarded"]} == {ids[name] for name in values if name not in names}
        ways.add(tuple(names))
    assert len(ways) > people // 2
