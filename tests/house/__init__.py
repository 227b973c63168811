"""The architecture's own tests: what every file, type and table of the house has to keep to."""
