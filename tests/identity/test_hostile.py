"""Texts that mean harm, in every field of every mutation of identity, from somebody who may do much."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.writing import camel
from graph.identity import accounts, friends, people
from models.identity import Role
from tests.fence.arguments import contract, value
from tests.fence.test_injection import HOSTILE
from tests.identity.guests import Post
from tests.support.clients import Client

NAMES = [camel(field.python_name) for field in (*accounts.MUTATIONS, *people.MUTATIONS, *friends.MUTATIONS)]
PLAIN = {"Int": 1, "Float": 1.0, "Boolean": True, "DateTime": "2100-01-01T00:00:00Z"}


def test_every_mutation_of_identity_is_tried() -> None:
    assert len(NAMES) > 20


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_text_is_refused_or_kept_and_never_run(
    staff: Callable[[Role], tuple[str, Client]], post: Post, name: str
) -> None:
    mutation = contract().mutation_type
    assert mutation is not None
    wanted = mutation.fields[name].args["input"].type
    document = f"mutation($input: {wanted}) {{ {name}(input: $input) {{ errors {{ code message }} }} }}"
    user_id, client = staff(Role.SUPER_ADMIN)
    for text in HOSTILE.values():
        for ids in ({}, {"userId": user_id, "email": "hostile@example.org"}):
            given = value(wanted, "input", lambda field, kind: PLAIN.get(kind, ids.get(field, text)))  # noqa: B023
            answer = client.answer(document, input=given)
            codes = [each["extensions"]["code"] for each in answer.get("errors", [])]
            assert codes in ([], ["UNAUTHENTICATED"]), (text, answer)
    post.settle()
