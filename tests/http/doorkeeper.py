"""Handing out credentials and taking them back, through the actions that the command line uses too."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from cairn.embedded.processes import wait_until
from core.writing import Transaction
from models.identity import Role
from resolvers import identity
from tests.support.databases import as_service, line

_PATIENCE_SECONDS = 10
_numbers = itertools.count(1)


class Doorkeeper:
    """Knows the people of one database."""

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def closing_time(self) -> Iterator[Doorkeeper]:
        """Afterwards everybody who came in meanwhile is gone: other tests look at the same database."""
        before = [row[0] for row in self.sql('SELECT id FROM "user"')]
        yield self
        assert wait_until(lambda: self._are_gone(before), _PATIENCE_SECONDS)
        self.sql("DELETE FROM rate_limit")
        self.sql("DELETE FROM idempotency_key")

    def _are_gone(self, before: list[Any]) -> bool:
        """Sends everybody else away; False where a worker that is still busy with somebody was in the way."""
        try:
            self.sql('DELETE FROM "user" WHERE id <> ALL (%s)', before)
        except psycopg.errors.DeadlockDetected:
            return False
        return True

    def person(self, role: Role = Role.EDITOR) -> str:
        """Somebody new with this role; answers the id."""
        number = next(_numbers)
        return self._do(lambda tx: identity.ensure_user(tx, f"door{number}@example.org", f"Guest {number}", role))

    def token(self, user_id: str, role: Role = Role.EDITOR) -> str:
        """A token of this person with everything that the role may do, good for a day."""
        return self._do(lambda tx: identity.create_api_token(tx, user_id, "door", identity.scopes_of([role]), 1))

    def link(self, user_id: str) -> str:
        """Where this person signs in, once."""
        token = self._do(lambda tx: identity.create_login_token(tx, user_id))
        return f"/sign-in?token={token}"

    def session(self, user_id: str) -> str:
        """The cookie of a session of this person."""
        token = self.link(user_id).rpartition("=")[2]
        return self._do(lambda tx: identity.sign_in(tx, token))

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Runs one statement as the application's own service, which row-level security lets through."""
        return line(self._url, "cairn_service").execute(statement, values)

    def named(self, statement: str, **values: str) -> None:
        """Runs one statement the same way, with values by name, such as `%(id)s`, that need not all be used."""
        line(self._url, "cairn_service").execute(statement, values)

    def _do(self, act: Callable[[Transaction], Awaitable[str]]) -> str:
        return as_service(self._url, act)
