"""Every actor and every reaction there is."""

from __future__ import annotations

from typing import Any

from core.events import Reaction
from resolvers import leads
from resolvers.curriculum import scheduling
from workers.actors import Actor
from workers.assessment import expire_attempts, grade_attempt, regrade_assessment, summarise_results
from workers.curriculum import run_schedule
from workers.hooks import hurry_webhook, remove_rest_of_webhook
from workers.housekeeping import remove_expired, remove_old
from workers.importing import import_olx
from workers.inbox import handle_provider_event
from workers.mail import deliver_mail
from workers.uploads import check_upload, sweep_uploads

ACTORS: tuple[Actor, ...] = (
    deliver_mail,
    run_schedule,
    import_olx,
    handle_provider_event,
    grade_attempt,
    expire_attempts,
    summarise_results,
    check_upload,
    sweep_uploads,
    regrade_assessment,
    remove_rest_of_webhook,
    hurry_webhook,
    remove_expired,
    remove_old,
)
REACTIONS: tuple[Reaction[Any], ...] = (*scheduling.REACTIONS, *leads.REACTIONS)
