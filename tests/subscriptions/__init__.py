"""Subscriptions: facts and jobs followed as they happen, over WebSockets and server-sent events."""
