"""The fence: what PostgreSQL itself lets each kind of viewer read and write."""
