"""Accounts and sessions: mutations with which people come in, and prove who they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models.events as facts
from core.database import Database
from core.errors import NotFound
from core.viewer import ANONYMOUS, Viewer
from graph.door import Act, Done, Gate, described_as, mutation
from graph.identity.types import Account, ApiToken, Session
from models.identity import Scope, SessionKind
from resolvers.identity import accounts, credentials, passwords, sessions
from resolvers.identity.accounts import Proof, Verified
from resolvers.identity.credentials import viewer_of_user
from resolvers.identity.mails import MailKind
from resolvers.identity.sessions import SessionOver, Started
from resolvers.requests import limits

Email = Annotated[str, described_as("The e-mail address; its case does not matter.", secret=True)]
Password = Annotated[str, described_as("The password.", secret=True)]
OwnPassword = Annotated[
    str | None, described_as("The password; left out by those who have neither one nor an address.", secret=True)
]
AskedPassword = Annotated[
    str | None,
    described_as("The password that was chosen when it was asked for; proves that it was oneself.", secret=True),
]
ProvingPassword = Annotated[str | None, described_as("The password; left out by those who have none.", secret=True)]
NewPassword = Annotated[str, described_as("The password to be, of at least 10 characters.", secret=True)]
Token = Annotated[str, described_as("The secret from the link that was mailed; good once.", secret=True)]
Refresh = Annotated[str, described_as("The refresh token; good once.", secret=True)]
Name = Annotated[str, described_as("The name that others see.")]
Zone = Annotated[str, described_as("The IANA time zone, such as Europe/Berlin; UTC when absent.")]
Locale = Annotated[str, described_as("The language, as a BCP 47 tag; en when absent.")]
Kind = Annotated[SessionKind, described_as("BROWSER sets a cookie, APP answers tokens; BROWSER when absent.")]
SessionId = Annotated[strawberry.ID | None, described_as("The session; the one the request came by when absent.")]
TokenName = Annotated[str, described_as("A word to recognise it by.")]
TokenScopes = Annotated[list[Scope], described_as("What it may do; no more than one may oneself.")]
TokenId = Annotated[strawberry.ID, described_as("The id of the token.")]
Days = Annotated[int, described_as("How many days it lasts; 30 when absent.")]
KeepThis = Annotated[bool, described_as("Whether to stay signed in here.")]

TOKENS: Mapping[str, tuple[Any, str]] = {
    "access_token": (str, "For an app: what to send as bearer token, for a quarter of an hour."),
    "refresh_token": (str, "For an app: what to get the next pair of tokens with, once."),
    "access_expires_at": (datetime, "For an app: when the access token ends."),
}

CONFIRMED: Mapping[str, tuple[Any, str]] = {
    "has_password": (bool, "Whether the password that was chosen counts: it was given, or there was other proof."),
}

API_TOKEN: Mapping[str, tuple[Any, str]] = {"token": (str, "The token. It is never shown again.")}


async def _signed_in(act: Act, started: Started, shown: str, **more: Any) -> Done:
    """The answer of a mutation that signs somebody in; later mutations of the same request act as them."""
    if started.cookie is not None:
        act.effects.cookie = started.cookie
    tokens = {name: getattr(started, name) for name in TOKENS}
    return Done(shown, {**tokens, **more}, viewer=await viewer_of_user(act.tx, started.user_id, started.id))


# What takes long, and is done before the transaction opens ------------------------------------------------------------


async def _hashed(_database: Database, _viewer: Viewer, given: Mapping[str, Any]) -> str:
    email = accounts.email_address(given["email"]) if "email" in given else ""
    passwords.check(given["password"], email)
    return await passwords.hashed(given["password"])


async def _verified(database: Database, _viewer: Viewer, given: Mapping[str, Any]) -> Verified:
    return await accounts.verify(database, given["email"], given["password"])


async def _verified_own(database: Database, viewer: Viewer, given: Mapping[str, Any]) -> Verified:
    return await accounts.verify_own(database, str(viewer.user_id), given["password"])


async def _verified_own_if_given(database: Database, viewer: Viewer, given: Mapping[str, Any]) -> Verified | None:
    return None if given.get("password") is None else await _verified_own(database, viewer, given)


async def _verified_asked(database: Database, _viewer: Viewer, given: Mapping[str, Any]) -> Proof:
    return await accounts.verify_asked(database, given["token"], given.get("password"))


async def _verified_and_hashed(database: Database, viewer: Viewer, given: Mapping[str, Any]) -> tuple[Verified, str]:
    passwords.check(given["new_password"], path="newPassword")
    return await _verified_own(database, viewer, given), await passwords.hashed(given["new_password"])


# Accounts ------------------------------------------------------------------------------------------------------------


@mutation(Gate.ANYONE, Account, trusted=True, prepare=_hashed, limit=limits.SIGN_UP)
async def account_create(
    act: Act, email: Email, password: NewPassword, display_name: Name, timezone: Zone = "UTC", locale: Locale = "en"
) -> Done:
    """Asks for an account. A mail goes to the address, and its link makes the account: see `accountConfirm`.

    The answer is the same whether or not there is an account already; the mail says so.
    """
    settings = {"display_name": display_name, "timezone": timezone, "locale": locale}
    await accounts.create(act.tx, accounts.email_address(email), act.prepared, settings)
    return Done(None)


@mutation(
    Gate.ANYONE,
    Account,
    trusted=True,
    prepare=_verified_asked,
    extra={**TOKENS, **CONFIRMED},
    limit=limits.SECRET,
    records=(facts.UserSignedUp, facts.UserClaimed, facts.UserSignedIn, facts.ApiTokenRevoked),
)
async def account_confirm(
    act: Act, token: Token, password: AskedPassword = None, kind: Kind = SessionKind.BROWSER
) -> Done:
    """Confirms an address: makes the account that was asked for, or gives an anonymous one its owner. Signs in.

    Without `password` a new account has none: whoever asked may have been somebody else. An anonymous account needs it,
    unless whoever confirms is signed in to it.
    """
    started, has_password = await accounts.confirm(act.tx, act.viewer, token, act.prepared, kind, act.origin)
    return await _signed_in(act, started, started.user_id, has_password=has_password)


@mutation(
    Gate.ANYONE,
    Account,
    trusted=True,
    extra=TOKENS,
    limit=limits.GUEST,
    records=(facts.UserSignedUp, facts.UserSignedIn),
)
async def account_start_anonymously(act: Act, display_name: Name = "Guest", kind: Kind = SessionKind.BROWSER) -> Done:
    """Makes an account for somebody who has not said yet who they are, and signs in. See `accountClaim`."""
    started = await accounts.start_anonymously(act.tx, display_name, kind, act.origin)
    return await _signed_in(act, started, started.user_id)


@mutation(Gate.PERSON, Account, trusted=True, prepare=_hashed, limit=limits.CLAIM)
async def account_claim(act: Act, email: Email, password: NewPassword) -> Done:
    """Makes an anonymous account one's own, once, with all that was done in it. A mail goes to the address.

    Its link completes it: see `accountConfirm`.
    """
    await accounts.claim(act.tx, act.viewer, accounts.email_address(email), act.prepared)
    return Done(act.viewer.user_id)


@mutation(Gate.ANYONE, Account, trusted=True, limit=limits.RESET)
async def account_password_reset_request(act: Act, email: Email) -> Done:
    """Asks for a mail with a link to set a new password. The answer does not say whether there is an account."""
    await accounts.ask_for_mail(act.tx, MailKind.RESET_PASSWORD, email)
    return Done(None)


@mutation(
    Gate.ANYONE,
    Account,
    trusted=True,
    prepare=_hashed,
    limit=limits.SECRET,
    records=(facts.UserPasswordChanged, facts.ApiTokenRevoked),
)
async def account_password_reset(act: Act, token: Token, password: NewPassword) -> Done:
    """Sets a new password by the link that was mailed, and ends every session and API token of the account."""
    user_id = await accounts.reset_password(act.tx, token, act.prepared)
    return Done(None, subject=user_id)


@mutation(
    Gate.PERSON,
    Account,
    trusted=True,
    prepare=_verified_and_hashed,
    limit=limits.PASSWORD,
    records=(facts.UserPasswordChanged, facts.ApiTokenRevoked),
)
async def account_password_change(act: Act, password: Password, new_password: NewPassword) -> Done:
    """Sets a new password for somebody who knows the old one; ends the account's other sessions and its API tokens."""
    verified, secret_hash = act.prepared
    await accounts.change_password(act.tx, act.viewer, verified, secret_hash)
    return Done(act.viewer.user_id)


@mutation(Gate.PERSON, Account, trusted=True, prepare=_verified_own_if_given, limit=limits.NEW_EMAIL)
async def account_email_change_request(act: Act, email: Email, password: OwnPassword = None) -> Done:
    """Asks for a mail to a new address, whose link makes it the account's: see `accountEmailChangeConfirm`.

    Whoever comes from another issuer, and has neither a password nor an address here, sets their first one so.
    """
    address = accounts.email_address(email)
    await accounts.request_email_change(act.tx, act.viewer, act.prepared, address)
    return Done(act.viewer.user_id)


@mutation(
    Gate.ANYONE, Account, trusted=True, limit=limits.SECRET, records=(facts.UserEmailChanged, facts.ApiTokenRevoked)
)
async def account_email_change_confirm(act: Act, token: Token) -> Done:
    """Gives the account the address that the link was mailed to, and tells the old address.

    Where it takes the place of another, that ends the account's other sessions and its API tokens.
    """
    user_id = await accounts.confirm_email_change(act.tx, act.viewer, token)
    return Done(user_id)


@mutation(Gate.ANYONE, Account, trusted=True, limit=limits.LINK)
async def account_sign_in_link_request(act: Act, email: Email) -> Done:
    """Asks for a mail with a link to sign in. The answer does not say whether there is an account."""
    await accounts.ask_for_mail(act.tx, MailKind.SIGN_IN_LINK, email)
    return Done(None)


# Sessions ------------------------------------------------------------------------------------------------------------


@mutation(
    Gate.ANYONE,
    Session,
    trusted=True,
    prepare=_verified,
    extra=TOKENS,
    limit=limits.SIGN_IN,
    records=(facts.UserSignedIn,),
)
async def session_start(act: Act, email: Email, password: Password, kind: Kind = SessionKind.BROWSER) -> Done:
    """Signs in with a password."""
    started = await accounts.sign_in(act.tx, act.prepared, kind, act.origin)
    return await _signed_in(act, started, started.id)


@mutation(Gate.ANYONE, Session, trusted=True, extra=TOKENS, limit=limits.SECRET, records=(facts.UserSignedIn,))
async def session_start_by_link(act: Act, token: Token, kind: Kind = SessionKind.BROWSER) -> Done:
    """Signs in with a link that was mailed."""
    started = await accounts.sign_in_by_link(act.tx, token, kind, act.origin)
    return await _signed_in(act, started, started.id)


@mutation(Gate.ANYONE, Session, trusted=True, extra=TOKENS, limit=limits.REFRESH)
async def session_refresh(act: Act, refresh_token: Refresh) -> Done:
    """Renews an app's pair of tokens. A refresh token that was used before ends the session: somebody stole it.

    Only within ten seconds of its first use, when the answer was lost on the way, the same answer is given again.
    """
    started = await sessions.refresh(act.tx, refresh_token)
    if started is None:
        # Not raised: that the session is ended must stay so.
        return Done(None, errors=(SessionOver(),))
    return await _signed_in(act, started, started.id)


@mutation(Gate.PERSON, Session, trusted=True)
async def session_end(act: Act, id: SessionId = None) -> Done:
    """Signs out: here, or at another place where one is signed in."""
    ended = id or act.viewer.session_id
    if ended is None:
        raise NotFound("session")
    await sessions.end(act.tx, str(act.viewer.user_id), ended)
    return _out(act, ended) if ended == act.viewer.session_id else Done(ended)


@mutation(Gate.PERSON, Session, trusted=True, records=(facts.ApiTokenRevoked,))
async def session_end_all(act: Act, keep_this: KeepThis = False) -> Done:
    """Signs out everywhere, here included unless `keepThis` is true, and takes all API tokens back."""
    here = act.viewer.session_id if keep_this else None
    await sessions.end_all(act.tx, str(act.viewer.user_id), besides=here)
    return _out(act, act.viewer.user_id) if here is None else Done(here, subject=act.viewer.user_id)


@mutation(
    Gate.PERSON,
    ApiToken,
    trusted=True,
    prepare=_verified_own_if_given,
    extra=API_TOKEN,
    limit=limits.API_TOKEN,
    records=(facts.ApiTokenCreated,),
)
async def api_token_create(
    act: Act, name: TokenName, scopes: TokenScopes, days: Days = 30, password: ProvingPassword = None
) -> Done:
    """Makes an API token for a program that acts for one, with some of one's own permissions. A mail tells of it.

    It takes the password; whoever has none has to have signed in within the last quarter of an hour.
    """
    await accounts.require_proof(act.tx, act.viewer, act.prepared)
    await accounts.tell_new_api_token(act.tx, act.viewer, name)
    token = await credentials.create_own_api_token(act.tx, act.viewer, name, frozenset(scopes), days)
    return Done(await credentials.id_of_token(act.tx, token), {"token": token})


@mutation(Gate.PERSON, ApiToken, trusted=True, records=(facts.ApiTokenRevoked,))
async def api_token_revoke(act: Act, id: TokenId) -> str:
    """Takes an API token back at once."""
    await credentials.revoke_api_token(act.tx, act.viewer, id)
    return id


def _out(act: Act, subject: str | None) -> Done:
    act.effects.cookie = ""
    return Done(None, viewer=ANONYMOUS, subject=subject)


MUTATIONS = (
    account_create,
    account_confirm,
    account_start_anonymously,
    account_claim,
    account_password_reset_request,
    account_password_reset,
    account_password_change,
    account_email_change_request,
    account_email_change_confirm,
    account_sign_in_link_request,
    session_start,
    session_start_by_link,
    session_refresh,
    session_end,
    session_end_all,
    api_token_create,
    api_token_revoke,
)
