"""From the text of a document to its operations, ready to run; or to the errors why not.

Each step is cheaper than the next and leaves less for it to do: scanned, parsed, measured, weighed, validated.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from core.errors import RequestError
from graph.documents.costs import formula
from graph.documents.measuring import measure
from graph.documents.prepared import Prepared
from graph.documents.scanning import scan
from graph.limits import Limits

# Comparing the fields that one answer merges grows with their square. The library's own budget lasts for seconds.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 10_000
# Each may look through the whole schema for names that are meant.
_MOST_ERRORS = 8


class Refused(Exception):
    """The request never ran: it could not be parsed, validated or matched to an operation."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


def accept(
    text: str,
    schema: GraphQLSchema,
    limits: Limits,
    rules: Sequence[type[ASTValidationRule]] = specified_rules,
) -> dict[str | None, Prepared]:
    """The operations of a document by name, a single one also under None; raises `Refused`."""
    try:
        scan(text, limits)
        document = parse(text)
        measure(document, limits)
        operations = _operations(text, document, schema)
        errors = validate(schema, document, rules, max_errors=_MOST_ERRORS)
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


def _operations(text: str, document: DocumentNode, schema: GraphQLSchema) -> dict[str | None, Prepared]:
    definitions = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    found: dict[str | None, Prepared] = {
        each.name.value if each.name else None: Prepared(document, each, hash_of(text), formula(each))
        for each in definitions
    }
    if len(definitions) == 1:
        (found[None],) = list(found.values())
    return found
