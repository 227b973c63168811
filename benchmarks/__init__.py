"""Measurements: this API beside a hand-written one over the same tables."""
