"""True or false: a statement to judge."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from models.curriculum import BlockFormat
from resolvers.formats.base import QuestionFormat, secret
from resolvers.formats.values import Note

_ButtonText = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class TrueFalse(QuestionFormat):
    """Without a correct answer it is a poll and nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.TRUE_FALSE

    correct_answer: bool | None = secret()
    true_label: _ButtonText = "True"
    false_label: _ButtonText = "False"
    feedback_true: Note | None = secret()
    feedback_false: Note | None = secret()
