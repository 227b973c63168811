"""API tokens: made and taken back by their owners, and never worth more than those."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.identity import Role
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import PASSWORD, Guest, Post, code, who
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


def test_a_token_takes_the_password_of_whoever_has_one_and_a_mail_tells_of_it(
    newcomer: Callable[[], Guest], post: Post
) -> None:
    guest = newcomer()
    for given, word in (({}, "REQUIRED"), ({"password": "not the right one"}, "WRONG_CREDENTIALS")):
        refusal = guest.client.refused("apiTokenCreate", name="x", scopes=[], **given)
        assert (refusal["code"], refusal["path"]) == (word, ["password"])
    make(guest.client, password=PASSWORD)
    told = post.newest(guest.email)
    assert (told.subject, "It is called: import" in told.text) == ("An API token was made", True)


def test_whoever_has_no_password_has_to_have_signed_in_just_now(staff: Staff, doorkeeper: Doorkeeper) -> None:
    user_id, editor = staff(Role.EDITOR)
    make(editor)
    doorkeeper.sql("UPDATE auth_session SET created_at = now() - interval '16 minutes' WHERE user_id = %s", user_id)
    assert editor.refused("apiTokenCreate", name="late", scopes=[])["code"] == "SIGN_IN_AGAIN"


def _reset(guest: Guest, post: Post) -> None:
    guest.client.do("accountPasswordResetRequest", "account { id }", email=guest.email)
    token = post.secret(guest.email, "reset-password")
    guest.client.do("accountPasswordReset", "account { id }", token=token, password="rain on the old tin roof")


def _change(guest: Guest, _post: Post) -> None:
    new = "rain on the old tin roof"
    guest.client.do("accountPasswordChange", "account { id }", password=PASSWORD, newPassword=new)


def _end_all(guest: Guest, _post: Post) -> None:
    guest.client.do("sessionEndAll", "session { id }")


def _end_all_others(guest: Guest, _post: Post) -> None:
    guest.client.do("sessionEndAll", "session { id }", keepThis=True)


@pytest.mark.parametrize("act", [_reset, _change, _end_all, _end_all_others], ids=lambda each: each.__name__.strip("_"))
def test_what_ends_all_sessions_ends_all_tokens(
    act: Callable[[Guest, Post], None], newcomer: Callable[[], Guest], visitor: Callable[[], Client], post: Post
) -> None:
    guest, program = newcomer(), visitor()
    program.token = make(guest.client, password=PASSWORD)
    assert program.post("{ viewer { id } }").status_code == 200
    act(guest, post)
    assert program.post("{ viewer { id } }").status_code == 401


def test_what_was_made_while_an_account_was_anonymous_ends_when_it_has_an_owner(
    visitor: Callable[[], Client], post: Post, doorkeeper: Doorkeeper
) -> None:
    stranger, program = visitor(), visitor()
    user_id = stranger.do("accountStartAnonymously", "account { id }")["account"]["id"]
    # As if made before anonymous accounts could make none.
    program.token = doorkeeper.token(user_id, Role.LEARNER)
    stranger.do("accountClaim", "account { id }", email="owner@example.org", password=PASSWORD)
    token = post.secret("owner@example.org", "confirm")
    assert program.post("{ viewer { id } }").status_code == 200
    stranger.do("accountConfirm", "account { id }", token=token)
    assert program.post("{ viewer { id } }").status_code == 401
