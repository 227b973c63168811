"""Domain-free kit: database, ids, viewer, errors, paging, clock, text."""
