"""What somebody may not see makes no difference to them: two databases that differ in that alone answer alike.

The answers are compared byte for byte, over documents that are generated from the schema, with each executor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, get_args

import orjson
import psycopg
import pytest
from graphql import GraphQLObjectType, Undefined
from hypothesis import Phase, given

from core.database import Database
from core.paging import encode_cursor
from core.relations import Relation
from core.tables import table_of
from core.viewer import ANONYMOUS, Viewer, ViewerKind
from graph.context import Context
from graph.running import Executor, Operations
from graph.schema import schema
from models import TABLES
from models.groups import MemberRole
from models.identity import Role, Scope
from resolvers.identity import scopes_of
from resolvers.identity.rights import scopes_within
from tests.engine.documents import Document, Writer
from tests.engine.sizes import chance, generated
from tests.fence.twins import World, twin

EXECUTORS: tuple[Executor, ...] = get_args(Executor)
NAMES = ("anonymous", "learner", "friend", "coach", "author", "editor", "token", "admin", "acting")
DRAFT = "@perspective(stage: DRAFT)"
# What must be different for nearly everybody: that nothing was hidden would prove nothing.
HIDDEN_FROM_LEARNERS = {
    "user", "role_grant", "auth_identity", "api_token", "auth_session", "connection", "profile", "profile_card",
    "consent", "impersonation", "audit_log", "audit_seal", "content", "revision", "theme", "course", "module",
    "lesson", "block", "milestone", "answer_key", "outgoing_mail", "group", "membership", "group_invitation",
}  # fmt: skip


def viewers(there: World) -> dict[str, Viewer]:
    """Everybody who asks, with what they may within the live course, the family and the cohort."""
    people, within = there.people, scopes_within([(Role.EDITOR, there.courses["live"])])
    inside = {
        "learner": scopes_within([(MemberRole.OWNER, there.groups["family"])]),
        "friend": scopes_within([(MemberRole.MEMBER, there.groups["family"])]),
        "coach": scopes_within([(Role.COACH, there.groups["cohort"])]),
    }
    user = {name: Viewer(ViewerKind.USER, people[name], name, within=held) for name, held in inside.items()}
    editor, admin = people["editor"], people["admin"]
    return {
        "anonymous": ANONYMOUS,
        **user,
        "author": Viewer(ViewerKind.USER, people["author"], "author", within=within),
        "editor": Viewer(ViewerKind.USER, editor, "editor", scopes_of([Role.EDITOR])),
        "token": Viewer(ViewerKind.API_TOKEN, editor, "editor", frozenset({Scope.CONTENT_EDIT.value})),
        "admin": Viewer(ViewerKind.USER, admin, "admin", scopes_of([Role.ADMIN])),
        # The admin as the learner.
        "acting": Viewer(ViewerKind.USER, people["learner"], "learner", actor_id=admin, within=inside["learner"]),
    }


@dataclass
class Twins:
    """Two databases, somebody who asks both, and what is worth asking about."""

    viewer: Viewer
    differing: set[str]
    choose: Callable[[str, str, str, Random], Any]
    databases: tuple[Database, Database]
    runner: asyncio.Runner

    def answers(self, document: Document, executor: Executor) -> list[bytes]:
        """Both answers to a document. Errors of fields that ran at the same time come in whichever order they ended."""
        operations = Operations(schema()._schema, executor=executor)
        prepared = operations.prepare(document.text, None)

        async def ask(database: Database) -> bytes:
            context = Context(database, self.viewer)
            answer = await operations.run(prepared, document.variables, context, "request")
            if "errors" in answer:
                answer["errors"] = sorted(answer["errors"], key=orjson.dumps)
            return orjson.dumps(answer)

        return [self.runner.run(ask(each)) for each in self.databases]


@pytest.fixture(scope="module", params=NAMES)
def twins(there: World, database_server: tuple[str, str], request: pytest.FixtureRequest) -> Iterator[Twins]:
    """The world and its twin, as one of those who ask sees them."""
    with ExitStack() as stack:
        yield _twins(stack, there, database_server[0], request.param)


def _twins(stack: ExitStack, there: World, server_url: str, name: str) -> Twins:
    viewer = viewers(there)[name]
    url, differing = stack.enter_context(twin(there, server_url, viewer))
    runner = stack.enter_context(asyncio.Runner())
    databases = Database(there.url, pool_size=2), Database(url, pool_size=2)
    for each in databases:
        runner.run(each.open())
        stack.callback(lambda each=each: runner.run(each.close()))
    return Twins(viewer, differing, _Chooser(there.url, url), databases, runner)


class _Chooser:
    """Values that hit: ids, slugs, words and cursors of both databases, of rows that can be seen and that cannot."""

    def __init__(self, *urls: str) -> None:
        self.ids: list[str] = []
        self.slugs: list[str] = []
        self.words: list[str] = []
        self.cursors: list[str] = []
        for url in urls:
            with psycopg.connect(url) as owner:
                self._read(owner)

    def _read(self, owner: psycopg.Connection[Any]) -> None:
        for table in (table_of(model) for model in TABLES):
            if "id" not in table.c:
                continue
            rows = owner.execute(f'SELECT DISTINCT id::text FROM "{table.name}" ORDER BY 1 LIMIT 12'.encode())
            self.ids += [row[0] for row in rows.fetchall()]
            if "slug" in table.c:
                called = "title" if "title" in table.c else "name"
                found = owner.execute(f'SELECT slug, {called} FROM "{table.name}" ORDER BY 1, 2'.encode()).fetchall()
                self.slugs += [slug for slug, _ in found]
                self.words += [title for _, title in found]
        for relation in _relations():
            for name, sort in relation.sorts.items():
                query = (
                    f'SELECT "{sort.column}"::text, id::text FROM "{table_of(relation.child).name}" ORDER BY 2 LIMIT 9'
                )
                rows = owner.execute(query.encode()).fetchall()
                self.cursors += [encode_cursor(relation.list_name(name), key, row_id) for key, row_id in rows if key]

    def __call__(self, kind: str, field: str, argument: str, random: Random) -> Any:
        """A value for an argument, or none of ours."""
        if argument in ("id", "ids"):
            found = [random.choice(self.ids) for _ in range(3)]
            return found if argument == "ids" else found[0]
        if argument == "slug":
            return random.choice(self.slugs)
        if argument in ("after", "before"):
            return random.choice((None, None, *random.choices(self.cursors, k=3)))
        if argument in ("first", "last"):
            return random.choice((None, 1, 2, 100))
        if argument == "filter" and field == "auditLog":
            return random.choice(({}, {"action": "courseCreate"}, {"subject": random.choice(self.ids)}))
        if argument == "filter" and field in ("courses", "themes") and random.randint(0, 1):
            return {"text": random.choice([*self.words, "a", "Draft", "changed", "~"])}
        return Undefined


def _relations() -> list[Relation]:
    """The relations of all connections."""
    found = []
    for kind in schema()._schema.type_map.values():
        for field in kind.fields.values() if isinstance(kind, GraphQLObjectType) else ():
            declared = field.extensions.get("strawberry-definition")
            if declared is not None and declared.metadata.get("connection"):
                found.append(declared.metadata["relation"])
    return found


def test_there_is_something_to_hide_from_everybody(twins: Twins) -> None:
    hidden = {"auth_session", "connection", "profile", "outgoing_mail"}
    assert (HIDDEN_FROM_LEARNERS if not twins.viewer.scopes else hidden) <= twins.differing


@generated(48, phases=(Phase.generate,))
@given(chance)
def test_what_is_hidden_makes_no_difference(twins: Twins, source: Random) -> None:
    head = DRAFT if source.randint(0, 2) == 0 else ""
    document = Writer(schema()._schema, source, choose=twins.choose).write(head=head)
    for executor in EXECUTORS:
        one, other = twins.answers(document, executor)
        assert one == other, (executor, document)


def test_a_hole_in_the_fence_makes_a_difference(there: World, database_server: tuple[str, str]) -> None:
    with ExitStack() as stack:
        both = _twins(stack, there, database_server[0], "learner")
        history = Document("{ courses { nodes { revisions { totalCount nodes { message number } } } } }", {})
        one, other = both.answers(history, "planned")
        assert one == other
        for each in both.databases:
            stack.enter_context(_hole(each.url))
        for executor in EXECUTORS:
            one, other = both.answers(history, executor)
            assert one != other


@contextmanager
def _hole(url: str) -> Iterator[None]:
    """Lets everybody signed in read every revision for a while."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE POLICY hole ON revision FOR SELECT TO cairn_api USING (true)")
        yield
        owner.execute("DROP POLICY hole ON revision")
