"""Multiple choice: one right answer among several, or a poll without one."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, Self

from pydantic import Field, model_validator

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import FULL, Item, Remark, Response, ScoredFormat, WrongField, hundredths, secret, text_of
from resolvers.formats.values import ItemId


class ChoiceDisplay(StrEnum):
    """How choices are laid out."""

    LIST = "list"
    DROPDOWN = "dropdown"


class Choice(Item):
    """One of the answers to choose from. `credit_percent` is what choosing it earns, where that is not the usual."""

    text: str = Field(min_length=1, max_length=2000)
    is_correct: bool = secret(False)
    feedback: str | None = secret(max_length=5000)
    credit_percent: int | None = secret(ge=-100, le=100)


class MultipleChoiceResponse(Response):
    """The id of the choice."""

    choice_id: ItemId


class MultipleChoice(ScoredFormat):
    """Exactly one choice is right, or none: then it is a poll and nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.MULTIPLE_CHOICE
    response_model: ClassVar[type[Response]] = MultipleChoiceResponse

    choices: list[Choice] = Field(min_length=2, max_length=50)
    shuffle: bool = False
    display: ChoiceDisplay = ChoiceDisplay.LIST

    @model_validator(mode="after")
    def _at_most_one_is_right(self) -> Self:
        if sum(choice.is_correct for choice in self.choices) > 1:
            raise ValueError("Only one choice can be correct. Use multi_select for several.")
        return self

    @model_validator(mode="after")
    def _credits_fit(self) -> Self:
        for index, choice in enumerate(self.choices):
            path = ("choices", index, "credit_percent")
            if choice.credit_percent is None:
                continue
            if not self.is_scored:
                raise WrongField("Without a correct choice it is a poll, which gives no credit.", *path)
            if choice.is_correct and choice.credit_percent != 100:
                raise WrongField("The correct choice earns all points: leave this out.", *path)
            if not choice.is_correct and choice.credit_percent == 100:
                raise WrongField("Only the correct choice earns all points.", *path)
        return self

    def check(self, response: MultipleChoiceResponse) -> None:
        """The choice is one of the question's."""
        self._choice(response)

    @property
    def is_scored(self) -> bool:
        """Whether one of the choices is correct."""
        return any(choice.is_correct for choice in self.choices)

    def share(self, response: MultipleChoiceResponse) -> Fraction | None:
        """What its author gave the choice; otherwise all for the correct one, and the penalty for the others."""
        if not self.is_scored:
            return None
        choice = self._choice(response)
        if choice.credit_percent is not None:
            return hundredths(choice.credit_percent)
        return FULL if choice.is_correct else self.wrong

    def remarks(self, response: MultipleChoiceResponse) -> list[Remark]:
        """The feedback of the choice."""
        choice = self._choice(response)
        return [Remark(choice.feedback, choice.id)] if choice.feedback else []

    def right_response(self) -> MultipleChoiceResponse | None:
        """The correct choice."""
        return next((MultipleChoiceResponse(choice_id=each.id) for each in self.choices if each.is_correct), None)

    def declared(self) -> dict[str, Declared]:
        """The choice, by its id."""
        return {"": Declared(Kind.CHOICE, frozenset(self.options()))}

    def values(self, response: MultipleChoiceResponse) -> dict[str, Value]:
        """The same of an answer."""
        return {"": response.choice_id}

    def options(self) -> list[str]:
        """The ids of the choices."""
        return [choice.id for choice in self.choices]

    def chosen(self, response: MultipleChoiceResponse) -> list[str]:
        """The choice."""
        return [response.choice_id]

    def worded(self, option: str) -> str:
        """The choice's text."""
        return text_of(self.choices, option)

    def _choice(self, response: MultipleChoiceResponse) -> Choice:
        for choice in self.choices:
            if choice.id == response.choice_id:
                return choice
        raise WrongField(f"There is no choice {response.choice_id!r}.", "choice_id")
