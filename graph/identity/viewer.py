"""Who is asking, and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry

from core.ids import tag_of
from core.viewer import Viewer as Principal
from core.viewer import ViewerKind, scope_within
from graph.engine import BatchInfo
from graph.fields import batched, related, related_one
from graph.identity.types import Account, Impersonation, Profile, Settings, User
from graph.node import by_id_of
from models import identity as models
from models.curriculum import Course
from models.identity import Role as RoleName
from models.identity import Scope
from resolvers.identity import visible
from resolvers.identity.batches import grantable_roles


async def _grantable(viewers: Sequence[Any], info: BatchInfo) -> Sequence[list[RoleName]]:
    found = await grantable_roles(info.context.reader, [viewer.id for viewer in viewers])
    return [roles if viewer.can_grant_roles else [] for viewer, roles in zip(viewers, found, strict=True)]


@strawberry.type(description="What somebody may do within one course.")
class CourseRights:
    """A course, and the permissions that hold there."""

    course_id: strawberry.ID = strawberry.field(description="The course.")
    can: list[Scope] = strawberry.field(description="What the viewer may do there.")


@strawberry.type
class ViewerOfIdentity:
    """The principal of the request, as identity knows it; `graph.viewer` adds what other domains know."""

    kind: ViewerKind = strawberry.field(description="What sort of principal this is.")
    id: strawberry.ID | None = strawberry.field(description="The person's id; null when nobody signed in.")
    name: str | None = strawberry.field(description="The name that others see.")
    scopes: list[Scope] = strawberry.field(description="Everything the viewer may do.")
    courses: list[CourseRights] = strawberry.field(
        description="What the viewer may do within single courses, besides what holds everywhere."
    )
    can_edit: bool = strawberry.field(description="Whether the viewer may read and change all drafts.")
    can_publish: bool = strawberry.field(description="Whether the viewer may publish and unpublish anything.")
    can_import: bool = strawberry.field(description="Whether the viewer may import courses.")
    can_manage_users: bool = strawberry.field(description="Whether the viewer may see people and what they may do.")
    can_impersonate: bool = strawberry.field(description="Whether the viewer may act as others who may do less.")
    can_grant_roles: bool = strawberry.field(description="Whether the viewer may give roles and take them back.")
    can_read_audit: bool = strawberry.field(description="Whether the viewer may read the audit log.")
    grantable_roles: list[RoleName] = batched(_grantable, "The roles that the viewer may give to others.")
    impersonated_by: strawberry.ID | None = strawberry.field(
        description="Who really asks, where somebody acts as this person; null where people act as themselves."
    )
    impersonations: list[Impersonation] = related(
        visible.IMPERSONATIONS_OF_USER, "When somebody acted as the viewer and why, newest first."
    )
    account: Account | None = related_one(visible.ACCOUNT_OF_VIEWER, "The viewer's account.")
    settings: Settings | None = related_one(visible.ACCOUNT_OF_VIEWER, "The viewer's settings.")
    profile: Profile | None = related_one(visible.PROFILE_OF_USER, "What the viewer tells about themselves.")
    user: User | None = related_one(visible.CARD_OF_USER, "The viewer as friends see them; null for a private profile.")


def told_of(principal: Principal) -> dict[str, Any]:
    """What identity tells of a principal, field by field."""
    return {
        "kind": principal.kind,
        "id": None if principal.user_id is None else strawberry.ID(principal.user_id),
        "name": principal.name,
        "impersonated_by": None if principal.actor_id is None else strawberry.ID(principal.actor_id),
        "scopes": [scope for scope in Scope if principal.may(scope)],
        "courses": _courses_of(principal),
        "can_edit": principal.may(Scope.CONTENT_EDIT),
        "can_publish": principal.may(Scope.CONTENT_PUBLISH),
        "can_import": principal.may(Scope.CONTENT_IMPORT),
        "can_manage_users": principal.may(Scope.USER_MANAGE),
        "can_impersonate": principal.may(Scope.USER_IMPERSONATE) and principal.actor_id is None,
        "can_grant_roles": principal.may(Scope.ROLE_GRANT),
        "can_read_audit": principal.may(Scope.AUDIT_READ),
    }


def _courses_of(principal: Principal) -> list[CourseRights]:
    return [
        CourseRights(
            course_id=strawberry.ID(root_id),
            can=[scope for scope in Scope if scope_within(scope, root_id) in principal.within],
        )
        for root_id in sorted({held.partition("@")[2] for held in principal.within})
        if tag_of(root_id) == Course.__tag__
    ]


@strawberry.type
class IdentityQuery:
    """Root fields of identity."""

    user: User | None = by_id_of(
        models.User, visible.CARD_OF_USER, "A person, as far as the viewer may see them; null when not at all."
    )
