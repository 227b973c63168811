"""PostgreSQL without a service: a private server for one clone, for development and for tests.

The binaries come from a Python package, the supervision is our own. Production uses any PostgreSQL through
`DATABASE_URL` and never comes here.
"""

from cairn.embedded.errors import (
    BinariesMissingError,
    DataVersionError,
    DiskFullError,
    EmbeddedPostgresError,
    FolderInUseError,
    FolderUnusableError,
    ServerStartError,
)
from cairn.embedded.server import EmbeddedPostgres

__all__ = [
    "BinariesMissingError",
    "DataVersionError",
    "DiskFullError",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "FolderInUseError",
    "FolderUnusableError",
    "ServerStartError",
]
