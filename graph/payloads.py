"""What webhooks send: their stored subscriptions, judged by the schema and answered for one fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.database import Database
from core.errors import RequestError
from core.rows import Row
from core.viewer import Viewer
from graph.documents.accepting import Refused
from graph.errors import TIMEOUT
from graph.running import Operations
from graph.shapes import shape_of
from graph.subscribing import Away, Subscription, admit, answer_of, open_subscription
from graph.subscriptions import FollowsFacts
from resolvers.webhooks import kit
from resolvers.webhooks.kit import Overdue, Unpayable

_ONLY_FACTS = "Only a subscription to facts can be sent: this one follows something else."


@dataclass(frozen=True)
class StoredQueries:
    """Runs the queries of webhooks: `resolvers.webhooks.kit.Payloads`."""

    operations: Operations

    @property
    def release(self) -> str:
        """What the schema is known by."""
        return self.operations.release

    def problems(self, query: str, viewer: Viewer | None = None) -> list[str]:
        """Why this query could not be a webhook's, or not one that reads as this viewer; empty when it could."""
        try:
            opened = self._opened(query)
            if viewer is not None:
                admit(self.operations, opened, viewer)
        except Refused as refused:
            return [_in_words(each) for each in refused.errors]
        except (Unpayable, RequestError) as error:
            return [str(error)]
        return []

    async def answer(self, database: Database, query: str, fact: Row, viewer: Viewer) -> Mapping[str, Any] | None:
        """What the query selects for one fact, as the viewer; None when it is not about such facts.

        Raises `Unpayable` where any part of it fails, `Overdue` where that took too long, and `Away` where the database
        could not be asked.
        """
        try:
            opened = self._opened(query)
            admit(self.operations, opened, viewer)
            if not opened.follows.concerns(viewer, fact):  # type: ignore[union-attr]
                return None
            answer = await answer_of(self.operations, opened, fact, viewer, database)
        except Refused as refused:
            raise Unpayable("; ".join(_in_words(each) for each in refused.errors)) from refused
        except RequestError as error:
            raise Unpayable(str(error)) from error
        except Away as error:
            raise kit.Away(str(error)) from error
        if "errors" in answer or answer.get("data") is None:
            raise _failed(answer.get("errors", ()))
        data: Mapping[str, Any] = answer["data"]
        return data

    def json_schema(self, query: str) -> Mapping[str, Any]:
        """The JSON Schema of what the query selects; raises `Unpayable` where it would not run."""
        try:
            return shape_of(self.operations.schema, self._opened(query).prepared)
        except Refused as refused:
            raise Unpayable("; ".join(_in_words(each) for each in refused.errors)) from refused

    def _opened(self, query: str) -> Subscription:
        opened = open_subscription(self.operations, self.operations.prepare(query, None), None)
        if not isinstance(opened.follows, FollowsFacts):
            raise Unpayable(_ONLY_FACTS)
        return opened


def _in_words(error: Any) -> str:
    """An error of a document, with the line where there is one."""
    lines = [f"line {each.line}" for each in error.locations or ()]
    return f"{error.message} ({lines[0]})" if lines else str(error.message)


def _failed(errors: Sequence[Mapping[str, Any]]) -> Exception:
    words = "The query failed: " + "; ".join(map(_at, errors))
    is_slow = any(each["extensions"]["code"] == TIMEOUT for each in errors)
    return Overdue(words) if is_slow else Unpayable(words)


def _at(error: Mapping[str, Any]) -> str:
    path = ".".join(str(part) for part in error.get("path") or ())
    return f"{error['message']} (at {path})" if path else str(error["message"])
