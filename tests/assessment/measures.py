"""Scales that tests measure with, written through the public door."""

from __future__ import annotations

from typing import Any

from tests.assessment.taking import Taker, quiz
from tests.support import factories
from tests.support.clients import Client, Data

BANDS: list[Data] = [
    {"key": "low", "label": "Low", "minimum": 1, "maximum": 4, "journey": "what_why_take_action"},
    {"key": "middle", "label": "Middling", "minimum": 4, "maximum": 8},
    {"key": "high", "label": "High", "minimum": 8, "maximum": 10, "journey": "reflect_on_main_mover"},
]


def pillar(key: str, **fields: Any) -> Data:
    """A question from 1 to 10."""
    return {"scale": {"markdown": f"How is your {key}?", "key": key, "minimum": 1, "maximum": 10, **fields}}


def scale(author: Client, assessment: str, key: str, items: list[Any], **fields: Any) -> str:
    """A draft scale over these blocks, from 1 to 10 unless `fields` say otherwise; answers its id."""
    counted = [each if isinstance(each, dict) else {"blockId": each} for each in items]
    given = {"label": key.title(), "minimum": 1, "maximum": 10, **fields}
    made = author.do(
        "scaleCreate", "scale { id }", **{"assessmentId": assessment, "key": key, "items": counted, **given}
    )
    found: str = made["scale"]["id"]
    return found


def scorecard(author: Client, *keys: str, bands: bool = True, publish: bool = True, **fields: Any) -> tuple[str, Data]:
    """An assessment of one question and one scale for each key; answers its id, and the blocks by their keys."""
    made, blocks = quiz(author, *(pillar(key) for key in keys), kind="SCORECARD", publish=False, **fields)
    for key, block in zip(keys, blocks, strict=True):
        scale(author, made, key, [block], **({"bands": BANDS} if bands else {}))
    if publish and "lesson_id" not in fields:
        author.do("assessmentPublish", "__typename", id=made)
    return made, dict(zip(keys, blocks, strict=True))


SCORES = """attempt { id status phase scaleScores { key label role minimum maximum counted answered raw score exact
    band { key label journey } } }"""


def measured(taker: Taker, assessment: str, answers: dict[str, Data], phase: str | None = None) -> Data:
    """What an attempt with these answers, by block, came to on each scale, by the scales' keys."""
    begun = taker.client.do("attemptStart", "attempt { id }", assessmentId=assessment, phase=phase)["attempt"]
    inputs = [{"id": begun["id"], "blockId": block, "answer": answer} for block, answer in answers.items()]
    if inputs:
        factories.many(taker.client, "attemptAnswerSave", "__typename", inputs)
    taker.submit(begun)
    taker.graded(begun)
    return scores(taker, begun)


def scores(taker: Taker, attempt: Data) -> Data:
    """The scores of an attempt as its owner reads them, by the scales' keys."""
    document = f"query($id: ID!) {{ {SCORES.replace('attempt {', 'attempt(id: $id) {', 1)} }}"
    found = taker.client.ask(document, id=attempt["id"])["attempt"]
    return {each["key"]: each for each in found["scaleScores"]}


def points(blocks: Data, *answers: int | None) -> dict[str, Data]:
    """Answers to questions from 1 to 10, in order; None leaves one out."""
    given = zip(blocks.values(), answers, strict=True)
    return {block: {"scale": {"point": answer}} for block, answer in given if answer is not None}
