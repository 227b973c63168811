"""Plans: what a document asks for, worked out once and kept.

A `Plan` belongs to a (schema, document, operation) and to the values of those variables that `@skip` and `@include`
read, so that which fields are selected is settled in it. Below it, a `Selection` is what is asked of one object type; a
`Field` is one response key with its resolver, its arguments (coerced once where they never differ) and the
way its values are completed. Selections below a field are planned when its first object turns up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLDefaultInput,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLStreamDirective,
    Node,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_directive_values,
    get_nullable_type,
    is_list_type,
    print_ast,
)
from graphql.execution.collect_fields import CollectedFields, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.executor import DEFER_NOT_SUPPORTED_ON_SUBSCRIPTIONS, SELECTIONS_NESTED_TOO_DEEPLY
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues

from graph.engine.arguments import Coerce, arguments_of
from graph.engine.batching import BatchResolver
from graph.engine.completing import Completer, completer

_STREAM_NOT_SUPPORTED_ON_SUBSCRIPTIONS = (
    "`@stream` directive not supported on subscription operations."
    " Disable `@stream` by setting the `if` argument to `false`."
)


class Refusal(Exception):
    """A request that cannot be executed at all: its answer has errors and no data."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(eq=False, slots=True)
class Field:
    """One response key of a selection."""

    key: str
    name: str
    definition: GraphQLField
    details: list[Any]
    nodes: list[FieldNode]
    parent_type: GraphQLObjectType
    plan: Plan
    completer: Completer
    batch: BatchResolver | None
    # Arguments that are always the same, or what coerces them for a run.
    arguments: dict[str, Any] | Coerce
    # Fields of several concrete types with the same one go on as one: they ask for the same nodes, with the same
    # arguments, so one call may answer all that have the same batch, and their values are completed together.
    join_key: tuple[Any, ...]
    selections: dict[str, Selection] = field(default_factory=dict)
    # What fetches it and all below it in one round trip: None when not looked at yet, False where nothing does.
    program: Any = None
    columns: tuple[str, ...] | None = None
    # Whether nothing below it asks for more: None when not looked at yet.
    is_end: bool | None = None

    @property
    def is_typename(self) -> bool:
        """Whether it asks for the name of the type that the object is of."""
        return self.name == "__typename"

    def selection(self, kind: GraphQLObjectType) -> Selection:
        """What is asked of objects of this type; raises `GraphQLError` where a directive's argument is wrong."""
        found = self.selections.get(kind.name)
        if found is None:
            found = self.selections[kind.name] = self.plan.subselection(kind, self.details)
        return found

    def arguments_for(self, variables: VariableValues) -> dict[str, Any]:
        """The coerced arguments of one run; raises what coercing them raises."""
        found = self.arguments
        # What is kept, nobody may change.
        return dict(found) if isinstance(found, dict) else found(variables)


@dataclass(eq=False, slots=True)
class Selection:
    """What is asked of one object type: its fields, in response order."""

    kind: GraphQLObjectType
    fields: tuple[Field, ...]
    keys: tuple[str, ...]
    # Whether something of it would be answered later, in a payload of its own.
    is_incremental: bool = False
    # What writes objects with their leaves; made when the first are written.
    writer: Any = None


@dataclass(eq=False)
class Plan:
    """A document's operation, ready to run with variables that agree with it about what is skipped.

    `variables` are those that decide about it, and no others: whoever came first, the plan is for all that come later.
    """

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDetails]
    variables: VariableValues
    hide_suggestions: bool = False
    root: Selection | None = None
    # How many fields have been planned so far.
    size: int = 1
    # The way without a run: None when not looked for yet, False where there is none.
    direct: Any = None

    @property
    def fragment_definitions(self) -> dict[str, FragmentDefinitionNode]:
        """The document's fragments by name, as resolvers find them in their info."""
        return {name: each.definition for name, each in self.fragments.items()}

    def root_selection(self) -> Selection:
        """The root's selection; raises `GraphQLError` where there is none."""
        if self.root is None:
            operation = self.operation.operation
            kind = self.schema.get_root_type(operation)
            if kind is None:
                unconfigured = f"Schema is not configured to execute {operation.value} operation."
                raise GraphQLError(unconfigured, self.operation)
            try:
                collected = collect_fields(
                    self.schema, dict(self.fragments), self.variables, kind, self.operation, self.hide_suggestions
                )
            except RecursionError:
                collected = None
            if collected is None:
                raise GraphQLError(SELECTIONS_NESTED_TOO_DEEPLY, self.operation)
            self.root = self._selection(kind, collected)
        return self.root

    def subselection(self, kind: GraphQLObjectType, details: list[Any]) -> Selection:
        """What the given field nodes ask of objects of this type."""
        collected = collect_subfields(
            self.schema, dict(self.fragments), self.variables, self.operation, kind, details, self.hide_suggestions
        )
        return self._selection(kind, collected)

    def _selection(self, kind: GraphQLObjectType, collected: CollectedFields) -> Selection:
        is_deferred = bool(collected.new_defer_usages)
        if is_deferred and self._is_subscription:
            raise GraphQLError(DEFER_NOT_SUPPORTED_ON_SUBSCRIPTIONS)
        grouped = collected.grouped_field_set.items()
        fields = tuple(made for key, details in grouped if (made := self._field(kind, key, details)) is not None)
        self.size += len(fields)
        is_streamed = not self._is_subscription and any(map(self._is_streamed, fields))
        return Selection(kind, fields, tuple(each.key for each in fields), is_deferred or is_streamed)

    @property
    def _is_subscription(self) -> bool:
        return self.operation.operation is OperationType.SUBSCRIPTION

    def _field(self, kind: GraphQLObjectType, key: str, details: list[Any]) -> Field | None:
        first: FieldNode = details[0].node
        name = first.name.value
        definition = self.schema.get_field(kind, name)
        if definition is None:
            return None
        nodes = [each.node for each in details]
        batch = definition.extensions.get("batch")
        made = Field(
            key=key,
            name=name,
            definition=definition,
            details=details,
            nodes=nodes,
            parent_type=kind,
            plan=self,
            completer=completer(definition.type),
            batch=batch,
            arguments=arguments_of(definition, details[0], self.hide_suggestions),
            join_key=(key, str(definition.type), id(batch), *_arguments_key(definition), *_details_key(details)),
        )
        if self._is_subscription and self._is_streamed(made):
            made.arguments = _refuse_stream
        return made

    def _is_streamed(self, field: Field) -> bool:
        node = field.nodes[0]
        if all(each.name.value != GraphQLStreamDirective.name for each in node.directives or ()):
            return False
        values = get_directive_values(GraphQLStreamDirective, node, self.variables)
        is_asked = values is not None and values.get("if") is not False
        return is_asked and is_list_type(get_nullable_type(field.definition.type))


def _arguments_key(definition: GraphQLField) -> list[Any]:
    """What decides the arguments of a field besides the document: types may declare other defaults."""
    return [
        (name, str(each.type), each.out_name, repr(each.default_value), _default_key(each.default))
        for name, each in definition.args.items()
    ]


def _default_key(default: GraphQLDefaultInput | None) -> Any:
    if default is None:
        return None
    return repr(default.value) if default.literal is None else (print_ast(default.literal),)


def _details_key(details: list[Any]) -> list[int]:
    """Which nodes of the document ask for a field, and with which arguments of their fragments."""
    return [part for each in details for part in (id(each.node), id(each.fragment_variable_values))]


def _refuse_stream(_variables: VariableValues) -> dict[str, Any]:
    raise TypeError(_STREAM_NOT_SUPPORTED_ON_SUBSCRIPTIONS)


def chosen_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to run; raises `Refusal` where the name does not say which."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if name is not None:
        named = [each for each in operations if each.name and each.name.value == name]
        if not named:
            raise Refusal([GraphQLError(f"Unknown operation named '{name}'.")])
        return named[-1]
    if len(operations) > 1:
        raise Refusal([GraphQLError("Must provide operation name if query contains multiple operations.")])
    if not operations:
        raise Refusal([GraphQLError("Must provide an operation.")])
    return operations[0]


def fragments_of(schema: GraphQLSchema, document: DocumentNode) -> dict[str, FragmentDetails]:
    """The document's fragments; raises `Refusal` where one declares variables that cannot be."""
    found: dict[str, FragmentDetails] = {}
    errors: list[GraphQLError] = []
    for each in document.definitions:
        if not isinstance(each, FragmentDefinitionNode):
            continue
        signatures: dict[str, Any] | None = None
        if each.variable_definitions:
            signatures = {}
            for variable in each.variable_definitions:
                signature = get_variable_signature(schema, variable)
                if isinstance(signature, GraphQLError):
                    errors.append(signature)
                else:
                    signatures[signature.name] = signature
        found[each.name.value] = FragmentDetails(each, signatures)
    if errors:
        raise Refusal(errors)
    return found


def deciding_variables(nodes: Collection[Node]) -> frozenset[str]:
    """The names of the variables that any `@skip`, `@include`, `@defer` or `@stream` below these nodes reads."""
    found: set[str] = set()
    pending: list[Any] = list(nodes)
    while pending:
        node = pending.pop()
        for directive in getattr(node, "directives", None) or ():
            if directive.name.value in ("skip", "include", "defer", "stream"):
                values = [argument.value for argument in directive.arguments or ()]
                found.update(value.name.value for value in values if isinstance(value, VariableNode))
        selections = getattr(node, "selection_set", None)
        if selections is not None:
            pending += selections.selections
    return frozenset(found)
