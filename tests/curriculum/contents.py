"""Every block format as an author would write it, and a course that holds one of everything."""

from __future__ import annotations

from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data

OPINION = {"hints": ["Think of *water*."], "explanation": "Secret: **because**."}
QUESTION = {**OPINION, "penaltyPercent": 10}
CHOICES = [
    {"id": "warm", "text": "Warm", "isCorrect": True, "feedback": "Secret: well done", "creditPercent": None},
    {"id": "cold", "text": "Cold", "isCorrect": False, "feedback": "Secret: not quite", "creditPercent": -20},
]
ACCEPTED = {"text": "Vienna", "match": "EXACT", "feedback": "Secret: yes", "creditPercent": 50}
NUMBER = {
    "value": "2.5",
    "tolerance": "0.1",
    "toleranceKind": "PERCENT",
    "minimum": None,
    "maximum": None,
    "minimumInclusive": True,
    "maximumInclusive": False,
    "feedback": "Secret: just so",
    "creditPercent": 100,
}
# One whole block per format: nothing is left to its default.
_WRITTEN: dict[str, Data] = {
    "text": {"title": "Read", "markdown": "Some **words**.", "points": 0, "isRequired": True},
    "section": {"title": "Part one", "markdown": "What it is about.", "points": 0, "isRequired": False},
    "media": {
        "title": "Watch",
        "markdown": "A caption.",
        "points": 0,
        "isRequired": True,
        "kind": "VIDEO",
        "url": "https://media.example.org/film.mp4",
        "alternativeUrls": ["https://media.example.org/film.webm"],
        "alt": "Two people talk",
        "transcript": "Hello.",
        "captions": [{"locale": "pt-BR", "url": "/captions/film.vtt"}],
        "durationSeconds": 90,
        "posterUrl": "/posters/film.jpg",
        "startsAtSeconds": 5,
        "endsAtSeconds": 80,
    },
    "callout": {"title": "Mind", "markdown": "Drink *water*.", "points": 0, "isRequired": False, "tone": "TIP"},
    "embed": {
        "title": "A map",
        "markdown": "Where we meet.",
        "points": 0,
        "isRequired": False,
        "url": "https://maps.example.org/here",
        "height": 400,
        "aspectRatio": "16:9",
    },
    "multipleChoice": {
        **QUESTION,
        "title": "Choose",
        "markdown": "Which?",
        "points": 3,
        "isRequired": True,
        "choices": CHOICES,
        "shuffle": True,
        "display": "DROPDOWN",
    },
    "multiSelect": {
        **QUESTION,
        "title": "Tick",
        "markdown": "Which ones?",
        "points": 2,
        "isRequired": False,
        "choices": [{**choice, "creditPercent": credit} for choice, credit in zip(CHOICES, (100, -20), strict=True)],
        "minimumSelected": 1,
        "maximumSelected": 2,
        "shuffle": True,
        "partialCredit": "WEIGHTS",
    },
    "trueFalse": {
        **QUESTION,
        "title": "Judge",
        "markdown": "Water is wet.",
        "points": 1,
        "isRequired": False,
        "trueLabel": "Yes",
        "falseLabel": "No",
        "correctAnswer": True,
        "feedbackTrue": "Secret: right",
        "feedbackFalse": "Secret: wrong",
    },
    "shortAnswer": {
        **QUESTION,
        "title": "Say",
        "markdown": "The capital?",
        "points": 1,
        "isRequired": False,
        "accepted": [ACCEPTED],
        "placeholder": "A town",
        "maximumLength": 80,
    },
    "numeric": {
        **QUESTION,
        "title": "Count",
        "markdown": "How many?",
        "points": 1,
        "isRequired": False,
        "answers": [NUMBER],
        "unit": "km",
        "otherUnits": [{"name": "m", "factor": "0.001"}],
        "requiresUnit": True,
        "placeholder": "0.0",
    },
    "freeform": {
        **OPINION,
        "title": "Write",
        "markdown": "How was it?",
        "points": 5,
        "isRequired": True,
        "minimumWords": 10,
        "maximumWords": 200,
        "placeholder": "Today …",
        "rubric": "Secret: look for examples",
        "sampleAnswer": "Secret: it was good",
    },
    "ranking": {
        **QUESTION,
        "title": "Order",
        "markdown": "What comes first?",
        "points": 2,
        "isRequired": False,
        "items": [
            {"id": "seed", "text": "A seed", "correctPosition": 1},
            {"id": "tree", "text": "A tree", "correctPosition": 2},
        ],
        "shuffle": False,
        "orderCredit": "PAIRS",
    },
    "scale": {
        **OPINION,
        "title": "Place",
        "markdown": "How calm?",
        "points": 0,
        "isRequired": False,
        "minimum": 0,
        "maximum": 10,
        "step": 2,
        "minimumLabel": "not at all",
        "maximumLabel": "very",
        "middleLabel": "so so",
    },
    "rating": {
        **OPINION,
        "title": "Rate",
        "markdown": "How good?",
        "points": 0,
        "isRequired": False,
        "maximum": 3,
        "symbol": "HEART",
        "labels": ["poor", "fair", "good"],
    },
    "matrix": {
        **QUESTION,
        "title": "Judge each",
        "markdown": "How often?",
        "points": 4,
        "isRequired": False,
        "rows": [{"id": "walk", "text": "Walk", "correctColumnIds": ["daily", "weekly"]}],
        "columns": [{"id": "daily", "text": "Daily"}, {"id": "weekly", "text": "Weekly"}],
        "allowsMultiple": True,
        "everyPartCounts": False,
    },
    "matching": {
        **QUESTION,
        "title": "Match",
        "markdown": "What goes with what?",
        "points": 2,
        "isRequired": False,
        "prompts": [{"id": "sun", "text": "The sun", "correctTargetId": "day"}],
        "targets": [{"id": "day", "text": "Day"}, {"id": "night", "text": "Night"}],
        "shuffle": False,
        "everyPartCounts": False,
    },
    "cloze": {
        **QUESTION,
        "title": "Fill",
        "markdown": "Fill the gaps.",
        "points": 3,
        "isRequired": True,
        "text": "In [[town]] it is [[many]] km to [[place]].",
        "gaps": [
            {"id": "town", "kind": "TEXT", "options": [], "weight": 1, "accepted": [ACCEPTED], "numbers": []},
            {"id": "many", "kind": "NUMBER", "options": [], "weight": 2, "accepted": [], "numbers": [NUMBER]},
            {
                "id": "place",
                "kind": "CHOICE",
                "options": ["Graz", "Vienna"],
                "weight": 1,
                "accepted": [{**ACCEPTED, "creditPercent": 100}],
                "numbers": [],
            },
        ],
        "everyPartCounts": False,
    },
    "reflection": {
        **OPINION,
        "title": "Reflect",
        "markdown": "What will you try?",
        "points": 0,
        "isRequired": False,
        "minimumWords": 1,
        "maximumWords": 100,
        "placeholder": "I will …",
    },
    "fileUpload": {
        **OPINION,
        "title": "Hand in",
        "markdown": "A picture of your day.",
        "points": 5,
        "isRequired": False,
        "kinds": ["IMAGE", "VIDEO"],
        "maximumFiles": 3,
        "maximumBytes": 1000,
        "rubric": "Secret: look for light",
    },
}
# Questions have a name for their answer, each its own; nothing is shown under a condition.
CONTENTS: dict[str, Data] = {
    name: {**content, "showIf": None, **({"key": f"my_{name.lower()}"} if "hints" in content else {})}
    for name, content in _WRITTEN.items()
}


def one_of_everything(editor: Client) -> Data:
    """A published course, changed since, with every format, milestones, a waiting module and something in the trash.

    Answers `theme`, `course`, `modules`, `lessons`, `blocks` (by format), `milestone`, `assessment`, `scale` and
    `trashed`.
    """
    theme = factories.theme(editor, publish=True)
    made: Data = factories.tree(editor, modules=2, lessons=1, blocks=0, themeId=theme)
    rule = {"releaseRule": "AFTER_MODULE", "unlockAfterId": made["modules"][0]}
    authors.save(editor, "moduleUpdate", "__typename", made["modules"][1], **rule)
    milestones = [{"name": "First week", "startDay": 1, "endDay": 7}]
    authors.save(editor, "courseMilestonesSet", "__typename", made["course"], milestones=milestones)
    inputs = [{"lessonId": made["lessons"][1], "block": {name: content}} for name, content in CONTENTS.items()]
    blocks = [each["block"]["id"] for each in factories.many(editor, "blockCreate", "block { id }", inputs)]
    assessment = factories.assessment(editor, made["lessons"][1])
    scale = _measured(editor, assessment)
    factories.publish(editor, made["course"])
    trashed = factories.lesson(editor, made["modules"][0])
    editor.do("lessonTrash", "__typename", id=trashed)
    authors.save(editor, "moduleUpdate", "__typename", made["modules"][0], summary="Changed since")
    milestone = authors.course(editor, made["course"])["milestones"][0]["id"]
    named = dict(zip(CONTENTS, blocks, strict=True))
    return {
        **made,
        "theme": theme,
        "blocks": named,
        "assessment": assessment,
        "scale": scale,
        "milestone": milestone,
        "trashed": trashed,
    }


def _measured(editor: Client, assessment: str) -> str:
    """Gives an assessment a question and a scale that counts it, with a band and a table; answers the scale's id."""
    values = [{"option": "a", "value": 1}, {"option": "b", "value": 2}]
    asked = editor.do("blockCreate", "block { id }", assessmentId=assessment, block=factories.choice_question())
    fields: Data = {
        "items": [{"blockId": asked["block"]["id"], "values": values}],
        "bands": [{"key": "all", "label": "All", "minimum": 0, "maximum": 10, "journey": "begin"}],
        "conversion": [{"raw": 1, "score": 0}, {"raw": 2, "score": 10}],
    }
    own: Data = {"assessmentId": assessment, "key": "all", "label": "All", "minimum": 0, "maximum": 10}
    made: str = editor.do("scaleCreate", "scale { id }", **own, **fields)["scale"]["id"]
    return made
