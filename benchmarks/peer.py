"""The peer: the same pages by hand, with psycopg and without GraphQL. It answers `/course-page` and `/course`.

It reads as the same database role, under the same row policies, in the same kind of snapshot, with one statement per
level; so what it is faster by is what GraphQL costs here.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.database import Database
from core.viewer import ANONYMOUS

ROOT = "SELECT id, title, summary FROM course WHERE slug = %s AND stage = 'live'"
_BELOW = "SELECT id, {0} AS parent, {1} FROM {2} WHERE {0} = ANY(%s::uuid[]) AND stage = 'live' ORDER BY position, id"
LEVELS = (
    ("modules", _BELOW.format("course_id", "title", "module")),
    ("lessons", _BELOW.format("module_id", "title", "lesson")),
    ("blocks", _BELOW.format("lesson_id", "format, body_html AS html", "block")),
)


def application() -> Starlette:
    """The peer's application, on `DATABASE_URL`."""
    database = Database(os.environ["DATABASE_URL"])

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await database.open()
        yield
        await database.close()

    async def course_page(request: Request) -> Response:
        async with database.transaction(ANONYMOUS, read_only=True) as connection:
            root = vars(await _first(connection, request.query_params["slug"]))
            parents = {root["id"]: root}
            for name, statement in LEVELS:
                rows = await (await connection.execute(statement, [list(parents)])).fetchall()
                parents = _attach(parents, name, [vars(row) for row in rows])
        return Response(orjson.dumps({"data": {"course": root}}), media_type="application/json")

    async def course(request: Request) -> Response:
        async with database.transaction(ANONYMOUS, read_only=True) as connection:
            root = vars(await _first(connection, request.query_params["slug"]))
        return Response(orjson.dumps({"data": {"course": root}}), media_type="application/json")

    return Starlette(routes=[Route("/course-page", course_page), Route("/course", course)], lifespan=lifespan)


async def _first(connection: Any, slug: str) -> Any:
    return await (await connection.execute(ROOT, [slug])).fetchone()


def _attach(parents: dict[str, Any], name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row.pop("parent")].append(row)
    for key, parent in parents.items():
        parent[name] = groups.get(key, [])
    return {row["id"]: row for row in rows}
