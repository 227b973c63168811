"""Importing courses from elsewhere into drafts, again and again, without losing what editors did in between."""

from core.jobs import JobKind

# Here, because whoever calls for an import need not load what reads one: twelve megabytes.
IMPORT = JobKind("import_olx", queue="imports", time_limit=3600)
