"""Relations: what cannot be read is refused where it is declared."""

from __future__ import annotations

import pytest

from core.relations import Relation, Sort
from models.groups import Group


def test_an_order_by_a_column_that_there_is_not_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="Group has no position to sort by"):
        Relation(Group, "slug", "slug")
    with pytest.raises(TypeError, match="Group has no colour to sort by"):
        Relation(Group, sorts={"NAME": Sort("name"), "COLOUR": Sort("colour")})


def test_what_is_found_by_its_id_is_in_no_order() -> None:
    assert Relation(Group, "id").default_sort == "POSITION"
