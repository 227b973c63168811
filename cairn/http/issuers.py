"""Bearer tokens of other issuers at the edge: a good token becomes a viewer, a bad one is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cairn.http.credentials import InvalidCredentials
from cairn.settings import IssuerSettings
from core.database import Database
from core.errors import RequestError
from core.viewer import SERVICE, Viewer
from core.writing import transaction
from gateways.oidc import Issuer, IssuerRules, Issuers, IssuerUnreachable, TokenRefused
from resolvers.identity.external import viewer_of_subject


@dataclass(frozen=True)
class TrustedIssuers:
    """The issuers that the settings name. `makers` are those whose people get an account when they first come."""

    issuers: Issuers
    makers: frozenset[str] = field(default_factory=frozenset)

    async def viewer(self, database: Database, token: str) -> Viewer:
        """The viewer behind a token; raises `InvalidCredentials`, or `RequestError` when the issuer is away."""
        try:
            said = await self.issuers.claims(token)
        except TokenRefused as error:
            raise InvalidCredentials(str(error)) from error
        except IssuerUnreachable as error:
            raise RequestError(f"{error} Try again in a moment.", "UNAVAILABLE") from error
        async with transaction(database, SERVICE) as tx:
            found = await viewer_of_subject(
                tx, said.issuer, said.subject, said.email, said.name, makes_people=said.issuer in self.makers
            )
        if found is None:
            raise InvalidCredentials("There is no account here for this token.")
        return found


def trusted(settings: Sequence[IssuerSettings]) -> TrustedIssuers:
    """The issuers that these settings name."""
    known = {
        each.issuer: Issuer(IssuerRules(each.issuer, each.audience, tuple(each.algorithms), each.jwks_url))
        for each in settings
    }
    return TrustedIssuers(Issuers(known), frozenset(each.issuer for each in settings if each.makes_people))
