"""The inbox: what providers and other systems tell us, taken once, kept as it came, and handled by a job."""
