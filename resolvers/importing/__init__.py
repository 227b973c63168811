"""Importing courses from elsewhere into drafts, again and again, without losing what editors did in between."""
