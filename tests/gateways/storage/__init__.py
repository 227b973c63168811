"""Where files are kept: on disk, and in S3 over HTTP."""
