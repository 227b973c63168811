"""Each mutation with its Nth statement going wrong: it is done or it is not, and asked for again it is done once."""

from __future__ import annotations

import os
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from graph.schema import schema
from models.identity import Role
from tests.audit.test_every_mutation import every_mutation
from tests.chaos.proxy import How, Proxy
from tests.chaos.states import State, States, changed
from tests.identity.guests import Guest, Post
from tests.jobs.crews import until
from tests.support.clients import ERRORS, Client, Data
from tests.support.servers import RunningApplication

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
NEVER = 1_000_000


@dataclass(frozen=True)
class Act:
    """A mutation that is tried: who asks for what, from which state, and how many rows it adds to which tables."""

    client: Client
    name: str
    document: str
    input: Data
    before: State
    clean: dict[str, int] = field(default_factory=dict)

    def send(self, key: str) -> httpx.Response:
        """Asks for it under a key."""
        token = self.client.token
        headers = {"idempotency-key": key} | ({"authorization": f"Bearer {token}"} if token else {})
        body = {"query": self.document, "variables": {"input": self.input}}
        return self.client.http.post(f"{self.client.url}/graphql", json=body, headers=headers)

    def is_done(self, answer: httpx.Response) -> bool:
        """Whether the answer says so."""
        body = answer.json()
        return "errors" not in body and body["data"][self.name]["errors"] == []


@dataclass
class Saboteur:
    """Carries out mutations, and before that tries each with something going wrong."""

    states: States
    wire: Proxy
    running: RunningApplication
    done: set[str] = field(default_factory=set)
    tried: Counter[str] = field(default_factory=Counter)

    def do(self, client: Client, name: str, selection: str = "__typename", /, **input: Any) -> Data:
        """The payload, in the end."""
        document = _document(name, selection)
        if name not in self.done:
            act = Act(client, name, document, input, self.states.now())
            seen, clean = self._undisturbed(act)
            for faults in _chosen(name, seen):
                self._try(replace(act, clean=clean), faults)
        self.done.add(name)
        payload: Data = client.ask(document, input=input)[name]
        assert payload["errors"] == [], payload["errors"]
        return payload

    def _undisturbed(self, act: Act) -> tuple[list[str], dict[str, int]]:
        """The statements of the act, and what it changes, when nothing goes wrong."""
        with self._kept(act.client):
            plan = self.wire.goes_wrong(NEVER, How.LOST)
            answer = act.send(_new_key())
        assert act.is_done(answer), answer.text
        clean = changed(act.before, self.states.now())
        self.states.go_back(act.before)
        return plan.seen, clean

    def _try(self, act: Act, faults: Sequence[tuple[How, int]]) -> None:
        """Each try is also the one before asked for again: as long as nothing was done they have one key."""
        key, is_done = _new_key(), False
        for how, number in faults:
            where = f"{act.name}, statement {number}: {how.value}"
            with self._kept(act.client):
                plan = self.wire.goes_wrong(number, how)
                answer = act.send(key)
                self.tried[how.name if plan.struck else "MISSED"] += 1
            after = self.states.now()
            is_done = after["audit_log"] != act.before["audit_log"]
            if is_done:
                self._is_done_once(act, key, where)
                key = _new_key()
            else:
                assert not act.is_done(answer), where
                assert changed(act.before, after) == {}, where
        if not is_done:
            with self._kept(act.client):
                assert act.is_done(act.send(key)), act.name
            self._is_done_once(act, key, act.name)

    def _is_done_once(self, act: Act, key: str, where: str) -> None:
        """It was committed, whatever was heard of it; asked for again it is not done again."""
        assert changed(act.before, self.states.now()) == act.clean, where
        with self._kept(act.client):
            act.send(key)
        assert changed(act.before, self.states.now()) == act.clean, f"{where}, and again"
        self.states.go_back(act.before)

    def _is_quiet(self) -> None:
        """All connections are there and idle, and nobody is being woken: what is counted next is the next request."""
        database = self.running.parts.database

        def is_idle() -> bool:
            pools = database.pools().values()
            return database._waking is None and all(
                each["pool_available"] == each["pool_size"] >= each["pool_min"] for each in pools
            )

        until(is_idle, "the healing of all pools", 10, every=0.002)

    @contextmanager
    def _kept(self, client: Client) -> Iterator[None]:
        """What a try does to the cookies of a browser does not stay, nor does what was to go wrong."""
        cookies = httpx.Cookies(client.http.cookies)
        self._is_quiet()
        self.states.forget_tries()
        yield
        self.wire.plan = None
        client.http.cookies = cookies
        self._is_quiet()


def _chosen(name: str, seen: list[str]) -> list[list[tuple[How, int]]]:
    """What goes wrong, and when: every statement in each way; in the short form one, and the COMMIT that matters."""
    if IS_LONG:
        return [[(how, number) for number in range(1, len(seen) + 1)] for how in How]
    dice = random.Random(name)
    written = next(place for place, text in enumerate(seen) if "INTO audit_log" in text)
    commit = next(place for place, text in enumerate(seen) if place > written and text == "COMMIT") + 1
    return [[(dice.choice(list(How)), dice.randint(1, commit)), (How.UNHEARD, commit)]]


def _document(name: str, selection: str) -> str:
    head = f"mutation($input: {name[0].upper()}{name[1:]}Input!)"
    return f"{head} {{ {name}(input: $input) {{ {selection} {ERRORS} }} }}"


def _new_key() -> str:
    return f'"{secrets.token_hex(16)}"'


def test_each_mutation_is_done_once_or_not_at_all_whichever_of_its_statements_goes_wrong(
    states: States,
    wire: Proxy,
    house: tuple[str, RunningApplication],
    visitor: Callable[[], Client],
    newcomer: Callable[[], Guest],
    staff: Callable[[Role], tuple[str, Client]],
    post: Post,
    own_database: str,
) -> None:
    saboteur = Saboteur(states, wire, house[1])
    every_mutation(saboteur, visitor, newcomer, staff, post, own_database)
    kind = schema()._schema.mutation_type
    assert kind is not None
    assert saboteur.done == set(kind.fields)
    assert saboteur.tried["UNHEARD"] >= len(kind.fields)
