"""An importer over this worker's database, a small course to import, and whole courses that are imported once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from cairn.settings import Settings
from core.viewer import SERVICE
from core.writing import transaction
from models.identity import Role
from resolvers import identity
from tests.importing.habits import Habits
from tests.importing.running import Importer, Outcome, Tree
from tests.support import factories
from tests.support.clients import Client
from tests.support.servers import RunningApplication, cloned


@pytest.fixture(scope="session")
def _importer(database_url: str) -> Iterator[Importer]:
    made = Importer(database_url)
    yield made
    made.close()


@pytest.fixture
def importer(_importer: Importer, empty: None) -> Importer:
    """Imports into the database behind the running application, which is empty at first."""
    return _importer


@pytest.fixture
def habits(tmp_path: Path) -> Habits:
    """A small course, to be changed at will."""
    return Habits(tmp_path / "habits")


@pytest.fixture(scope="session")
def _after_the_first_import() -> dict[str, str]:
    """What the first import of the small course left in the database, once there was one."""
    return {}


@pytest.fixture
def first_import(importer: Importer, habits: Habits, _after_the_first_import: dict[str, str]) -> None:
    """The small course was imported once already. It is imported really once in a session, and put back after that."""
    if _after_the_first_import:
        importer.load(_after_the_first_import)
        return
    assert importer(habits.path).code == 0
    _after_the_first_import.update(importer.saved())


@pytest.fixture
def draft(editor: Client, importer: Importer) -> Callable[[], Tree]:
    """`draft()` is the imported course as editors see it now."""

    def look() -> Tree:
        [row] = importer.rows("SELECT id::text FROM content WHERE kind = 'course'")
        return Tree.draft(editor, row.id)

    return look


@dataclass(frozen=True)
class Imported:
    """A course that was imported and published, in a database of its own with a running application."""

    importer: Importer
    outcome: Outcome
    course_id: str
    draft: Tree
    live: Tree


Run = Callable[[Importer], Outcome]
Importing = Callable[[Run], AbstractContextManager[Imported]]


@pytest.fixture(scope="module")
def imported(database_server: tuple[str, str]) -> Importing:
    """`with imported(run) as course:` publishes the course that `run` imports, for all tests of a module."""

    @contextmanager
    def publishing(run: Run) -> Iterator[Imported]:
        with cloned(*database_server) as url, ExitStack() as stack:
            importer = Importer(url)
            stack.callback(importer.close)
            outcome = run(importer)
            assert outcome.code in (0, 3), outcome.output
            running = RunningApplication(Settings(DATABASE_URL=SecretStr(url)))
            address = running.start()
            stack.callback(running.stop)
            editor, reader = Client(address, importer.run(_token(importer))), Client(address)
            stack.callback(editor.http.close)
            stack.callback(reader.http.close)
            [course] = importer.rows("SELECT id::text FROM content WHERE kind = 'course'")
            factories.publish(editor, course.id)
            yield Imported(importer, outcome, course.id, Tree.draft(editor, course.id), Tree.live(reader, course.id))

    return publishing


async def _token(importer: Importer) -> str:
    async with transaction(importer.database, SERVICE) as tx:
        user_id = await identity.ensure_user(tx, "editor@example.org", "editor", Role.EDITOR)
        return await identity.create_api_token(tx, user_id, "tests", identity.scopes_of([Role.EDITOR]), 1)
