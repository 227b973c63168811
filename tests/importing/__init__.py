"""Importing courses: from an export on disk to what editors and readers see."""
