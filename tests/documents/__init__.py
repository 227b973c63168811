"""What becomes of documents before they run."""
