"""Documents on their way in: what may be in one, what its operations cost, and what is remembered of it."""
