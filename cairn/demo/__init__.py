"""Demo content: two themes and three courses to look around in."""
