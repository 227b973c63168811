"""True or false: a statement to judge."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import StringConstraints

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import FULL, Remark, Response, ScoredFormat, secret
from resolvers.formats.values import Note

_ButtonText = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class TrueFalseResponse(Response):
    """The judgement."""

    is_true: bool


class TrueFalse(ScoredFormat):
    """Without a correct answer it is a poll and nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.TRUE_FALSE
    response_model: ClassVar[type[Response]] = TrueFalseResponse

    correct_answer: bool | None = secret()
    true_label: _ButtonText = "True"
    false_label: _ButtonText = "False"
    feedback_true: Note | None = secret()
    feedback_false: Note | None = secret()

    @property
    def is_scored(self) -> bool:
        """Whether the author says what is true."""
        return self.correct_answer is not None

    def share(self, response: TrueFalseResponse) -> Fraction | None:
        """All, or the penalty."""
        if not self.is_scored:
            return None
        return FULL if response.is_true == self.correct_answer else self.wrong

    def remarks(self, response: TrueFalseResponse) -> list[Remark]:
        """The feedback on this judgement."""
        told = self.feedback_true if response.is_true else self.feedback_false
        return [Remark(told, self.chosen(response)[0])] if told else []

    def right_response(self) -> TrueFalseResponse | None:
        """The correct judgement."""
        return None if self.correct_answer is None else TrueFalseResponse(is_true=self.correct_answer)

    def declared(self) -> dict[str, Declared]:
        """Yes or no."""
        return {"": Declared(Kind.TRUTH)}

    def values(self, response: TrueFalseResponse) -> dict[str, Value]:
        """The same of an answer."""
        return {"": response.is_true}

    def options(self) -> list[str]:
        """The two judgements."""
        return ["true", "false"]

    def chosen(self, response: TrueFalseResponse) -> list[str]:
        """The judgement."""
        return ["true" if response.is_true else "false"]

    def worded(self, option: str) -> str:
        """The judgement's label."""
        return self.true_label if option == "true" else self.false_label
