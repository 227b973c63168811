"""The life of an attempt that branches: whatever is answered, changed and taken back, its path is the one that a plain
walker goes, and in the end only what is on it is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.assessment.taking import Taker
from tests.assessment.test_branching import PATH, lead
from tests.assessment.test_paths import Plain, walked_plainly
from tests.support import factories
from tests.support.clients import Client, Data

LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
LIFE = settings(
    max_examples=40 if LONG else 3,
    stateful_step_count=30 if LONG else 12,
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=list(HealthCheck),
)
points = st.integers(1, 10)
# Conditions speak of what stands before, and rules lead forward; 6 is the end. Every block can be come to.
SURVEYS = {
    "jumps": [
        Plain("scale", rules=[((0, 3), 3), ((0, 9), 2)]),
        Plain("scale", rules=[((1, 5), 6)]),
        Plain("scale", (0, 8)),
        Plain("scale", (2, 4), [((0, 2), 5)]),
        Plain("text", (3, 6)),
        Plain("scale", (3, 9)),
    ],
    "sections": [
        Plain("scale", rules=[((0, 3), 4)]),
        Plain("section", (0, 8), [((2, 5), 6)]),
        Plain("scale"),
        Plain("section", (2, 9)),
        Plain("scale", (0, 7)),
        Plain("scale", (4, 5)),
    ],
}


class Lives(RuleBasedStateMachine):
    """Somebody who answers, changes their mind, and hands in."""

    author: Client
    somebody: Taker

    @initialize(name=st.sampled_from(sorted(SURVEYS)))
    def begin(self, name: str) -> None:
        """A survey is published, and somebody begins."""
        self.survey = SURVEYS[name]
        self.made = factories.assessment(self.author, kind="SURVEY")
        inputs = [{"assessmentId": self.made, "block": written(place, self.survey)} for place in range(6)]
        payloads = factories.many(self.author, "blockCreate", "block { id }", inputs)
        self.ids = [each["block"]["id"] for each in payloads]
        for place, each in enumerate(self.survey):
            rules = [(said(condition), None if to == 6 else self.ids[to]) for condition, to in each.rules]
            if rules:
                lead(self.author, self.ids[place], *rules)
        self.author.do("assessmentPublish", "__typename", id=self.made)
        self.attempt = self.somebody.start(self.made)
        self.answers: dict[int, int] = {}

    @rule(place=st.integers(0, 5), point=points)
    def answer(self, place: int, point: int) -> None:
        """Something is answered, on the path or off it."""
        if self.survey[place].kind == "scale":
            self.somebody.answer(self.attempt, self.ids[place], scale={"point": point})
            self.answers[place] = point

    @rule(place=st.integers(0, 5))
    def take_back(self, place: int) -> None:
        """An answer is taken back, or none is."""
        if self.survey[place].kind == "scale":
            self.somebody.answer(self.attempt, self.ids[place])
            self.answers.pop(place, None)

    @rule()
    def go_on_later(self) -> None:
        """The window is closed and opened again."""
        assert self.somebody.start(self.made)["id"] == self.attempt["id"]

    @invariant()
    def the_path_is_the_plain_one(self) -> None:
        """The blocks that are shown, and the pages, are those that a plain walker comes to."""
        if not hasattr(self, "attempt"):
            return
        document = f"query($id: ID!) {{ {PATH.replace('attempt {', 'attempt(id: $id) {', 1)} }}"
        found = self.somebody.client.ask(document, id=self.attempt["id"])["attempt"]
        path = walked_plainly(self.survey, self.answers)
        assert [each["id"] for each in found["blocks"]] == [self.ids[place] for place in path]
        asked = [place for place in path if self.survey[place].kind == "scale"]
        assert found["progress"]["total"] == len(asked)
        assert found["progress"]["answered"] == len(set(asked) & set(self.answers))

    def teardown(self) -> None:
        """In the end it is handed in."""
        if hasattr(self, "attempt"):
            done = self.somebody.submit(self.attempt)
            on_path = set(walked_plainly(self.survey, self.answers)) & set(self.answers)
            assert {each["blockId"] for each in done["answers"]} == {self.ids[place] for place in on_path}


def written(place: int, survey: list[Plain]) -> Data:
    """A block as the API takes it."""
    each = survey[place]
    texts: Data = {"title": f"Block {place}"} if each.kind == "section" else {"markdown": f"Block {place}"}
    key = {"key": f"q{place}"} if each.kind == "scale" else {}
    return {each.kind: {**texts, **key, "showIf": said(each.condition)}}


def said(condition: tuple[int, int] | None) -> str | None:
    return None if condition is None else f"q{condition[0]} < {condition[1]}"


@pytest.mark.usefixtures("empty")
def test_an_attempt_is_always_on_the_plain_path(author: Client, taker: Callable[[], Taker]) -> None:
    Lives.author, Lives.somebody = author, taker()
    run_state_machine_as_test(Lives, settings=LIFE)  # type: ignore[no-untyped-call]
