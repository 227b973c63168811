"""How a domain declares what can be subscribed to: a name, what it follows, for whom, in one line each.

    badge_earned: Event = subscription((facts.BadgeEarned,), THEMSELVES, "A person has earned a badge.")

An event is a fact of the log as it stands there. What is selected below it is read when it is delivered, with the
permissions that whoever subscribed has then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import strawberry

from core.errors import RequestError
from core.events import Fact as FactKind
from core.rows import Row
from core.viewer import Viewer, require, require_signed_in, scope_within
from graph.declaring import Batch, argument, batch_field
from graph.engine import BatchInfo
from graph.events import Fact
from graph.fields import batched, column
from graph.node import Node, find_any
from models.events import FactType
from models.identity import Scope
from resolvers import events
from resolvers.events import Wanted

MOST_ABOUT = 100


@dataclass(frozen=True)
class Audience:
    """Who may subscribe: `admit` raises for everybody else; and whom a fact may be told, as they stand then."""

    words: str
    admit: Callable[[Viewer], None]
    may_know: Callable[[Viewer, Row], bool]


def _anybody(_viewer: Viewer) -> None:
    """Admits whoever asks."""


EVERYBODY = Audience("For everybody.", _anybody, lambda _viewer, _fact: True)
THEMSELVES = Audience(
    "For whoever is signed in: what happens to themselves.",
    require_signed_in,
    lambda viewer, fact: viewer.user_id is not None and fact.subject_id == viewer.user_id,
)


# Facts about what belongs to a person name them in their payload.
OWNERS = Audience(
    "For whoever is signed in: what happens to what is theirs.",
    require_signed_in,
    lambda viewer, fact: viewer.user_id is not None and fact.payload.get("userId") == viewer.user_id,
)


def holders(scope: Scope) -> Audience:
    """Those who hold a permission; who holds it within some courses only is told what happens in these."""
    return Audience(
        f"Needs the permission `{scope}`.",
        lambda viewer: require(viewer, scope, somewhere=True),
        lambda viewer, fact: viewer.may(scope) or scope_within(scope, events.root_of(fact)) in viewer.within,
    )


# What an operation follows -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FollowsFacts:
    """Facts of the log, for an audience; `after` is the (position, id) of the last that was seen."""

    wanted: Wanted
    audience: Audience
    after: tuple[int, str] | None = None

    def admit(self, viewer: Viewer) -> None:
        """Raises unless the viewer may subscribe to this."""
        self.audience.admit(viewer)

    def concerns(self, viewer: Viewer, fact: Row) -> bool:
        """Whether a fact is one of those that are followed, and may be told to the viewer."""
        return self.wanted.includes(fact) and self.audience.may_know(viewer, fact)


@dataclass(frozen=True)
class FollowsJob:
    """How one job stands."""

    job_id: str

    def admit(self, viewer: Viewer) -> None:
        """Raises unless somebody is signed in; whose job it is, the row policies know."""
        require_signed_in(viewer)


Follows = FollowsFacts | FollowsJob
# From a field's arguments to what it follows; raises `RequestError` naming what is wrong.
Follow = Callable[[Mapping[str, Any]], Follows]


def _event(events: Sequence[Any], _info: BatchInfo, **_arguments: Any) -> Sequence[Any]:
    """The event itself is what its field answers."""
    return events


def subscription_field(follow: Follow, description: str, arguments: Sequence[Any], answer: Batch = _event) -> Any:
    """A field of the root type of subscriptions; `answer` makes its value from an event and the field's arguments."""
    return batch_field(answer, description, arguments, follows=follow)


# Facts as events -----------------------------------------------------------------------------------------------------


async def _subjects(facts: Sequence[Row], info: BatchInfo) -> Sequence[Any]:
    return await find_any(info, [fact.subject_id for fact in facts])


def _cursors(facts: Sequence[Row], _info: BatchInfo) -> list[str]:
    return [events.cursor_of(fact) for fact in facts]


_CURSOR = "Its place in the log. Subscribe again with it as `after`, and nothing is missed and nothing comes twice."
_SUBJECT = "What it happened to, as it stands now; null where that is gone, or may not be seen from this perspective."


@strawberry.type(description="Something that happened, told as it happens.")
class Event:
    """A fact with what it is about. At run time an object is the fact's row."""

    cursor: str = batched(_cursors, _CURSOR)
    fact: Fact = batch_field(lambda facts, _info: facts, "What happened, as the log has it.", passes=True)
    subject: Node | None = batched(_subjects, _SUBJECT)


@strawberry.type(description="Something that happened, as far as everybody may know.")
class PublicEvent:
    """A fact without who brought it about. At run time an object is the fact's row."""

    cursor: str = batched(_cursors, _CURSOR)
    type: FactType = column("What happened.", needs="type")
    subject_id: strawberry.ID = column("The object that it happened to.", needs="subject_id")
    created_at: datetime = column("When it happened.", needs="created_at")
    subject: Node | None = batched(_subjects, _SUBJECT)


_AFTER = argument("after", str | None, "Only what happened after this cursor; from now on when not given.")
_ABOUT = argument(
    "about",
    list[strawberry.ID] | None,
    f"Only what happened to these objects, or to what is published with them; at most {MOST_ABOUT}.",
)
_TYPES = argument("types", list[FactType] | None, "Only what is of these types.")


def subscription(facts: Sequence[type[FactKind]] | None, audience: Audience, description: str) -> Any:
    """A subscription to some kinds of facts; to all where None is given, and then clients choose among the types."""
    all_types = None if facts is None else frozenset(each.type for each in facts)

    def follow(arguments: Mapping[str, Any]) -> FollowsFacts:
        chosen, about, after = (arguments.get(each) for each in ("types", "about", "after"))
        types = all_types if chosen is None else frozenset(each.value for each in chosen)
        if about is not None and len(about) > MOST_ABOUT:
            raise RequestError(f"At most {MOST_ABOUT} objects can be followed at once.")
        wanted = Wanted(types, None if about is None else frozenset(about))
        return FollowsFacts(wanted, audience, None if after is None else events.place_of(after))

    if facts is not None:
        words = ", ".join(f"`{each}`" for each in sorted(all_types or ()))
        description = f"{description}\n\nIt tells of {words}."
    arguments = [*([_TYPES] if facts is None else []), _AFTER, _ABOUT]
    return subscription_field(follow, f"{description}\n\n{audience.words}", arguments)


@strawberry.type
class EventsSubscription:
    """The general subscription: everything that happens."""

    events: Event = subscription(None, holders(Scope.EVENTS_READ), "All that happens, in one order without gaps.")
