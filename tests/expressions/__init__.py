"""The language of conditions: read, checked, put into words, evaluated."""
