"""Question banks in GIFT and Moodle XML: read, imported, imported again, written."""
