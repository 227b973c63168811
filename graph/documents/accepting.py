"""From the text of a document to its operations, ready to run; or to the errors why not.

Each step is cheaper than the next and leaves less for it to do: scanned, parsed, measured, weighed, validated.
"""

from __future__ import annotations

from hashlib import sha256

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import (
    ExecutableDefinitionsRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    OverlappingFieldsCanBeMergedRule,
    VariablesInAllowedPositionRule,
)

from core.errors import RequestError
from graph.documents.collecting import fragments_of
from graph.documents.costs import formula
from graph.documents.measuring import measure
from graph.documents.merging import FieldsMerge
from graph.documents.prepared import Prepared, too_costly
from graph.documents.scanning import scan
from graph.limits import Limits

RULES = tuple(FieldsMerge if each is OverlappingFieldsCanBeMergedRule else each for each in specified_rules)
# Measuring has refused what these look for.
_KNOWN = {ExecutableDefinitionsRule, NoFragmentCyclesRule}
# These go through every fragment once more, from each operation, even where there is not a variable.
_ABOUT_VARIABLES = {NoUndefinedVariablesRule, NoUnusedVariablesRule, VariablesInAllowedPositionRule}
# Each may look through the whole schema for names that are meant.
_MOST_ERRORS = 8


class Refused(Exception):
    """The request never ran: it could not be parsed, validated or matched to an operation."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


def accept(
    text: str, schema: GraphQLSchema, limits: Limits, *, hide_suggestions: bool = False
) -> dict[str | None, Prepared]:
    """The operations of a document by name, a single one also under None; raises `Refused`."""
    try:
        scan(text, limits)
        document = parse(text)
        measure(document, limits)
        operations = _operations(text, document, schema, limits)
        needless = _KNOWN if "$" in text else _KNOWN | _ABOUT_VARIABLES
        needed = [each for each in RULES if each not in needless]
        errors = validate(schema, document, needed, max_errors=_MOST_ERRORS, hide_suggestions=hide_suggestions)
    except GraphQLError as error:
        raise Refused([error]) from error
    except RequestError as error:
        raise Refused([GraphQLError(str(error), extensions={"code": error.code})]) from error
    except RecursionError as error:
        raise Refused([GraphQLError("The document is nested too deeply.", extensions={"code": "TOO_DEEP"})]) from error
    if errors:
        raise Refused(errors)
    return operations


def hash_of(text: str) -> str:
    """The sha256 of a document's text, in hex: what clients name it by."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _operations(text: str, document: DocumentNode, schema: GraphQLSchema, limits: Limits) -> dict[str | None, Prepared]:
    """The operations of a document; raises the error of one that costs too much whatever its variables are."""
    fragments, hash = fragments_of(document.definitions), hash_of(text)
    found: dict[str | None, Prepared] = {}
    definitions = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    for each in definitions:
        cost = formula(schema, each, fragments)
        if isinstance(cost, int) and cost > limits.max_cost:
            raise too_costly(cost, limits.max_cost)
        prepared = Prepared(document, each, hash, cost)
        found[each.name.value if each.name else None] = prepared
        if len(definitions) == 1:
            found[None] = prepared
    return found
