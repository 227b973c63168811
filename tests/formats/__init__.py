"""The block formats: their rules, and what becomes of their answer keys."""
