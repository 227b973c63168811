"""What an operation costs, before it runs."""

from __future__ import annotations

from graphql import FieldNode, OperationDefinitionNode, Visitor, visit

from graph.documents.prepared import Formula


def formula(operation: OperationDefinitionNode) -> Formula:
    """One for each field with fields of its own. Lists and fragments do not weigh anything yet."""
    counter = _Counter()
    visit(operation, counter)
    return lambda _variables: counter.objects


class _Counter(Visitor):
    objects = 0

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self.objects += node.selection_set is not None
