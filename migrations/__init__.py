"""Alembic migrations, and the comparison of what they build with what the models declare."""
