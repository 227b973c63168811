"""Proof that the engine answers as graphql-core does."""
