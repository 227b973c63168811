"""Errors as the API shows them: user errors in payloads, and masked top-level errors."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from psycopg.errors import QueryCanceled
from strawberry.exceptions import StrawberryInputCoercionError

from core.errors import Conflict, DomainError, RequestError, SeveralErrors
from graph.scalars import JSON
from resolvers.curriculum.branches import FlowProblem as WrongFlow
from resolvers.curriculum.conditions import ConditionProblem as WrongCondition
from resolvers.requests import limits

# What the database gave up, for the time that it took.
TIMEOUT = "TIMEOUT"
log = logging.getLogger("cairn.graph")


@strawberry.interface(description="Why a mutation did not do what was asked.")
class UserError:
    """Something the caller can mend."""

    message: str = strawberry.field(description="What is wrong and what to do, in plain words.")
    code: str = strawberry.field(description="A stable word for programs, such as TAKEN or NOT_FOUND.")
    path: list[str] = strawberry.field(description="The input field concerned, outermost first; empty for the whole.")


@strawberry.type(description="A value of the input is not acceptable.")
class InputError(UserError):
    """The ordinary user error."""


@strawberry.type(description="This was tried too often; nothing was done.")
class RateLimited(UserError):
    """Says when it may be tried again, as the header `Retry-After` does."""

    retry_after: int = strawberry.field(description="After how many seconds it may be tried again.")


@strawberry.type(description="The condition of a block does not make sense where it stands.")
class ConditionProblem(UserError):
    """Says where to look."""

    block_id: strawberry.ID = strawberry.field(description="The block whose condition it is.")
    position: int = strawberry.field(description="Where in the condition it is wrong, in characters from 1.")


@strawberry.type(description="Something on the way through an assessment stands in the way of publishing it.")
class FlowProblem(UserError):
    """Says where to look."""

    block_id: strawberry.ID = strawberry.field(description="The block that it is about.")
    branch: int | None = strawberry.field(
        description="Which of its rules it is about, counted from 1; null where it is about the block itself."
    )
    position: int | None = strawberry.field(
        description="Where the condition of that rule is wrong, in characters from 1; null where it is not."
    )


@strawberry.type(description="One field of a stale update.")
class FieldDifference:
    """Both values of one field."""

    field: str = strawberry.field(description="The input field.")
    yours: JSON | None = strawberry.field(description="The value you sent.")
    current: JSON | None = strawberry.field(description="The value that stands there now.")


@strawberry.type(description="Somebody saved in the meantime; nothing of yours was written.")
class RevisionConflict(UserError):
    """Carries both values, so that a person can decide."""

    expected_revision: int = strawberry.field(description="The revision you started from.")
    actual_revision: int = strawberry.field(description="The revision that stands there now.")
    fields: list[FieldDifference] = strawberry.field(
        description="The fields in which you differ from what stands there."
    )


def user_errors(error: DomainError | SeveralErrors, names: Mapping[str, str] = MappingProxyType({})) -> list[UserError]:
    """The payload's `errors` for a refusal. `names` are the input fields that are not named after their column."""
    if isinstance(error, SeveralErrors):
        return [found for each in error.errors for found in user_errors(each, names)]
    path = [str(part) for part in error.path]
    path[:1] = [names.get(part, part) for part in path[:1]]
    if isinstance(error, Conflict):
        return [
            RevisionConflict(
                message=error.message,
                code=error.code,
                path=path,
                expected_revision=error.expected_revision,
                actual_revision=error.actual_revision,
                fields=[
                    FieldDifference(field=names.get(f.field, f.field), yours=_value(f.yours), current=_value(f.current))
                    for f in error.fields
                ],
            )
        ]
    if isinstance(error, limits.RateLimited):
        return [RateLimited(message=error.message, code=error.code, path=path, retry_after=error.retry_after)]
    if isinstance(error, WrongCondition):
        block_id, at = strawberry.ID(error.block_id), error.position
        return [ConditionProblem(message=error.message, code=error.code, path=path, block_id=block_id, position=at)]
    if isinstance(error, WrongFlow):
        where: Any = {"block_id": error.block_id, "branch": error.branch, "position": error.position}
        return [FlowProblem(message=error.message, code=error.code, path=path, **where)]
    return [InputError(message=error.message, code=error.code, path=path)]


def _value(value: Any) -> Any:
    """A value as the API spells it: enum values by their names."""
    return value.name if isinstance(value, Enum) else value


def shown(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """A top-level error as it leaves the house: our own failures are masked, with the request id to find them by."""
    cause = error.original_error
    formatted: dict[str, Any] = dict(error.formatted)
    if isinstance(error, StrawberryInputCoercionError) or isinstance(cause, StrawberryInputCoercionError):
        # Its own words speak of Python.
        formatted["message"] = "Something in the input is null that may only be left out."
    if cause is None or isinstance(cause, GraphQLError):
        code = "GRAPHQL_PARSE_FAILED" if isinstance(error, GraphQLSyntaxError) else "GRAPHQL_VALIDATION_FAILED"
        extensions = {"code": code, **(error.extensions or {})}
    elif isinstance(cause, (RequestError, DomainError)):
        extensions = {"code": cause.code}
    elif isinstance(cause, QueryCanceled):
        log.error("request %s took too long at %s", request_id, error.path)
        formatted["message"] = "This took too long, and was given up."
        extensions = {"code": TIMEOUT}
    else:
        log.error("request %s failed at %s", request_id, error.path, exc_info=cause)
        formatted["message"] = "Something went wrong on our side."
        extensions = {"code": "INTERNAL_SERVER_ERROR"}
    formatted["extensions"] = {**extensions, "requestId": request_id}
    return formatted
