"""People of another issuer: their tokens, good and forged, against a real server that publishes its keys."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from jwt.algorithms import ECAlgorithm
from pydantic import SecretStr

from cairn.settings import PROJECT, IssuerSettings, Settings
from gateways.oidc import Issuer, IssuerRules, IssuerUnreachable, TokenRefused
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import who
from tests.identity.issuers import AUDIENCE, OidcServer
from tests.support.clients import Client, Data
from tests.support.servers import RunningApplication

PAGE = (PROJECT / "docs" / "bring-your-own-identity.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def issuer() -> Iterator[OidcServer]:
    """An issuer that the house trusts."""
    server = OidcServer().start()
    yield server
    server.stop()


@pytest.fixture
def fresh_issuer() -> Iterator[OidcServer]:
    """An issuer of which nothing is known yet."""
    server = OidcServer().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def address(database_url: str, issuer: OidcServer) -> Iterator[str]:
    """The house, with the settings that the page shows, but for the issuer's address."""
    (shown,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    settings = [IssuerSettings(**{**each, "issuer": issuer.url}) for each in json.loads(shown)]
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), issuers=tuple(settings)))
    yield running.start()
    running.stop()


@pytest.fixture
def bearer(address: str, database_url: str) -> Iterator[Callable[[str], Client]]:
    """`bearer(token)` is somebody who asks with this token."""
    clients: list[Client] = []

    def come(token: str) -> Client:
        clients.append(Client(address, token))
        return clients[-1]

    with Doorkeeper(database_url).closing_time():
        yield come
    for client in clients:
        client.http.close()


def ask(client: Client) -> tuple[int, Data]:
    """(HTTP status, answer) of a plain question."""
    answer = client.post("{ viewer { kind id name account { email } } }")
    found: Data = answer.json()
    return answer.status_code, found


def test_whoever_comes_for_the_first_time_is_made_and_is_the_same_ever_after(
    issuer: OidcServer, bearer: Callable[[str], Client]
) -> None:
    claims = {"sub": "new-one", "name": "Maya", "email": "maya@id.example", "email_verified": True}
    first, again = who(bearer(issuer.token(**claims))), who(bearer(issuer.token(sub="new-one")))
    assert (first["kind"], first["name"], first["account"]["email"]) == ("USER", "Maya", "maya@id.example")
    assert again == first
    assert who(bearer(issuer.token(sub="another")))["id"] != first["id"]


def test_of_many_first_requests_at_once_one_person_is_made(issuer: OidcServer, bearer: Callable[[str], Client]) -> None:
    clients = [bearer(issuer.token(sub="crowd")) for _ in range(16)]
    with ThreadPoolExecutor(16) as threads:
        assert len({viewer["id"] for viewer in threads.map(who, clients)}) == 1


def test_an_address_counts_only_if_it_is_vouched_for_and_nobody_has_it(
    issuer: OidcServer, bearer: Callable[[str], Client]
) -> None:
    owner = who(bearer(issuer.token(sub="owner", email="taken@id.example", email_verified=True)))
    thief = who(bearer(issuer.token(sub="thief", email="Taken@id.example", email_verified=True)))
    loose = who(bearer(issuer.token(sub="loose", email="loose@id.example")))
    assert thief["id"] != owner["id"]
    assert (thief["account"]["email"], loose["account"]["email"]) == (None, None)


def test_a_person_who_is_suspended_here_is_refused(
    issuer: OidcServer, bearer: Callable[[str], Client], database_url: str
) -> None:
    client = bearer(issuer.token(sub="suspended"))
    person = who(client)["id"]
    Doorkeeper(database_url).sql("UPDATE \"user\" SET status = 'suspended' WHERE id = %s", person)
    assert ask(client)[0] == 401


def forged(issuer: OidcServer) -> dict[str, str]:
    """Tokens that are not good, by what is wrong with them."""
    now = int(time.time())
    good = issuer.token()
    head, body, signature = good.split(".")
    other = OidcServer()
    other.new_key("first")
    other._server.server_close()
    public = issuer.keys["first"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    shared = _signed_with_the_public_key(issuer, pem)
    return {
        "too old": issuer.token(exp=now - 60),
        "without an end": issuer.token(exp=None),
        "not yet": issuer.token(nbf=now + 120),
        "from the future": issuer.token(iat=now + 120),
        "for somebody else": issuer.token(aud="another"),
        "for nobody": issuer.token(aud=None),
        "of another issuer": issuer.token(iss="https://other.example"),
        "of an issuer by a like name": issuer.token(iss=f"{issuer.url}/"),
        "without a subject": issuer.token(sub=None),
        "with an empty subject": issuer.token(sub=""),
        "with a subject that is no text": issuer.token(sub=7),
        "signed by another key": issuer.token(key="first", signer=other.keys["first"]),
        "of an unknown key": good.replace(head, _header({"alg": "ES256", "kid": "unknown"})),
        "without a key": good.replace(head, _header({"alg": "ES256"})),
        "not signed": f"{_header({'alg': 'none', 'kid': 'first'})}.{body}.",
        "signed with the public key as a secret": shared,
        "changed afterwards": f"{head}.{body[:-2]}AA.{signature}",
        "cut short": good[:-10],
        "nonsense": "eyJ.eyJ.x",
        "nonsense that looks like json": "eyAi.e30.e30",
    }


def tricky(issuer: OidcServer, elsewhere: OidcServer) -> dict[str, str]:
    """Tokens that would have whoever reads them look elsewhere, or read them otherwise than they were signed."""
    thief = elsewhere.keys["first"]
    own = {"key": "first", "signer": thief}
    jwk = {**json.loads(ECAlgorithm.to_jwk(thief.public_key())), "kid": "first"}
    algorithms = ("none", "None", "nOnE", "NONE", "", "es256", "ES384", "RS256", "PS256", "HS256", "EdDSA", 7, None, [])
    names: tuple[Any, ...] = ("../../keys", "", "first\0", "FIRST", 1, None, ["first"], {"first": 1}, "from the future")
    now = int(time.time())
    return {
        "that says where its key is": issuer.token(**own, headers={"jku": f"{elsewhere.url}/keys"}),
        "that says where its certificate is": issuer.token(**own, headers={"x5u": f"{elsewhere.url}/keys"}),
        "that brings its key along": issuer.token(**own, headers={"jwk": jwk}),
        "that brings its certificate along": issuer.token(**own, headers={"x5c": ["MIIB"]}),
        "with something critical that we do not know": issuer.token(headers={"crit": ["mine"], "mine": 1}),
        "whose body is not encoded": issuer.token(headers={"crit": ["b64"], "b64": False}),
        **{f"of the algorithm {each!r}": _resigned(issuer, alg=each) for each in algorithms},
        **{f"of the key {each!r}": _resigned(issuer, kid=each) for each in names},
        "for several others": issuer.token(aud=["a", "b"]),
        "for somebody whose name begins alike": issuer.token(aud="cairn-staging"),
        "for a part of us": issuer.token(aud="cair"),
        "for no one in a list": issuer.token(aud=[]),
        "for something that is no text": issuer.token(aud=[["cairn"]]),
        "whose end is a text": issuer.token(exp="soon"),
        "whose end is beyond all time": _claiming(issuer, '"exp": 1e400'),
        "whose end is no number": _claiming(issuer, '"exp": NaN'),
        "whose end is a truth": issuer.token(exp=True),
        "whose beginning is a list": issuer.token(nbf=[now]),
        "of an issuer in a list": issuer.token(iss=[issuer.url]),
        "just too old": issuer.token(exp=now - 35),
        "just too early": issuer.token(nbf=now + 40),
        "made just too late": issuer.token(iat=now + 40),
        "whose subject is too long": issuer.token(sub="x" * 256),
        "whose subject holds a NUL": issuer.token(sub="a\0b"),
        "whose subject is half a character": issuer.token(sub="\ud800"),
    }


def _resigned(issuer: OidcServer, **header: Any) -> str:
    """A token with another header, and a signature over that by the right key, as far as there is one."""
    head = _header({"alg": "ES256", "kid": "first", **header})
    body = issuer.token().split(".")[1]
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(f"{head}.{body}".encode(), issuer.keys["first"])
    return f"{head}.{body}.{jwt.utils.base64url_encode(signature).decode()}"


def _claiming(issuer: OidcServer, claim: str) -> str:
    """A token that is signed as it should be, and claims what no library would write."""
    now = int(time.time())
    said = f'{{"iss": "{issuer.url}", "aud": "cairn", "sub": "maya", "iat": {now}, "exp": {now + 300}, {claim}}}'
    head, body = _header({"alg": "ES256", "kid": "first"}), jwt.utils.base64url_encode(said.encode()).decode()
    signature = ECAlgorithm(ECAlgorithm.SHA256).sign(f"{head}.{body}".encode(), issuer.keys["first"])
    return f"{head}.{body}.{jwt.utils.base64url_encode(signature).decode()}"


def test_a_token_full_of_tricks_is_refused_and_nothing_is_fetched_for_it(
    issuer: OidcServer, fresh_issuer: OidcServer, bearer: Callable[[str], Client]
) -> None:
    who(bearer(issuer.token(sub="known")))
    asked = issuer.asked
    let_in = {what: ask(bearer(token))[0] for what, token in tricky(issuer, fresh_issuer).items()}
    assert {what: status for what, status in let_in.items() if status != 401} == {}
    assert fresh_issuer.asked == 0
    assert issuer.asked <= asked + 1


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["cairn"]},
        {"aud": ["another", "cairn"]},
        {"name": "half a character \ud800"},
        {"name": "a NUL \0"},
        {"name": ""},
        {"name": "x" * 5_000},
        {"name": {"given": "Maya"}},
        {"email": "\ud800@id.example", "email_verified": True},
        {"email": "a\0@id.example", "email_verified": True},
        {"email": "x" * 5_000 + "@id.example", "email_verified": True},
        {"email": "no address", "email_verified": True},
        {"email": "unsure@id.example", "email_verified": "true"},
    ],
    ids=str,
)
def test_a_good_token_lets_its_bearer_in_whatever_else_it_says(
    issuer: OidcServer, bearer: Callable[[str], Client], claims: dict[str, Any]
) -> None:
    status, answer = ask(bearer(issuer.token(sub=f"odd {claims}"[:60].encode(errors="replace").decode(), **claims)))
    assert status == 200, answer
    found = answer["data"]["viewer"]
    assert found["name"]
    assert found["account"]["email"] is None


def _header(header: dict[str, Any]) -> str:
    return str(jwt.utils.base64url_encode(json.dumps(header).encode()).decode())


def _signed_with_the_public_key(issuer: OidcServer, pem: bytes) -> str:
    _, body, _ = issuer.token().split(".")
    head = _header({"alg": "HS256", "kid": "first"})
    signature = hmac.digest(pem, f"{head}.{body}".encode(), hashlib.sha256)
    return f"{head}.{body}.{jwt.utils.base64url_encode(signature).decode()}"


def test_a_token_that_is_not_good_is_refused_and_makes_nobody(
    issuer: OidcServer, bearer: Callable[[str], Client], database_url: str
) -> None:
    for what, token in forged(issuer).items():
        status, answer = ask(bearer(token))
        assert status == 401, what
        assert [each["extensions"]["code"] for each in answer["errors"]] == ["UNAUTHENTICATED"], what
    nobody = "SELECT 1 FROM auth_identity WHERE provider = %s AND subject = 'maya'"
    assert Doorkeeper(database_url).sql(nobody, issuer.url) == []


def test_clocks_may_differ_a_little(issuer: OidcServer, bearer: Callable[[str], Client]) -> None:
    now = int(time.time())
    assert ask(bearer(issuer.token(sub="clock", exp=now - 5, iat=now + 5, nbf=now + 5)))[0] == 200


class Clock:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def said(issuer: Issuer, *tokens: str) -> list[Any]:
    """What each token says in turn, or the kind of its refusal."""

    async def run() -> list[Any]:
        found: list[Any] = []
        for token in tokens:
            try:
                found.append((await issuer.claims(token)).subject)
            except (TokenRefused, IssuerUnreachable) as error:
                found.append(type(error))
        return found

    return asyncio.run(run())


def rules(server: OidcServer, **more: Any) -> IssuerRules:
    """What is expected of this server's tokens."""
    return IssuerRules(server.url, AUDIENCE, **{"algorithms": ("ES256", "RS256"), **more})


def test_a_new_key_is_looked_for_once_it_is_used_and_made_up_ones_do_not_hammer_the_issuer(
    fresh_issuer: OidcServer,
) -> None:
    clock = Clock()
    known = Issuer(rules(fresh_issuer), clock)
    assert said(known, *[fresh_issuer.token() for _ in range(5)]) == ["maya"] * 5
    assert fresh_issuer.asked == 1
    fresh_issuer.new_key("second", kind="RSA")
    newer = fresh_issuer.token(algorithm="RS256")
    clock.now += 31
    assert said(known, newer) == ["maya"]
    assert fresh_issuer.asked == 2
    strangers = [
        jwt.encode({"sub": "x"}, fresh_issuer.keys["first"], algorithm="ES256", headers={"kid": f"made up {number}"})
        for number in range(50)
    ]
    assert said(known, *strangers) == [TokenRefused] * 50
    assert fresh_issuer.asked == 2
    clock.now += 31
    assert said(known, *strangers, fresh_issuer.token(key="first")) == [*[TokenRefused] * 50, "maya"]
    assert fresh_issuer.asked == 3


def test_a_key_that_is_no_longer_published_is_forgotten(fresh_issuer: OidcServer) -> None:
    clock = Clock()
    known = Issuer(rules(fresh_issuer), clock)
    older = fresh_issuer.token()
    assert said(known, older) == ["maya"]
    fresh_issuer.new_key("second")
    del fresh_issuer.keys["first"]
    clock.now += 601
    assert said(known, older) == [TokenRefused]


def test_while_the_issuer_is_away_known_keys_are_good_for_a_day(fresh_issuer: OidcServer) -> None:
    clock = Clock()
    known, unknown = Issuer(rules(fresh_issuer), clock), Issuer(rules(fresh_issuer), clock)
    assert said(known, fresh_issuer.token()) == ["maya"]
    fresh_issuer.down = True
    assert said(unknown, fresh_issuer.token()) == [IssuerUnreachable]
    clock.now += 3600
    assert said(known, fresh_issuer.token()) == ["maya"]
    clock.now += 24 * 3600
    assert said(known, fresh_issuer.token()) == [IssuerUnreachable]


def test_an_algorithm_that_is_not_on_the_list_is_refused(fresh_issuer: OidcServer) -> None:
    assert said(Issuer(rules(fresh_issuer, algorithms=("RS256",))), fresh_issuer.token()) == [TokenRefused]


def test_an_issuer_that_calls_itself_otherwise_has_no_keys(fresh_issuer: OidcServer) -> None:
    misnamed = Issuer(IssuerRules(f"{fresh_issuer.url}/", AUDIENCE, ("ES256",)))
    assert said(misnamed, fresh_issuer.token(iss=f"{fresh_issuer.url}/")) == [IssuerUnreachable]


def test_where_nobody_is_made_only_those_who_are_known_come_in(database_url: str, issuer: OidcServer) -> None:
    settings = IssuerSettings(issuer=issuer.url, audience=AUDIENCE, makes_people=False)
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), issuers=(settings,)))
    client = Client(running.start(), issuer.token(sub="unknown here"))
    try:
        assert ask(client)[0] == 401
    finally:
        client.http.close()
        running.stop()
