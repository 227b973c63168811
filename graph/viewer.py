"""Who is asking: one type that each domain adds its own to."""

from __future__ import annotations

import strawberry

from core.viewer import Viewer as Principal
from graph.context import Info
from graph.groups.types import ViewerOfGroups
from graph.identity.viewer import ViewerOfIdentity, told_of


@strawberry.type(description="Who is asking, and what they may do.")
class Viewer(ViewerOfIdentity, ViewerOfGroups):
    """The principal of the request."""


def viewer_of(principal: Principal) -> Viewer:
    """The API's view of a principal."""
    return Viewer(**told_of(principal))


@strawberry.type
class ViewerQuery:
    """The root field of whoever asks."""

    @strawberry.field(description="Who is asking, and what they may do.")
    def viewer(self, info: Info) -> Viewer:
        """The request's principal."""
        return viewer_of(info.context.viewer)
