"""Assessments that go on in different ways: written, checked and published by editors, taken through GraphQL."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.assessment.large import large_survey
from tests.assessment.measures import scale
from tests.assessment.taking import Taker, quiz
from tests.events.logs import sql
from tests.jobs.crews import until
from tests.support import factories
from tests.support.clients import ERRORS, Client, Data, People
from tests.support.servers import RunningApplication

Statements = Callable[[], AbstractContextManager[list[str]]]
Takers = Callable[[], Taker]
PATH = """attempt { id blocks { id } questions { id } progress { answered total requiredLeft }
    sections { title heading { id } blocks { id } progress { answered total requiredLeft } } }"""


def ask(key: str, **more: Any) -> Data:
    """A question that is answered by a number."""
    return {"scale": {"markdown": f"How much {key}?", "key": key, **more}}


def page(title: str, **more: Any) -> Data:
    return {"section": {"title": title, **more}}


def words(text: str = "Words", **more: Any) -> Data:
    return {"text": {"markdown": text, **more}}


def survey(author: Client, *blocks: Data, **fields: Any) -> tuple[str, list[str]]:
    """A draft assessment of these blocks, and their ids."""
    made = factories.assessment(author, **fields)
    inputs = [{"assessmentId": made, "block": each} for each in blocks]
    return made, [each["block"]["id"] for each in factories.many(author, "blockCreate", "block { id }", inputs)]


def rules_of(author: Client, block: str, stage: str = "DRAFT") -> Data:
    """The revision of a block, and its rules."""
    document = f"""query($id: ID!) @perspective(stage: {stage}) {{ block(id: $id) {{ revision branches {{
        id condition appliesWhen fromBlock {{ id }} gotoBlock {{ id }} }} }} }}"""
    found: Data = author.ask(document, id=block)["block"]
    return found


def lead(author: Client, block: str, *rules: tuple[str | None, str | None]) -> Data:
    """Gives a block these rules: (condition, target), None for always, and for the end. The block's payload."""
    given = [{"condition": condition, "gotoBlockId": goto} for condition, goto in rules]
    expected = rules_of(author, block)["revision"]
    selection = "block { revision branches { id condition appliesWhen gotoBlock { id } } }"
    return author.do("blockBranchesSet", selection, id=block, expectedRevision=expected, branches=given)


def publish(author: Client, made: str) -> None:
    author.do("assessmentPublish", "__typename", id=made)


def refusals(author: Client, made: str) -> list[tuple[str, str, int | None]]:
    """Why it is not published: (code, block, number of the rule)."""
    document = f"""mutation($id: ID!) {{ assessmentPublish(input: {{id: $id}}) {{
        {ERRORS.replace("message code path", "code path ... on FlowProblem { blockId branch position }")} }} }}"""
    errors = author.ask(document, id=made)["assessmentPublish"]["errors"]
    return [(each["code"], each.get("blockId"), each.get("branch")) for each in errors]


def ids(blocks: list[Data]) -> list[str]:
    return [each["id"] for each in blocks]


# Taken ---------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("grader")
def test_somebody_is_led_past_what_does_not_concern_them(author: Client, taker: Takers, database_url: str) -> None:
    made, blocks = survey(
        author,
        words("Welcome"),
        ask("sleep"),
        page("Nights", markdown="About your nights"),
        ask("waking", isRequired=True),
        ask("noise", showIf="waking < 4"),
        page("Days"),
        words("Nearly there"),
        ask("energy", isRequired=True),
    )
    welcome, sleep, nights, waking, noise, days, nearly, energy = blocks
    lead(author, sleep, ("sleep > 7", days), ("sleep < 2", None))
    publish(author, made)
    somebody = taker()

    def at(attempt: Data) -> list[str]:
        document = f"query($id: ID!) {{ {PATH.replace('attempt {', 'attempt(id: $id) {', 1)} }}"
        attempt.update(somebody.client.ask(document, id=attempt["id"])["attempt"])
        return ids(attempt["blocks"])

    begun = somebody.start(made)
    assert at(begun) == [welcome, sleep, nights, waking, days, nearly, energy]
    assert ids(begun["questions"]) == [sleep, waking, energy]
    titles = [(each["title"], each["heading"] and each["heading"]["id"]) for each in begun["sections"]]
    assert titles == [(None, None), ("Nights", nights), ("Days", days)]
    assert [ids(each["blocks"]) for each in begun["sections"]] == [[welcome, sleep], [waking], [nearly, energy]]
    assert begun["progress"] == {"answered": 0, "total": 3, "requiredLeft": 2}
    somebody.answer(begun, waking, scale={"point": 3})
    assert at(begun) == [welcome, sleep, nights, waking, noise, days, nearly, energy]
    somebody.answer(begun, noise, scale={"point": 9})
    somebody.answer(begun, sleep, scale={"point": 1})
    assert at(begun) == [welcome, sleep]
    saved = somebody.client.do(
        "attemptAnswerSave", PATH, id=begun["id"], blockId=sleep, answer={"scale": {"point": 9}}
    )["attempt"]
    assert ids(saved["blocks"]) == [welcome, sleep, days, nearly, energy]
    assert saved["progress"] == {"answered": 1, "total": 2, "requiredLeft": 1}
    missing = somebody.client.refused("attemptSubmit", id=begun["id"])
    assert (missing["code"], missing["path"]) == ("REQUIRED", ["questions", energy])
    somebody.answer(begun, energy, scale={"point": 5})
    done = somebody.submit(begun)
    assert sorted(each["blockId"] for each in done["answers"]) == sorted([sleep, energy])


@pytest.mark.usefixtures("grader")
def test_what_is_off_the_path_is_discarded_when_the_time_is_up_as_well(
    author: Client, taker: Takers, database_url: str
) -> None:
    made, (first, second) = survey(author, ask("one"), ask("two"), timeLimitMinutes=5)
    lead(author, first, ("one > 5", None))
    publish(author, made)
    somebody = taker()
    begun = somebody.start(made)
    somebody.answer(begun, second, scale={"point": 2})
    somebody.answer(begun, first, scale={"point": 9})
    sql(database_url, "UPDATE attempt SET deadline_at = now() - interval '1 s' WHERE id = %s", begun["id"])
    somebody.submit(begun)
    until(lambda: len((somebody.look(begun) or {})["answers"]) == 1, "grading")
    assert [each["blockId"] for each in (somebody.look(begun) or {})["answers"]] == [first]


def test_an_attempt_keeps_the_rules_that_it_began_with(author: Client, taker: Takers) -> None:
    made, (first, second, third) = survey(author, ask("one"), ask("two"), ask("three"))
    lead(author, first, ("one > 5", third))
    publish(author, made)
    somebody = taker()
    begun = somebody.start(made)
    lead(author, first)
    publish(author, made)
    assert ids(somebody.answer(begun, first, scale={"point": 9})["questions"]) == [first, third]
    later = taker()
    assert ids(later.answer(later.start(made), first, scale={"point": 9})["questions"]) == [first, second, third]


def test_reading_an_attempt_costs_the_same_however_long_it_is(
    author: Client, taker: Takers, house: tuple[str, RunningApplication]
) -> None:
    costs = []
    document = f"query($id: ID!) {{ {PATH.replace('attempt {', 'attempt(id: $id) {', 1)} }}"
    for size in (1, 6):
        made, _ = quiz(author, *(each for n in range(size) for each in (page(f"Page {n}"), ask(f"q{n}"))))
        somebody = taker()
        begun = somebody.start(made)
        sent: list[str] = []
        database = house[1].parts.database
        database.on_statement = sent.append
        somebody.client.ask(document, id=begun["id"])
        database.on_statement = None
        costs.append([name for text in sent for name in ("attempt", "paper", "answer") if f"FROM {name}" in text])
    assert [sorted(each) for each in costs] == [["answer", "attempt", "paper"]] * 2


# Written -------------------------------------------------------------------------------------------------------------


def test_rules_are_written_as_one_list_in_order(author: Client) -> None:
    _, (first, second, third) = survey(author, ask("one"), ask("two"), ask("three"))
    rules = lead(author, first, ("one < 3", third), (None, None))["block"]["branches"]
    assert [(each["condition"], each["appliesWhen"]) for each in rules] == [("one < 3", "one is below 3"), (None, None)]
    assert [each["gotoBlock"] for each in rules] == [{"id": third}, None]
    stands = rules_of(author, first)
    assert (stands["revision"], [each["fromBlock"]["id"] for each in stands["branches"]]) == (2, [first, first])
    again = lead(author, first, ("one > 8", second), ("one < 3", third))["block"]["branches"]
    assert ids(again) == ids(rules)
    assert lead(author, first)["block"]["branches"] == []


def test_a_changed_rule_is_a_change_to_be_published(author: Client) -> None:
    made, (first, second, _) = survey(author, ask("one"), ask("two"), ask("three"))
    document = "query($id: ID!) @perspective(stage: DRAFT) { assessment(id: $id) { publishState treeRevision } }"

    def state() -> str:
        return str(author.ask(document, id=made)["assessment"]["publishState"])

    lead(author, first, ("one < 3", None))
    publish(author, made)
    assert state() == "PUBLISHED"
    for rules in ([("one < 4", None)], [("one < 4", second)], [], [("one < 4", second)]):
        lead(author, first, *rules)
        assert state() == "CHANGED"
        publish(author, made)
        assert state() == "PUBLISHED"
    back = author.ask(document, id=made)["assessment"]["treeRevision"]
    author.do("assessmentRevisionRestore", "__typename", id=made, number=1, expectedTreeRevision=back)
    assert [each["condition"] for each in rules_of(author, first)["branches"]] == ["one < 3"]


def test_a_copy_of_a_course_has_rules_of_its_own(author: Client) -> None:
    tree = factories.tree(author, modules=1, lessons=1, blocks=0)
    made = factories.assessment(author, tree["lessons"][0])
    inputs = [{"assessmentId": made, "block": ask(each)} for each in ("one", "two", "three")]
    first, _, third = (each["block"]["id"] for each in factories.many(author, "blockCreate", "block { id }", inputs))
    lead(author, first, ("one < 3", third))
    copied = author.do("courseDuplicate", "idMap { original copy }", id=tree["course"])["idMap"]
    copies = {pair["original"]: pair["copy"] for pair in copied}
    (rule,) = rules_of(author, copies[first])["branches"]
    assert (rule["condition"], rule["gotoBlock"]["id"]) == ("one < 3", copies[third])
    factories.publish(author, tree["course"])


@pytest.mark.parametrize(
    ("rule", "code", "path"),
    [
        ({"condition": "one <"}, "INVALID", ["branches", "0", "condition"]),
        ({"condition": "x" * 1001}, "INVALID", ["branches", "0", "condition"]),
        ({"gotoBlockId": "itself"}, "INVALID", ["branches", "0", "gotoBlockId"]),
        ({"gotoBlockId": "elsewhere"}, "NOT_FOUND", ["branches", "0", "gotoBlockId"]),
        ({"gotoBlockId": "trashed"}, "NOT_FOUND", ["branches", "0", "gotoBlockId"]),
        ({"gotoBlockId": "assessment"}, "WRONG_KIND_OF_ID", ["branches", "0", "gotoBlockId"]),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_by_its_field(
    author: Client, rule: Data, code: str, path: list[str]
) -> None:
    made, (first, second) = survey(author, ask("one"), ask("two"))
    _, (other,) = survey(author, ask("one"))
    author.do("blockTrash", "__typename", id=second)
    known = {"itself": first, "elsewhere": other, "trashed": second, "assessment": made}
    rule = {**rule, **({"gotoBlockId": known[rule["gotoBlockId"]]} if "gotoBlockId" in rule else {})}
    error = author.refused("blockBranchesSet", id=first, expectedRevision=1, branches=[rule])
    assert (error["code"], error["path"]) == (code, path)


def test_rules_are_for_blocks_of_assessments_and_there_are_not_too_many(author: Client) -> None:
    tree = factories.tree(author, modules=1, lessons=1, blocks=1)
    refused: Data = {"id": tree["blocks"][0], "expectedRevision": 1, "branches": [{}]}
    assert author.refused("blockBranchesSet", **refused)["code"] == "INVALID"
    _, (first,) = survey(author, ask("one"))
    refused = {"id": first, "expectedRevision": 1, "branches": [{}] * 51}
    assert author.refused("blockBranchesSet", **refused)["path"] == ["branches"]


def test_saving_rules_over_somebody_else_is_a_conflict(author: Client) -> None:
    _, (first, _) = survey(author, ask("one"), ask("two"))
    lead(author, first, ("one < 3", None))
    stale: Data = {"id": first, "expectedRevision": 1, "branches": [{"condition": "one < 4"}]}
    error = author.refused("blockBranchesSet", **stale)
    assert (error["code"], error["actualRevision"]) == ("REVISION_CONFLICT", 2)
    assert [each["field"] for each in error["fields"]] == ["branches"]
    assert [each["condition"] for each in rules_of(author, first)["branches"]] == ["one < 3"]


def test_readers_are_led_by_rules_and_never_see_them(people: People, author: Client) -> None:
    made, (first, _) = survey(author, ask("one"), ask("two"))
    rules = lead(author, first, ("one < 3", None))["block"]["branches"]
    publish(author, made)
    for reader in (people.anonymous, people.learner):
        assert rules_of(reader, first, "LIVE")["branches"] is None
        assert reader.ask("query($id: ID!) { node(id: $id) { id } }", id=rules[0]["id"]) == {"node": None}
    assert len(rules_of(author, first, "LIVE")["branches"]) == 1


def test_reading_rules_costs_the_same_however_many_there_are(editor: Client, statements: Statements) -> None:
    document = """query($id: ID!) @perspective(stage: DRAFT) { assessment(id: $id) {
        blocks { branches { appliesWhen gotoBlock { id } } } } }"""
    costs = []
    for size in (2, 8):
        made, blocks = survey(editor, *(ask(f"q{number}") for number in range(size)))
        for block in blocks[:-1]:
            lead(editor, block, ("q0 < 3", blocks[-1]), (None, None))
        with statements() as sent:
            editor.ask(document, id=made)
        costs.append(len(sent))
    # The assessment, its blocks, their rules, and where these lead.
    assert costs == [4, 4]


# Checked -------------------------------------------------------------------------------------------------------------


def test_what_makes_no_sense_on_the_way_stands_in_the_way_of_publishing(author: Client) -> None:
    made, (first, second, third, fourth) = survey(author, ask("one"), ask("two"), ask("three"), ask("four"))
    lead(author, second, ("three < 3", fourth), ("two < 3", first), (None, fourth))
    assert refusals(author, made) == [
        ("CONDITION", second, 1), ("BACKWARD", second, 2), ("UNREACHABLE", third, None),
    ]  # fmt: skip
    lead(author, second, ("two < 3", fourth))
    author.do("blockTrash", "__typename", id=fourth)
    assert refusals(author, made) == [("TARGET_GONE", second, 1)]
    author.do("blockRestore", "__typename", id=fourth)
    author.do("blockMove", "__typename", id=fourth, afterId=None)
    assert refusals(author, made) == [("BACKWARD", second, 1)]
    author.do("blockMove", "__typename", id=fourth)
    assert refusals(author, made) == []


def test_what_depends_on_earlier_answers_is_neither_drawn_nor_shuffled(author: Client) -> None:
    made, (first, _) = survey(author, ask("one"), ask("two"), shuffle=True)
    assert refusals(author, made) == []
    lead(author, first, ("one < 3", None))
    assert refusals(author, made) == [("ORDER_MATTERS", None, None)]
    drawn, _ = survey(author, ask("one"), ask("two", showIf="one < 3"), questionLimit=1)
    assert refusals(author, drawn) == [("ORDER_MATTERS", None, None)]


def test_a_block_with_rules_does_not_stand_in_a_lesson(author: Client) -> None:
    tree = factories.tree(author, modules=1, lessons=1, blocks=0)
    made = factories.assessment(author, tree["lessons"][0], questions=1)
    inputs = [{"assessmentId": made, "block": ask("one")}]
    (block,) = (each["block"]["id"] for each in factories.many(author, "blockCreate", "block { id }", inputs))
    lead(author, block, ("one < 3", None))
    author.do("blockMove", "__typename", id=block, lessonId=tree["lessons"][0])
    error = author.refused("coursePublish", id=tree["course"])
    assert (error["__typename"], error["code"]) == ("FlowProblem", "IN_LESSON")
    lead_nowhere: Data = {"id": block, "expectedRevision": rules_of(author, block)["revision"], "branches": []}
    author.do("blockBranchesSet", "__typename", **lead_nowhere)
    factories.publish(author, tree["course"])


# Tried by editors ----------------------------------------------------------------------------------------------------

WALK = """query($id: ID!, $answers: [GivenAnswer!]!) @perspective(stage: DRAFT) {
    assessmentWalk(assessmentId: $id, answers: $answers) {
        errors { code path } blocks { id } sections { title blocks { id } } progress { answered total requiredLeft }
        hidden { block { id } because inWords } jumps { fromBlock { id } gotoBlock { id } inWords }
        discarded { id } missing { id } answers { blockId share score points }
        score maxScore percentage passed awaitsAPerson
        scales { key label answered raw score band { key } } } }"""


def test_an_editor_walks_a_draft_with_answers_of_their_own(author: Client, database_url: str) -> None:
    choice = factories.choice_question(key="pick", points=4, choices=[
        {"id": "yes", "text": "Right", "isCorrect": True}, {"id": "no", "text": "Wrong"},
    ])  # fmt: skip
    made, blocks = survey(
        author, ask("one"), ask("two"), page("Late", showIf="one > 5"), ask("three"), page("Then"), choice,
        ask("four", showIf="pick == 'no'"), ask("five", isRequired=True),
        {"freeform": {"markdown": "Why?", "points": 2}},
    )  # fmt: skip
    one, two, late, three, then, pick, four, five, why = blocks
    lead(author, one, ("one < 5", late))
    given = [
        {"blockId": one, "answer": {"scale": {"point": 2}}},
        {"blockId": two, "answer": {"scale": {"point": 2}}},
        {"blockId": pick, "answer": {"multipleChoice": {"choiceId": "yes"}}},
        {"blockId": why, "answer": {"freeform": {"text": "Because."}}},
        {"blockId": five, "answer": {"scale": {"point": 99}}},
        {"blockId": late, "answer": {"scale": {"point": 9}}},
        {"blockId": three, "answer": {"numeric": {"number": "9"}}},
    ]
    before = sql(database_url, "SELECT count(*) FROM answer")
    found = author.ask(WALK, id=made, answers=given)["assessmentWalk"]
    assert ids(found["blocks"]) == [one, then, pick, five, why]
    assert [(each["title"], ids(each["blocks"])) for each in found["sections"]] == [
        (None, [one]), ("Then", [pick, five, why]),
    ]  # fmt: skip
    assert [(each["block"]["id"], each["because"]) for each in found["hidden"]] == [
        (two, "JUMP"), (late, "SECTION"), (three, "SECTION"), (four, "CONDITION"),
    ]  # fmt: skip
    assert [each["inWords"] for each in found["hidden"]] == [
        "It is jumped over: after 'How much one?' it goes on with 'Late', as one is below 5.",
        "Its section 'Late' is shown when one is above 5.",
        "Its section 'Late' is shown when one is above 5.",
        "It is shown when pick is 'no'.",
    ]
    assert [(each["fromBlock"]["id"], each["gotoBlock"]["id"]) for each in found["jumps"]] == [(one, late)]
    assert (ids(found["discarded"]), ids(found["missing"])) == ([two], [five])
    assert [(each["code"], each["path"]) for each in found["errors"]] == [
        ("INVALID", ["answers", "4", "answer", "point"]),
        ("NOT_FOUND", ["answers", "5", "blockId"]),
        ("WRONG_FORMAT", ["answers", "6", "answer"]),
    ]
    assert {each["blockId"]: each["score"] for each in found["answers"]} == {one: None, pick: 4.0, why: None}
    assert (found["score"], found["maxScore"], found["percentage"], found["passed"]) == (4.0, 4.0, 100.0, True)
    assert found["awaitsAPerson"] is True
    assert found["progress"] == {"answered": 3, "total": 4, "requiredLeft": 1}
    assert sql(database_url, "SELECT count(*) FROM answer") == before


def test_a_walk_says_what_the_answers_on_the_path_come_to_on_each_scale(author: Client) -> None:
    made, (one, two, three) = survey(author, ask("one"), ask("two"), ask("three", showIf="one > 5"))
    items = [one, {"blockId": two, "isReversed": True}, three]
    scale(author, made, "all", items, minimum=0, maximum=30, missingAllowed=1)
    given = [{"blockId": each, "answer": {"scale": {"point": 4}}} for each in (one, two, three)]
    (found,) = author.ask(WALK, id=made, answers=given)["assessmentWalk"]["scales"]
    # The third is off the path; the mean of the others, 4 and 11 - 4, stands in for it.
    assert (found["answered"], found["raw"], found["score"]) == (2, 16.5, 16.5)
    (nothing,) = author.ask(WALK, id=made, answers=[])["assessmentWalk"]["scales"]
    assert (nothing["answered"], nothing["score"], nothing["band"]) == (0, None, None)


def test_walks_and_maps_are_for_who_edits(people: People, author: Client) -> None:
    made, _ = quiz(author, ask("one"))
    for field in ("assessmentWalk(assessmentId: $id, answers: [])", "assessmentFlow(assessmentId: $id)"):
        document = f"query($id: ID!) {{ {field} {{ __typename }} }}"
        assert people.anonymous.fails(document, id=made) == "UNAUTHENTICATED"
        assert people.learner.fails(document, id=made) == "FORBIDDEN"
        assert len(author.ask(document, id=made)) == 1


FLOW = """query($id: ID!) @perspective(stage: DRAFT) { assessmentFlow(assessmentId: $id) {
    outline mermaid svg problems { code message ... on FlowProblem { blockId branch } } } }"""


def test_the_map_shows_the_way_and_what_is_wrong_on_it(author: Client) -> None:
    made, (one, two, late, _) = survey(author, ask("one"), ask("two"), page("Late", showIf="one > 5"), ask("three"))
    lead(author, one, ("one < 5", late), (None, None))
    flow = author.ask(FLOW, id=made)["assessmentFlow"]
    lines = flow["outline"].splitlines()
    assert "   - if one is below 5: to 4. How much three?" in lines
    assert "   - always: to the end" in lines
    assert "   Shown when one is above 5" in lines
    assert lines[lines.index("2. How much two? (scale)") + 1] == "   Nobody would ever come to this block."
    assert 'b1 -->|"if one is below 5"| b3' in flow["mermaid"]
    assert "Nobody would ever come to this block." in flow["svg"]
    assert [(each["code"], each["blockId"]) for each in flow["problems"]] == [("UNREACHABLE", two)]


# Large ---------------------------------------------------------------------------------------------------------------


def test_a_survey_of_five_hundred_rules_is_checked_walked_and_drawn_in_no_time(
    author: Client, taker: Takers, database_url: str
) -> None:
    made, blocks = large_survey(author, database_url, 499)
    seconds: dict[str, float] = {}

    def timed(name: str, act: Callable[[], Any]) -> Any:
        began = time.process_time()
        found = act()
        seconds[name] = time.process_time() - began
        return found

    timed("publish", lambda: publish(author, made))
    somebody = taker()
    begun = timed("start", lambda: somebody.start(made))
    assert len(begun["questions"]) == 499
    saved = timed("save", lambda: somebody.answer(begun, blocks[0], scale={"point": 1}))
    assert ids(saved["questions"])[:3] == [blocks[0], blocks[2], blocks[3]]
    answers = [{"blockId": each, "answer": {"scale": {"point": 1}}} for each in blocks[::2]]
    walked = timed("walk", lambda: author.ask(WALK, id=made, answers=answers)["assessmentWalk"])
    assert ids(walked["blocks"]) == blocks[::2]
    flow = timed("map", lambda: author.ask(FLOW, id=made)["assessmentFlow"])
    assert (flow["problems"], flow["mermaid"].count("-->|")) == ([], 498)
    # Of this process, in which the server runs; what is quadratic takes ten times as long.
    assert max(seconds.values()) < 3, seconds


# Many at once --------------------------------------------------------------------------------------------------------


def test_of_many_who_save_rules_at_once_one_is_kept_whole(author: Client) -> None:
    _, (first, second) = survey(author, ask("one"), ask("two"))

    def save(number: int) -> list[Data]:
        rules = [{"condition": f"one < {number}", "gotoBlockId": second}] * 3
        given: Data = {"id": first, "expectedRevision": 1, "branches": rules}
        errors: list[Data] = author.mutate("blockBranchesSet", "__typename", **given)["errors"]
        return errors

    with ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(save, range(8)))
    assert sorted(len(each) for each in refused) == [0] + [1] * 7
    stands = rules_of(author, first)
    winner = refused.index([])
    assert (stands["revision"], [each["condition"] for each in stands["branches"]]) == (2, [f"one < {winner}"] * 3)


def test_of_many_answers_saved_at_once_the_path_follows_all(author: Client, taker: Takers) -> None:
    made, blocks = survey(author, *(ask(f"q{number}") for number in range(8)), words("End", showIf="mean(q0, q7) > 4"))
    for number in range(6):
        lead(author, blocks[number], (f"q{number} > 5", blocks[number + 2]))
    publish(author, made)
    somebody = taker()
    begun = somebody.start(made)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda block: somebody.answer(begun, block, scale={"point": 9}), blocks[:8]))
    document = "query($id: ID!) { attempt(id: $id) { blocks { id } } }"
    found = somebody.client.ask(document, id=begun["id"])["attempt"]["blocks"]
    assert ids(found) == [*blocks[0:8:2], *blocks[7:]]
