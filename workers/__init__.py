"""Dramatiq: broker, actors and schedule."""
