"""The rules of where an assessment goes on, as editors write them."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

import models.events as facts
from graph.curriculum.mutations import Expected, Id
from graph.door import Act, described_as, mutation, plain
from graph.formats.base import Block
from models.identity import Scope
from resolvers import curriculum


@strawberry.input(description="A rule of where an assessment goes on.")
class BranchInput:
    """Rules are written as a whole list, in order."""

    condition: str | None = strawberry.field(
        default=None, description="The condition under which it applies, such as: mood < 4; null for always."
    )
    goto_block_id: strawberry.ID | None = strawberry.field(
        default=None, description="The later block, or section, to go on with; null for the end."
    )


Branches = Annotated[list[BranchInput], described_as("All rules of the block, in the order in which they are asked.")]


@mutation(Scope.CONTENT_EDIT, Block, records=(facts.BlockUpdated,), within=True)
async def block_branches_set(act: Act, id: Id, expected_revision: Expected, branches: Branches) -> str:
    """Replaces the rules of where an assessment goes on after a block. The first whose condition holds applies."""
    rules: list[dict[str, Any]] = plain(branches)
    await curriculum.set_branches(act.tx, id, expected_revision, rules)
    return id


MUTATIONS = (block_branches_set,)
