"""Where files are kept: a protocol, S3 and whatever speaks it, and the disk of one machine.

Files never pass through the API: it hands out an address that is good for one upload, and looks at what arrived.
"""

from gateways.storage.base import Announced, NotKept, Storage, Target
from gateways.storage.disk import DiskStorage
from gateways.storage.verifying import EXTENSIONS, MEDIA_TYPES, NotAsAnnounced, verify

__all__ = [
    "EXTENSIONS",
    "MEDIA_TYPES",
    "Announced",
    "DiskStorage",
    "NotAsAnnounced",
    "NotKept",
    "Storage",
    "Target",
    "verify",
]
