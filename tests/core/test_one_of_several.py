"""Where a key finds several rows and one is wanted, it is the first in the declared order, however they lie."""

from __future__ import annotations

import psycopg

from core.composing import Level, Levels, Request
from core.database import Database
from core.ids import new_id
from core.reading import Reader
from core.relations import Perspective
from core.viewer import SERVICE
from models.identity import ProfileCard
from resolvers.identity.visible import CARD_OF_USER
from tests.core.conftest import Run


def test_the_fullest_card_of_a_person_is_found_wherever_it_lies(run: Run, core_database: str) -> None:
    person = new_id(0x010)

    async def work(database: Database) -> list[str]:
        reader = Reader(database, SERVICE, Perspective("live", hides_trash=False))
        levels = Levels([Level(CARD_OF_USER, "one", None, ("audience",))])
        rows, _ = await reader.fetch(levels, [Request(CARD_OF_USER, [person])], lambda: False)
        await reader.close()
        return [audience for _, audience in rows[0]]

    with psycopg.connect(core_database, autocommit=True) as connection:
        add = 'INSERT INTO "user" (id, display_name, status) VALUES (%s, %s, %s)'
        connection.execute(add, (person, "Maya", "active"))
        for audience in ("friends", "everybody"):
            values = (ProfileCard.new_id(), person, audience)
            connection.execute(
                "INSERT INTO profile_card (id, user_id, audience, display_name) VALUES (%s, %s, %s, 'Maya')", values
            )
    assert run(work, pool_size=1) == ["friends"]
