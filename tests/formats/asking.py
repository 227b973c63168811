"""Shorthand of the format tests: make a format's model, or see what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import SeveralErrors
from models.curriculum import BlockFormat
from resolvers.formats import BY_KIND
from resolvers.formats.base import validated


def made(kind: BlockFormat, /, **values: Any) -> Any:
    """The format's model of these values."""
    return validated(BY_KIND[kind], values)


def refused(kind: BlockFormat, /, **values: Any) -> dict[str, str]:
    """The sentence that refuses each field, by the field's path such as `choices.0.text`."""
    with pytest.raises(SeveralErrors) as caught:
        made(kind, **values)
    return {".".join(map(str, error.path)): error.message for error in caught.value.errors}
