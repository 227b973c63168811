"""Links into a group: made or mailed, used once, taken back, too old; and nothing is learned by trying."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from resolvers.groups.rules import MOST_INVITATIONS
from resolvers.identity.tokens import TokenKind, new_token
from tests.groups.circles import GROUP, MEMBERSHIP, Circle, Person, make, members
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import Post, code

Newcomer = Callable[[], Person]
LINK = "token groupInvitation { id email role status }"
LISTED = "query($id: ID!) { group(id: $id) { invitations { totalCount nodes { email status role acceptedBy } } } }"


def link(circle: Circle, **more: object) -> tuple[str, str]:
    """(id, secret) of a new link into the circle."""
    made = circle.client("owner").do("groupInvitationCreate", LINK, groupId=circle.id, **more)
    return made["groupInvitation"]["id"], made["token"]


def test_a_link_lets_one_person_in_once(circle: Circle, newcomer: Newcomer) -> None:
    _, token = link(circle, role="GUEST")
    stranger, late = circle.people["stranger"], newcomer()
    came = stranger.client.do("membershipStartByLink", MEMBERSHIP, token=token)["membership"]
    assert (came["groupId"], came["role"], came["status"]) == (circle.id, "GUEST", "ACTIVE")
    assert late.client.refused("membershipStartByLink", token=token)["code"] == "INVITATION_OVER"
    listed = circle.client("admin").ask(LISTED, id=circle.id)["group"]["invitations"]["nodes"]
    assert listed == [{"email": None, "status": "ACCEPTED", "role": "GUEST", "acceptedBy": stranger.id}]


def test_all_that_leads_nowhere_is_answered_alike(circle: Circle, newcomer: Newcomer, doorkeeper: Doorkeeper) -> None:
    guest = newcomer()
    (cancelled, taken_back), (_, old), (_, used) = link(circle), link(circle), link(circle)
    circle.client("admin").do("groupInvitationCancel", LINK.removeprefix("token "), id=cancelled)
    circle.people["stranger"].client.do("membershipStartByLink", MEMBERSHIP, token=used)
    doorkeeper.sql(
        "UPDATE group_invitation SET expires_at = now() WHERE status = 'pending' AND group_id = %s", circle.id
    )
    never = [new_token(TokenKind.INVITATION), new_token(TokenKind.API), "nonsense", ""]
    refusals = [guest.client.refused("membershipStartByLink", token=each) for each in (taken_back, old, used, *never)]
    assert refusals == [refusals[0]] * len(refusals)
    assert (refusals[0]["code"], refusals[0]["path"]) == ("INVITATION_OVER", ["token"])


def test_who_was_made_to_go_does_not_come_back_by_a_link_and_who_left_does(circle: Circle) -> None:
    circle.client("owner").do("membershipRemove", MEMBERSHIP, id=circle.ids["member"])
    circle.client("moderator").do("membershipLeave", MEMBERSHIP, id=circle.ids["moderator"])
    _, token = link(circle)
    assert circle.client("member").refused("membershipStartByLink", token=token)["code"] == "INVITATION_OVER"
    back = circle.client("moderator").do("membershipStartByLink", MEMBERSHIP, token=token)["membership"]
    assert (back["id"], back["role"]) == (circle.ids["moderator"], "MEMBER")


def _removed(circle: Circle) -> None:
    circle.client("owner").do("membershipRemove", MEMBERSHIP, id=circle.ids["admin"])


def _demoted(circle: Circle) -> None:
    circle.client("owner").do("membershipRoleChange", MEMBERSHIP, id=circle.ids["admin"], role="MEMBER")


def _gone(circle: Circle) -> None:
    circle.client("admin").do("membershipLeave", MEMBERSHIP, id=circle.ids["admin"])


@pytest.mark.parametrize("end", [_removed, _demoted, _gone])
def test_the_links_of_an_admin_end_with_their_being_one(circle: Circle, end: Callable[[Circle], None]) -> None:
    made = circle.client("admin").do("groupInvitationCreate", LINK, groupId=circle.id, role="MODERATOR")
    _, others = link(circle)
    end(circle)
    # Under another name, nobody knows them.
    stranger = circle.client("stranger")
    assert stranger.refused("membershipStartByLink", token=made["token"])["code"] == "INVITATION_OVER"
    listed = circle.client("owner").ask(LISTED, id=circle.id)["group"]["invitations"]["nodes"]
    assert {(each["role"], each["status"]) for each in listed} == {("MODERATOR", "CANCELLED"), ("MEMBER", "PENDING")}
    stranger.do("membershipStartByLink", MEMBERSHIP, token=others)


def test_a_link_is_good_for_no_more_than_its_maker_may_give_by_then(
    circle: Circle, newcomer: Newcomer, doorkeeper: Doorkeeper
) -> None:
    owner, late = circle.client("owner"), newcomer()
    tokens = [link(circle, role=role)[1] for role in ("ADMIN", "MEMBER")]
    owner.do("membershipMakeOwner", MEMBERSHIP, id=circle.ids["admin"])
    assert late.client.refused("membershipStartByLink", token=tokens[0])["code"] == "INVITATION_OVER"
    late.client.do("membershipStartByLink", MEMBERSHIP, token=tokens[1])


def test_who_is_in_already_does_not_use_a_link_up(circle: Circle) -> None:
    _, token = link(circle)
    kept = circle.client("admin").do("membershipStartByLink", MEMBERSHIP, token=token)["membership"]
    assert (kept["id"], kept["role"]) == (circle.ids["admin"], "ADMIN")
    circle.client("stranger").do("membershipStartByLink", MEMBERSHIP, token=token)


def test_a_link_into_a_full_group_waits_for_a_seat(circle: Circle) -> None:
    circle.client("owner").do("groupUpdate", GROUP, id=circle.id, expectedRevision=1, maxMembers=4)
    _, token = link(circle)
    stranger = circle.client("stranger")
    assert stranger.refused("membershipStartByLink", token=token)["code"] == "GROUP_FULL"
    circle.client("member").do("membershipLeave", MEMBERSHIP, id=circle.ids["member"])
    stranger.do("membershipStartByLink", MEMBERSHIP, token=token)


def test_a_mailed_link_is_seen_by_nobody_but_who_reads_the_mail(
    circle: Circle, post: Post, doorkeeper: Doorkeeper
) -> None:
    stranger = circle.people["stranger"]
    sent = {"groupId": circle.id, "email": "Somebody@Example.org"}
    made = circle.client("owner").do("groupInvitationSend", "groupInvitation { id email }", **sent)
    assert made["groupInvitation"]["email"] == "Somebody@Example.org"
    token = post.secret("somebody@example.org", "join")
    stranger.client.do("membershipStartByLink", MEMBERSHIP, token=token)
    logged = "SELECT details::text, after::text FROM audit_log WHERE action LIKE 'group_invitation%%'"
    assert "example.org" not in str(doorkeeper.sql(logged)).lower()
    assert doorkeeper.sql("SELECT count(*) FROM fact WHERE payload::text ILIKE '%%somebody%%'") == [(0,)]


def test_a_mail_is_the_same_whether_or_not_there_is_an_account(circle: Circle, newcomer: Newcomer, post: Post) -> None:
    known = newcomer()
    texts = []
    for email in (known.email, "nobody@example.org"):
        payload = circle.client("owner").mutate(
            "groupInvitationSend", "groupInvitation { status }", groupId=circle.id, email=email
        )
        assert payload == {"groupInvitation": {"status": "PENDING"}, "errors": []}
        mail = post.newest(email)
        texts.append((mail.subject, mail.text.replace(post.secret_of(mail, "join"), "")))
    assert texts[0] == texts[1]


def test_a_link_that_is_taken_back_before_its_mail_is_written_is_never_sent(
    circle: Circle, post: Post, doorkeeper: Doorkeeper
) -> None:
    doorkeeper.sql("DELETE FROM job")
    made = circle.client("owner").do(
        "groupInvitationSend", "groupInvitation { id }", groupId=circle.id, email="late@example.org"
    )
    doorkeeper.sql("UPDATE group_invitation SET token_hash = NULL WHERE id = %s", made["groupInvitation"]["id"])
    circle.client("owner").do("groupInvitationCancel", "__typename", id=made["groupInvitation"]["id"])
    found = "SELECT status, token_hash FROM group_invitation WHERE id = %s"
    assert doorkeeper.sql(found, made["groupInvitation"]["id"])[0][0] == "cancelled"


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@example.org"])
def test_what_is_no_address_is_refused(circle: Circle, email: str) -> None:
    refusal = circle.client("owner").refused("groupInvitationSend", groupId=circle.id, email=email)
    assert (refusal["code"], refusal["path"]) == ("INVALID", ["email"])


def test_an_anonymous_account_sends_no_mail_to_strangers(circle: Circle, doorkeeper: Doorkeeper) -> None:
    doorkeeper.sql('UPDATE "user" SET is_anonymous = true, email = NULL WHERE id = %s', circle.people["owner"].id)
    refusal = circle.client("owner").refused("groupInvitationSend", groupId=circle.id, email="victim@example.org")
    assert refusal["code"] == "ANONYMOUS"
    assert doorkeeper.sql("SELECT count(*) FROM outgoing_mail WHERE recipient = 'victim@example.org'") == [(0,)]
    link(circle)


def test_links_are_made_by_those_who_run_the_group_for_those_below_them(circle: Circle) -> None:
    document = "mutation($input: GroupInvitationCreateInput!) { groupInvitationCreate(input: $input) { token } }"
    for name in ("moderator", "member", "stranger"):
        assert circle.client(name).fails(document, input={"groupId": circle.id}) == "FORBIDDEN"
    for role, expected in (("MODERATOR", None), ("ADMIN", "RANK_TOO_LOW"), ("OWNER", "INVALID")):
        payload = circle.client("admin").mutate("groupInvitationCreate", "__typename", groupId=circle.id, role=role)
        assert code(payload) == expected
    other = make(circle.client("stranger"))
    refusal = circle.client("stranger").refused("groupInvitationCreate", groupId=circle.id)
    assert (refusal["code"], other != circle.id) == ("NOT_FOUND", True)


def test_links_are_listed_for_those_who_run_the_group_alone(circle: Circle) -> None:
    link(circle)
    many = {
        name: circle.client(name).ask(LISTED, id=circle.id)["group"]["invitations"]["totalCount"]
        for name in ("owner", "admin", "staff", "moderator", "member")
    }
    assert many == {"owner": 1, "admin": 1, "staff": 1, "moderator": 0, "member": 0}


def test_so_many_links_are_open_at_once_and_no_more(circle: Circle, doorkeeper: Doorkeeper) -> None:
    doorkeeper.sql(
        """INSERT INTO group_invitation (id, group_id, role, status, expires_at)
           SELECT gen_random_uuid(), %s, 'member', 'pending', now() + interval '1 day' FROM generate_series(1, %s)""",
        circle.id,
        MOST_INVITATIONS,
    )
    assert circle.client("owner").refused("groupInvitationCreate", groupId=circle.id)["code"] == "TOO_MANY"


def test_the_secret_of_a_link_is_not_told_again_under_the_same_key(circle: Circle) -> None:
    owner = circle.client("owner")
    owner.http.headers["idempotency-key"] = "a-link-of-ours"
    first = owner.mutate("groupInvitationCreate", LINK, groupId=circle.id)
    again = owner.mutate("groupInvitationCreate", LINK, groupId=circle.id)
    del owner.http.headers["idempotency-key"]
    assert first["token"] is not None
    assert (again["token"], code(again)) == (None, "ANSWER_NOT_KEPT")


def test_to_come_in_under_the_same_key_again_is_answered_the_same(circle: Circle) -> None:
    _, token = link(circle)
    stranger = circle.people["stranger"]
    stranger.client.http.headers["idempotency-key"] = "coming-in"
    answers = [stranger.client.mutate("membershipStartByLink", MEMBERSHIP, token=token) for _ in range(2)]
    del stranger.client.http.headers["idempotency-key"]
    assert answers[0] == answers[1]
    assert code(answers[0]) is None
    seen = members(stranger.client, circle.id)
    assert seen is not None
    assert len(seen) == 5
