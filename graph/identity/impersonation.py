"""Acting as somebody else in the API."""

from __future__ import annotations

from typing import Annotated

import strawberry

from core.viewer import ANONYMOUS
from graph.door import Act, Done, Gate, described_as, mutation
from graph.identity.types import Impersonation
from models.identity import Scope
from resolvers.identity import impersonation
from resolvers.requests import limits

UserId = Annotated[strawberry.ID, described_as("The person.")]
Reason = Annotated[str, described_as("What for. The person reads it.")]
ImpersonationId = Annotated[strawberry.ID | None, described_as("Which; the one by which the request came when absent.")]


@mutation(
    Scope.USER_IMPERSONATE,
    Impersonation,
    trusted=True,
    limit=limits.IMPERSONATE,
    extra={"token": (str, "What to send as bearer token to act as the person. It is never shown again.")},
)
async def impersonation_start(act: Act, user_id: UserId, reason: Reason) -> Done:
    """Lets one act as a person for half an hour, to see what they see. They see that it happened, and why.

    One may then do what the person may, and nothing that people do in person: see the mutations that say so. It ends at
    once when one signs out or may not act as them any more.
    """
    made, token = await impersonation.start(act.tx, act.viewer, user_id, reason)
    return Done(made, {"token": token})


@mutation(Gate.SIGNED_IN, Impersonation, trusted=True)
async def impersonation_end(act: Act, id: ImpersonationId = None) -> Done:
    """Ends what one began: with one's own credentials, or with the token by which one acts as the person."""
    ended = await impersonation.end(act.tx, act.viewer, id)
    if act.viewer.session_id == ended:
        return Done(None, viewer=ANONYMOUS, subject=ended)
    return Done(ended)


MUTATIONS = (impersonation_start, impersonation_end)
