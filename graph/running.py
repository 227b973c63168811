"""Running one operation: parse and validate once per document, choose the perspective, execute, mask what failed."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, Literal

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    VariableNode,
    parse,
    specified_rules,
    validate,
)
from graphql import execute as core_execute
from graphql.validation.rules import overlapping_fields_can_be_merged

from core.errors import RequestError
from core.reading import TOO_LARGE
from core.relations import Perspective
from core.viewer import require
from graph.context import DRAFT, LIVE, Context
from graph.documents.costs import formula
from graph.documents.prepared import Prepared
from graph.engine import execute
from graph.errors import shown
from graph.limits import Limits, check_document
from models.identity import Scope

# Comparing the fields that one answer merges grows with their square. The library's own budget lasts for seconds.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 50_000
_MAX_CACHED = 500
_MAX_CACHED_LENGTH = 20_000


# Ours in one round trip where it can, ours level by level, or graphql-core's with the same batches behind DataLoaders.
Executor = Literal["planned", "levels", "graphql-core"]

_EXECUTORS: dict[Executor, Callable[..., Any]] = {
    "planned": execute,
    "levels": partial(execute, composes=False),
    "graphql-core": core_execute,
}


class Refused(Exception):
    """The request never ran: it could not be parsed, validated or matched to an operation."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass
class Operations:
    """Runs documents against one schema, remembering those it has parsed and validated."""

    schema: GraphQLSchema
    limits: Limits = field(default_factory=Limits)
    introspection: bool = True
    executor: Executor = "planned"
    _cache: OrderedDict[str, dict[str | None, Prepared]] = field(default_factory=OrderedDict)

    def prepare(self, text: str, operation_name: str | None) -> Prepared:
        """The operation chosen from a document; raises `Refused`."""
        operations = self._cache.get(text) or self._accept(text)
        if text in self._cache:
            self._cache.move_to_end(text)
        found = operations.get(operation_name)
        if found is None:
            named = (
                f"There is no operation named {operation_name}." if operation_name else "Say which operation to run."
            )
            raise Refused([GraphQLError(named)])
        return found

    async def run(
        self, prepared: Prepared, variables: Mapping[str, Any] | None, context: Context, request_id: str
    ) -> dict[str, Any]:
        """The response map of one operation. Errors are already as they may leave the house."""
        document, operation = prepared.document, prepared.operation
        try:
            await context.renew(perspective(operation, variables or {}, context))
            started = _EXECUTORS[self.executor](
                self.schema,
                document,
                context_value=context,
                variable_values=dict(variables or {}),
                operation_name=operation.name.value if operation.name else None,
            )
            result = await started if inspect.isawaitable(started) else started
            assert isinstance(result, ExecutionResult)
        except RequestError as error:
            return {"errors": [shown(GraphQLError(str(error), original_error=error), request_id)]}
        finally:
            await context.close()
        if context.budget.is_spent:
            # Half of an answer that was cut off in the middle helps nobody, nor does one error for each of its parts.
            too_large = RequestError(TOO_LARGE, "ANSWER_TOO_LARGE")
            return {"errors": [shown(GraphQLError(TOO_LARGE, original_error=too_large), request_id)]}
        # Without data the operation never began: a variable, say, did not fit its type.
        response: dict[str, Any] = {} if _never_began(result) else {"data": result.data}
        if result.errors:
            response["errors"] = [shown(error, request_id) for error in result.errors]
        return response

    def _accept(self, text: str) -> dict[str | None, Prepared]:
        try:
            document = parse(text, max_tokens=self.limits.max_tokens)
            check_document(document, self.limits)
        except GraphQLError as error:
            raise Refused([error]) from error
        except RequestError as error:
            raise Refused([GraphQLError(str(error), extensions={"code": error.code})]) from error
        except RecursionError as error:
            raise Refused([GraphQLError("The document is nested too deeply.")]) from error
        rules = list(specified_rules)
        if not self.introspection:
            rules.append(NoSchemaIntrospectionCustomRule)
        errors = validate(self.schema, document, rules, max_errors=20)
        if errors:
            raise Refused(errors)
        operations = _operations(text, document)
        if len(text) <= _MAX_CACHED_LENGTH:
            self._cache[text] = operations
            if len(self._cache) > _MAX_CACHED:
                self._cache.popitem(last=False)
        return operations


def _operations(text: str, document: DocumentNode) -> dict[str | None, Prepared]:
    """The operations of a valid document by name; a single one is found without its name, too."""
    hash = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    definitions = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    found: dict[str | None, Prepared] = {
        each.name.value if each.name else None: Prepared(document, each, hash, formula(each)) for each in definitions
    }
    if len(definitions) == 1:
        (found[None],) = found.values()
    return found


def perspective(operation: OperationDefinitionNode, variables: Mapping[str, Any], context: Context) -> Perspective:
    """The perspective an operation asks for; raises unless the viewer may have it."""
    asked = asked_perspective(operation, variables)
    if asked is DRAFT:
        require(context.viewer, Scope.CONTENT_EDIT)
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
