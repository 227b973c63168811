"""What can be subscribed to of the curriculum."""

from __future__ import annotations

import strawberry

from core.tables import table_of
from graph.subscriptions import EVERYBODY, Event, PublicEvent, holders, subscription
from models.curriculum import Assessment, Course, Theme
from models.events import FACTS, editorial
from models.identity import Scope
from resolvers.content.trees import STAGED

_ROOTS = (Theme, Course, Assessment)
_PUBLISHED = tuple(editorial(model, "published") for model in _ROOTS)
_UNPUBLISHED = tuple(editorial(model, "unpublished") for model in _ROOTS)
_EDITORIAL = {table_of(model).name for model in STAGED}
_CHANGED = tuple(each for each in FACTS if each.subject in _EDITORIAL)


@strawberry.type
class CurriculumSubscription:
    """Root fields for those who follow the curriculum."""

    content_published: PublicEvent = subscription(
        _PUBLISHED,
        EVERYBODY,
        "Readers see a theme, a course with all below it, or an assessment that stands by itself, as it is now.",
    )
    content_unpublished: PublicEvent = subscription(
        _UNPUBLISHED, EVERYBODY, "Readers no longer see a theme, a course, or an assessment that stands by itself."
    )
    content_changed: Event = subscription(
        _CHANGED,
        holders(Scope.CONTENT_EDIT),
        "Something happened to a draft, or to what is published of it. Ask for the perspective DRAFT to see the "
        "`subject` as editors do.",
    )
