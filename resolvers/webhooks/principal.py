"""As whom a webhook reads: as a program with the permissions that it was given, as far as its owner still holds them.

It is nobody in particular: it has no rows of its own, so that nothing of its owner's private things can be selected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.errors import InvalidInput
from core.rows import Row
from core.tables import table_of
from core.viewer import Viewer, ViewerKind
from models.identity import Role, Scope, User, UserStatus
from resolvers.identity.credentials import held_within, standing
from resolvers.identity.rights import scopes_of, scopes_within
from resolvers.webhooks.visible import WEBHOOK

_USER = table_of(User)
# What `viewer_of` has to know of a webhook's owner.
OWNER_COLUMNS: tuple[Any, ...] = (_USER.c.status.label("owner_status"), *standing(WEBHOOK.c.owner_id))


def owner_of(webhook: sa.Table) -> sa.Join:
    """Webhooks with their owners, where there are any."""
    return sa.join(webhook, _USER, _USER.c.id == webhook.c.owner_id, isouter=True)


def viewer_of(webhook: Row) -> Viewer | None:
    """As whom the webhook reads; None where its owner is gone, or may no longer have webhooks."""
    if webhook.owner_status != UserStatus.ACTIVE.value:
        return None
    held = scopes_of(map(Role, webhook.roles))
    if Scope.WEBHOOKS_MANAGE.value not in held:
        return None
    within = scopes_within(map(held_within, webhook.within))
    given = frozenset(webhook.scopes)
    return Viewer(
        ViewerKind.API_TOKEN,
        name=f"webhook {webhook.name}",
        scopes=given & held,
        within=frozenset(each for each in within if each.partition("@")[0] in given),
    )


def reading_as(scopes: Sequence[str]) -> Viewer:
    """As whom a webhook with these permissions would read."""
    return Viewer(ViewerKind.API_TOKEN, name="webhook", scopes=frozenset(scopes))


def require_no_more(viewer: Viewer, scopes: Sequence[str]) -> None:
    """Raises unless the viewer may do all of this: nobody gives a webhook more than they have themselves."""
    beyond = sorted(each for each in scopes if not viewer.may(each))
    if beyond:
        raise InvalidInput(f"You may not do this yourself: {', '.join(beyond)}.", "INVALID", ("scopes",))
