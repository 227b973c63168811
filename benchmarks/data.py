"""The data that is measured: made by rule, so that every run on every machine reads the same pages.

Drafts are written in bulk; publishing is the house's own, so that live rows are what any editor would have made.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from core.database import Database
from core.tables import Table
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from models.content import Content, Stage, Staged
from models.curriculum import Block, BlockFormat, Lesson, Module
from models.identity import Role
from resolvers import curriculum, identity

THEMES, COURSES_PER_THEME = 12, 21
# PostgreSQL takes at most 65,535 values in one statement.
ROWS_AT_ONCE = 500
WRITTEN_AT = datetime(2026, 1, 5, 8, 30, 0, 123456, tzinfo=UTC)
TEXT = (
    "a small change made every day grows roots where a large one made once dries up and is forgotten before the week "
    "is over so begin with something that takes two minutes and tell one person what you are going to do"
)


@dataclass(frozen=True)
class Tree:
    """How many modules, lessons and blocks a course has; both are spread evenly, the first parents get one more."""

    slug: str
    modules: int
    lessons: int
    blocks: int

    @property
    def objects(self) -> int:
        """The course and everything in it."""
        return 1 + self.modules + self.lessons + self.blocks


# What is measured: 187 objects in 42 KB; 2,000 objects; and 100 lessons that are read whole.
PAGE = Tree("the-page", modules=6, lessons=30, blocks=150)
LARGE = Tree("the-large-page", modules=20, lessons=180, blocks=1799)
LESSONS = Tree("the-lessons", modules=10, lessons=100, blocks=500)
MEASURED = (PAGE, LARGE, LESSONS)


@dataclass(frozen=True)
class Made:
    """What the requests need to know about the data."""

    token: str
    viewer_id: str


async def make(url: str) -> Made:
    """Fills a migrated database, takes PostgreSQL's statistics, and answers what requests need."""
    database = Database(url, pool_size=2)
    await database.open()
    try:
        async with transaction(database, SERVICE) as tx:
            themes = [await _theme(tx, number) for number in range(1, THEMES + 1)]
        for position, tree in enumerate(_trees(), 1):
            if tree in MEASURED or position == THEMES:
                # PostgreSQL plans the publication of a tree badly while it believes the tables to be empty.
                _keep_house(url)
            async with transaction(database, SERVICE) as tx:
                await _course(tx, themes[position % THEMES], position, tree)
        async with transaction(database, SERVICE) as tx:
            learner = await identity.ensure_user(tx, "learner@cairn.example", "Learner", Role.LEARNER)
            token = await identity.create_api_token(tx, learner, "benchmark", frozenset(), 30)
    finally:
        await database.close()
    _keep_house(url)
    return Made(token, learner)


def _keep_house(url: str) -> None:
    """What autovacuum would have done by the time anybody reads."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _trees() -> Iterator[Tree]:
    """The measured courses among many ordinary ones, as they would be in real life."""
    ordinary = THEMES * COURSES_PER_THEME - len(MEASURED)
    yield from (Tree(f"course-{number}", 2, 4, 12) for number in range(ordinary))
    yield from MEASURED


async def _theme(tx: Transaction, number: int) -> str:
    values = {"title": f"Theme {number}", "summary": _prose(90, number), "position": number}
    theme_id = await curriculum.create_theme(tx, values)
    await curriculum.publish_theme(tx, theme_id, None)
    return theme_id


async def _course(tx: Transaction, theme_id: str, position: int, tree: Tree) -> None:
    values = {
        "title": f"Course {position}",
        "slug": tree.slug,
        "summary": _prose(120, position),
        "description": _prose(600, position),
        "theme_id": theme_id,
        "position": position,
        "estimated_minutes": 90,
    }
    course_id = await curriculum.create_course(tx, values)
    modules = _below(Module, "course_id", [course_id], tree.modules)
    lessons = _below(Lesson, "module_id", [row["id"] for row in modules], tree.lessons)
    blocks = _below(Block, "lesson_id", [row["id"] for row in lessons], tree.blocks)
    _write_texts(modules, lessons, blocks)
    for model, rows in ((Module, modules), (Lesson, lessons), (Block, blocks)):
        await _insert(tx, Content, [_identity(model, row["id"], course_id) for row in rows])
        await _insert(tx, model, rows)
    await curriculum.publish_course(tx, course_id, None, None)


def _below(model: type[Staged], column: str, parents: list[str], count: int) -> list[dict[str, Any]]:
    """Draft rows of a model, spread over their parents."""
    shares = [count // len(parents) + (place < count % len(parents)) for place in range(len(parents))]
    fixed = {"stage": Stage.DRAFT.value, "created_at": WRITTEN_AT, "updated_at": WRITTEN_AT}
    return [
        {"id": model.new_id(), column: parent, "position": position, **fixed}
        for parent, share in zip(parents, shares, strict=True)
        for position in range(1, share + 1)
    ]


def _write_texts(modules: list[dict[str, Any]], lessons: list[dict[str, Any]], blocks: list[dict[str, Any]]) -> None:
    for number, row in enumerate(modules, 1):
        row |= {"title": f"Module {number}: {_prose(24, number)}", "summary": _prose(110, number)}
    for number, row in enumerate(lessons, 1):
        row |= {"title": f"Lesson {number}: {_prose(24, number)}", "slug": f"lesson-{number}", "minutes": 10}
    for number, row in enumerate(blocks, 1):
        row |= _block(number)


def _block(number: int) -> dict[str, Any]:
    """Three texts, then a question; about 185 characters of HTML, some with what JSON must escape."""
    text = _prose(174, number)
    written = {"body": text, "body_html": f"<p>{text}</p>\n", "body_text": text}
    if number % 4:
        return {**written, "format": BlockFormat.TEXT.value, "title": None, "points": 0, "settings": {}}
    settings = {
        "hints": [_prose(40, number)],
        "choices": [{"id": f"c{place}", "text": _prose(30, number + place)} for place in range(1, 4)],
        "shuffle": False,
        "display": "list",
    }
    question = BlockFormat.MULTIPLE_CHOICE.value
    return {**written, "format": question, "title": f"Question {number}", "points": 1, "settings": settings}


def _prose(length: int, seed: int) -> str:
    """So many characters of prose, beginning at another word for every seed."""
    words = TEXT.split()
    start = seed * 7 % len(words)
    chosen = itertools.islice(itertools.cycle(words), start, start + length)
    return " ".join(chosen)[:length].strip().capitalize()


def _identity(model: type[Staged], object_id: str, root_id: str) -> dict[str, Any]:
    return {"id": object_id, "kind": model.__tablename__, "root_id": root_id}


async def _insert(tx: Transaction, model: type[Table], rows: list[Mapping[str, Any]] | list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        await tx.insert(model, rows[start : start + ROWS_AT_ONCE])
