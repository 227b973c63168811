"""A breadth-first executor for GraphQL schemas: batch resolvers, plans, one round trip where a source can compose.

It knows GraphQL (and Relay's connections), and nothing of our domains. `docs/engine.md` says how it works.
"""

from graph.engine.batching import BatchInfo, BatchResolver
from graph.engine.entry import execute, execute_directly, execute_sync, subscribe
from graph.engine.explaining import explain
from graph.engine.fetching import FetchingContext, Program, Source, Unfit
from graph.engine.loading import LoaderKey, dataloaded, load_shared
from graph.engine.planning import Refusal
from graph.engine.plans import Plans

__all__ = [
    "BatchInfo",
    "BatchResolver",
    "FetchingContext",
    "LoaderKey",
    "Plans",
    "Program",
    "Refusal",
    "Source",
    "Unfit",
    "dataloaded",
    "execute",
    "execute_directly",
    "execute_sync",
    "explain",
    "load_shared",
    "subscribe",
]
