"""Migrations build exactly what the models declare, and the comparison that says so notices every difference."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from migrations import running
from migrations.catalog import Catalog, difference, read_catalog


def test_migrations_build_exactly_what_the_models_declare(migrated_url: str, declared_url: str) -> None:
    assert running.compare(migrated_url, declared_url) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            "ALTER TABLE milestone DROP CONSTRAINT ck_milestone_end_day,"
            " ADD CONSTRAINT ck_milestone_end_day CHECK (start_day >= 0)",
            "- constraint milestone.ck_milestone_end_day CHECK ((start_day >= 0))",
        ),
        ("ALTER TABLE lesson DROP CONSTRAINT ck_lesson_minutes", "+ constraint lesson.ck_lesson_minutes CHECK"),
        ("DROP POLICY public_read ON theme", '+ CREATE POLICY public_read ON "theme"'),
        ("ALTER POLICY public_read ON theme USING (true)", '- CREATE POLICY public_read ON "theme"'),
        (
            "CREATE POLICY more ON theme FOR SELECT TO cairn_api USING (true)",
            '- CREATE POLICY more ON "theme"',
        ),
        (
            "CREATE POLICY more ON theme AS RESTRICTIVE FOR SELECT TO cairn_api USING (true)",
            '- CREATE POLICY more ON "theme" AS RESTRICTIVE',
        ),
        ("ALTER TABLE theme NO FORCE ROW LEVEL SECURITY", '+ ALTER TABLE "theme" FORCE ROW LEVEL SECURITY'),
        ("ALTER TABLE theme DISABLE ROW LEVEL SECURITY", '+ ALTER TABLE "theme" ENABLE ROW LEVEL SECURITY'),
        ("GRANT INSERT ON theme TO cairn_public", '- GRANT INSERT ON "theme" TO cairn_public'),
        ("GRANT SELECT ON theme TO PUBLIC", '- GRANT SELECT ON "theme" TO PUBLIC'),
        ("GRANT SELECT ON theme TO pg_monitor", '- GRANT SELECT ON "theme" TO pg_monitor'),
        ("GRANT UPDATE (title) ON theme TO cairn_public", '- GRANT UPDATE (title) ON "theme" TO cairn_public'),
        ("GRANT SELECT ON theme TO cairn_api WITH GRANT OPTION", "WITH GRANT OPTION"),
        ("REVOKE SELECT ON theme FROM cairn_public", '+ GRANT SELECT ON "theme" TO cairn_public'),
        ("ALTER TABLE theme ALTER created_at SET DEFAULT '2020-01-01'", "- column theme.created_at"),
        ("ALTER TABLE theme ALTER title SET DEFAULT 'x'", "- column theme.title"),
        ("ALTER TABLE theme ALTER title DROP NOT NULL", "- column theme.title"),
        ("ALTER TABLE theme ALTER title TYPE text", "- column theme.title text"),
        ("ALTER TABLE theme ADD more integer", "- column theme.more integer"),
        ("ALTER TABLE theme DROP summary", "+ column theme.summary"),
        ("ALTER TABLE theme ALTER position ADD GENERATED ALWAYS AS IDENTITY", "- column theme.position"),
        (
            "ALTER TABLE module DROP CONSTRAINT uq_module_course_id_stage_position,"
            " ADD CONSTRAINT uq_module_course_id_stage_position UNIQUE (course_id, stage, position)",
            '- constraint module.uq_module_course_id_stage_position UNIQUE (course_id, stage, "position")',
        ),
        (
            "ALTER TABLE lesson ALTER CONSTRAINT fk_lesson_module_id_stage NOT DEFERRABLE",
            "- constraint lesson.fk_lesson_module_id_stage",
        ),
        ("DROP INDEX ix_content_root_id", "+ index CREATE INDEX ix_content_root_id"),
        ("CREATE TABLE more (id uuid)", "- column more.id uuid"),
        ("CREATE TABLE more (LIKE theme) PARTITION BY LIST (id)", "- column more.id uuid"),
        ("CREATE VIEW more AS SELECT * FROM theme", "- view more"),
        ("CREATE MATERIALIZED VIEW more AS SELECT 1 AS one", "- materialized view more"),
        ("CREATE FUNCTION more() RETURNS integer LANGUAGE sql RETURN 1", "- function more()"),
        (
            "CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            "CREATE TRIGGER more BEFORE INSERT ON theme FOR EACH ROW EXECUTE FUNCTION more()",
            "- trigger theme CREATE TRIGGER more",
        ),
        ("CREATE SEQUENCE more", "- sequence more"),
        ("CREATE TYPE more AS ENUM ('a')", "- type more"),
    ],
)
def test_the_comparison_notices(migrated: sa.Connection, declared: Catalog, change: str, line: str) -> None:
    migrated.exec_driver_sql(change)
    found = difference(read_catalog(migrated), declared)
    assert any(line in each for each in found), found


def test_the_comparison_says_nothing_about_a_database_that_is_as_declared(
    migrated: sa.Connection, declared: Catalog
) -> None:
    assert difference(read_catalog(migrated), declared) == []
