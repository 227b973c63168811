"""The kit that all domains stand on."""
