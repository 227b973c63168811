"""What people want to be told about, by which way, and when nobody is to disturb them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.identity.guests import Guest
from tests.support.clients import Client, Data

Newcomer = Callable[[], Guest]
CHOSEN = "{ viewer { settings { notificationPreferences { id topic channel isEnabled digest } } } }"


def chosen(client: Client) -> list[Data]:
    """What somebody chose."""
    found: list[Data] = client.ask(CHOSEN)["viewer"]["settings"]["notificationPreferences"]
    return found


def choose(client: Client, topic: str = "NEWS", **more: object) -> str:
    """Makes a choice; answers its id."""
    made = client.do(
        "notificationPreferenceChoose", "notificationPreference { id }", topic=topic, channel="EMAIL", **more
    )
    found: str = made["notificationPreference"]["id"]
    return found


def test_what_was_never_chosen_is_not_there(newcomer: Newcomer) -> None:
    assert chosen(newcomer().client) == []


def test_a_choice_is_kept_and_another_takes_its_place(newcomer: Newcomer) -> None:
    guest = newcomer()
    first = choose(guest.client, isEnabled=False)
    assert choose(guest.client, digest="WEEKLY") == first
    expected = {"id": first, "topic": "NEWS", "channel": "EMAIL", "isEnabled": True, "digest": "WEEKLY"}
    assert chosen(guest.client) == [expected]


def test_choices_are_ones_own(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    choose(one.client, isEnabled=False)
    assert chosen(other.client) == []


def test_the_same_choice_made_at_once_is_made_once(newcomer: Newcomer) -> None:
    guest = newcomer()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: choose(guest.client, "FAMILY"), range(16)))
    assert len(set(made)) == len(chosen(guest.client)) == 1


def test_quiet_hours_are_a_setting(newcomer: Newcomer) -> None:
    guest = newcomer()
    hours = "settings { quietFromHour quietToHour }"
    saved = guest.client.do("settingsUpdate", hours, expectedRevision=1, quietFromHour=22, quietToHour=7)
    assert saved["settings"] == {"quietFromHour": 22, "quietToHour": 7}
    saved = guest.client.do("settingsUpdate", hours, expectedRevision=2, quietFromHour=None, quietToHour=None)
    assert saved["settings"] == {"quietFromHour": None, "quietToHour": None}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"quietFromHour": 24, "quietToHour": 7}, "quietFromHour"),
        ({"quietFromHour": 7, "quietToHour": 7}, "quietToHour"),
        ({"quietFromHour": 22}, "quietToHour"),
    ],
)
def test_quiet_hours_that_make_no_sense_are_refused_by_field(
    newcomer: Newcomer, given: dict[str, int], path: str
) -> None:
    assert newcomer().client.refused("settingsUpdate", expectedRevision=1, **given)["path"] == [path]
