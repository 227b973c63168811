"""API tokens: made and taken back by their owners, and never worth more than those."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.identity import Role
from tests.identity.guests import Guest, code, who
from tests.support.clients import Client

Staff = Callable[[Role], tuple[str, Client]]
LISTED = "{ viewer { account { apiTokens { id name hint scopes revokedAt } } } }"


def make(client: Client, *scopes: str, **more: object) -> str:
    """A new token of this client's; answers the token."""
    made = client.do("apiTokenCreate", "token apiToken { id }", name="import", scopes=list(scopes), **more)
    token: str = made["token"]
    return token


def test_a_token_acts_for_its_owner_with_the_permissions_it_was_given(
    staff: Staff, visitor: Callable[[], Client]
) -> None:
    user_id, editor = staff(Role.EDITOR)
    program = visitor()
    program.token = make(editor, "CONTENT_EDIT")
    viewer = program.ask("{ viewer { kind id scopes } }")["viewer"]
    assert viewer == {"kind": "API_TOKEN", "id": user_id, "scopes": ["CONTENT_EDIT"]}


def test_nobody_gives_a_token_what_they_may_not_do(staff: Staff) -> None:
    refusal = staff(Role.EDITOR)[1].refused("apiTokenCreate", name="x", scopes=["CONTENT_EDIT", "USER_MANAGE"])
    assert refusal["path"] == ["scopes"]
    assert "user:manage" in refusal["message"]


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("name", "x" * 101), ("days", 0), ("days", 4000)])
def test_a_token_of_nonsense_is_refused_by_field(staff: Staff, field: str, value: object) -> None:
    given = {"name": "import", "scopes": [], "days": 1, field: value}
    assert staff(Role.EDITOR)[1].refused("apiTokenCreate", **given)["path"] == [field]


def test_a_token_that_is_taken_back_is_worth_nothing(staff: Staff, visitor: Callable[[], Client]) -> None:
    _, editor = staff(Role.EDITOR)
    program = visitor()
    program.token = make(editor)
    assert program.post("{ viewer { id } }").status_code == 200
    (listed,) = editor.ask(LISTED)["viewer"]["account"]["apiTokens"]
    assert (listed["name"], listed["hint"]) == ("import", program.token[-4:])
    editor.do("apiTokenRevoke", "apiToken { revokedAt }", id=listed["id"])
    assert program.post("{ viewer { id } }").status_code == 401


def test_nobody_takes_back_what_is_not_theirs(staff: Staff, newcomer: Callable[[], Guest]) -> None:
    _, editor = staff(Role.EDITOR)
    make(editor)
    (listed,) = editor.ask(LISTED)["viewer"]["account"]["apiTokens"]
    assert code(newcomer().client.mutate("apiTokenRevoke", "apiToken { id }", id=listed["id"])) == "NOT_FOUND"
    assert who(editor)["kind"] == "USER"


def test_a_token_makes_no_tokens(staff: Staff, visitor: Callable[[], Client]) -> None:
    program = visitor()
    program.token = make(staff(Role.ADMIN)[1], "CONTENT_EDIT")
    document = 'mutation { apiTokenCreate(input: { name: "more", scopes: [] }) { token errors { code } } }'
    assert program.fails(document) == "FORBIDDEN"
