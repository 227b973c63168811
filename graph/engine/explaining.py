"""Plans in words: what is fetched in which round trip, what is called once a level, what once for each object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLObjectType,
    GraphQLSchema,
    default_field_resolver,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from graphql.execution.values import VariableValues

from graph.engine.fetching import Program, Step, program_of
from graph.engine.planning import Field, Selection
from graph.engine.plans import PLANS

# From a program and what is asked of its steps to its statements: one for each step, then any others.
Statements = Callable[[Program, Sequence[Any]], Sequence[str]]
# A name, how deep it stands, and what is to be said of it.
Line = tuple[int, str, str]
# Fields of abstract types are looked at once for each of their types.
_MOST_FIELDS = 5000
_EACH = "resolver, called for each object"


def explain(
    schema: GraphQLSchema,
    document: DocumentNode,
    variable_values: Mapping[str, Any] | None = None,
    operation_name: str | None = None,
    *,
    statements: Statements | None = None,
) -> str:
    """The plan that `execute` would run, as text. Nothing is run.

    `statements` tells the statements of a program, where they are to be shown. Raises `Refusal` where there is nothing
    to plan, or a variable does not fit its type.
    """
    plan, variables = PLANS.plan(schema, document, operation_name, variable_values or {}, 50, False)
    made = _Explanation(schema, variables)
    lines = made.selection(plan.root_selection(), 0, None)
    kind = plan.operation.operation.value
    title = f"{kind} {operation_name or ''}".rstrip()
    order = " (its fields run one after the other)" if kind == "mutation" else ""
    told = [f"{title}{order}", "", *_table(lines)]
    if made.is_cut:
        told.append("… and more")
    for number, program in enumerate(made.programs, 1):
        told += ["", *made.round_trip(number, program, statements)]
    return "\n".join(told)


class _Explanation:
    """What was said so far: the programs met, in their order, and how many lines there are."""

    def __init__(self, schema: GraphQLSchema, variables: VariableValues) -> None:
        self.programs: list[Program] = []
        self._schema = schema
        self._variables = variables
        self._said = 0

    @property
    def is_cut(self) -> bool:
        """Whether there was more to say than is worth reading."""
        return self._said > _MOST_FIELDS

    def selection(self, selection: Selection, depth: int, step: Step | None) -> list[Line]:
        """The lines of one type's fields; `step` is what fetches its objects, if anything does."""
        return [line for field in selection.fields for line in self._field(field, depth, step)]

    def _field(self, field: Field, depth: int, step: Step | None) -> list[Line]:
        self._said += 1
        if self._said > _MOST_FIELDS:
            return []
        below, note = self._means(field, step)
        name = field.key if field.key == field.name else f"{field.key}: {field.name}"
        return [(depth, name, note), *self._below(field, depth + 1, below)]

    def _means(self, field: Field, step: Step | None) -> tuple[Step | None, str]:
        """(what fetches the field's objects, how its values come to be)."""
        left = step.rest.get(field.parent_type.name) if step is not None else None
        if step is None or (left is not None and field in left.fields):
            return self._alone(field)
        child = next((each for each in step.children if each.field is field), None)
        if child is not None:
            return child, self._statement(child)
        if field.name == "__typename":
            return None, "known"
        return None, f"column {field.definition.extensions['attribute']}"

    def _alone(self, field: Field) -> tuple[Step | None, str]:
        """The same, of a field that nothing above it fetches."""
        batch = field.batch
        program = program_of(field)
        if batch is not None and program:
            self.programs.append(program)
            return program.top, self._statement(program.top)
        if batch is not None:
            name = getattr(batch.function, "__qualname__", "")
            called = "" if "<" in name else f" {name}"
            return None, f"batch{called}, called once for all objects of the level"
        if field.name == "__typename":
            return None, "known"
        read = field.definition.extensions.get("attribute") or field.definition.resolve in (
            None,
            default_field_resolver,
        )
        return None, "read from the object" if read else _EACH

    def _statement(self, step: Step) -> str:
        number = next(number for number, each in enumerate(self.programs, 1) if step in each.steps)
        return f"round trip {number}, statement {step.number + 1}"

    def _below(self, field: Field, depth: int, step: Step | None) -> list[Line]:
        """The lines of what is selected below a field: of an abstract type first what all its types share."""
        kind = get_named_type(field.definition.type)
        if is_object_type(kind):
            return self._objects(field, kind, depth, step)
        if not is_abstract_type(kind):
            return []
        by_kind = {
            each.name: _by_key(self._objects(field, each, depth, step), depth)
            for each in self._schema.get_possible_types(kind)
        }
        shared = _shared(list(by_kind.values()))
        lines = [line for group in shared for line in group]
        for name, groups in by_kind.items():
            own = [line for group in groups if group not in shared for line in group]
            if own:
                lines += [(depth, f"… on {name}", ""), *((deep + 1, said, note) for deep, said, note in own)]
        return lines

    def _objects(self, field: Field, kind: GraphQLObjectType, depth: int, step: Step | None) -> list[Line]:
        selection = field.selection(kind)
        if step is None or (step.chain and step.chain[-1] is field):
            return self.selection(selection, depth, step)
        lines: list[Line] = []
        for each in selection.fields:
            lines.append((depth, each.key, "of the page"))
            lines += self._below(each, depth + 1, step)
        return lines

    def round_trip(self, number: int, program: Program, statements: Statements | None) -> list[str]:
        """What a program sends, statement by statement."""
        if statements is None:
            return [f"Round trip {number}: {len(program.steps)} levels"]
        try:
            texts = statements(program, [self._request(program, step) for step in program.steps])
        except Exception as error:
            return [f"Round trip {number}: its SQL cannot be told. {error}"]
        told = [f"Round trip {number}: {len(texts)} statements, sent together; none waits for another"]
        for place, text in enumerate(texts):
            name = program.steps[place].field.name if place < len(program.steps) else "a count"
            told += ["", f"Statement {place + 1}: {name}", *(line.rstrip() for line in text.splitlines())]
        return told

    def _request(self, program: Program, step: Step) -> Any:
        arguments = step.field.arguments_for(self._variables)
        if step.field.batch is not None and step.field.batch.convert is not None:
            arguments = step.field.batch.convert(arguments)
        has_keys = step is program.top and step.source.parent_column is not None
        return step.source.request(arguments, [] if has_keys else None)


def _by_key(lines: Sequence[Line], depth: int) -> list[list[Line]]:
    """The lines by field, each with all below it."""
    groups: list[list[Line]] = []
    for line in lines:
        if line[0] == depth:
            groups.append([])
        groups[-1].append(line)
    return groups


def _shared(kinds: Sequence[list[list[Line]]]) -> list[list[Line]]:
    """The fields that are told of all types in the same words."""
    return [group for group in kinds[0] if all(group in others for others in kinds)] if kinds else []


def _table(lines: Sequence[Line]) -> list[str]:
    """The lines, what is said of each in a column of its own."""
    width = max((2 * depth + len(name) for depth, name, _ in lines), default=0)
    return [f"{'  ' * depth}{name}".ljust(width + 2 if note else 0) + note for depth, name, note in lines]
