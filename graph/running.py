"""Running one operation: parse and validate once per document, choose the perspective, execute, mask what failed."""

from __future__ import annotations

import hashlib
import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, Literal

from graphql import (
    DirectiveNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    print_schema,
)
from graphql import execute as core_execute

from core.errors import RequestError
from core.reading import TOO_LARGE
from core.relations import Perspective
from core.viewer import Viewer, require
from graph.context import DRAFT, LIVE, Context
from graph.documents.accepting import Refused, accept, hash_of
from graph.documents.prepared import Prepared, account, too_costly
from graph.documents.scanning import scan_variables
from graph.documents.trusted import PREFIX, Store, trusted
from graph.engine import Plans, execute, execute_directly
from graph.errors import shown
from graph.introspection import Openness, check_introspection, may_read_schema
from graph.limits import Limits
from models.events import BY_TYPE
from models.identity import Scope

_MOST_CACHED = 500
# A document takes some 130 times the memory of its text.
_MOST_CACHED_CHARACTERS = 500_000
_MOST_CHARACTERS_OF_ONE = 20_000
_TRUSTED_TOKENS = 10_000


# Ours in one round trip where it can, ours level by level, or graphql-core's with the same batches behind DataLoaders.
Executor = Literal["planned", "levels", "graphql-core"]

_EXECUTORS: dict[Executor, Callable[..., Any]] = {
    "planned": execute,
    "levels": partial(execute, composes=False),
    "graphql-core": core_execute,
}


@dataclass
class Operations:
    """Runs documents against one schema, remembering those it has parsed and validated."""

    schema: GraphQLSchema
    limits: Limits = field(default_factory=Limits)
    introspection: Openness = "everybody"
    executor: Executor = "planned"
    trusted: Store = field(default_factory=dict)
    only_trusted: bool = False
    _cache: OrderedDict[str, dict[str | None, Prepared]] = field(default_factory=OrderedDict)
    _cached: int = 0

    @property
    def release(self) -> str:
        """What this release of the code is known by: what its schema says, and which facts it knows."""
        return _release(self.schema)

    def prepare(self, text: str, operation_name: str | None) -> Prepared:
        """The operation chosen from a document; raises `Refused`."""
        operations = self._cache.get(text)
        if operations is None:
            # Who asks is not known yet: where the schema is not for everybody, nothing is suggested to anybody.
            hides = self.introspection != "everybody"
            operations = self._remember(text, accept(text, self.schema, self.limits, hide_suggestions=hides))
        else:
            self._cache.move_to_end(text)
        return _chosen(operations, operation_name)

    def find(self, document_id: str, operation_name: str | None) -> Prepared | None:
        """The operation chosen from a trusted document; None when there is no such document; raises `Refused`."""
        operations = self.trusted.get(document_id.removeprefix(PREFIX)) if document_id.startswith(PREFIX) else None
        return None if operations is None else _chosen(operations, operation_name)

    def trust(self, texts: Mapping[str, str]) -> None:
        """Makes ready the documents of a manifest, for as long as this lives; raises `Untrustworthy`."""
        self.trusted = self.vet(texts)

    def vet(self, texts: Mapping[str, str]) -> Store:
        """The documents of a manifest by hash, or `Untrustworthy`. They may be long: no request waits for this."""
        limits = replace(self.limits, max_tokens=max(self.limits.max_tokens, _TRUSTED_TOKENS))
        return trusted(texts, lambda text: accept(text, self.schema, limits))

    def allows(self, text: str) -> bool:
        """Whether anybody may run this text: all may be run, unless only trusted documents are."""
        return not self.only_trusted or hash_of(text) in self.trusted

    async def run(
        self, prepared: Prepared, variables: Mapping[str, Any] | None, context: Context, request_id: str
    ) -> dict[str, Any]:
        """The response map of one operation. Errors are already as they may leave the house."""
        return self.response(prepared, variables, context, request_id, await self.result(prepared, variables, context))

    async def run_at_once(
        self, prepared: Prepared, variables: Mapping[str, Any] | None, context: Context, request_id: str
    ) -> dict[str, Any] | None:
        """The response map of a query that is fetched whole in one round trip, with the proof of who asks.

        It is worth nothing unless that holds; where it could not be asked, who asks has to be looked up first. None
        where the query has to be run as others are.
        """
        context.cost = prepared.cost(variables)
        if self.executor != "planned" or context.cost > self.limits.max_cost:
            return None
        try:
            scan_variables(variables, self.limits)
            check_introspection(prepared.document, self.introspection, context.viewer)
            await context.renew(perspective(prepared.operation, variables or {}, context.viewer))
            late = execute_directly(
                self.schema,
                prepared.document,
                context,
                variables or {},
                _name(prepared),
                hide_suggestions=not may_read_schema(self.introspection, context.viewer),
                **self._once(prepared),
            )
            result = None if late is None else await late
        except RequestError:
            return None
        finally:
            await context.close()
        if result is None:
            return None
        return self.response(prepared, variables, context, request_id, _whole(result, context))

    async def result(
        self, prepared: Prepared, variables: Mapping[str, Any] | None, context: Context, event: Any = None
    ) -> ExecutionResult:
        """What running an operation comes to; the answer to one `event` where it is a subscription."""
        document, operation = prepared.document, prepared.operation
        cost = context.cost = prepared.cost(variables)
        limit = self.limits.max_cost
        if cost > limit:
            return ExecutionResult(None, [too_costly(cost, limit)])
        try:
            scan_variables(variables, self.limits)
            check_introspection(document, self.introspection, context.viewer)
            await context.renew(perspective(operation, variables or {}, context.viewer))
            started = _EXECUTORS[self.executor](
                self.schema,
                document,
                event,
                context,
                variable_values=dict(variables or {}),
                operation_name=_name(prepared),
                hide_suggestions=not may_read_schema(self.introspection, context.viewer),
                **self._once(prepared),
            )
            result = await started if inspect.isawaitable(started) else started
            assert isinstance(result, ExecutionResult)
        except RequestError as error:
            return ExecutionResult(None, [GraphQLError(str(error), original_error=error)])
        finally:
            await context.close()
        return _whole(result, context)

    def _once(self, prepared: Prepared) -> dict[str, Any]:
        """What keeps an executor from remembering a document that will not be found again."""
        return {} if prepared.is_remembered or self.executor == "graphql-core" else {"plans": Plans(0)}

    def response(
        self,
        prepared: Prepared,
        variables: Mapping[str, Any] | None,
        context: Context,
        request_id: str,
        result: ExecutionResult,
    ) -> dict[str, Any]:
        """What an operation came to, as it leaves the house."""
        errors = [shown(error, request_id) for error in result.errors or ()]
        if _never_began(result):
            # A variable, say, did not fit its type; or it was not let through.
            return {"errors": errors}
        response: dict[str, Any] = {"data": result.data}
        if errors:
            response["errors"] = errors
        response["extensions"] = {"cost": account(context.cost, self.limits.max_cost)}
        return response

    def _remember(self, text: str, operations: dict[str | None, Prepared]) -> dict[str | None, Prepared]:
        if len(text) > _MOST_CHARACTERS_OF_ONE:
            return {name: replace(each, is_remembered=False) for name, each in operations.items()}
        self._cache[text] = operations
        self._cached += len(text)
        while len(self._cache) > _MOST_CACHED or self._cached > _MOST_CACHED_CHARACTERS:
            self._cached -= len(self._cache.popitem(last=False)[0])
        return operations


def _whole(result: ExecutionResult, context: Context) -> ExecutionResult:
    """The result, or in its place what is to be said where there was too much of it."""
    if not context.budget.is_spent:
        return result
    # Half of an answer that was cut off in the middle helps nobody, nor does one error for each of its parts.
    too_large = RequestError(TOO_LARGE, "ANSWER_TOO_LARGE")
    return ExecutionResult(None, [GraphQLError(TOO_LARGE, original_error=too_large)])


def _name(prepared: Prepared) -> str | None:
    name = prepared.operation.name
    return None if name is None else name.value


def _chosen(operations: Mapping[str | None, Prepared], name: str | None) -> Prepared:
    found = operations.get(name)
    if found is None:
        raise Refused([GraphQLError(f"There is no operation named {name}." if name else "Say which operation to run.")])
    return found


def perspective(operation: OperationDefinitionNode, variables: Mapping[str, Any], viewer: Viewer) -> Perspective:
    """The perspective an operation asks for; raises unless the viewer may have it."""
    asked = asked_perspective(operation, variables)
    if asked is DRAFT:
        require(viewer, Scope.CONTENT_EDIT, somewhere=True)
    return asked


def asked_perspective(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Perspective:
    """The perspective an operation asks for, whoever asks."""
    directive = next((each for each in operation.directives or () if each.name.value == "perspective"), None)
    if directive is None or _stage(directive, operation, variables) != "DRAFT":
        return LIVE
    return DRAFT


def _stage(directive: DirectiveNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> str:
    value = (directive.arguments or ())[0].value
    if not isinstance(value, VariableNode):
        return str(getattr(value, "value", ""))
    if value.name.value in variables:
        return str(variables[value.name.value])
    declared = next(
        each for each in operation.variable_definitions or () if each.variable.name.value == value.name.value
    )
    return str(getattr(declared.default_value, "value", ""))


def _never_began(result: ExecutionResult) -> bool:
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or [])


@lru_cache(maxsize=4)
def _release(schema: GraphQLSchema) -> str:
    known = [print_schema(schema), *sorted(BY_TYPE)]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()
