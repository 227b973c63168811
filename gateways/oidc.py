"""Bearer tokens of other issuers: any that speaks OpenID Connect and publishes its keys.

What a token says about itself decides nothing: the issuer, the audience and the algorithms are ours to choose, and the
key must be one that the issuer publishes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt

# How far the clocks of two machines may be apart.
SKEW_SECONDS = 30
# Keys are fetched again after this long; and sooner for a key that is not known, but not for every made-up one.
KEYS_FRESH_SECONDS = 600
REFETCH_FLOOR_SECONDS = 30
# Keys that an issuer stopped publishing must not live on because it cannot be reached.
KEYS_STALE_SECONDS = 24 * 3600
_MAX_BYTES = 1_000_000
_TIMEOUT = httpx.Timeout(5)


class TokenRefused(Exception):
    """The token is not good: made up, meant for others, too old, or signed by nobody we know."""


class IssuerUnreachable(Exception):
    """The issuer's keys cannot be had, and so nothing can be said about the token."""


@dataclass(frozen=True)
class Claims:
    """What a good token says: who somebody is at the issuer, and what the issuer vouches for."""

    issuer: str
    subject: str
    email: str | None
    name: str | None


@dataclass(frozen=True)
class PublicKey:
    """A key that an issuer publishes, and the one algorithm it is for, where that is said."""

    key: Any
    algorithm: str | None

    def takes(self, algorithm: object) -> bool:
        """Whether a token signed by this algorithm can be signed with this key."""
        return self.algorithm is None or self.algorithm == algorithm


@dataclass(frozen=True)
class IssuerRules:
    """An issuer, what its tokens must be, and where its keys are (found out by discovery when not given)."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    jwks_url: str | None = None


@dataclass
class Issuer:
    """One issuer with the keys that it publishes."""

    rules: IssuerRules
    clock: Callable[[], float] = time.monotonic
    _keys: Mapping[str, PublicKey] = field(default_factory=dict)
    _fetched_at: float | None = None
    _tried_at: float | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def claims(self, token: str) -> Claims:
        """What the token says; raises `TokenRefused`, or `IssuerUnreachable` when its keys cannot be had."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise TokenRefused("This is no token.") from error
        key_id = header.get("kid")
        if not isinstance(key_id, str) or header.get("alg") not in self.rules.algorithms:
            raise TokenRefused("The token is not signed as it should be.")
        key = await self._key(key_id)
        if not key.takes(header["alg"]):
            raise TokenRefused("The token is not signed as its key should be used.")
        try:
            said = jwt.decode(
                token,
                key.key,
                algorithms=list(self.rules.algorithms),
                audience=self.rules.audience,
                issuer=self.rules.issuer,
                leeway=SKEW_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise TokenRefused(f"The token is not good: {error}") from error
        return _claims(self.rules.issuer, said)

    async def _key(self, key_id: str) -> PublicKey:
        """The key of this name. One that is not known is looked for once more, for the issuer may have a new one."""
        await self._refresh(lambda: self._is_older_than(KEYS_FRESH_SECONDS))
        if key_id not in self._keys:
            await self._refresh(lambda: key_id not in self._keys)
        if self._is_older_than(KEYS_STALE_SECONDS):
            raise IssuerUnreachable("The issuer's keys cannot be had.")
        if key_id not in self._keys:
            raise TokenRefused("The token's key is not one of the issuer's.")
        return self._keys[key_id]

    def _is_older_than(self, seconds: float) -> bool:
        return self._fetched_at is None or self.clock() - self._fetched_at > seconds

    async def _refresh(self, needed: Callable[[], bool]) -> None:
        """Fetches the keys where they are needed, one at a time, and never twice within the floor."""
        if not needed():
            return
        async with self._lock:
            if not needed() or (self._tried_at is not None and self.clock() - self._tried_at < REFETCH_FLOOR_SECONDS):
                return
            self._tried_at = self.clock()
            try:
                self._keys = await _fetched_keys(self.rules)
                self._fetched_at = self.clock()
            except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
                # The keys that are known go on being good for a while.
                return


@dataclass
class Issuers:
    """All issuers whose tokens are taken."""

    known: Mapping[str, Issuer]

    async def claims(self, token: str) -> Claims:
        """What a token of any of them says; raises `TokenRefused` or `IssuerUnreachable`."""
        try:
            said = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenRefused("This is no token.") from error
        issuer = self.known.get(str(said.get("iss")))
        if issuer is None:
            raise TokenRefused("Nobody here knows the issuer of this token.")
        return await issuer.claims(token)


def _claims(issuer: str, said: Mapping[str, Any]) -> Claims:
    subject, email, name = said["sub"], said.get("email"), said.get("name")
    if not _is_text(subject) or not 0 < len(subject) <= 255:
        raise TokenRefused("The token does not say whose it is.")
    # An address counts only if the issuer says that it has seen to it.
    vouched = email if said.get("email_verified") is True and _is_text(email) else None
    return Claims(issuer, subject, vouched, name if _is_text(name) else None)


def _is_text(value: object) -> bool:
    """Whether this is a text that can be kept: JSON may hold halves of characters, which no database takes."""
    return isinstance(value, str) and "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


async def _fetched_keys(rules: IssuerRules) -> Mapping[str, PublicKey]:
    async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client:
        url = rules.jwks_url
        if url is None:
            found = await _json(client, f"{rules.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found["issuer"] != rules.issuer:
                raise ValueError("The issuer calls itself by another name.")
            url = str(found["jwks_uri"])
        published = await _json(client, url)
    keys: dict[str, PublicKey] = {}
    for each in published["keys"]:
        if each.get("kty") in ("RSA", "EC", "OKP") and each.get("use", "sig") == "sig" and "kid" in each:
            # A key of a kind that we do not know must not stand in the way of the others.
            with contextlib.suppress(jwt.PyJWTError):
                keys[str(each["kid"])] = PublicKey(jwt.PyJWK(each).key, each.get("alg"))
    return keys


async def _json(client: httpx.AsyncClient, url: str) -> Any:
    async with client.stream("GET", url, headers={"accept": "application/json"}) as response:
        response.raise_for_status()
        body = b""
        async for part in response.aiter_bytes():
            body += part
            if len(body) > _MAX_BYTES:
                raise ValueError("The issuer's answer is too large.")
    return httpx.Response(200, content=body).json()
