"""Execution: batch resolvers and what a selection needs. Knows GraphQL, and nothing of our domains."""
