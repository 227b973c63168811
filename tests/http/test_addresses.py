"""Whom an address belongs to: what a trusted proxy has written is believed, and what a client writes is not."""

from __future__ import annotations

from ipaddress import ip_network

import httpx
import pytest

from cairn.http.addresses import client_address
from core.addresses import counted_as

from .conftest import Serve
from .doorkeeper import Doorkeeper

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48")]


@pytest.mark.parametrize(
    ("peer", "hops", "expected"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1", "10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "unknown"], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4", "_hidden", "10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("2001:db8:ffff::1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1"] + ["10.0.0.2"] * 100, "10.0.0.2"),
        ("10.0.0.1", ["<script>"], "10.0.0.1"),
        ("testclient", ["198.51.100.1"], "testclient"),
    ],
)
def test_the_last_address_that_is_no_proxy_is_the_clients(peer: str, hops: list[str], expected: str) -> None:
    assert client_address(peer, hops, PROXIES) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "nowhere"),
        ("unknown", "nowhere"),
    ],
)
def test_addresses_of_one_customer_are_counted_together(address: str | None, expected: str) -> None:
    assert counted_as(address) == expected


@pytest.mark.parametrize(
    ("settings", "headers", "expected"),
    [
        ({}, {"x-forwarded-for": "198.51.100.1"}, "127.0.0.1"),
        ({"trusted_proxies": ["127.0.0.1/32"]}, {"x-forwarded-for": "6.6.6.6, 198.51.100.1"}, "198.51.100.1"),
        ({"trusted_proxies": ["127.0.0.1/32"]}, {"forwarded": "for=198.51.100.1"}, "127.0.0.1"),
        (
            {"trusted_proxies": ["127.0.0.1/32"], "forwarded_header": "forwarded"},
            {"forwarded": 'for=6.6.6.6, for="[2001:db8::7]:47";proto=https', "x-forwarded-for": "6.6.6.7"},
            "2001:db8::7",
        ),
        ({"trusted_proxies": ["127.0.0.1/32"], "forwarded_header": "forwarded"}, {"forwarded": "by=x"}, "127.0.0.1"),
        ({"trusted_proxies": ["192.0.2.0/24"]}, {"x-forwarded-for": "198.51.100.1"}, "127.0.0.1"),
    ],
    ids=str,
)
def test_a_session_remembers_the_address_that_it_was_started_from(
    database_url: str,
    serve: Serve,
    doorkeeper: Doorkeeper,
    settings: dict[str, object],
    headers: dict[str, str],
    expected: str,
) -> None:
    address, person = serve(database_url, http=settings), doorkeeper.person()
    assert httpx.get(f"{address}{doorkeeper.link(person)}", headers=headers).status_code == 303
    assert doorkeeper.sql("SELECT ip FROM auth_session WHERE user_id = %s", person) == [(expected,)]
