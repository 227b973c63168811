"""Reads OLX, the course format that Open edX Studio exports, into a neutral course tree.

`read_course` is the whole interface; `docs/import-olx.md` says what becomes what and what is reported.
"""

from gateways.olx.archive import OlxLimits
from gateways.olx.course import read_course
from gateways.olx.links import rewrite_references
from gateways.olx.tree import (
    IssueCode,
    LinkKind,
    OlxAccounts,
    OlxBlock,
    OlxChapter,
    OlxComponent,
    OlxCourse,
    OlxCourseSettings,
    OlxError,
    OlxIssue,
    OlxLink,
    OlxNode,
    OlxPlace,
    OlxSequential,
    OlxStaticFile,
    OlxVertical,
    Severity,
)

__all__ = [
    "IssueCode",
    "LinkKind",
    "OlxAccounts",
    "OlxBlock",
    "OlxChapter",
    "OlxComponent",
    "OlxCourse",
    "OlxCourseSettings",
    "OlxError",
    "OlxIssue",
    "OlxLimits",
    "OlxLink",
    "OlxNode",
    "OlxPlace",
    "OlxSequential",
    "OlxStaticFile",
    "OlxVertical",
    "Severity",
    "read_course",
    "rewrite_references",
]
