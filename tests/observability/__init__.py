"""What can be seen of a running system from outside."""
