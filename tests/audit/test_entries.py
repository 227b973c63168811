"""What an entry tells: who, what, to what, before and after, and nothing that is secret or private."""

from __future__ import annotations

from collections.abc import Callable

from models.identity import Role
from tests.audit.conftest import Log
from tests.identity.guests import PASSWORD, Guest, Post
from tests.support import factories
from tests.support.clients import Client

Newcomer = Callable[[], Guest]
Staff = Callable[[Role], tuple[str, Client]]


def test_an_update_tells_the_fields_that_differ_before_and_after(
    log: Log, editor: Client, users: dict[Role, str]
) -> None:
    course = factories.course(editor, title="Old", summary="Same")
    editor.do("courseUpdate", "__typename", id=course, expectedRevision=1, title="New", summary="Same")
    entry = log.newest()
    assert (str(entry["actor_id"]), entry["actor_kind"], str(entry["subject_id"])) == (
        users[Role.EDITOR],
        "api_token",
        course,
    )
    assert entry["before"] == {"title": "Old", "revision": 1, "tree_revision": 1}
    assert entry["after"] == {"title": "New", "revision": 2, "tree_revision": 2}
    assert entry["details"] == {"id": course, "expected_revision": 1, "title": "New", "summary": "Same"}


def test_what_was_made_has_no_before(log: Log, editor: Client) -> None:
    factories.course(editor, title="Fresh")
    entry = log.newest()
    assert entry["before"] is None
    assert (entry["after"]["title"], entry["after"]["kind"]) == ("Fresh", "course")


def test_what_was_taken_away_has_no_after(log: Log, staff: Staff, newcomer: Newcomer) -> None:
    (_, admin), guest = staff(Role.ADMIN), newcomer()
    grant = admin.do("roleGrant", "role { id }", userId=guest.id, role="COACH")["role"]["id"]
    assert log.newest()["after"]["role"] == "coach"
    admin.do("roleGrant", "__typename", userId=guest.id, role="COACH", expiresAt="2100-01-01T00:00:00Z")
    entry = log.newest()
    assert (entry["before"], entry["after"]) == ({"expires_at": None}, {"expires_at": "2100-01-01T00:00:00+00:00"})
    admin.do("roleRevoke", "__typename", id=grant)
    entry = log.newest()
    assert (entry["before"]["role"], entry["after"]) == ("coach", None)


def test_moving_tells_the_place_of_the_one_that_was_moved(log: Log, editor: Client) -> None:
    made = factories.tree(editor, modules=3, lessons=0, blocks=0)
    editor.do("moduleMove", "__typename", id=made["modules"][2], afterId=None)
    entry = log.newest()
    assert (entry["before"], entry["after"]) == ({"position": 3, "revision": 1}, {"position": 1, "revision": 2})


def test_the_trash_and_the_way_out_of_it_are_told(log: Log, editor: Client) -> None:
    course = factories.course(editor)
    editor.do("courseTrash", "__typename", id=course)
    entry = log.newest()
    assert (entry["before"]["trashed_at"], entry["after"]["trashed_with"]) == (None, course)
    editor.do("courseRestore", "__typename", id=course)
    assert log.newest()["after"]["trashed_at"] is None


def test_publishing_tells_the_revision_and_unpublishing_that_it_is_gone(log: Log, editor: Client) -> None:
    course = factories.course(editor)
    factories.publish(editor, course)
    assert log.newest()["after"]["published_revision"] == 1
    editor.do("courseUnpublish", "__typename", id=course)
    entry = log.newest()
    assert (entry["before"], entry["after"]) == ({"is_live": True}, {"is_live": False})


def test_long_texts_are_shortened(log: Log, editor: Client) -> None:
    factories.block(
        editor, factories.tree(editor, modules=1, lessons=1, blocks=0)["lessons"][0], {"text": {"markdown": "x" * 2000}}
    )
    told = str(log.newest())
    assert "x" * 500 + "… (2000 characters)" in told
    assert "x" * 501 not in told


def test_what_a_person_keeps_to_themselves_is_named_and_not_told(log: Log, newcomer: Newcomer) -> None:
    guest = newcomer()
    guest.client.do("profileUpdate", "__typename", expectedRevision=1, bio="Only mine", location="Nowhere")
    entry = log.newest()
    assert entry["after"] == {"bio": "(withheld)", "location": "(withheld)", "revision": 2}
    guest.client.do("settingsUpdate", "__typename", expectedRevision=1, firstName="Maya", timezone="Europe/Berlin")
    entry = log.newest()
    assert entry["after"] == {"first_name": "(withheld)", "timezone": "Europe/Berlin", "revision": 2}
    assert entry["details"]["first_name"] == "(withheld)"
    assert "Only mine" not in str(log.entries())


def test_who_came_in_or_went_out_is_who_acted(log: Log, newcomer: Newcomer, post: Post) -> None:
    guest = newcomer()
    person = guest.id
    guest.client.do("sessionEnd", "__typename")
    entry = log.newest()
    assert (str(entry["actor_id"]), entry["after"]["revoked_at"]) == (person, "(withheld)")
    guest.sign_in()
    assert str(log.newest()["actor_id"]) == person
    guest.client.do("accountPasswordResetRequest", "__typename", email=guest.email)
    secret = post.secret(guest.email, "reset-password")
    guest.client.do("accountPasswordReset", "__typename", token=secret, password=PASSWORD + "!")
    assert str(log.newest()["subject_id"]) == person
    assert PASSWORD not in str(log.entries())
    assert secret not in str(log.entries())
    assert guest.email not in str(log.entries())
