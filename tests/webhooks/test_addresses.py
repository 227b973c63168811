"""Nothing is sent inside our own walls, however an address is written and whatever a name stands for."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from gateways.webhooks import Answer, HttpSender, NotSent, Reach, Refusal, is_global, problem_with
from tests.webhooks.receivers import Received, receiver

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
OPEN = Reach(ports=(), plain_http=True)
HERE = Reach(LOOPBACK, (), True)
INSIDE = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
    "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
]  # fmt: skip
INSIDE_V4 = [ipaddress.IPv4Network(each) for each in INSIDE if ":" not in each]


def _send(url: str, reach: Reach = OPEN, **more: Any) -> Answer:
    return asyncio.run(HttpSender(reach, **more).send(url, {"x-test": "1"}, b"{}"))


def _refused(url: str, reach: Reach = OPEN) -> NotSent:
    with pytest.raises(NotSent) as refused:
        _send(url, reach)
    return refused.value


@given(st.data())
def test_no_address_of_a_network_that_is_not_the_internet_is_one_of_the_internet(data: st.DataObject) -> None:
    network = ipaddress.ip_network(data.draw(st.sampled_from(INSIDE)))
    address = network[data.draw(st.integers(0, network.num_addresses - 1))]
    assert not is_global(address)


def test_what_is_forbidden_is_never_spoken_to() -> None:
    prefix = ipaddress.ip_network("2600:1f18::/96")
    reach = Reach(LOOPBACK, forbidden=(prefix, ipaddress.ip_network("127.0.0.9/32")))
    for address in ("2600:1f18::10.0.0.5", "127.0.0.9", "::ffff:127.0.0.9", "168.63.129.16"):
        assert not reach.allows(ipaddress.ip_address(address))
    assert reach.allows(ipaddress.ip_address("127.0.0.8"))


@given(st.ip_addresses(v=4))
def test_an_address_is_the_same_however_it_is_wrapped(plain: ipaddress.IPv4Address) -> None:
    for prefix in ("::ffff:", "64:ff9b::"):
        assert is_global(ipaddress.ip_address(f"{prefix}{plain}")) is is_global(plain)
    # Other wraps are not unwrapped, and lead nowhere.
    assert not is_global(ipaddress.ip_address(f"::{plain}"))
    assert not is_global(ipaddress.ip_address((0x2002 << 112) | (int(plain) << 80)))


@given(st.ip_addresses(v=4))
def test_what_is_in_no_special_network_is_the_internet(plain: ipaddress.IPv4Address) -> None:
    if not any(plain in each for each in INSIDE_V4):
        assert is_global(plain)


@pytest.mark.parametrize("text", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:813::200e"])
def test_ordinary_addresses_may_be_sent_to(text: str) -> None:
    assert is_global(ipaddress.ip_address(text))
    assert Reach().allows(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "localhost.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::1]",
        "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[64:ff9b::7f00:1]", "127.0.0.1.", "①②⑦.0.0.1",
    ],
)  # fmt: skip
def test_whatever_leads_to_this_machine_is_refused_before_a_connection_is_made(host: str) -> None:
    with receiver() as there:
        port = there.url.rsplit(":", 1)[1].removesuffix("/in")
        refused = _refused(f"http://{host}:{port}/in")
        assert there.received == []
    assert refused.refusal in (Refusal.FORBIDDEN, Refusal.UNREACHABLE)
    assert refused.address is None


def _resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names stand for these addresses, in turn: what a lying name server says. There is none on this machine."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_given: Any) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("answer", [["10.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["169.254.169.254"], ["fe80::1%eth0"]])
def test_a_name_that_stands_for_anything_inside_is_refused(monkeypatch: pytest.MonkeyPatch, answer: list[str]) -> None:
    _resolving(monkeypatch, answer)
    refused = _refused("http://example.org/")
    assert refused.refusal is Refusal.FORBIDDEN
    assert "example.org stands for" in refused.reason


def test_a_name_is_asked_for_once_and_what_was_looked_at_is_what_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiver() as there:
        port = there.url.rsplit(":", 1)[1].removesuffix("/in")
        # Allowed the first time, and somewhere else the next: nobody asks a second time.
        asked = _resolving(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        answer = _send(f"http://example.org:{port}/in?a=b%20c", HERE)
        assert (asked, answer.status, answer.address) == (["example.org"], 204, "127.0.0.1")
    (got,) = there.received
    assert (got.headers["host"], got.path) == (f"example.org:{port}", "/in?a=b%20c")


def test_an_address_where_nobody_answers_keeps_no_message_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as there, socket.socket() as silent:
        port = int(there.url.rsplit(":", 1)[1].removesuffix("/in"))
        silent.bind(("127.0.0.2", port))
        silent.listen(0)
        # Once its queue is full, whoever else comes is not answered at all.
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.2", port))
        _resolving(monkeypatch, ["127.0.0.2", "127.0.0.1"])
        answer = _send(f"http://example.org:{port}/in", HERE, seconds=8)
        assert (answer.status, answer.address) == (204, "127.0.0.1")
        for each in waiting:
            each.close()


def test_name_servers_that_never_answer_hold_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, real = threading.Event(), socket.getaddrinfo

    def getaddrinfo(host: str, *given: Any, **more: Any) -> list[Any]:
        if host.startswith("silent"):
            answered.wait(30)
            raise OSError("no answer")
        return list(real(host, *given, **more))

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def run(url: str) -> int:
        waiting = [asyncio.create_task(HttpSender(HERE).send(f"http://silent{n}/", {}, b"")) for n in range(60)]
        await asyncio.sleep(0)
        try:
            return (await HttpSender(HERE).send(url, {}, b"{}")).status
        finally:
            answered.set()
            await asyncio.gather(*waiting, return_exceptions=True)

    with receiver() as there:
        assert asyncio.run(run(there.url)) == 204


def test_no_proxy_of_the_environment_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy, receiver() as there:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert _send(there.url, HERE).status == 204
        assert (proxy.received, len(there.received)) == ([], 1)
    assert os.environ["http_proxy"] == proxy.url


@pytest.mark.parametrize(
    ("url", "reach", "words"),
    [
        ("http://example.org/", Reach(), "https://"),
        ("https://example.org:22/", Reach(), "ports"),
        ("https://example.org:80/", Reach(), "ports"),
        ("http://example.org:443/", Reach(ports=(443, 8443), plain_http=True), None),
        ("https://example.org:8443/", Reach(ports=(443, 8443)), None),
        ("https://example.org:8443/", Reach(ports=()), None),
        ("https://example.org/", Reach(), None),
        ("https://bücher.example/", Reach(), None),
        ("https://user@example.org/", Reach(), "user name"),
        ("https://example.org/#part", Reach(), "fragment"),
        ("https:///path", Reach(), "no address"),
        ("https://exa mple.org/", Reach(), "no address"),
        ("https://example.org/\n", Reach(), "no address"),
        ("https://example.org:99999/", Reach(), "no address"),
        ("https://10.0.0.1/", Reach(), "open internet"),
        ("https://10.0.0.1/", Reach((ipaddress.ip_network("10.0.0.0/8"),)), None),
        ("https://[64:ff9b::a00:1]/", Reach((ipaddress.ip_network("10.0.0.0/8"),)), None),
        ("gopher://example.org/", Reach(), "https://"),
        ("", Reach(), "no address"),
    ],
)
def test_what_the_text_of_an_address_says_is_said_before_anything_is_tried(
    url: str, reach: Reach, words: str | None
) -> None:
    found = problem_with(url, reach)
    assert (found is None) if words is None else (found is not None and words in found)


@given(st.text(max_size=80))
def test_no_text_is_too_strange_to_be_judged(text: str) -> None:
    for url in (text, f"https://{text}", f"https://example.org/{text}", f"https://[{text}]/"):
        found = problem_with(url, Reach())
        assert found is None or found.endswith(".") or found.endswith("443.")


# With TLS ------------------------------------------------------------------------------------------------------------


def _certificate(folder: Path, name: str) -> Path:
    """A certificate for this name that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def _with_tls(path: Path) -> Iterator[tuple[int, list[str | None], list[Received]]]:
    """A receiver with this certificate: its port, the names it was asked for, and what it received."""
    names: list[str | None] = []
    received: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            received.append(Received(self.path, headers, b"", 0))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_given: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_given: Any) -> None:
            """Those who do not trust it hang up."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.server_port, names, received
    finally:
        server.shutdown()
        server.server_close()


def test_tls_asks_for_the_name_and_trusts_only_a_certificate_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = _certificate(tmp_path, "hooks.example.org")
    trust = ssl.create_default_context(cafile=str(path))
    reach = Reach(LOOPBACK, ())
    _resolving(monkeypatch, ["127.0.0.1"])
    with _with_tls(path) as (port, names, received):
        assert _send(f"https://hooks.example.org:{port}/in", reach, trust=trust).status == 204
        assert names == ["hooks.example.org"]
        assert received[0].headers["host"] == f"hooks.example.org:{port}"
        for url, trusted in (
            (f"https://hooks.example.org:{port}/in", ssl.create_default_context()),
            (f"https://other.example.org:{port}/in", trust),
            (f"https://127.0.0.1:{port}/in", trust),
        ):
            with pytest.raises(NotSent) as refused:
                _send(url, reach, trust=trusted)
            assert refused.value.refusal is Refusal.UNREACHABLE
            assert "certificate" in refused.value.reason
        assert len(received) == 1


def test_an_address_that_says_nothing_does_not_keep_the_next_one_from_being_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiver() as there, ExitStack() as stack:
        port = int(there.url.split(":")[2].split("/")[0])
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.3", port))
        silent.listen(0)
        for _ in range(4):
            # With its queue full, whoever asks further gets no answer.
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.3", port))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in ("127.0.0.3", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_more: found)
        answer = _send(f"http://two.example:{port}/in", HERE, seconds=10)
    assert (answer.status, answer.address) == (204, "127.0.0.1")
