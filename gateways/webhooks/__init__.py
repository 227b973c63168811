"""Sending to addresses that people name: signed by Standard Webhooks, and to nobody inside our own walls."""

from gateways.webhooks.addresses import Reach, is_global, problem_with
from gateways.webhooks.sending import Answer, HttpSender, NotSent, Refusal, Sender
from gateways.webhooks.signing import headers_for, new_secret

__all__ = [
    "Answer",
    "HttpSender",
    "NotSent",
    "Reach",
    "Refusal",
    "Sender",
    "headers_for",
    "is_global",
    "new_secret",
    "problem_with",
]
