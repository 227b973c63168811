"""Python that is written for a plan. Plans of one schema have much of it in common, so a text is compiled once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

# Code takes a few times the memory of its text; long texts seldom come twice.
_LONGEST_KEPT = 1000


def generated(text: str, names: Mapping[str, Any] | None = None) -> Any:
    """The value of an expression that was put together here, of names and numbers; never of input."""
    code = _code(text) if len(text) <= _LONGEST_KEPT else _compiled(text)
    return eval(code, {"__builtins__": {}, **(names or {})})  # noqa: S307 - see above


def _compiled(text: str) -> CodeType:
    return compile(text, "<generated>", "eval")


_code = lru_cache(maxsize=4096)(_compiled)
