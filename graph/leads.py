"""Leads in the API: leaving an address with a scorecard, and what staff see of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.events.assessment as facts
import models.leads as models
from graph.assessment import Attempt
from graph.door import Act, Gate, described_as, mutation, plain
from graph.fields import entity
from graph.node import Node, by_id
from graph.paging import Connection, connection
from models.identity import Scope
from resolvers.leads import HIGH_PRIORITY, HIGH_PRIORITY_LEADS, LEAD_BY_ID, LEADS, capture
from resolvers.requests.limits import LEAD


@entity(models.Lead)
class Lead(Node):
    """Somebody who left an address with a scorecard."""

    email: str
    first_name: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_term: str | None
    utm_content: str | None
    consent_version: str | None
    consented_at: datetime | None
    first_seen_at: datetime
    score: float | None
    converted_at: datetime | None


@strawberry.type
class LeadsQuery:
    """Root fields about people who have no account yet."""

    leads: Connection[Lead] = connection(LEADS, "Who left an address, the newest first.", scope=Scope.LEADS_READ)
    high_priority_leads: Connection[Lead] = connection(
        HIGH_PRIORITY_LEADS,
        f"Those with a score of {HIGH_PRIORITY} or more who have no account yet, the newest first.",
        scope=Scope.LEADS_READ,
    )
    lead: Lead | None = by_id(LEAD_BY_ID, "Somebody who left an address.")


@strawberry.input(description="Where somebody came from, as the address of the page said.")
class UtmInput:
    """What campaigns are told apart by."""

    source: str | None = strawberry.field(default=None, description="The utm_source of that address.")
    medium: str | None = strawberry.field(default=None, description="The utm_medium of that address.")
    campaign: str | None = strawberry.field(default=None, description="The utm_campaign of that address.")
    term: str | None = strawberry.field(default=None, description="The utm_term of that address.")
    content: str | None = strawberry.field(default=None, description="The utm_content of that address.")


Mine = Annotated[strawberry.ID, described_as("One's own attempt, handed in.")]
Email = Annotated[str, described_as("The address.", secret=True)]
FirstName = Annotated[str | None, described_as("What to call them.", secret=True)]
Utm = Annotated[UtmInput | None, described_as("Where they came from.")]
Agreed = Annotated[str | None, described_as("The edition of the text about mails that they agreed to, if they did.")]


@mutation(Gate.PERSON, Attempt, trusted=True, limit=LEAD, records=(facts.LeadCaptured,))
async def attempt_lead_capture(
    act: Act,
    attempt_id: Mine,
    email: Email,
    first_name: FirstName = None,
    utm: Utm = None,
    consent_version: Agreed = None,
) -> str:
    """Leaves an address with a scorecard. Done again, it is the same, whoever the address belongs to."""
    fields = {"first_name": first_name, **{f"utm_{name}": value for name, value in plain(utm or UtmInput()).items()}}
    await capture(act.tx, act.viewer, attempt_id, email, fields, consent_version)
    return attempt_id


MUTATIONS = (attempt_lead_capture,)
