"""The life of editorial content, the same for every domain that publishes: drafts, places, trash, publishing."""
