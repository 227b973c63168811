"""What is killed, cut off and stopped while it works, and what is so afterwards all the same."""
