"""Multiple choice: one right answer among several, or a poll without one."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import Item, QuestionFormat, secret


class ChoiceDisplay(StrEnum):
    """How choices are laid out."""

    LIST = "list"
    DROPDOWN = "dropdown"


class Choice(Item):
    """One of the answers to choose from."""

    text: str = Field(min_length=1, max_length=2000)
    is_correct: bool = secret(False)
    feedback: str | None = secret(max_length=5000)


class MultipleChoice(QuestionFormat):
    """Exactly one choice is right, or none: then it is a poll and nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.MULTIPLE_CHOICE

    choices: list[Choice] = Field(min_length=2, max_length=50)
    shuffle: bool = False
    display: ChoiceDisplay = ChoiceDisplay.LIST

    @model_validator(mode="after")
    def _at_most_one_is_right(self) -> MultipleChoice:
        if sum(choice.is_correct for choice in self.choices) > 1:
            raise ValueError("Only one choice can be correct. Use multi_select for several.")
        return self
