"""Requests: how often what may be tried, and what was done under which key."""
