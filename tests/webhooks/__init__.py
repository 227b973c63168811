"""Webhooks that go out, tried with real receivers."""
