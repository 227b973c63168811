"""Who asks, proven in the round trip of what they read.

Whoever asked a moment ago is mostly still who they were. So what their credential was found to be may be remembered,
as long as nothing is answered before the database has found the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.pipeline import Statement
from core.viewer import DatabaseRole

# The look-up is the service's, and goes by its indices: its plan may be from a time when there was next to nothing.
_AS_SERVICE = Statement(
    f"SELECT set_config('role', '{DatabaseRole.SERVICE.value}', true), set_config('enable_seqscan', 'off', true)"
)
_AND_AS_READER = f", set_config('role', '{DatabaseRole.API.value}', true), set_config('enable_seqscan', 'on', true)"


class Unproven(Exception):
    """The viewer is not, or not any more, who they were taken for."""


class Proof:
    """What a statement of the service has to find for a signed-in viewer to be who they are taken for.

    `holds` is None until it was asked. What is read together with it is of the same instant.
    """

    def __init__(self, statement: Statement, expected: tuple[Any, ...]) -> None:
        self.statement = statement
        self._expected = expected
        self.holds: bool | None = None

    def before(self, settings: Statement) -> list[Statement]:
        """What is sent in front of the viewer's statements, in their transaction, in place of their `settings` alone.

        The role of the service ends before those begin, and where anything fails, with the transaction.
        """
        return [_AS_SERVICE, self.statement, Statement(settings.text + _AND_AS_READER, settings.values)]

    def check(self, found: Sequence[list[tuple[Any, ...]]]) -> None:
        """Looks at what these statements found; raises `Unproven` where it is not what was expected."""
        _, proven, *_ = found
        self.holds = proven == [self._expected]
        if not self.holds:
            raise Unproven
