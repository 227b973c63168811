"""What was planned is kept: by document and operation, and by what the variables say of `@skip` and `@include`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from graphql import DocumentNode, GraphQLSchema
from graphql.execution.values import VariableValues

from graph.engine.planning import Plan, Refusal, chosen_operation, deciding_variables, fragments_of
from graph.engine.variables import coercer

# Of a field, all that is kept for it takes some two kilobytes: the document, the plan, its code and its statements.
_MOST_FIELDS = 40_000
_CHARACTERS_OF_A_FIELD = 20
# What a document takes, however short it is, is that of so many fields.
_FIELDS_OF_A_DOCUMENT = 40
_MOST_VARIANTS = 128


class OperationPlans:
    """A document's operation: what coerces its variables, and its plans by what they say of `@skip` and `@include`."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation_name: str | None, grown: Callable[[], None]
    ) -> None:
        self.operation = chosen_operation(document, operation_name)
        characters = len(document.loc.source.body) if document.loc else 0
        self._least = _FIELDS_OF_A_DOCUMENT + characters // _CHARACTERS_OF_A_FIELD
        self._grown = grown
        self.coerce = coercer(schema, self.operation)
        self._schema = schema
        self._fragments = fragments_of(schema, document)
        fragments = self._fragments.values()
        self._deciding = sorted(deciding_variables([self.operation, *(each.definition for each in fragments)]))
        self._keeps = not any(each.variable_signatures for each in fragments)
        self._plans: OrderedDict[tuple[Any, ...], Plan] = OrderedDict()

    def plan(self, variables: VariableValues, hide_suggestions: bool) -> Plan:
        """The plan for these variables; one there is already where it fits them."""
        if not self._keeps:
            return Plan(self._schema, self.operation, self._fragments, variables, hide_suggestions)
        deciding = {name: variables.coerced[name] for name in self._deciding if name in variables.coerced}
        # In a document that was not validated they may be anything.
        key = (hide_suggestions, *(repr(deciding.get(name, ...)) for name in self._deciding))
        found = self._plans.pop(key, None)
        if found is not None:
            # The last that was used is the last to go.
            self._plans[key] = found
            return found
        few = VariableValues({name: variables.sources[name] for name in deciding}, deciding)
        found = self._plans[key] = Plan(self._schema, self.operation, self._fragments, few, hide_suggestions)
        if len(self._plans) > _MOST_VARIANTS:
            self._plans.popitem(last=False)
        if len(self._plans) > 1:
            self._grown()
        return found

    @property
    def size(self) -> int:
        """How many fields are planned by now, and what the document takes besides. It grows when more is met."""
        return self._least + sum([each.size for each in list(self._plans.values())])


class Plans:
    """What was planned of documents, up to so many fields in all; the least recently used go first."""

    def __init__(self, most: int = _MOST_FIELDS) -> None:
        self._most = most
        self._known: OrderedDict[tuple[Any, ...], tuple[DocumentNode, OperationPlans]] = OrderedDict()

    def plan(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation_name: str | None,
        given: Mapping[str, Any],
        most_errors: int,
        hide_suggestions: bool,
    ) -> tuple[Plan, VariableValues]:
        """The plan of a request, and its coerced variables; raises `Refusal` where it cannot be executed at all."""
        known = self.of(schema, document, operation_name)
        variables = known.coerce(given, most_errors, hide_suggestions)
        if isinstance(variables, list):
            raise Refusal(variables)
        return known.plan(variables, hide_suggestions), variables

    def of(self, schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> OperationPlans:
        """The operation that this name chooses, ready to plan; raises `Refusal` where there is nothing to run."""
        key = (id(schema), id(document), operation_name)
        # Taken out and put back at the end: several threads may do so at once. The document is kept with its plans, so
        # that its identity stays its own.
        found = self._known.pop(key, None)
        if found is None or found[0] is not document:
            found = self._known[key] = (document, OperationPlans(schema, document, operation_name, self._make_room))
            self._make_room()
        else:
            self._known[key] = found
        return found[1]

    def _make_room(self) -> None:
        over = sum([each.size for _, each in list(self._known.values())]) - self._most
        while over > 0:
            try:
                _, (_, oldest) = self._known.popitem(last=False)
            except KeyError:
                return
            over -= oldest.size


PLANS = Plans()
