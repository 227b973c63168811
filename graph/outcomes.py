"""What a mutation came to, and how that is remembered under an idempotency key and told again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import strawberry
from strawberry.types.base import has_object_definition

from core.errors import DomainError, SeveralErrors
from core.viewer import Viewer
from graph.effects import Effects
from resolvers.identity import kind_of

_INSTANT = "$instant"
# How signing secrets of webhooks begin.
WEBHOOK_SECRET = "whsec_"  # noqa: S105 - how one begins


@dataclass(frozen=True)
class Done:
    """A mutation's answer with more than the entity.

    `id` is the entity's, if there is one to show; `extra` holds further payload fields by name. `errors` are told
    although what was done stays done. `viewer` is who acts from here on, where somebody signed in or out. For the audit
    log, `subject` is what was acted upon where that is not shown, and `noted` what else came of it.
    """

    id: str | None
    extra: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[DomainError | SeveralErrors, ...] = ()
    viewer: Viewer | None = None
    subject: str | None = None
    noted: Mapping[str, Any] = field(default_factory=dict)


class AnswerNotKept(DomainError):
    """It was done, and its answer held a secret, of which only a hash is kept."""

    def __init__(self) -> None:
        super().__init__("This was done already, and its answer held a secret that is shown once.", "ANSWER_NOT_KEPT")


def is_secret(done: Done, effects: Effects) -> bool:
    """Whether the answer holds a secret, which is told by its looks, signs a browser in, or is a word about either."""
    if any(isinstance(error, AnswerNotKept) for error in done.errors):
        return True
    return bool(effects.cookie) or any(isinstance(each, str) and _looks_secret(each) for each in done.extra.values())


def _looks_secret(text: str) -> bool:
    return kind_of(text) is not None or text.startswith(WEBHOOK_SECRET)


def outcome_of(done: Done, effects: Effects) -> dict[str, Any]:
    """What is written down of an outcome; nothing of it where it is secret."""
    if is_secret(done, effects):
        return {"is_secret": True}
    errors = [one for each in done.errors for one in (each.errors if isinstance(each, SeveralErrors) else (each,))]
    return {
        "id": done.id,
        "extra": {name: _written(value) for name, value in done.extra.items()},
        "errors": [[each.message, each.code, [str(part) for part in each.path]] for each in errors],
    }


def done_of(outcome: Mapping[str, Any]) -> Done:
    """The outcome once more, from what was written down."""
    if outcome.get("is_secret"):
        return Done(None, errors=(AnswerNotKept(),))
    errors = tuple(DomainError(message, code, path) for message, code, path in outcome["errors"])
    return Done(outcome["id"], {name: _read(value) for name, value in outcome["extra"].items()}, errors)


def plain(value: Any) -> Any:
    """A Strawberry object as plain data: objects as dictionaries without what is absent or null."""
    if isinstance(value, strawberry.Some):
        return plain(value.value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if has_object_definition(value):
        return {name: plain(each) for name, each in vars(value).items() if each is not None}
    return value


def _written(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, datetime):
        return {_INSTANT: value.isoformat()}
    return value


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(each) for each in value]
    if isinstance(value, dict):
        if set(value) == {_INSTANT}:
            return datetime.fromisoformat(value[_INSTANT])
        return SimpleNamespace(**{name: _read(each) for name, each in value.items()})
    return value
