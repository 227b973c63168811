"""What is known of each operation: gathered while it is under way, handed to whoever listens when it has ended."""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from core.telemetry import WORK, Work

if TYPE_CHECKING:
    from core.viewer import Viewer
    from graph.context import Context
    from graph.documents.prepared import Prepared

# Whole, in part, not at all because of what was asked, or not at all because of us.
Status = Literal["ok", "partial", "refused", "failed"]
_OURS = {"INTERNAL_SERVER_ERROR", "UNAVAILABLE", "TIMEOUT"}
log = logging.getLogger("cairn.observability")


@dataclass(slots=True, eq=False)
class Operation:
    """One GraphQL request. What it never came to, such as a viewer, stays None; `seconds` is its whole time."""

    work: Work
    headers: Mapping[str, str]
    began: float
    began_ns: int
    text: str = ""
    prepared: Prepared | None = None
    variables: Mapping[str, Any] | None = None
    viewer: Viewer | None = None
    context: Context | None = None
    answer: Mapping[str, Any] | None = None
    seconds: float = 0.0

    @property
    def request_id(self) -> str:
        """The id that the answer carries too."""
        return self.work.request_id

    @property
    def kind(self) -> str | None:
        """`query` or `mutation`, where the document could be read."""
        return self.prepared.operation.operation.value if self.prepared else None

    @property
    def name(self) -> str | None:
        """The operation's name in the document."""
        found = self.prepared.operation.name if self.prepared else None
        return found.value if found else None

    @property
    def document(self) -> str | None:
        """The document's text, that of one known by its hash included."""
        location = self.prepared.document.loc if self.prepared else None
        return location.source.body if location else self.text or None

    @property
    def hash(self) -> str | None:
        """The sha256 of the document's text, that of one which was refused included."""
        if self.prepared:
            return self.prepared.hash
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest() if self.text else None

    @property
    def cost(self) -> int | None:
        """What the operation was reckoned to cost before it ran."""
        return self.prepared.cost(self.variables) if self.prepared else None

    @property
    def objects(self) -> int:
        """How many objects the answer was made of, each counted where it is shown."""
        return self.context.budget.objects_used if self.context else 0

    @property
    def codes(self) -> list[str]:
        """The codes of the answer's errors, each once."""
        errors = self.answer.get("errors", ()) if self.answer else ()
        return sorted({str(error["extensions"]["code"]) for error in errors})

    @property
    def status(self) -> Status:
        """How it ended; one that was given up before it had an answer has failed."""
        if self.answer is None:
            return "failed"
        if "errors" not in self.answer:
            return "ok"
        if self.answer.get("data") is not None:
            return "partial"
        return "refused" if _OURS.isdisjoint(self.codes) else "failed"

    def phases(self) -> dict[str, float]:
        """Seconds by phase. What is neither planning nor waiting for the database is called assembly."""
        plan, sql = self.work.seconds("plan"), self.work.seconds("sql")
        return {"plan": plan, "sql": sql, "assembly": max(0.0, self.seconds - plan - sql)}


Listener = Callable[[Operation], None]


@dataclass
class Watch:
    """Watches over the operations of one process, and tells the listeners of each that has ended."""

    listeners: tuple[Listener, ...] = ()
    under_way: int = field(default=0, init=False)

    def begin(self, headers: Mapping[str, str]) -> Operation:
        """A new operation; what the running task and those it starts take is noted as its work from here on."""
        # Nothing depends on nobody guessing it.
        work = Work(f"{random.getrandbits(64):016x}")
        WORK.set(work)
        self.under_way += 1
        return Operation(work, headers, time.perf_counter(), time.time_ns())

    def end(self, operation: Operation) -> None:
        """Says that the operation is over. A listener that fails is logged and harms nobody."""
        operation.seconds = time.perf_counter() - operation.began
        self.under_way -= 1
        for listener in self.listeners:
            try:
                listener(operation)
            except Exception:
                log.exception("a listener failed")
