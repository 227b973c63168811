"""What Dramatiq's own tests need in order to run on the table of jobs."""
