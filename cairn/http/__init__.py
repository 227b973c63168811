"""The HTTP edge: credentials become a viewer, requests become operations."""
