"""A breadth-first executor for GraphQL schemas: batch resolvers, plans, one round trip where a source can compose.

It knows GraphQL, and nothing of our domains. `docs/engine.md` says how it works.
"""

from graph.engine.batching import BatchInfo, BatchResolver, dataloaded, load_shared
from graph.engine.explaining import explain
from graph.engine.fetching import FetchingContext
from graph.engine.running import Plans, execute, execute_directly, execute_sync, subscribe

__all__ = [
    "BatchInfo",
    "BatchResolver",
    "FetchingContext",
    "Plans",
    "dataloaded",
    "execute",
    "execute_directly",
    "execute_sync",
    "explain",
    "load_shared",
    "subscribe",
]
