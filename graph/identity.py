"""Identity in the API: who is asking."""

from __future__ import annotations

import strawberry

from core.viewer import Viewer as Principal
from core.viewer import ViewerKind
from graph.context import Info
from graph.fields import described
from models.identity import Scope

described(
    ViewerKind,
    anonymous="Nobody in particular.",
    user="A person who signed in.",
    api_token="A program with an API token.",  # noqa: S106 - words, not a secret
    service="The system itself.",
)
described(
    Scope,
    content_edit="Read drafts, and change them.",
    content_publish="Publish and unpublish.",
    content_import="Import courses from elsewhere.",
    user_manage="See people and what they may do.",
    audit_read="Read the audit log.",
)


@strawberry.type(description="Who is asking, and what they may do.")
class Viewer:
    """The principal of the request."""

    kind: ViewerKind = strawberry.field(description="What sort of principal this is.")
    id: strawberry.ID | None = strawberry.field(description="The person's id; null when nobody signed in.")
    name: str | None = strawberry.field(description="The name that others see.")
    scopes: list[Scope] = strawberry.field(description="Everything the viewer may do.")
    can_edit: bool = strawberry.field(description="Whether the viewer may read and change drafts.")
    can_publish: bool = strawberry.field(description="Whether the viewer may publish and unpublish.")


def viewer_of(principal: Principal) -> Viewer:
    """The API's view of a principal."""
    return Viewer(
        kind=principal.kind,
        id=None if principal.user_id is None else strawberry.ID(principal.user_id),
        name=principal.name,
        scopes=[scope for scope in Scope if principal.may(scope)],
        can_edit=principal.may(Scope.CONTENT_EDIT),
        can_publish=principal.may(Scope.CONTENT_PUBLISH),
    )


@strawberry.type
class IdentityQuery:
    """Root fields of identity."""

    @strawberry.field(description="Who is asking, and what they may do.")
    def viewer(self, info: Info) -> Viewer:
        """The request's principal."""
        return viewer_of(info.context.viewer)
