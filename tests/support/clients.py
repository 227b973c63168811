"""Clients of the running application: each is somebody, and speaks GraphQL over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

Data = dict[str, Any]
ERRORS = """errors { __typename message code path
    ... on RevisionConflict { expectedRevision actualRevision fields { field yours current } } }"""


@dataclass
class Client:
    """Somebody who talks to the API."""

    url: str
    token: str | None = None
    # Nothing is encrypted on the way to this machine itself, and loading certificates takes longer than most tests.
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, verify=False))

    def post(self, document: str, variables: Data | None = None) -> httpx.Response:
        """The raw answer."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        body = {"query": document, "variables": variables or {}}
        return self.http.post(f"{self.url}/graphql", json=body, headers=headers)

    def answer(self, document: str, **variables: Any) -> Data:
        """The whole response map, errors included."""
        found: Data = self.post(document, variables).json()
        return found

    def ask(self, document: str, **variables: Any) -> Data:
        """The data of an operation that must not fail."""
        answer = self.answer(document, **variables)
        assert "errors" not in answer, answer["errors"]
        data: Data = answer["data"]
        return data

    def fails(self, document: str, **variables: Any) -> str:
        """The code of the one top-level error that the operation must end in."""
        answer = self.answer(document, **variables)
        assert len(answer.get("errors", [])) == 1, answer
        code: str = answer["errors"][0]["extensions"]["code"]
        return code

    def mutate(self, name: str, selection: str, /, **input: Any) -> Data:
        """The payload of a mutation, whatever its outcome; `selection` is what to read besides the errors."""
        head = f"mutation($input: {name[0].upper()}{name[1:]}Input!)"
        document = f"{head} {{ {name}(input: $input) {{ {selection} {ERRORS} }} }}"
        payload: Data = self.ask(document, input=input)[name]
        return payload

    def do(self, name: str, selection: str, /, **input: Any) -> Data:
        """The payload of a mutation that must succeed."""
        payload = self.mutate(name, selection, **input)
        assert payload["errors"] == [], payload["errors"]
        return payload

    def refused(self, name: str, /, **input: Any) -> Data:
        """The one user error that a mutation must end in."""
        payload = self.mutate(name, "__typename", **input)
        assert len(payload["errors"]) == 1, payload["errors"]
        error: Data = payload["errors"][0]
        return error


@dataclass
class People:
    """One client per kind of viewer, all of the same application."""

    anonymous: Client
    learner: Client
    editor: Client
    admin: Client
