"""Multi-select: any number of choices is right, or a poll without a right one."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Self

from pydantic import Field, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import QuestionFormat, WrongField
from resolvers.formats.multiple_choice import Choice


class PartialCredit(StrEnum):
    """What an answer is worth that is right in part."""

    NONE = "none"
    EVERY_DECISION = "every_decision"
    HALVES = "halves"


class MultiSelect(QuestionFormat):
    """A full answer ticks every correct choice and no other. Without a correct one it is a poll: nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.MULTI_SELECT

    choices: list[Choice] = Field(min_length=2, max_length=50)
    minimum_selected: int | None = Field(default=None, ge=0)
    maximum_selected: int | None = Field(default=None, ge=1)
    shuffle: bool = False
    partial_credit: PartialCredit = PartialCredit.NONE

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        least, most = self.minimum_selected or 0, self.maximum_selected or len(self.choices)
        if most > len(self.choices):
            raise WrongField(f"There are only {len(self.choices)} choices.", "maximum_selected")
        if least > most:
            raise WrongField(f"At most {most} choices can be selected, so this cannot be more.", "minimum_selected")
        correct = sum(choice.is_correct for choice in self.choices)
        if correct and correct > most:
            raise WrongField(f"{correct} choices are correct: so many must be allowed.", "maximum_selected")
        if correct and correct < least:
            raise WrongField(f"Only {correct} of the choices are correct: no more can be demanded.", "minimum_selected")
        return self
