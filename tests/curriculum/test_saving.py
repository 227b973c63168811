"""Making and changing things: defaults, slugs, what is absent, what is null, what is refused, who saved first."""

from __future__ import annotations

from typing import Any

import pytest

from core.ids import new_id
from models.curriculum import Course, Theme
from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data, People

COURSE = """course { id slug kind title summary description descriptionHtml difficultyLevel
    estimatedMinutes durationDays position revision theme { id } publishState }"""
LESSON = "lesson { id title slug minutes isPreview isRequired completionRule position revision }"


def error(code: str, *path: str) -> Data:
    """What matters of a user error."""
    return {"code": code, "path": list(path)}


def refused(editor: Client, name: str, **input: Any) -> Data:
    """The code and the path of the one error that a mutation must end in."""
    found = editor.refused(name, **input)
    assert found["message"].endswith(".")
    return {"code": found["code"], "path": found["path"]}


# Making --------------------------------------------------------------------------------------------------------------


def test_a_new_course_has_defaults_for_all_but_its_title(editor: Client) -> None:
    made = editor.do("courseCreate", COURSE, title="  Ein schöner Tag!  ")["course"]
    assert made == {
        "id": made["id"],
        "slug": "ein-schoner-tag",
        "kind": "COURSE",
        "title": "Ein schöner Tag!",
        "summary": "",
        "description": "",
        "descriptionHtml": "",
        "difficultyLevel": "BEGINNER",
        "estimatedMinutes": None,
        "durationDays": None,
        "position": 0,
        "revision": 1,
        "theme": None,
        "publishState": "DRAFT",
    }


def test_a_new_theme_suits_every_season(editor: Client) -> None:
    made = editor.do("themeCreate", "theme { slug season position summary revision publishState }", title="Joy")
    assert made["theme"] == {
        "slug": "joy",
        "season": "ANY",
        "position": 0,
        "summary": "",
        "revision": 1,
        "publishState": "DRAFT",
    }


def test_a_new_module_opens_at_once_and_a_new_lesson_is_required(editor: Client) -> None:
    course = factories.course(editor)
    selection = "module { id position summary releaseRule releaseAfterDays releaseOn unlockAfter { id } revision }"
    module = editor.do("moduleCreate", selection, courseId=course, title="M")["module"]
    nothing: Data = dict.fromkeys(("releaseAfterDays", "releaseOn", "unlockAfter"))
    rest = {"position": 1, "summary": "", "releaseRule": "IMMEDIATELY", "revision": 1}
    assert module == {"id": module["id"], **nothing, **rest}
    lesson = editor.do("lessonCreate", LESSON, moduleId=module["id"], title="One Day")["lesson"]
    flags = {"isPreview": False, "isRequired": True, "completionRule": "COMPLETED", "minutes": None}
    assert lesson == {"id": lesson["id"], "title": "One Day", "slug": "one-day", "position": 1, "revision": 1, **flags}


def test_everything_can_be_given_when_making(editor: Client) -> None:
    theme = factories.theme(editor)
    fields = {
        "slug": "a-b-2",
        "kind": "JOURNAL",
        "title": "T",
        "summary": "S",
        "description": "**D**",
        "difficultyLevel": "ADVANCED",
        "estimatedMinutes": 100_000,
        "durationDays": 3660,
        "position": 7,
    }
    made = editor.do("courseCreate", COURSE, themeId=theme, **fields)["course"]
    rest = {"descriptionHtml": "<p><strong>D</strong></p>", "theme": {"id": theme}, "publishState": "DRAFT"}
    assert made == {"id": made["id"], "revision": 1, **fields, **rest}


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Sleep well", "sleep-well"),
        ("  --A--  b//c  ", "a-b-c"),
        ("Ärger & Größe №5", "arger-groe-no5"),
        ("日本語", "untitled"),
        ("!!!", "untitled"),
        ("x" * 200, "x" * 80),
        ("y" * 79 + " z", "y" * 79),
    ],
)
def test_a_slug_is_made_of_the_title(editor: Client, title: str, slug: str) -> None:
    assert editor.do("courseCreate", "course { slug }", title=title)["course"]["slug"] == slug


@pytest.mark.parametrize("kind", ["theme", "course"])
def test_a_made_slug_is_a_free_one(editor: Client, kind: str) -> None:
    given = [{"title": "Same"}] * 3 + [{"title": "Same", "slug": None}]
    made = factories.many(editor, f"{kind}Create", f"{kind} {{ id slug }}", given)
    assert [each[kind]["slug"] for each in made] == ["same", "same-2", "same-3", "same-4"]
    editor.do(f"{kind}Trash", "__typename", id=made[1][kind]["id"])
    assert editor.do(f"{kind}Create", f"{kind} {{ slug }}", title="Same")[kind]["slug"] == "same-5"


@pytest.mark.parametrize("kind", ["theme", "course"])
def test_a_slug_that_is_taken_is_refused_in_the_trash_too(editor: Client, kind: str) -> None:
    make = {"theme": factories.theme, "course": factories.course}[kind]
    first = make(editor, slug="taken")
    assert refused(editor, f"{kind}Create", title="T", slug="taken") == error("TAKEN", "slug")
    editor.do(f"{kind}Trash", "__typename", id=first)
    assert refused(editor, f"{kind}Create", title="T", slug="taken") == error("TAKEN", "slug")
    other = make(editor)
    assert refused(editor, f"{kind}Update", id=other, expectedRevision=1, slug="taken") == error("TAKEN", "slug")


def test_a_theme_and_a_course_may_share_a_slug(editor: Client) -> None:
    factories.theme(editor, slug="calm")
    assert factories.course(editor, slug="calm")


def test_lessons_may_share_a_slug_until_their_course_is_published(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=1, blocks=0)
    for lesson in made["lessons"]:
        authors.save(editor, "lessonUpdate", "__typename", lesson, slug="same")
    assert refused(editor, "coursePublish", id=made["course"]) == error("DUPLICATE_SLUG", "id")


@pytest.mark.parametrize(
    ("name", "parent"),
    [("moduleCreate", "courseId"), ("lessonCreate", "moduleId"), ("blockCreate", "lessonId")],
)
def test_nothing_is_made_below_what_is_not_there(editor: Client, name: str, parent: str) -> None:
    fields: Data = {"block": {"text": {"markdown": "x"}}} if name == "blockCreate" else {"title": "T"}
    tag = {"courseId": 0x033, "moduleId": 0x035, "lessonId": 0x036}[parent]
    assert refused(editor, name, **{parent: new_id(tag)}, **fields) == error("NOT_FOUND", parent)
    assert refused(editor, name, **{parent: new_id(0x034)}, **fields) == error("WRONG_KIND_OF_ID", parent)
    assert refused(editor, name, **{parent: "nonsense"}, **fields) == error("WRONG_KIND_OF_ID", parent)


def test_a_course_is_made_below_a_theme_that_is_there(editor: Client) -> None:
    theme = factories.theme(editor)
    editor.do("themeTrash", "__typename", id=theme)
    for missing in (theme, new_id(Theme.__tag__)):
        assert refused(editor, "courseCreate", title="T", themeId=missing) == error("NOT_FOUND", "themeId")
    wrong = error("WRONG_KIND_OF_ID", "themeId")
    assert refused(editor, "courseCreate", title="T", themeId=new_id(Course.__tag__)) == wrong


def test_what_is_refused_is_not_made(editor: Client) -> None:
    payload = editor.mutate("courseCreate", "course { id }", title="", slug="not made")
    assert payload["course"] is None
    assert {tuple(each["path"]) for each in payload["errors"]} == {("title",), ("slug",)}
    document = "query @perspective(stage: DRAFT) { courses { totalCount } }"
    assert editor.ask(document) == {"courses": {"totalCount": 0}}


# Changing ------------------------------------------------------------------------------------------------------------


def test_what_is_absent_stays_as_it_is(editor: Client) -> None:
    theme = factories.theme(editor)
    fields = {"slug": "s", "summary": "S", "description": "D", "kind": "JOURNAL", "durationDays": 45, "position": 3}
    before = editor.do("courseCreate", COURSE, title="T", themeId=theme, **fields)["course"]
    after = editor.do("courseUpdate", COURSE, id=before["id"], expectedRevision=1, title="New")["course"]
    assert after == {**before, "title": "New", "revision": 2}


def test_null_empties_a_field_or_puts_it_back_to_its_default(editor: Client) -> None:
    theme = factories.theme(editor)
    full = {"kind": "JOURNAL", "summary": "S", "description": "D", "difficultyLevel": "ADVANCED", "position": 3}
    numbers = {"estimatedMinutes": 5, "durationDays": 45}
    made = editor.do("courseCreate", COURSE, title="T", themeId=theme, **full, **numbers)["course"]
    cleared = dict.fromkeys([*full, *numbers, "themeId"])
    after = editor.do("courseUpdate", COURSE, id=made["id"], expectedRevision=1, **cleared)["course"]
    defaults = {"kind": "COURSE", "summary": "", "description": "", "difficultyLevel": "BEGINNER", "position": 0}
    empty: Data = dict.fromkeys([*numbers, "theme"])
    assert after == {**made, **defaults, **empty, "descriptionHtml": "", "revision": 2}


def test_null_puts_a_lesson_back_to_its_defaults(editor: Client) -> None:
    module = factories.module(editor, factories.course(editor))
    full = {"minutes": 5, "isPreview": True, "isRequired": False, "completionRule": "PASSED"}
    made = editor.do("lessonCreate", LESSON, moduleId=module, title="T", **full)["lesson"]
    after = editor.do("lessonUpdate", LESSON, id=made["id"], expectedRevision=1, **dict.fromkeys(full))["lesson"]
    flags = {"isPreview": False, "isRequired": True, "completionRule": "COMPLETED", "minutes": None}
    assert after == {**made, **flags, "revision": 2}


@pytest.mark.parametrize("field", ["title", "slug"])
@pytest.mark.parametrize("kind", ["theme", "course", "lesson"])
def test_what_cannot_be_empty_cannot_be_null(editor: Client, kind: str, field: str) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    object_id = {"theme": factories.theme(editor), "course": made["course"], "lesson": made["lessons"][0]}[kind]
    assert refused(editor, f"{kind}Update", id=object_id, expectedRevision=1, **{field: None}) == error(
        "INVALID", field
    )


def test_a_save_without_a_change_is_a_save_all_the_same(editor: Client) -> None:
    course = factories.course(editor)
    assert editor.do("courseUpdate", "course { revision }", id=course, expectedRevision=1)["course"] == {"revision": 2}


def test_html_in_a_description_follows_it_and_is_clean(editor: Client) -> None:
    course = factories.course(editor)
    text = "# Title\n\nA <script>alert(1)</script> [link](javascript:alert(2)), *yes*"
    made = authors.save(editor, "courseUpdate", COURSE, course, description=text)["course"]
    assert made["description"] == text
    assert "<h1>Title</h1>" in made["descriptionHtml"]
    assert "<em>yes</em>" in made["descriptionHtml"]
    assert "<script" not in made["descriptionHtml"]
    assert "href" not in made["descriptionHtml"]


WRONG: dict[str, list[tuple[Data, str]]] = {
    "theme": [
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"summary": "x" * 1001}, "summary"),
        ({"summary": "\0"}, "summary"),
        ({"slug": ""}, "slug"),
        ({"slug": "Upper"}, "slug"),
        ({"slug": "with space"}, "slug"),
        ({"slug": "-edge"}, "slug"),
        ({"slug": "edge-"}, "slug"),
        ({"slug": "two--hyphens"}, "slug"),
        ({"slug": "ünder"}, "slug"),
        ({"slug": "a\n"}, "slug"),
        ({"slug": "x" * 101}, "slug"),
        ({"position": -1}, "position"),
    ],
    "course": [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"slug": "../up"}, "slug"),
        ({"summary": "x" * 1001}, "summary"),
        ({"description": "x" * 50_001}, "description"),
        ({"description": "a\0b"}, "description"),
        ({"estimatedMinutes": 0}, "estimatedMinutes"),
        ({"estimatedMinutes": 100_001}, "estimatedMinutes"),
        ({"durationDays": 0}, "durationDays"),
        ({"durationDays": 3661}, "durationDays"),
        ({"position": -1}, "position"),
    ],
    "module": [
        ({"title": ""}, "title"),
        ({"title": "\0"}, "title"),
        ({"summary": "x" * 1001}, "summary"),
        ({"releaseRule": "DAYS_AFTER_ENROLMENT", "releaseAfterDays": -1}, "releaseAfterDays"),
        ({"releaseRule": "DAYS_AFTER_ENROLMENT", "releaseAfterDays": 3661}, "releaseAfterDays"),
    ],
    "lesson": [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"slug": "A"}, "slug"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 10_001}, "minutes"),
    ],
    "block": [
        ({"title": "x" * 201}, "title"),
        ({"title": "\0"}, "title"),
        ({"markdown": "x" * 200_001}, "markdown"),
        ({"markdown": "a\0b"}, "markdown"),
        ({"markdown": ""}, "markdown"),
        ({"points": -1}, "points"),
        ({"points": 10_001}, "points"),
    ],
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_value_that_breaks_a_rule_is_refused_by_its_field_and_nothing_is_saved(
    editor: Client, subtests: pytest.Subtests, kind: str
) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    parents = {"module": made["course"], "lesson": made["modules"][0], "block": made["lessons"][0]}
    above = {"module": "courseId", "lesson": "moduleId", "block": "lessonId"}.get(kind)
    objects = {"theme": factories.theme(editor), "course": made["course"]}
    object_id = objects.get(kind) or made[f"{kind}s"][0]
    for values, field in WRONG[kind]:
        with subtests.test(values=str(values)[:60]):
            fields = {"block": {"text": {"markdown": "x", **values}}} if kind == "block" else {"title": "T", **values}
            below = {above: parents[kind]} if above else {}
            code = "REQUIRED" if kind == "block" and values.get("markdown") == "" else "INVALID"
            assert refused(editor, f"{kind}Create", **below, **fields) == error(code, field)
            changes = {"block": {"text": values}} if kind == "block" else values
            assert refused(editor, f"{kind}Update", id=object_id, expectedRevision=1, **changes) == error(code, field)
    assert authors.revision(editor, object_id) == 1


def test_all_that_is_wrong_is_told_at_once(editor: Client) -> None:
    course = factories.course(editor)
    wrong = {"title": "", "slug": "A", "durationDays": 0, "summary": "\0"}
    payload = editor.mutate("courseUpdate", "course { id revision }", id=course, expectedRevision=1, **wrong)
    assert {tuple(each["path"]) for each in payload["errors"]} == {(field,) for field in wrong}
    assert payload["course"] == {"id": course, "revision": 1}


@pytest.mark.parametrize(
    ("name", "input"),
    [
        ("courseUpdate", {"kind": "NOVEL"}),
        ("courseUpdate", {"kind": "journal"}),
        ("courseUpdate", {"difficultyLevel": 1}),
        ("themeUpdate", {"season": "MONSOON"}),
        ("moduleUpdate", {"releaseOn": "tomorrow"}),
        ("moduleUpdate", {"releaseOn": "2026-02-30"}),
        ("courseUpdate", {"title": 1}),
        ("courseUpdate", {"position": 2**31}),
        ("courseUpdate", {"position": 1.5}),
        ("courseUpdate", {"colour": "red"}),
        ("courseUpdate", {"expectedRevision": None}),
        ("blockUpdate", {"block": {}}),
        ("blockUpdate", {"block": {"text": {}, "section": {}}}),
        ("blockUpdate", {"block": {"text": None}}),
    ],
)
def test_what_does_not_fit_the_schema_is_a_mistake_of_the_client(
    editor: Client, name: str, input: dict[str, Any]
) -> None:
    tags = {"courseUpdate": 0x033, "themeUpdate": 0x032, "moduleUpdate": 0x035, "blockUpdate": 0x037}
    document = f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    given = {"id": new_id(tags[name]), "expectedRevision": 1, **input}
    answer = editor.answer(document, input=given)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize("kind", ["theme", "course", "module", "lesson"])
def test_what_is_not_there_cannot_be_saved(editor: Client, kind: str) -> None:
    tag = {"theme": 0x032, "course": 0x033, "module": 0x035, "lesson": 0x036}[kind]
    assert refused(editor, f"{kind}Update", id=new_id(tag), expectedRevision=1) == error("NOT_FOUND", "id")
    for wrong in (new_id(0x034), "nonsense", ""):
        assert refused(editor, f"{kind}Update", id=wrong, expectedRevision=1) == error("WRONG_KIND_OF_ID", "id")


def test_what_lies_in_the_trash_cannot_be_saved(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    editor.do("moduleTrash", "__typename", id=made["modules"][0])
    gone = error("NOT_FOUND", "id")
    assert refused(editor, "moduleUpdate", id=made["modules"][0], expectedRevision=1, title="T") == gone
    assert refused(editor, "lessonUpdate", id=made["lessons"][0], expectedRevision=1, title="T") == gone
    content = {"text": {"markdown": "x"}}
    assert refused(editor, "blockUpdate", id=made["blocks"][0], expectedRevision=1, block=content) == gone


# Two at once ---------------------------------------------------------------------------------------------------------

CONFLICT = "course { title revision }"


def test_a_stale_save_is_refused_with_both_values_of_every_field_that_differs(editor: Client) -> None:
    theme = factories.theme(editor)
    course = factories.course(editor, title="First", summary="Same", slug="first")
    authors.save(editor, "courseUpdate", "__typename", course, title="Second", kind="JOURNAL", durationDays=45)
    mine = {"title": "Mine", "summary": "Same", "description": "**D**", "kind": "COURSE", "durationDays": None}
    payload = editor.mutate("courseUpdate", CONFLICT, id=course, expectedRevision=1, themeId=theme, **mine)
    (conflict,) = payload["errors"]
    assert (conflict["__typename"], conflict["code"]) == ("RevisionConflict", "REVISION_CONFLICT")
    assert (conflict["path"], conflict["expectedRevision"], conflict["actualRevision"]) == (["expectedRevision"], 1, 2)
    assert {each["field"]: (each["yours"], each["current"]) for each in conflict["fields"]} == {
        "title": ("Mine", "Second"),
        "description": ("**D**", ""),
        "kind": ("COURSE", "JOURNAL"),
        "durationDays": (None, 45),
        "themeId": (theme, None),
    }
    assert payload["course"] == {"title": "Second", "revision": 2}


def test_a_stale_save_of_a_module_shows_dates_and_what_it_waits_for(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=0, blocks=0)
    first, second = made["modules"]
    authors.save(editor, "moduleUpdate", "__typename", second, releaseRule="ON_DATE", releaseOn="2026-05-01")
    rule = {"releaseRule": "AFTER_MODULE", "releaseOn": None, "unlockAfterId": first}
    (conflict,) = editor.mutate("moduleUpdate", "__typename", id=second, expectedRevision=1, **rule)["errors"]
    assert {each["field"]: (each["yours"], each["current"]) for each in conflict["fields"]} == {
        "releaseRule": ("AFTER_MODULE", "ON_DATE"),
        "releaseOn": (None, "2026-05-01"),
        "unlockAfterId": (first, None),
    }


def test_a_stale_save_of_a_block_shows_its_texts_and_settings_the_key_included(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    judge = {"trueFalse": {"markdown": "Water is wet.", "correctAnswer": True}}
    block = factories.block(editor, made["lessons"][0], judge)
    changes = {"trueFalse": {"markdown": "Fire is wet.", "correctAnswer": False, "points": 3}}
    authors.save(editor, "blockUpdate", "__typename", block, block=changes)
    mine = {"trueFalse": {"markdown": "Water is dry.", "correctAnswer": True, "isRequired": True, "trueLabel": "Yes"}}
    (conflict,) = editor.mutate("blockUpdate", "__typename", id=block, expectedRevision=1, block=mine)["errors"]
    assert {each["field"]: (each["yours"], each["current"]) for each in conflict["fields"]} == {
        "markdown": ("Water is dry.", "Fire is wet."),
        "correctAnswer": (True, False),
        "isRequired": (True, False),
        "trueLabel": ("Yes", "True"),
    }


@pytest.mark.parametrize("revision", [0, 2, -1, 2**31 - 1])
def test_only_the_revision_that_stands_there_is_taken(editor: Client, revision: int) -> None:
    course = factories.course(editor)
    assert refused(editor, "courseUpdate", id=course, expectedRevision=revision, title="T") == error(
        "REVISION_CONFLICT", "expectedRevision"
    )
    assert authors.revision(editor, course) == 1


def test_a_conflict_writes_nothing_not_even_what_others_left_alone(editor: Client) -> None:
    lesson = factories.tree(editor, modules=1, lessons=1, blocks=0)["lessons"][0]
    authors.save(editor, "lessonUpdate", "__typename", lesson, title="Second")
    editor.refused("lessonUpdate", id=lesson, expectedRevision=1, minutes=5)
    document = "query($id: ID!) @perspective(stage: DRAFT) { lesson(id: $id) { title minutes revision } }"
    assert editor.ask(document, id=lesson)["lesson"] == {"title": "Second", "minutes": None, "revision": 2}


# Who may -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "code"), [("anonymous", "UNAUTHENTICATED"), ("learner", "FORBIDDEN")])
def test_readers_change_nothing(people: People, who: str, code: str) -> None:
    made = factories.tree(people.editor, modules=1, lessons=1, blocks=1)
    before = authors.course(people.editor, made["course"])
    reader: Client = getattr(people, who)
    tries: dict[str, Data] = {
        "courseCreate": {"title": "T"},
        "courseUpdate": {"id": made["course"], "expectedRevision": 1, "title": "T"},
        "coursePublish": {"id": made["course"]},
        "courseTrash": {"id": made["course"]},
        "lessonMove": {"id": made["lessons"][0], "afterId": None},
        "blockTrash": {"id": made["blocks"][0]},
    }
    for name, given in tries.items():
        kind = f"{name[0].upper()}{name[1:]}Input!"
        document = f"mutation($input: {kind}) {{ {name}(input: $input) {{ __typename }} }}"
        assert reader.fails(document, input=given) == code
    assert authors.course(people.editor, made["course"]) == before
