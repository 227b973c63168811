"""The audit log: what it holds, who reads it, and that nobody rewrites it."""
