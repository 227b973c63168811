"""What can go wrong, in words a person can act on.

A `DomainError` is an answer, not an accident: the door turns it into the payload's `errors`. Everything else that is
raised is our own failure and reaches the client masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class DomainError(Exception):
    """A refusal with a stable `code`, the input `path` it concerns, and a sentence that says what to do."""

    message: str
    code: str = "INVALID"
    path: Sequence[str | int] = ()

    def __str__(self) -> str:
        return self.message


class InvalidInput(DomainError):
    """A value breaks a rule of its field."""


def an(word: str) -> str:
    """A word of our own for a thing, as it stands in tables, with its article: an attempt, a grade item."""
    return f"{'an' if word[0] in 'aeio' else 'a'} {word.replace('_', ' ')}"


def wrong_kind(word: str) -> str:
    """What is said of an id that is no id of such a thing."""
    return f"This is not the id of {an(word)}."


class NotFound(DomainError):
    """The thing does not exist, or the viewer may not know that it does: both look alike."""

    def __init__(self, what: str, path: Sequence[str | int] = ("id",)) -> None:
        super().__init__(f"There is no {what} with this id.", "NOT_FOUND", path)


@dataclass(eq=False)
class FieldConflict:
    """One field of a stale update: what the caller wanted, and what stands there now."""

    field: str
    yours: Any
    current: Any


@dataclass(eq=False)
class Conflict(DomainError):
    """Somebody saved in between: the caller's revision is stale."""

    code: str = "REVISION_CONFLICT"
    path: Sequence[str | int] = ("expectedRevision",)
    expected_revision: int = 0
    actual_revision: int = 0
    fields: list[FieldConflict] = field(default_factory=list)


class SeveralErrors(Exception):
    """Several domain errors found in one go, reported together."""

    def __init__(self, errors: Sequence[DomainError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)


class RequestError(Exception):
    """The request itself is wrong (a client bug): a top-level GraphQL error, unmasked, with `extensions.code`."""

    def __init__(self, message: str, code: str = "BAD_USER_INPUT") -> None:
        super().__init__(message)
        self.code = code


class SignInRequired(RequestError):
    """The viewer is anonymous and the operation is not for anonymous viewers."""

    def __init__(self) -> None:
        super().__init__("Sign in to do this.", "UNAUTHENTICATED")


class Forbidden(RequestError):
    """The viewer is known and lacks the permission."""

    def __init__(self, permission: str) -> None:
        super().__init__(f"This needs the permission {permission}.", "FORBIDDEN")
