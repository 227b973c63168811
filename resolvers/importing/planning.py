"""From an OLX course to a plan: which of our objects each of its nodes becomes, with which values."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from core.errors import SeveralErrors
from gateways import olx
from models.content import Staged
from models.curriculum import Block, BlockFormat, Course, Lesson, Module
from resolvers.formats import BY_KIND
from resolvers.formats.base import validated
from resolvers.importing.files import file_issues

COURSE_ID = "course"
MAX_TITLE, MAX_NAME = 200, 300

# Findings that say a part of the course could not be read; that it is missing does not mean that it was removed.
_UNREADABLE = {olx.IssueCode.FILE_MISSING, olx.IssueCode.FILE_UNREADABLE, olx.IssueCode.FILE_TOO_LARGE}
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
