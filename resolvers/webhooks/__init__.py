"""Webhooks: other systems are told what happens here, once per fact, in order per object, as far as they may know."""
