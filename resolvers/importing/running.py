"""What the steps of an import share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from core.writing import Transaction
from resolvers import curriculum
from resolvers.importing.issues import Code, Issue
from resolvers.importing.outline import Outline, Places
from resolvers.importing.planning import Plan, Planned
from resolvers.importing.standing import Known


@dataclass
class Import:
    """One import under way: the plan, what stood there before, and the ids that everything has or will have.

    `outline` is where everything shall stand. `replaced` are ids by the new ids that take their place. `withdrawn` are
    outside ids that the export does not show (any more), and that this or an earlier import has dealt with. `slugs`
    are those that the course's lessons have.
    """

    tx: Transaction
    plan: Plan
    before: Known
    ids: dict[str, str] = field(default_factory=dict)
    outline: Outline = field(default_factory=Outline)
    places: Places = field(default_factory=Places)
    replaced: dict[str, str] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    slugs: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    issues: list[Issue] = field(default_factory=list)

    def id_of(self, node: Planned) -> str:
        """The id of the node's object."""
        return self.ids[node.external_id]

    def is_new(self, node: Planned) -> bool:
        """Whether this import makes the node's object."""
        return self.id_of(node) not in self.before.objects

    def is_left_out(self, node: Planned) -> bool:
        """Whether the node has nowhere to stand."""
        return self.id_of(node) in self.places.left_out

    def free_slug(self, title: str) -> str:
        """A slug for a new lesson that no lesson of the course has; from now on it is taken."""
        taken = self.slugs
        wanted = curriculum.slug_of(title)
        numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
        found = next(each for each in (wanted, *numbered) if each not in taken)
        taken.add(found)
        return found

    def say(self, severity: str, code: Code, node: Planned, reason: str) -> None:
        """Reports something about a node."""
        self.issues.append(Issue(severity, code, node.place, reason, external_id=node.external_id))
