"""Groups: who goes some way together, who runs a group, and how one comes in and goes."""
