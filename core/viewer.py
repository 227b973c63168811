"""Who is asking: the principal of a request, a job or a command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from core.errors import Forbidden, SignInRequired


class ViewerKind(StrEnum):
    """The kinds of principal."""

    ANONYMOUS = "anonymous"
    USER = "user"
    API_TOKEN = "api_token"  # noqa: S105 - the name of a kind, not a secret
    SERVICE = "service"


class DatabaseRole(StrEnum):
    """The PostgreSQL roles that the application acts as; the owner role runs migrations only."""

    PUBLIC = "cairn_public"
    API = "cairn_api"
    SERVICE = "cairn_service"


@dataclass(frozen=True)
class Viewer:
    """A principal and what it may do. `user_id` is the person behind a session or an API token, if there is one.

    `scopes` hold everywhere, `within` those that hold in one course or group only, each as `scope_within` writes it.
    `session_id` is the session that the request came by: none for an API token or the token of another issuer.
    `token_id` is the API token that it came by, if it was one.
    `actor_id` is who really acts, where somebody acts as this person: they may what the person may, in part.
    """

    kind: ViewerKind
    user_id: str | None = None
    name: str | None = None
    scopes: frozenset[str] = frozenset()
    session_id: str | None = None
    actor_id: str | None = None
    within: frozenset[str] = frozenset()
    token_id: str | None = None

    @cached_property
    def database_role(self) -> DatabaseRole:
        """The role whose row policies judge this viewer's statements."""
        if self.kind is ViewerKind.ANONYMOUS:
            return DatabaseRole.PUBLIC
        if self.kind is ViewerKind.SERVICE:
            return DatabaseRole.SERVICE
        return DatabaseRole.API

    def may(self, scope: str) -> bool:
        """Whether the viewer holds the scope everywhere."""
        return self.kind is ViewerKind.SERVICE or scope in self.scopes

    def may_within(self, scope: str, root_id: str) -> bool:
        """Whether the viewer holds the scope within this course or group, or everywhere."""
        return self.may(scope) or scope_within(scope, root_id) in self.within

    def may_somewhere(self, scope: str) -> bool:
        """Whether the viewer holds the scope everywhere, or within some root. Where, the row policies judge."""
        return self.may(scope) or any(held.startswith(scope_within(scope, "")) for held in self.within)


ANONYMOUS = Viewer(ViewerKind.ANONYMOUS)
SERVICE = Viewer(ViewerKind.SERVICE, name="cairn")


def scope_within(scope: str, root_id: str) -> str:
    """A permission that holds within one root, as viewers hold it and the row policies read it."""
    return f"{scope}@{root_id}"


def require(viewer: Viewer, scope: str, *, somewhere: bool = False) -> None:
    """The polite refusal in front of the fence: raises unless the viewer holds the scope, everywhere or `somewhere`."""
    if viewer.may_somewhere(scope) if somewhere else viewer.may(scope):
        return
    raise SignInRequired() if viewer.kind is ViewerKind.ANONYMOUS else Forbidden(scope)


def require_signed_in(viewer: Viewer, *, in_person: bool = False) -> None:
    """Raises unless somebody is signed in; `in_person` refuses API tokens and those who act as somebody else."""
    if viewer.kind is ViewerKind.ANONYMOUS:
        raise SignInRequired()
    if viewer.user_id is None or (in_person and viewer.kind is not ViewerKind.USER):
        raise Forbidden("to act in person, which no API token and no service has")
    if in_person:
        refuse_acting_as(viewer)


def refuse_acting_as(viewer: Viewer) -> None:
    """Raises where somebody acts as the viewer: some things a person does themselves or not at all."""
    if viewer.actor_id is not None:
        raise Forbidden("to act in person, which nobody has who acts as somebody else")
