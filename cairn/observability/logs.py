"""Logs: set up once for each process, to standard error, one line a record; and the line about each operation."""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

from cairn.observability.operations import Operation
from cairn.settings import LogSettings
from core.redaction import redacted
from core.telemetry import WORK
from resolvers.requests import failures

_SHORT_HASH = 12
log = logging.getLogger("cairn.operations")


def set_up(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Sends every logger's records to standard error (or `stream`), in the format and from the level of the settings.

    Safe to repeat: what was set up before is replaced.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if settings.format == "json" else _Text())
    if settings.key is not None:
        failures.use_key(settings.key.get_secret_value())
    root = logging.getLogger()
    for each in [each for each in root.handlers if isinstance(each.formatter, (_Json, _Text))]:
        root.removeHandler(each)
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    # It writes a line about every request that it makes.
    logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True)
class OperationLog:
    """Writes one line about an operation that has ended.

    Of ordinary ones, queries that went well and fast, only a fraction (`sample`) is written; all others always are. A
    slow one (from `slow_ms` on) is a warning and says the names of its variables and, through `explain`, its plan.
    """

    sample: float
    slow_ms: int
    explain: Callable[[Operation], str | None]

    def __call__(self, operation: Operation) -> None:
        """Hears that the operation has ended."""
        status = operation.status
        if operation.seconds * 1000 >= self.slow_ms:
            found = _fields(operation)
            found["variables"] = sorted(operation.variables or ())
            found["plan"] = self.explain(operation)
            _write(logging.ERROR if status == "failed" else logging.WARNING, "slow operation", found)
        elif status == "failed":
            _write(logging.ERROR, "operation", _fields(operation))
        elif status != "ok" or operation.kind != "query":
            _write(logging.INFO, "operation", _fields(operation))
        elif random.random() < self.sample and log.isEnabledFor(logging.INFO):  # noqa: S311 - guards nothing
            _write(logging.INFO, "operation", {**_fields(operation), "sample": self.sample})


def _write(level: int, message: str, fields: dict[str, Any]) -> None:
    known = {name: value for name, value in fields.items() if value not in (None, [], "")}
    log.log(level, message, extra={"fields": known})


def _fields(operation: Operation) -> dict[str, Any]:
    work, viewer, hash = operation.work, operation.viewer, operation.hash
    phases = {f"{name}_ms": round(seconds * 1000, 2) for name, seconds in operation.phases().items()}
    return {
        "operation": operation.name,
        "kind": operation.kind,
        "document": hash[:_SHORT_HASH] if hash else None,
        "status": operation.status,
        "codes": operation.codes,
        "cost": operation.cost,
        "statements": work.statements,
        "rows": work.rows,
        "objects": operation.objects,
        **phases,
        "total_ms": round(operation.seconds * 1000, 2),
        "viewer": viewer.kind.value if viewer else None,
        "user": viewer.user_id if viewer else None,
    }


class _Json(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        found: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        work = WORK.get()
        if work is not None:
            found["request_id"] = work.request_id
        found |= getattr(record, "fields", {})
        if record.exc_info:
            found["exception"] = _exception(record)
        return orjson.dumps(found, default=str).decode()


class _Text(logging.Formatter):
    """A line for the eye; a plan or an exception follows below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        fields = dict(getattr(record, "fields", {}))
        plan = fields.pop("plan", None)
        work = WORK.get()
        if work is not None:
            fields["request_id"] = work.request_id
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S.%f")[:-3]
        said = " ".join(f"{name}={_plain(value)}" for name, value in fields.items())
        line = f"{time} {record.levelname.lower():<7} {record.name}: {redacted(record.getMessage())} {said}".rstrip()
        below = [plan] if plan else []
        if record.exc_info:
            below.append(_exception(record))
        return "\n".join([line, *below])


def _exception(record: logging.LogRecord) -> str:
    return redacted(record.exc_text or logging.Formatter().formatException(record.exc_info))  # type: ignore[arg-type]


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
