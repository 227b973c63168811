"""What an author does, in one call each: read a course whole, save from the newest revision, many things at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

from tests.support.clients import Client, Data

DRAFT, LIVE = "DRAFT", "LIVE"
_TREE = """id slug title summary publishState revision
    milestones { id name position startDay endDay }
    modules { id title position revision lessons { id title slug position revision
        blocks { __typename id title markdown html plainText points isRequired position revision } } }"""
_KINDS = ("Theme", "Course", "Module", "Lesson", "Block")
_DEADLINE_SECONDS = 60
Given = TypeVar("Given")
Found = TypeVar("Found")


def course(client: Client, course_id: str, stage: str = DRAFT) -> Data:
    """A course with everything below it, from one perspective; it must be there."""
    found = maybe_course(client, course_id, stage)
    assert found is not None
    return found


def maybe_course(client: Client, course_id: str, stage: str = DRAFT) -> Data | None:
    """The same, or None where there is none to be seen."""
    document = f"query($id: ID!, $stage: Stage!) @perspective(stage: $stage) {{ course(id: $id) {{ {_TREE} }} }}"
    found: Data | None = client.ask(document, id=course_id, stage=stage)["course"]
    return found


def live(reader: Client, course_id: str) -> Data | None:
    """A course as a reader sees it."""
    return maybe_course(reader, course_id, LIVE)


def outline(tree: Data | None) -> Any:
    """The titles of a course's modules and lessons and the texts of its blocks, in order; None for no course."""
    if tree is None:
        return None
    return [(module["title"], [_of_lesson(lesson) for lesson in module["lessons"]]) for module in tree["modules"]]


def ids(rows: list[Data]) -> list[str]:
    """The ids of rows, in order."""
    return [row["id"] for row in rows]


def positions(rows: list[Data]) -> list[int]:
    """The positions of rows, in order."""
    return [row["position"] for row in rows]


def revision(editor: Client, object_id: str) -> int:
    """The save counter of a draft object, whatever its kind."""
    fields = " ".join(f"... on {kind} {{ revision }}" for kind in _KINDS)
    document = f"query($id: ID!) @perspective(stage: DRAFT) {{ node(id: $id) {{ {fields} }} }}"
    number: int = editor.ask(document, id=object_id)["node"]["revision"]
    return number


def save(editor: Client, name: str, selection: str, object_id: str, **fields: Any) -> Data:
    """An update from the newest revision, which must succeed; answers the payload."""
    return editor.do(name, selection, id=object_id, expectedRevision=revision(editor, object_id), **fields)


def trashed(editor: Client) -> dict[str, str]:
    """Everything that lies in the trash on its own account: id to kind."""
    nodes = editor.ask("{ trash(first: 100) { nodes { id kind } } }")["trash"]["nodes"]
    return {node["id"]: node["kind"] for node in nodes}


def at_once(editor: Client, name: str, selection: str, inputs: list[Data]) -> list[Data]:
    """The same mutation once per input, each by a client of its own, all let loose together; the payloads."""
    return all_together(editor, lambda client, given: client.mutate(name, selection, **given), inputs)


def all_together(client: Client, act: Callable[[Client, Given], Found], inputs: Sequence[Given]) -> list[Found]:
    """Acts once per input, each by a client of its own, all let loose together; the answers in order."""
    start = Barrier(len(inputs), timeout=_DEADLINE_SECONDS)

    def run(given: Given) -> Found:
        mine = another(client)
        with mine.http:
            start.wait()
            return act(mine, given)

    with ThreadPoolExecutor(len(inputs)) as crowd:
        return list(crowd.map(run, inputs, timeout=_DEADLINE_SECONDS))


def tree_revision(editor: Client, course_id: str) -> int:
    """How often anything in a course was saved."""
    document = "query($id: ID!) @perspective(stage: DRAFT) { course(id: $id) { treeRevision } }"
    number: int = editor.ask(document, id=course_id)["course"]["treeRevision"]
    return number


def restore(editor: Client, course_id: str, number: int) -> None:
    """Loads a sealed revision into the draft as it stands now."""
    seen = tree_revision(editor, course_id)
    editor.do("courseRevisionRestore", "__typename", id=course_id, number=number, expectedTreeRevision=seen)


def another(client: Client) -> Client:
    """A second connection of the same person."""
    return Client(client.url, client.token)


def _of_lesson(lesson: Data) -> tuple[str, list[str]]:
    return lesson["title"], [block["plainText"] for block in lesson["blocks"]]
