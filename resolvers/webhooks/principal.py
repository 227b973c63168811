"""As whom a webhook reads: as a program with the permissions that it was given, as far as its owner still holds them.

It outlives the API token that it was set up with, but not that somebody took that token back: what a stolen token
has left behind must not go on telling.

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
from models.identity import ApiToken, Role, Scope, User, UserStatus
from resolvers.identity.credentials import held_within, standing
from resolvers.identity.rights import scopes_of, scopes_within
from resolvers.webhooks.visible import WEBHOOK

_USER, _TOKEN = table_of(User), table_of(ApiToken)
# What `viewer_of` has to know of a webhook's owner.
OWNER_COLUMNS: tuple[Any, ...] = (
    _USER.c.status.label("owner_status"),
    _TOKEN.c.revoked_at.is_not(None).label("is_taken_back"),
    *standing(WEBHOOK.c.owner_id),
)


def owner_of(webhook: sa.Table) -> sa.Join:
    """Webhooks with their owners and the tokens they were set up with, where there are any."""
    with_owner = sa.join(webhook, _USER, _USER.c.id == webhook.c.owner_id, isouter=True)
    return sa.join(with_owner, _TOKEN, _TOKEN.c.id == webhook.c.token_id, isouter=True)


def set_up_by(viewer: Viewer) -> dict[str, Any]:
    """The columns that say who answers for a webhook from now on. An operator answers as whoever did before."""
    return {"token_id": viewer.token_id, **({} if viewer.user_id is None else {"owner_id": viewer.user_id})}


def problem_of(webhook: Row) -> str | None:
    """Why nobody answers for a webhook any more; None while somebody does."""
    held = scopes_of(map(Role, webhook.roles))
    if webhook.owner_status != UserStatus.ACTIVE.value or Scope.WEBHOOKS_MANAGE.value not in held:
        return "Whoever answered for it is gone, or may not have webhooks any more."
    if webhook.is_taken_back:
        return "The API token that it was set up with was revoked. Resume it if it is yours."
    return None


def viewer_of(webhook: Row) -> Viewer | None:
    """As whom the webhook reads; None where nobody answers for it any more, as `problem_of` says."""
    if problem_of(webhook) is not None:
        return None
    held = scopes_of(map(Role, webhook.roles))
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
