"""Proof that the engine answers as graphql-core does."""

import pytest

# Their assertions should say as much as those of the tests themselves.
pytest.register_assert_rewrite("tests.engine.comparing", "tests.engine.ways")
