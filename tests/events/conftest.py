"""People, courses and mail, for facts to be about."""

from __future__ import annotations

from tests.identity.conftest import doorkeeper, house, newcomer, post, visitor

__all__ = ["doorkeeper", "house", "newcomer", "post", "visitor"]
