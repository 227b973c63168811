"""Facts: recorded with their cause, placed in one order, read in it."""
