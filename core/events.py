"""Facts and reactions: the mechanism. What facts there are stands in `models.events`, what follows in `resolvers`.

    class CoursePublished(Fact, type="course.published", subject="course"):
        \"\"\"Readers see the course's draft as it stands now.\"\"\"

        revision: int = Field(description="The number of the sealed revision.")

    @on(CoursePublished)
    async def tell_followers(tx: Transaction, fact: Placed) -> None: ...

A fact is recorded by an action, in its transaction. A reaction is a job of its own for each fact.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from core.writing import Transaction

F = TypeVar("F", bound="Fact")


class Fact(BaseModel):
    """Something that happened to one object. A subclass says what, in its docstring, and what is known of it.

    `type` and `version` stand in the log for ever: a field may be added with a default, anything else is a new version.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    type: ClassVar[str]
    version: ClassVar[int]
    subject: ClassVar[str]

    subject_id: str = Field(description="The object that it happened to.")

    def __init_subclass__(cls, *, type: str = "", subject: str = "", version: int = 1, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.type, cls.subject, cls.version = type, subject, version

    @classmethod
    def description(cls) -> str:
        """What happened, in a sentence."""
        return inspect.getdoc(cls) or ""

    def payload(self) -> dict[str, Any]:
        """What the log keeps beside the subject."""
        return self.model_dump(mode="json", by_alias=True, exclude={"subject_id"})


@dataclass(frozen=True)
class Placed(Generic[F]):
    """A fact with its place in the one order, and who brought it about."""

    id: str
    position: int
    fact: F
    actor_id: str | None
    recorded_at: datetime


React = Callable[[Transaction, Placed[F]], Awaitable[None]]


@dataclass(frozen=True)
class Reaction(Generic[F]):
    """What follows from a kind of fact: one job per fact, whose effect happens once. Its name must not change."""

    name: str
    fact: type[F]
    act: React[F]


def on(fact: type[F]) -> Callable[[React[F]], Reaction[F]]:
    """Makes an async function `(tx, placed)` the reaction to a kind of fact, named after the function."""

    def decorate(act: React[F]) -> Reaction[F]:
        return Reaction(f"on:{act.__name__}", fact, act)

    return decorate
