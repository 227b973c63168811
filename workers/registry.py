"""Every actor and every reaction there is."""

from __future__ import annotations

from typing import Any

from core.events import Reaction
from workers.actors import Actor
from workers.housekeeping import remove_expired, remove_old

ACTORS: tuple[Actor, ...] = (remove_expired, remove_old)
REACTIONS: tuple[Reaction[Any], ...] = ()
