"""Time zones and languages as people name them."""

from __future__ import annotations

import pytest

from core.zones import known_locale, known_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kathmandu"])
def test_the_zones_of_the_world_are_known(name: str) -> None:
    assert known_zone(name) == name


@pytest.mark.parametrize("name", ["", "Mars/Base", "europe/berlin", "../UTC", "UTC\0", "Europe/Berlin "])
def test_nothing_else_is_a_zone(name: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        known_zone(name)


@pytest.mark.parametrize("tag", ["de", "pt-BR", "zh-Hant-TW", "es-419", "gsw"])
def test_a_language_may_have_a_script_and_a_region(tag: str) -> None:
    assert known_locale(tag) == tag


@pytest.mark.parametrize("tag", ["", "german", "de_DE", "DE", "de-de", "../../etc", "de\n"])
def test_nothing_else_is_a_language(tag: str) -> None:
    with pytest.raises(ValueError, match="language"):
        known_locale(tag)
