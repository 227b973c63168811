"""Profiles and settings: one's own in full, others' as far as they let one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.identity import Audience, PrivacyLevel, User
from resolvers.identity.profiles import SHOWABLE, cards
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import Guest, code
from tests.support.clients import Client, Data

Visitor = Callable[[], Client]
Newcomer = Callable[[], Guest]
USER = "query($id: ID!) { user(id: $id) { id displayName bio location strengths } }"


def see(client: Client, user_id: str) -> Data | None:
    """A person as this client sees them."""
    found: Data | None = client.ask(USER, id=user_id)["user"]
    return found


def save(guest: Guest, **fields: Any) -> Data:
    """Saves the profile as it stands; answers the payload."""
    revision = guest.client.ask("{ viewer { profile { revision } } }")["viewer"]["profile"]["revision"]
    return guest.client.mutate("profileUpdate", "profile { revision bio }", expectedRevision=revision, **fields)


def test_a_new_profile_is_for_friends(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, other = newcomer(), newcomer()
    assert see(other.client, guest.id) is None
    assert see(visitor(), guest.id) is None
    assert see(guest.client, guest.id) == {
        "id": guest.id,
        "displayName": "Guest",
        "bio": "",
        "location": None,
        "strengths": [],
    }


def test_others_see_what_is_for_everybody_and_nothing_else(newcomer: Newcomer, visitor: Visitor) -> None:
    guest = newcomer()
    shown = [{"field": "bio", "audience": "EVERYBODY"}, {"field": "strengths", "audience": "NOBODY"}]
    fields = {"bio": "I listen.", "location": "Bremen", "strengths": ["patience"], "privacyLevel": "PUBLIC"}
    assert code(save(guest, visibility=shown, **fields)) is None
    expected = {"id": guest.id, "displayName": "Guest", "bio": "I listen.", "location": None, "strengths": None}
    assert see(visitor(), guest.id) == see(newcomer().client, guest.id) == expected
    assert see(guest.client, guest.id) == {**expected, "location": "Bremen"}


def test_a_profile_that_is_made_private_is_gone_for_everybody_at_once(newcomer: Newcomer, visitor: Visitor) -> None:
    guest = newcomer()
    save(guest, privacyLevel="PUBLIC")
    assert see(visitor(), guest.id) is not None
    save(guest, privacyLevel="PRIVATE")
    assert see(visitor(), guest.id) is None
    assert see(guest.client, guest.id) is None


def test_a_new_name_is_on_the_card_at_once(newcomer: Newcomer, visitor: Visitor) -> None:
    guest = newcomer()
    save(guest, privacyLevel="PUBLIC")
    guest.client.do("settingsUpdate", "settings { displayName }", expectedRevision=1, displayName="Maya")
    assert (see(visitor(), guest.id) or {})["displayName"] == "Maya"


def test_an_id_of_another_kind_and_a_stranger_are_told_apart_from_nothing(visitor: Visitor) -> None:
    assert see(visitor(), User.new_id()) is None
    assert visitor().fails(USER, id="nonsense") == "BAD_USER_INPUT"


def test_what_is_absent_stays_and_null_clears(newcomer: Newcomer) -> None:
    guest = newcomer()
    save(guest, bio="I listen.", location="Bremen")
    save(guest, location=None)
    assert guest.client.ask("{ viewer { profile { bio location } } }")["viewer"]["profile"] == {
        "bio": "I listen.",
        "location": None,
    }


def test_a_stale_save_is_a_conflict_with_both_values(newcomer: Newcomer) -> None:
    guest = newcomer()
    save(guest, bio="One")
    refusal = guest.client.refused("profileUpdate", expectedRevision=1, bio="Two")
    assert (refusal["code"], refusal["actualRevision"]) == ("REVISION_CONFLICT", 2)
    assert refusal["fields"] == [{"field": "bio", "yours": "Two", "current": "One"}]


def test_of_many_saves_from_one_revision_one_is_kept(newcomer: Newcomer) -> None:
    guest = newcomer()
    cookies = dict(guest.client.http.cookies)
    clients = [Client(guest.client.url) for _ in range(8)]
    for client in clients:
        client.http.cookies.update(cookies)
    with ThreadPoolExecutor(8) as threads:
        saved = threads.map(
            lambda each: each.mutate(
                "settingsUpdate", "settings { revision }", expectedRevision=1, nickname=str(id(each))
            ),
            clients,
        )
        codes = [code(each) for each in saved]
    for client in clients:
        client.http.close()
    assert codes.count(None) == 1
    assert set(codes) == {None, "REVISION_CONFLICT"}


@pytest.mark.parametrize(
    ("mutation", "field", "value"),
    [
        ("settingsUpdate", "phoneE164", "0421 123"),
        ("settingsUpdate", "dayStartHour", 24),
        ("settingsUpdate", "username", "Not A Name"),
        ("settingsUpdate", "timezone", "Mars/Base"),
        ("settingsUpdate", "displayName", ""),
        ("profileUpdate", "bio", "x" * 2001),
        ("profileUpdate", "strengths", ["x"] * 21),
        ("profileUpdate", "strengths", [""]),
        ("profileUpdate", "visibility", [{"field": "loveLanguagePrimary", "audience": "EVERYBODY"}]),
    ],
)
def test_what_breaks_a_rule_is_refused_by_field(newcomer: Newcomer, mutation: str, field: str, value: object) -> None:
    refusal = newcomer().client.refused(mutation, expectedRevision=1, **{field: value})
    assert (refusal["code"], refusal["path"]) == ("INVALID", [field])


def test_a_username_belongs_to_one(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    one.client.do("settingsUpdate", "settings { username }", expectedRevision=1, username="maya")
    refusal = other.client.refused("settingsUpdate", expectedRevision=1, username="maya")
    assert (refusal["code"], refusal["path"]) == ("TAKEN", ["username"])


def test_what_is_not_ones_own_to_say_cannot_be_said(newcomer: Newcomer) -> None:
    guest = newcomer()
    for field in ("status", "email", "isAnonymous", "emailConfirmedAt"):
        document = (
            f'mutation {{ settingsUpdate(input: {{ expectedRevision: 1, {field}: "x" }}) {{ errors {{ code }} }} }}'
        )
        assert guest.client.post(document).status_code == 200
        assert "data" not in guest.client.answer(document)


def test_consent_is_given_to_a_version_and_taken_back(newcomer: Newcomer) -> None:
    guest = newcomer()
    listed = "{ viewer { account { consents { purpose version withdrawnAt } } } }"
    for version in ("1", "1", "2"):
        guest.client.do("consentGrant", "consent { version }", purpose="RECORDING", version=version)
    consents = guest.client.ask(listed)["viewer"]["account"]["consents"]
    assert [(each["version"], each["withdrawnAt"] is None) for each in consents] == [("2", True), ("1", False)]
    guest.client.do("consentWithdraw", "consent { withdrawnAt }", purpose="RECORDING")
    assert guest.client.refused("consentWithdraw", purpose="RECORDING")["code"] == "NOT_FOUND"


def test_one_sees_nobody_elses_account(newcomer: Newcomer, doorkeeper: Doorkeeper) -> None:
    guest, other = newcomer(), newcomer()
    save(other, privacyLevel="PUBLIC")
    kept = guest.client.ask("{ viewer { account { id } profile { id } settings { id } } }")["viewer"]
    assert kept["account"]["id"] == kept["settings"]["id"] == guest.id
    ((own,),) = doorkeeper.sql("SELECT id::text FROM profile WHERE user_id = %s", guest.id)
    assert kept["profile"]["id"] == own


profiles = st.fixed_dictionaries(
    {
        "privacy_level": st.sampled_from(PrivacyLevel),
        "visibility": st.dictionaries(st.sampled_from(SHOWABLE), st.sampled_from(Audience).map(str)),
        **{name: st.just(f"my {name}") for name in SHOWABLE},
    }
)


@given(profiles)
def test_no_card_shows_more_than_its_circle_may_see(profile: dict[str, Any]) -> None:
    made = cards(profile, "Maya")
    for circle, card in made.items():
        for name in SHOWABLE:
            audience = Audience(profile["visibility"].get(name, Audience.FRIENDS))
            allowed = {Audience.EVERYBODY} if circle is Audience.EVERYBODY else {Audience.EVERYBODY, Audience.FRIENDS}
            assert card[name] == (f"my {name}" if audience in allowed else None)
    assert (Audience.EVERYBODY in made) is (profile["privacy_level"] is PrivacyLevel.PUBLIC)
    assert bool(made) is (profile["privacy_level"] is not PrivacyLevel.PRIVATE)
    assert Audience.NOBODY not in made
