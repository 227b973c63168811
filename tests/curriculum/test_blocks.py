"""Blocks through the API: every format as its author wrote it, without its key for readers, changed field by field."""

from __future__ import annotations

from typing import Any

import pytest

from core.ids import new_id
from tests.curriculum.contents import CONTENTS
from tests.support import factories
from tests.support.clients import Client, Data, People

_ANY = "id format revision title markdown points isRequired showIf"
_OPINION = f"{_ANY} key hints explanation"
_QUESTION = f"{_OPINION} penaltyPercent"
_ACCEPTED = "{ text match feedback creditPercent }"
_NUMBER = """{ value tolerance toleranceKind minimum maximum minimumInclusive maximumInclusive feedback
        creditPercent }"""
# Everything that an author wrote, by format: its type and its fields.
READING: dict[str, tuple[str, str]] = {
    "text": ("TextBlock", _ANY),
    "section": ("SectionBlock", _ANY),
    "media": (
        "MediaBlock",
        f"""{_ANY} kind url alternativeUrls alt transcript captions {{ locale url }} durationSeconds posterUrl
        startsAtSeconds endsAtSeconds""",
    ),
    "callout": ("CalloutBlock", f"{_ANY} tone"),
    "embed": ("EmbedBlock", f"{_ANY} url height aspectRatio"),
    "multipleChoice": (
        "MultipleChoiceQuestion",
        f"{_QUESTION} choices {{ id text isCorrect feedback creditPercent }} shuffle display",
    ),
    "multiSelect": (
        "MultiSelectQuestion",
        f"""{_QUESTION} choices {{ id text isCorrect feedback creditPercent }} minimumSelected maximumSelected shuffle
        partialCredit""",
    ),
    "trueFalse": (
        "TrueFalseQuestion",
        f"{_QUESTION} trueLabel falseLabel correctAnswer feedbackTrue feedbackFalse",
    ),
    "shortAnswer": (
        "ShortAnswerQuestion",
        f"{_QUESTION} accepted {_ACCEPTED} placeholder maximumLength",
    ),
    "numeric": (
        "NumericQuestion",
        f"""{_QUESTION} answers {_NUMBER} unit otherUnits {{ name factor }} requiresUnit placeholder""",
    ),
    "freeform": ("FreeformQuestion", f"{_OPINION} minimumWords maximumWords placeholder rubric sampleAnswer"),
    "ranking": ("RankingQuestion", f"{_QUESTION} items {{ id text correctPosition }} shuffle orderCredit"),
    "scale": ("ScaleQuestion", f"{_OPINION} minimum maximum step minimumLabel maximumLabel middleLabel"),
    "rating": ("RatingQuestion", f"{_OPINION} maximum symbol labels"),
    "matrix": (
        "MatrixQuestion",
        f"{_QUESTION} rows {{ id text correctColumnIds }} columns {{ id text }} allowsMultiple everyPartCounts",
    ),
    "matching": (
        "MatchingQuestion",
        f"{_QUESTION} prompts {{ id text correctTargetId }} targets {{ id text }} shuffle everyPartCounts",
    ),
    "cloze": (
        "ClozeQuestion",
        f"""{_QUESTION} text gaps {{ id kind options weight accepted {_ACCEPTED} numbers {_NUMBER} }}
        everyPartCounts""",
    ),
    "reflection": ("ReflectionQuestion", f"{_OPINION} minimumWords maximumWords placeholder"),
    "fileUpload": ("FileUploadQuestion", f"{_OPINION} kinds maximumFiles maximumBytes rubric"),
}
# What readers never get: by field of the block, or by list and field of its items.
SECRETS: dict[str, list[str | tuple[str, str]]] = {
    "multipleChoice": [("choices", "isCorrect"), ("choices", "feedback"), ("choices", "creditPercent")],
    "multiSelect": [("choices", "isCorrect"), ("choices", "feedback"), ("choices", "creditPercent")],
    "trueFalse": ["correctAnswer", "feedbackTrue", "feedbackFalse"],
    "shortAnswer": ["accepted"],
    "numeric": ["answers"],
    "freeform": ["rubric", "sampleAnswer"],
    "ranking": [("items", "correctPosition")],
    "matrix": [("rows", "correctColumnIds")],
    "matching": [("prompts", "correctTargetId")],
    "cloze": [("gaps", "accepted"), ("gaps", "numbers")],
    "fileUpload": ["rubric"],
}
QUESTIONS = [name for name, content in CONTENTS.items() if "hints" in content]


def constant(name: str) -> str:
    """The format's name in the enum."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)


def lesson_for(editor: Client) -> Data:
    """A course with one empty lesson; answers the ids of both."""
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    return {"course": made["course"], "lesson": made["lessons"][0]}


def selection(name: str) -> str:
    """All fields of a format."""
    kind, fields = READING[name]
    return f"block {{ __typename ... on {kind} {{ {fields} }} }}"


def created(editor: Client, lesson: str, name: str, content: Data | None = None) -> Data:
    """A new block as its author reads it."""
    block = {name: CONTENTS[name] if content is None else content}
    made: Data = editor.do("blockCreate", selection(name), lessonId=lesson, block=block)["block"]
    return made


def updated(editor: Client, block: Data, name: str, **changes: Any) -> Data:
    """A block after a change."""
    given: Data = {"id": block["id"], "expectedRevision": block["revision"], "block": {name: changes}}
    found: Data = editor.do("blockUpdate", selection(name), **given)["block"]
    return found


def as_read_by(client: Client, object_id: str, name: str) -> Data:
    """A block as somebody sees it live."""
    found: Data = client.ask(
        f"query($id: ID!) {{ {selection(name).replace('block', 'block(id: $id)', 1)} }}", id=object_id
    )
    block: Data = found["block"]
    return block


def redacted(name: str, block: Data) -> Data:
    """A block without what its readers never get."""
    bare = {**block, "explanation": None} if name in QUESTIONS else dict(block)
    for secret in SECRETS.get(name, []):
        if isinstance(secret, str):
            bare[secret] = None
        else:
            bare[secret[0]] = [{**item, secret[1]: None} for item in bare[secret[0]]]
    return bare


# Written and read ----------------------------------------------------------------------------------------------------


def test_the_contents_cover_every_format(editor: Client) -> None:
    document = '{ __type(name: "BlockFormat") { enumValues { name } } }'
    formats = {each["name"] for each in editor.ask(document)["__type"]["enumValues"]}
    assert {constant(name) for name in CONTENTS} == formats


def test_an_author_reads_what_was_written_and_readers_the_same_without_the_key(
    people: People, subtests: pytest.Subtests
) -> None:
    made = lesson_for(people.editor)
    blocks = {name: created(people.editor, made["lesson"], name) for name in CONTENTS}
    factories.publish(people.editor, made["course"])
    for name, block in blocks.items():
        with subtests.test(format=name):
            rest = {"__typename": READING[name][0], "id": block["id"], "format": constant(name), "revision": 1}
            assert block == {**CONTENTS[name], **rest}
            assert as_read_by(people.editor, block["id"], name) == block
            for reader in (people.anonymous, people.learner):
                seen = as_read_by(reader, block["id"], name)
                assert seen == redacted(name, block)
                assert "Secret" not in str(seen)


def test_no_secret_is_in_anything_that_readers_get(people: People) -> None:
    made = lesson_for(people.editor)
    for name in CONTENTS:
        created(people.editor, made["lesson"], name)
    factories.publish(people.editor, made["course"])
    for names in (list(READING)[:10], list(READING)[10:]):
        fields = " ".join(f"... on {kind} {{ {some} }}" for kind, some in map(aliased, names))
        document = f"{{ blocks(first: 100) {{ nodes {{ html plainText {fields} }} }} }}"
        for reader in (people.anonymous, people.learner):
            assert "Secret" not in str(reader.ask(document))
        assert "Secret" in str(people.editor.ask(document))


def aliased(name: str) -> tuple[str, str]:
    """A format's type and fields under names that no other format has."""
    kind, fields = READING[name]
    top = fields.split()
    depth, renamed = 0, []
    for word in top:
        depth += {"{": 1, "}": -1}.get(word, 0)
        is_field = depth == 0 and word not in "{}"
        renamed.append(f"{name}_{word}: {word}" if is_field else word)
    return kind, " ".join(renamed)


MINIMAL: dict[str, Data] = {
    "text": {"markdown": "x"},
    "section": {"title": "x"},
    "media": {"kind": "AUDIO", "url": "/a.mp3"},
    "callout": {"markdown": "x"},
    "embed": {"title": "x", "url": "https://example.org"},
    "multipleChoice": {"markdown": "x", "choices": [{"text": "1"}, {"text": "2"}]},
    "multiSelect": {"markdown": "x", "choices": [{"text": "1"}, {"text": "2"}]},
    "trueFalse": {"markdown": "x"},
    "shortAnswer": {"markdown": "x"},
    "numeric": {"markdown": "x"},
    "freeform": {"markdown": "x"},
    "ranking": {"markdown": "x", "items": [{"text": "1"}, {"text": "2"}]},
    "scale": {"markdown": "x"},
    "rating": {"markdown": "x"},
    "matrix": {"markdown": "x", "rows": [{"text": "1"}], "columns": [{"text": "a"}, {"text": "b"}]},
    "matching": {"markdown": "x", "prompts": [{"text": "1"}], "targets": [{"text": "a"}, {"text": "b"}]},
    "cloze": {"markdown": "x", "text": "[[a]]", "gaps": [{"id": "a"}]},
    "reflection": {"markdown": "x"},
    "fileUpload": {"markdown": "x"},
}
UNSCORED = {"freeform", "scale", "rating", "reflection", "fileUpload"}


def test_little_is_needed_and_the_rest_has_defaults(editor: Client, subtests: pytest.Subtests) -> None:
    lesson = lesson_for(editor)["lesson"]
    for name, content in MINIMAL.items():
        with subtests.test(format=name):
            block = created(editor, lesson, name, content)
            assert block["points"] == (1 if name in QUESTIONS and name not in UNSCORED else 0)
            assert block["isRequired"] is False
            assert block["title"] == content.get("title")
            assert block["markdown"] == content.get("markdown", "")


# Changed -------------------------------------------------------------------------------------------------------------

CHANGE: dict[str, Data] = {
    "text": {"markdown": "Other words"},
    "section": {"title": "Other part"},
    "media": {"url": "/other.mp4"},
    "callout": {"tone": "QUOTE"},
    "embed": {"height": 100},
    "multipleChoice": {"display": "LIST"},
    "multiSelect": {"shuffle": False},
    "trueFalse": {"correctAnswer": False},
    "shortAnswer": {"maximumLength": 10},
    "numeric": {"unit": "mile"},
    "freeform": {"rubric": "Secret: other things"},
    "ranking": {"shuffle": True},
    "scale": {"step": 5},
    "rating": {"symbol": "STAR"},
    "matrix": {"columns": [{"id": "daily", "text": "Every day"}, {"id": "weekly", "text": "Weekly"}]},
    "matching": {"penaltyPercent": 0},
    "cloze": {"everyPartCounts": True},
    "reflection": {"maximumWords": 50},
    "fileUpload": {"kinds": []},
}


def test_one_field_changes_and_all_others_stay(editor: Client, subtests: pytest.Subtests) -> None:
    lesson = lesson_for(editor)["lesson"]
    for name, change in CHANGE.items():
        with subtests.test(format=name):
            before = created(editor, lesson, name)
            after = updated(editor, before, name, **change)
            assert after == {**before, **change, "revision": 2}
            assert as_drafted(editor, before["id"], name) == after


def test_the_common_fields_change_in_every_format(editor: Client, subtests: pytest.Subtests) -> None:
    lesson = lesson_for(editor)["lesson"]
    for name in CONTENTS:
        with subtests.test(format=name):
            before = created(editor, lesson, name)
            common = {"title": "New", "markdown": "*New*", "isRequired": not before["isRequired"]}
            common |= {"points": 0 if name == "reflection" else 7}
            assert updated(editor, before, name, **common) == {**before, **common, "revision": 2}


def as_drafted(editor: Client, object_id: str, name: str) -> Data:
    """A block as its author sees the draft."""
    document = (
        f"query($id: ID!) @perspective(stage: DRAFT) {{ {selection(name).replace('block', 'block(id: $id)', 1)} }}"
    )
    block: Data = editor.ask(document, id=object_id)["block"]
    return block


# Two columns are right in the matrix, which it has to allow; choices that have credits need the rule for them.
NEEDED = {"matrix": ["allowsMultiple"], "multiSelect": ["partialCredit"]}


def test_null_puts_every_field_back_to_what_it_is_when_nothing_is_said(
    editor: Client, subtests: pytest.Subtests
) -> None:
    lesson = lesson_for(editor)["lesson"]
    for name, content in CONTENTS.items():
        with subtests.test(format=name):
            needed = {*MINIMAL[name], *NEEDED.get(name, ())}
            before = created(editor, lesson, name)
            bare = created(editor, lesson, name, {each: content[each] for each in needed})
            nothing = dict.fromkeys(each for each in content if each not in needed)
            assert updated(editor, before, name, **nothing) == {**bare, "id": before["id"], "revision": 2}


def test_a_list_that_is_given_replaces_the_whole_list_and_ids_keep_items_the_same(editor: Client) -> None:
    before = created(editor, lesson_for(editor)["lesson"], "multipleChoice")
    choices = [{"text": "New", "isCorrect": True}, {"id": "cold", "text": "Colder"}]
    after = updated(editor, before, "multipleChoice", choices=choices)
    assert after["choices"] == [
        {"id": "a", "text": "New", "isCorrect": True, "feedback": None, "creditPercent": None},
        {"id": "cold", "text": "Colder", "isCorrect": False, "feedback": None, "creditPercent": None},
    ]


def test_an_answer_key_goes_live_with_its_question_and_not_before(editor: Client) -> None:
    made = lesson_for(editor)
    before = created(editor, made["lesson"], "trueFalse")
    factories.publish(editor, made["course"])
    after = updated(editor, before, "trueFalse", correctAnswer=False, explanation="Secret: new")
    assert as_read_by(editor, before["id"], "trueFalse") == before
    factories.publish(editor, made["course"])
    assert as_read_by(editor, before["id"], "trueFalse") == after


def test_a_block_keeps_its_format(editor: Client) -> None:
    block = created(editor, lesson_for(editor)["lesson"], "text")
    given: Data = {"id": block["id"], "expectedRevision": 1, "block": {"callout": {"markdown": "x"}}}
    error = editor.refused("blockUpdate", **given)
    assert (error["code"], error["path"]) == ("WRONG_FORMAT", ["block"])


def test_a_block_that_is_not_there_cannot_be_saved(editor: Client) -> None:
    given: Data = {"id": new_id(0x037), "expectedRevision": 1, "block": {"text": {"markdown": "x"}}}
    assert editor.refused("blockUpdate", **given)["code"] == "NOT_FOUND"


# Refused -------------------------------------------------------------------------------------------------------------

BROKEN: list[tuple[str, Data, str]] = [
    ("reflection", {"points": 1}, "points"),
    ("matching", {"prompts": [{"text": "?", "correctTargetId": "dusk"}]}, "prompts.0.correctTargetId"),
    ("cloze", {"text": "No gap"}, "gaps.0.id"),
    ("cloze", {"penaltyPercent": 101}, "penaltyPercent"),
    ("fileUpload", {"maximumFiles": 0}, "maximumFiles"),
    ("rating", {"key": "Not a key"}, "key"),
    ("text", {"markdown": " "}, "markdown"),
    ("section", {"title": None}, "title"),
    ("section", {"title": " "}, "title"),
    ("media", {"url": "ftp://example.org"}, "url"),
    ("media", {"kind": "IMAGE", "alt": None}, "alt"),
    ("media", {"alternativeUrls": ["/ok", "javascript:alert(1)"]}, "alternativeUrls.1"),
    ("media", {"captions": [{"locale": "english", "url": "/x"}]}, "captions.0.locale"),
    ("media", {"captions": [{"locale": "en", "url": "/x"}, {"locale": "en", "url": "/y"}]}, "captions.1.locale"),
    ("media", {"startsAtSeconds": 100}, "endsAtSeconds"),
    ("media", {"transcript": "a\0b"}, "transcript"),
    ("callout", {"markdown": None}, "markdown"),
    ("embed", {"url": "http://example.org"}, "url"),
    ("embed", {"title": None}, "title"),
    ("embed", {"aspectRatio": "wide"}, "aspectRatio"),
    ("embed", {"height": 0}, "height"),
    ("multipleChoice", {"choices": [{"text": "only"}]}, "choices"),
    ("multipleChoice", {"choices": [{"text": "1"}, {"text": " "}]}, "choices.1.text"),
    ("multipleChoice", {"choices": [{"text": "1", "isCorrect": True}, {"text": "2", "isCorrect": True}]}, ""),
    ("multipleChoice", {"choices": [{"id": "x", "text": "1"}, {"id": "x", "text": "2"}]}, "choices.1.id"),
    ("multipleChoice", {"choices": [{"id": "a b", "text": "1"}, {"text": "2"}]}, "choices.0.id"),
    ("multipleChoice", {"hints": ["fine", ""]}, "hints.1"),
    ("multipleChoice", {"explanation": "x" * 20_001}, "explanation"),
    ("multiSelect", {"minimumSelected": 3}, "minimumSelected"),
    ("multiSelect", {"maximumSelected": 3}, "maximumSelected"),
    ("trueFalse", {"trueLabel": ""}, "trueLabel"),
    ("trueFalse", {"feedbackTrue": "\0"}, "feedbackTrue"),
    ("shortAnswer", {"accepted": [{"text": "ok"}, {"text": "(a+)+", "match": "PATTERN"}]}, "accepted.1.text"),
    ("shortAnswer", {"accepted": [{"text": "ok", "creditPercent": 101}]}, "accepted.0.creditPercent"),
    ("shortAnswer", {"maximumLength": 0}, "maximumLength"),
    ("numeric", {"answers": [{"value": "1"}, {}]}, "answers.1.value"),
    ("numeric", {"answers": [{"value": "one"}]}, "answers.0.value"),
    ("numeric", {"answers": [{"minimum": "2", "maximum": "1"}]}, "answers.0.minimum"),
    ("freeform", {"minimumWords": 300}, "minimumWords"),
    ("ranking", {"items": [{"text": "1", "correctPosition": 1}, {"text": "2"}]}, "items.1.correctPosition"),
    ("scale", {"step": 3}, "step"),
    ("scale", {"maximum": 0}, "maximum"),
    ("rating", {"maximum": 11}, "maximum"),
    ("rating", {"labels": ["one"]}, "labels"),
    ("matrix", {"rows": [{"text": "1", "correctColumnIds": ["never"]}]}, "rows.0.correctColumnIds"),
    ("matrix", {"columns": [{"text": "only"}]}, "columns"),
    ("matrix", {"allowsMultiple": False}, "rows.0.correctColumnIds"),
]


def test_a_broken_rule_is_told_by_the_path_of_its_field_and_nothing_is_saved(
    editor: Client, subtests: pytest.Subtests
) -> None:
    lesson = lesson_for(editor)["lesson"]
    blocks = {name: created(editor, lesson, name) for name in CONTENTS}
    for name, change, path in BROKEN:
        where = path.split(".") if path else []
        with subtests.test(format=name, path=path, change=str(change)[:60]):
            wrong = {name: {**CONTENTS[name], **change}}
            assert editor.refused("blockCreate", lessonId=lesson, block=wrong)["path"] == where
            given: Data = {"id": blocks[name]["id"], "expectedRevision": 1, "block": {name: change}}
            assert editor.refused("blockUpdate", **given)["path"] == where
    for name, before in blocks.items():
        assert as_drafted(editor, before["id"], name) == before


def test_every_format_has_a_rule_that_can_be_broken() -> None:
    assert {name for name, *_ in BROKEN} == set(CONTENTS)


def test_what_a_new_block_needs_is_named_when_it_is_missing(editor: Client, subtests: pytest.Subtests) -> None:
    lesson = lesson_for(editor)["lesson"]
    texts = dict.fromkeys(("title", "markdown"), "x")
    for name in ("media", "embed", "multipleChoice", "multiSelect", "ranking", "matrix"):
        with subtests.test(format=name):
            missing = set(MINIMAL[name]) - {"markdown", "title"}
            payload = editor.mutate("blockCreate", "block { id }", lessonId=lesson, block={name: texts})
            assert {tuple(each["path"]) for each in payload["errors"]} == {(each,) for each in missing}
            assert payload["block"] is None


def test_several_wrong_settings_are_told_at_once(editor: Client) -> None:
    lesson = lesson_for(editor)["lesson"]
    wrong = {"media": {"kind": "VIDEO", "url": "x", "durationSeconds": -1, "captions": [{"locale": "", "url": ""}]}}
    payload = editor.mutate("blockCreate", "block { id }", lessonId=lesson, block=wrong)
    paths = {".".join(each["path"]) for each in payload["errors"]}
    assert paths == {"url", "durationSeconds", "captions.0.locale", "captions.0.url"}


# Texts ---------------------------------------------------------------------------------------------------------------


def test_markdown_becomes_html_and_plain_text(editor: Client) -> None:
    lesson = lesson_for(editor)["lesson"]
    text = "# Breathe\n\nIn **slowly**, out <b>slower</b>.\n\n- one\n- two\n\n[more](cairn:abc)"
    block = editor.do(
        "blockCreate", "block { markdown html plainText }", lessonId=lesson, block={"text": {"markdown": text}}
    )["block"]
    assert block["markdown"] == text
    assert "<h1>Breathe</h1>" in block["html"]
    assert "<strong>slowly</strong>" in block["html"]
    assert '<a href="cairn:abc" rel="noopener noreferrer">more</a>' in block["html"]
    assert block["plainText"] == "Breathe\nIn slowly, out slower.\none\ntwo\nmore"


def test_html_of_a_block_is_clean_whatever_its_author_wrote(editor: Client, reader: Client) -> None:
    made = lesson_for(editor)
    text = '<img src=x onerror=alert(1)><script>alert(2)</script><a href="javascript:alert(3)">x</a><iframe src="/">'
    block = factories.block(editor, made["lesson"], {"text": {"markdown": f"Words {text}"}})
    factories.publish(editor, made["course"])
    html = reader.ask("query($id: ID!) { block(id: $id) { html } }", id=block)["block"]["html"]
    assert html.startswith("<p>Words")
    assert not {word for word in ("onerror", "script", "javascript", "iframe", "alert(2)") if word in html}
