"""What providers and other systems send us."""
