"""Milestones, and when modules open."""

from __future__ import annotations

from typing import Any

import pytest

from core.ids import new_id
from models.curriculum import Module
from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data

MILESTONES = "course { revision publishState milestones { id name position startDay endDay } }"
RULE = "module { releaseRule releaseAfterDays releaseOn unlockAfter { id } revision }"


def stretch(name: str, start: int, end: int) -> Data:
    """A milestone as input."""
    return {"name": name, "startDay": start, "endDay": end}


def set_milestones(editor: Client, course: str, *milestones: Data) -> list[Data]:
    """Replaces a course's milestones; answers them as they stand."""
    payload = authors.save(editor, "courseMilestonesSet", MILESTONES, course, milestones=list(milestones))
    found: list[Data] = payload["course"]["milestones"]
    return found


def refusal(editor: Client, name: str, **input: Any) -> tuple[str, list[str]]:
    """The code and the path of the one error."""
    found = editor.refused(name, **input)
    return found["code"], found["path"]


# Milestones ----------------------------------------------------------------------------------------------------------


def test_milestones_are_set_as_a_whole_and_in_order(editor: Client) -> None:
    course = factories.course(editor)
    wanted = [stretch(f"Part {number}", 9 * number - 8, 9 * number) for number in range(1, 6)]
    made = set_milestones(editor, course, *wanted)
    assert [{**each, "id": None, "position": None} for each in made] == [
        {**each, "id": None, "position": None} for each in wanted
    ]
    assert authors.positions(made) == [1, 2, 3, 4, 5]
    assert set_milestones(editor, course) == []


def test_a_milestone_keeps_its_id_by_its_name(editor: Client) -> None:
    course = factories.course(editor)
    before = set_milestones(editor, course, stretch("A", 1, 9), stretch("B", 10, 20))
    after = set_milestones(editor, course, stretch("C", 1, 2), stretch("B", 3, 3), stretch("A", 5, 9))
    ids = {each["name"]: each["id"] for each in before}
    assert [each["id"] for each in after[1:]] == [ids["B"], ids["A"]]
    assert after[0]["id"] not in ids.values()


def test_setting_milestones_is_a_save_of_the_course(editor: Client) -> None:
    course = factories.course(editor)
    factories.publish(editor, course)
    payload = authors.save(editor, "courseMilestonesSet", MILESTONES, course, milestones=[stretch("A", 1, 1)])
    assert (payload["course"]["revision"], payload["course"]["publishState"]) == (2, "CHANGED")
    stale = {"id": course, "expectedRevision": 1, "milestones": []}
    assert refusal(editor, "courseMilestonesSet", **stale) == ("REVISION_CONFLICT", ["expectedRevision"])


@pytest.mark.parametrize(
    ("milestones", "code", "path"),
    [
        ([stretch("A", 1, 9), stretch("B", 9, 18)], "OVERLAP", ["1", "startDay"]),
        ([stretch("A", 1, 9), stretch("B", 3, 4)], "OVERLAP", ["1", "startDay"]),
        ([stretch("B", 10, 18), stretch("A", 1, 9)], "OVERLAP", ["1", "startDay"]),
        ([stretch("A", 5, 4)], "INVALID", ["0", "endDay"]),
        ([stretch("A", 0, 4)], "INVALID", ["0", "startDay"]),
        ([stretch("A", 1, 2), stretch("", 3, 4)], "INVALID", ["1", "name"]),
        ([stretch("x" * 201, 3, 4)], "INVALID", ["0", "name"]),
        ([stretch("a\0b", 3, 4)], "INVALID", ["0", "name"]),
        ([stretch("Same", 1, 2), stretch(" Same ", 3, 4)], "TAKEN", []),
        ([stretch(str(day), day, day) for day in range(1, 102)], "TOO_MANY", []),
    ],
)
def test_milestones_that_do_not_fit_are_refused_and_those_before_stay(
    editor: Client, milestones: list[Data], code: str, path: list[str]
) -> None:
    course = factories.course(editor)
    before = set_milestones(editor, course, stretch("Before", 1, 2))
    given = {"id": course, "expectedRevision": 2, "milestones": milestones}
    assert refusal(editor, "courseMilestonesSet", **given) == (code, ["milestones", *path])
    assert authors.course(editor, course)["milestones"] == before


def test_milestones_may_touch_and_leave_days_out(editor: Client) -> None:
    course = factories.course(editor)
    assert len(set_milestones(editor, course, stretch("A", 1, 9), stretch("B", 10, 10), stretch("C", 40, 45))) == 3


def test_readers_see_the_milestones_of_the_last_publication(editor: Client, reader: Client) -> None:
    course = factories.course(editor)
    before = set_milestones(editor, course, stretch("A", 1, 9), stretch("B", 10, 20))
    factories.publish(editor, course)
    after = set_milestones(editor, course, stretch("B", 1, 9))
    assert authors.course(reader, course, authors.LIVE)["milestones"] == before
    factories.publish(editor, course)
    assert authors.course(reader, course, authors.LIVE)["milestones"] == after


# When modules open ---------------------------------------------------------------------------------------------------


def three_modules(editor: Client) -> tuple[str, list[str]]:
    """A course with three modules; answers its id and theirs."""
    made = factories.tree(editor, modules=3, lessons=0, blocks=0)
    return made["course"], made["modules"]


def wait(editor: Client, module: str, after: str) -> Data:
    """Makes a module wait for another; the payload, whatever its outcome."""
    revision = authors.revision(editor, module)
    rule = {"releaseRule": "AFTER_MODULE", "unlockAfterId": after}
    return editor.mutate("moduleUpdate", RULE, id=module, expectedRevision=revision, **rule)


def test_every_rule_takes_its_detail(editor: Client) -> None:
    _, (first, second, _) = three_modules(editor)
    nothing: Data = dict.fromkeys(("releaseAfterDays", "releaseOn", "unlockAfterId"))
    rules: list[Data] = [
        {"releaseRule": "DAYS_AFTER_ENROLMENT", "releaseAfterDays": 0},
        {"releaseRule": "ON_DATE", "releaseOn": "2026-02-28"},
        {"releaseRule": "AFTER_MODULE", "unlockAfterId": first},
        {"releaseRule": "IMMEDIATELY"},
    ]
    for rule in rules:
        module = authors.save(editor, "moduleUpdate", RULE, second, **{**nothing, **rule})["module"]
        unlock_after = module.pop("unlockAfter")
        module.pop("revision")
        assert {**module, "unlockAfterId": unlock_after and unlock_after["id"]} == {**nothing, **rule}


def test_a_new_module_may_wait_for_another(editor: Client) -> None:
    course, (first, *_) = three_modules(editor)
    rule = {"releaseRule": "AFTER_MODULE", "unlockAfterId": first}
    made = editor.do("moduleCreate", RULE, courseId=course, title="T", **rule)["module"]
    assert made["unlockAfter"] == {"id": first}


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"releaseRule": "DAYS_AFTER_ENROLMENT"}, "releaseAfterDays"),
        ({"releaseRule": "ON_DATE"}, "releaseOn"),
        ({"releaseRule": "AFTER_MODULE"}, "unlockAfterId"),
        ({"releaseRule": "AFTER_MODULE", "unlockAfterId": None}, "unlockAfterId"),
        ({"releaseAfterDays": 3}, "releaseAfterDays"),
        ({"releaseOn": "2026-01-01"}, "releaseOn"),
        ({"releaseRule": "ON_DATE", "releaseOn": "2026-01-01", "releaseAfterDays": 3}, "releaseAfterDays"),
        ({"releaseRule": "DAYS_AFTER_ENROLMENT", "releaseAfterDays": 3, "releaseOn": "2026-01-01"}, "releaseOn"),
    ],
    ids=str,
)
def test_a_rule_has_the_detail_it_needs_and_no_other(editor: Client, rule: Data, field: str) -> None:
    course, (first, *_) = three_modules(editor)
    assert refusal(editor, "moduleUpdate", id=first, expectedRevision=1, **rule) == ("INVALID", [field])
    assert refusal(editor, "moduleCreate", courseId=course, title="T", **rule) == ("INVALID", [field])
    assert len(authors.course(editor, course)["modules"]) == 3
    assert authors.revision(editor, first) == 1


def test_the_detail_of_another_rule_has_to_go_with_it(editor: Client) -> None:
    _, (first, second, _) = three_modules(editor)
    assert wait(editor, second, first)["errors"] == []
    changes: Data = {"releaseRule": "IMMEDIATELY"}
    assert refusal(editor, "moduleUpdate", id=second, expectedRevision=2, **changes) == ("INVALID", ["unlockAfterId"])
    changes["unlockAfterId"] = None
    assert editor.do("moduleUpdate", RULE, id=second, expectedRevision=2, **changes)["module"]["unlockAfter"] is None


def test_a_module_waits_for_one_of_its_own_course_that_is_there(editor: Client) -> None:
    _, (first, second, third) = three_modules(editor)
    stranger = three_modules(editor)[1][0]
    editor.do("moduleTrash", "__typename", id=third)
    rule = {"id": first, "expectedRevision": 1, "releaseRule": "AFTER_MODULE"}
    for missing in (stranger, third, new_id(Module.__tag__)):
        assert refusal(editor, "moduleUpdate", **rule, unlockAfterId=missing) == ("NOT_FOUND", ["unlockAfterId"])
    for wrong in ("nonsense", "", new_id(0x033)):
        assert refusal(editor, "moduleUpdate", **rule, unlockAfterId=wrong) == ("WRONG_KIND_OF_ID", ["unlockAfterId"])
    assert authors.revision(editor, first) == 1
    assert wait(editor, first, second)["errors"] == []


def test_modules_never_wait_in_a_circle(editor: Client) -> None:
    _, (first, second, third) = three_modules(editor)
    assert wait(editor, second, first)["errors"] == []
    assert wait(editor, third, second)["errors"] == []
    for mine, after in ((first, first), (first, second), (first, third), (second, third)):
        (error,) = wait(editor, mine, after)["errors"]
        assert (error["code"], error["path"]) == ("CYCLE", ["unlockAfterId"])


def test_a_module_that_another_waits_for_stays(editor: Client) -> None:
    _, (first, second, _) = three_modules(editor)
    wait(editor, second, first)
    assert refusal(editor, "moduleTrash", id=first) == ("IS_AWAITED", ["id"])
    editor.do("moduleTrash", "__typename", id=second)
    editor.do("moduleTrash", "__typename", id=first)
    assert set(authors.trashed(editor)) == {first, second}


def test_waiting_for_a_module_in_the_trash_blocks_the_publication_and_no_other_work(editor: Client) -> None:
    course, (first, second, third) = three_modules(editor)
    wait(editor, second, first)
    for verb, module in (("Trash", second), ("Trash", first), ("Restore", second)):
        editor.do(f"module{verb}", "__typename", id=module)
    assert refusal(editor, "coursePublish", id=course) == ("NOT_FOUND", ["id"])
    for module in (second, third):
        authors.save(editor, "moduleUpdate", "__typename", module, title="Still editable")
    factories.module(editor, course)
    editor.do("moduleRestore", "__typename", id=first)
    assert factories.publish(editor, course) == 1


def test_readers_see_what_a_module_waits_for_as_it_was_published(editor: Client, reader: Client) -> None:
    course, (first, second, third) = three_modules(editor)
    wait(editor, second, first)
    factories.publish(editor, course)
    wait(editor, second, third)
    document = "query($id: ID!) { module(id: $id) { releaseRule unlockAfter { id } } }"
    assert reader.ask(document, id=second)["module"] == {"releaseRule": "AFTER_MODULE", "unlockAfter": {"id": first}}
