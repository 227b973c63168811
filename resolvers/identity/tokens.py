"""Secrets that machines carry: how they look, how they are checked, and what is kept of them.

`cairn_<kind>_` + 43 characters of 256 random bits + 6 characters of CRC32, all base 62. Secret scanners find them with
`cairn_(api|acc|ref|ses|one|imp|hok|inv)_[0-9A-Za-z]{49}` and tell real ones by the checksum, as typing errors are told
before the database is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from enum import StrEnum

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY, _CHECKSUM = 43, 6
_SHAPE = re.compile(rf"cairn_([a-z]{{3}})_([0-9A-Za-z]{{{_BODY}}})([0-9A-Za-z]{{{_CHECKSUM}}})", re.ASCII)


class TokenKind(StrEnum):
    """What a secret is for. One kind is never taken for another."""

    API = "api"
    ACCESS = "acc"
    REFRESH = "ref"
    SESSION = "ses"
    ONE_TIME = "one"
    IMPERSONATION = "imp"
    HOOK = "hok"
    INVITATION = "inv"


def new_token(kind: TokenKind = TokenKind.API) -> str:
    """A fresh secret of this kind."""
    return _written(kind, secrets.token_bytes(32))


def derived_token(kind: TokenKind, secret: str, salt: str) -> str:
    """The secret of this kind that follows from another and a salt: the same each time, and from either alone none."""
    return _written(kind, hmac.digest(salt.encode(), f"{kind}:{secret}".encode(), "sha256"))


def kind_of(text: str) -> TokenKind | None:
    """What kind of secret a text is by its shape and checksum; None when it is none of ours."""
    found = _SHAPE.fullmatch(text)
    if found is None or found[1] not in set(TokenKind) or found[3] != _checksum(found[1] + found[2]):
        return None
    return TokenKind(found[1])


def looks_like_token(text: str, kind: TokenKind = TokenKind.API) -> bool:
    """Whether shape and checksum are those of a secret of this kind."""
    return kind_of(text) is kind


def looks_like_jwt(token: str) -> bool:
    """Whether a bearer token has the three parts of a signed JSON Web Token, which is none of ours."""
    return token.count(".") == 2 and token.startswith("ey")


def token_hash(token: str) -> str:
    """What is kept of a secret: tokens carry 256 random bits, so one fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _written(kind: TokenKind, content: bytes) -> str:
    body = _base62(int.from_bytes(content), _BODY)
    return f"cairn_{kind}_{body}{_checksum(kind + body)}"


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM)


def _base62(number: int, length: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits.rjust(length, "0")
