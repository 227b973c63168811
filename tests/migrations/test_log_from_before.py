"""A log that forgot before it was noted how far is taken to have forgotten up to its last gap."""

from __future__ import annotations

import psycopg
import pytest

from migrations import running
from tests.support.servers import cloned

FACTS = """INSERT INTO fact (id, type, version, subject_id, actor_kind, payload, position)
    SELECT gen_random_uuid(), 'theme.trashed', 1, gen_random_uuid(), 'service', '{}', unnest(%s::bigint[])"""


@pytest.mark.parametrize(
    ("standing", "last", "forgotten"),
    [([1, 2, 3], 3, 0), ([3, 4, 5], 5, 2), ([1, 4, 7, 8], 8, 6), ([2, 3], 5, 5), ([], 0, 0)],
)
def test_what_was_forgotten_is_found_out(
    database_server: tuple[str, str], standing: list[int], last: int, forgotten: int
) -> None:
    with cloned(database_server[0], "template0") as url:
        running.upgrade(url, "0023")
        with psycopg.connect(url) as connection:
            connection.execute(FACTS, [standing])
            connection.execute("INSERT INTO fact_counter (id, last_position) VALUES (gen_random_uuid(), %s)", [last])
        running.upgrade(url)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT forgotten FROM fact_counter").fetchall() == [(forgotten,)]
