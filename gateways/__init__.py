"""The outside world behind small protocols: foreign formats and services. No decisions are made here."""
