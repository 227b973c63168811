"""Multi-select: any number of choices is right, or a poll without a right one."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, Self

from pydantic import Field, model_validator

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import (
    FULL,
    NONE,
    Remark,
    Response,
    ScoredFormat,
    WrongField,
    hundredths,
    require_known,
    text_of,
)
from resolvers.formats.multiple_choice import Choice
from resolvers.formats.values import ItemId


class PartialCredit(StrEnum):
    """What an answer is worth that is right in part."""

    NONE = "none"
    EVERY_DECISION = "every_decision"
    HALVES = "halves"
    RIGHT_MINUS_WRONG = "right_minus_wrong"
    WEIGHTS = "weights"


class MultiSelectResponse(Response):
    """The ids of the choices that were ticked, in any order."""

    choice_ids: list[ItemId] = Field(max_length=50)


class MultiSelect(ScoredFormat):
    """A full answer ticks every correct choice and no other. Without a correct one it is a poll: nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.MULTI_SELECT
    response_model: ClassVar[type[Response]] = MultiSelectResponse

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

    @model_validator(mode="after")
    def _credits_fit(self) -> Self:
        given = [index for index, choice in enumerate(self.choices) if choice.credit_percent is not None]
        if given and (not self.is_scored or self.partial_credit != PartialCredit.WEIGHTS):
            message = "Choices have credits of their own only where partialCredit is WEIGHTS and one is correct."
            raise WrongField(message, "choices", given[0], "credit_percent")
        for index in given:
            choice = self.choices[index]
            if not choice.is_correct and (choice.credit_percent or 0) > 0:
                raise WrongField("A wrong choice earns nothing or less.", "choices", index, "credit_percent")
        self._require_whole_credit()
        return self

    def _require_whole_credit(self) -> None:
        """The correct choices earn all points together: a hundred, or equal shares where nothing is said."""
        own = [choice.credit_percent for choice in self.choices if choice.is_correct]
        given = [each for each in own if each is not None]
        if given and (len(given) < len(own) or min(given) < 0 or sum(given) != 100):
            index = next(place for place, choice in enumerate(self.choices) if choice.is_correct)
            message = "Give every correct choice its credit, 100 in all, or none."
            raise WrongField(message, "choices", index, "credit_percent")

    def check(self, response: MultiSelectResponse) -> None:
        """Choices of the question, each once, as many as are allowed."""
        require_known(response.choice_ids, self.options(), "choice", "choice_ids")
        number = len(response.choice_ids)
        if number < (self.minimum_selected or 0):
            raise WrongField(f"Select at least {self.minimum_selected}.", "choice_ids")
        if self.maximum_selected is not None and number > self.maximum_selected:
            raise WrongField(f"Select at most {self.maximum_selected}.", "choice_ids")

    @property
    def is_scored(self) -> bool:
        """Whether any choice is correct."""
        return any(choice.is_correct for choice in self.choices)

    def share(self, response: MultiSelectResponse) -> Fraction | None:
        """By the rule of partial credit that the author chose (docs/scoring.md)."""
        if not self.is_scored:
            return None
        ticked = set(response.choice_ids)
        match self.partial_credit:
            case PartialCredit.RIGHT_MINUS_WRONG:
                return self.bounded(self._right_minus_wrong(ticked))
            case PartialCredit.WEIGHTS:
                return self.bounded(sum((self._weight(each) for each in self.choices if each.id in ticked), NONE))
            case rule:
                return self.or_wrong(self._by_mistakes(rule, ticked))

    def remarks(self, response: MultiSelectResponse) -> list[Remark]:
        """The feedback of the choices that were ticked, in the order of the question."""
        ticked = set(response.choice_ids)
        return [Remark(each.feedback, each.id) for each in self.choices if each.id in ticked and each.feedback]

    def right_response(self) -> MultiSelectResponse | None:
        """All correct choices."""
        return MultiSelectResponse(choice_ids=self._correct()) if self.is_scored else None

    def declared(self) -> dict[str, Declared]:
        """The choices, by their ids."""
        return {"": Declared(Kind.CHOICES, frozenset(self.options()))}

    def values(self, response: MultiSelectResponse) -> dict[str, Value]:
        """The same of an answer."""
        return {"": frozenset(response.choice_ids)}

    def options(self) -> list[str]:
        """The ids of the choices."""
        return [choice.id for choice in self.choices]

    def chosen(self, response: MultiSelectResponse) -> list[str]:
        """What was ticked, in the order of the question."""
        ticked = set(response.choice_ids)
        return [each for each in self.options() if each in ticked]

    def worded(self, option: str) -> str:
        """The choice's text."""
        return text_of(self.choices, option)

    def _correct(self) -> list[str]:
        return [choice.id for choice in self.choices if choice.is_correct]

    def _by_mistakes(self, rule: str, ticked: set[str]) -> Fraction:
        mistakes = sum(choice.is_correct != (choice.id in ticked) for choice in self.choices)
        if rule == PartialCredit.EVERY_DECISION:
            return Fraction(len(self.choices) - mistakes, len(self.choices))
        if rule == PartialCredit.HALVES:
            return Fraction(1, 2**mistakes) if mistakes <= 2 else NONE
        return NONE if mistakes else FULL

    def _right_minus_wrong(self, ticked: set[str]) -> Fraction:
        correct = set(self._correct())
        wrong = len(self.choices) - len(correct)
        gain = Fraction(len(ticked & correct), len(correct))
        return gain - Fraction(len(ticked - correct), wrong) if wrong else gain

    def _weight(self, choice: Choice) -> Fraction:
        if choice.credit_percent is not None:
            return hundredths(choice.credit_percent)
        return Fraction(1, len(self._correct())) if choice.is_correct else NONE
