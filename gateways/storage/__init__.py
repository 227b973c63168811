"""Where files are kept: a protocol, S3 and whatever speaks it, and the disk of one machine.

Files never pass through the API: it hands out an address that is good for one upload, and looks at what arrived.
"""

from gateways.storage.base import Announced, NotKept, Storage, Upload
from gateways.storage.disk import DiskStorage
from gateways.storage.verifying import MEDIA_TYPES, NotAsAnnounced, verify

__all__ = ["MEDIA_TYPES", "Announced", "DiskStorage", "NotAsAnnounced", "NotKept", "Storage", "Upload", "verify"]
