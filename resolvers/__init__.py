"""Who may, what is visible, batches, actions and reactions: one file per domain."""
