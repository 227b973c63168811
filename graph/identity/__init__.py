"""Identity in the API: who is asking, accounts and sessions, profiles, roles."""
