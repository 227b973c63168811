"""Subscriptions at the edge: the log followed once for all, events delivered in order, over WebSockets and SSE."""
