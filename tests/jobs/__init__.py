"""Jobs: called for once, done once, whatever happens in between."""
