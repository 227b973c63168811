"""Migrations: what they build, from where, as whom, and whether the check notices a difference."""
