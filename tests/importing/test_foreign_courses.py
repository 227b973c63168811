"""Other people's courses, through the importer: no component gets lost on the way, and each can be published."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import DomainError
from core.viewer import SERVICE
from core.writing import transaction
from gateways.olx import read_course
from resolvers.importing.actions import import_course
from tests.gateways.olx.exports import tar, write_archive
from tests.gateways.olx.foreign import COMPONENTS, from_studio
from tests.gateways.olx.test_foreign_courses import Course
from tests.importing.running import Importer, Tree, numbers
from tests.support import factories
from tests.support.clients import Client


@pytest.mark.parametrize("course", COMPONENTS, ids=lambda each: each.__name__)
def test_it_is_imported_whole_published_and_imported_again_without_a_change(
    course: Course, tmp_path: Path, importer: Importer, editor: Client, reader: Client
) -> None:
    path = write_archive(tmp_path / "course.tar.gz", tar(course()))
    outcome = importer(path)
    assert outcome.code == 3, outcome.output
    printed = numbers(outcome.output)
    became = ("components that became blocks", "components that became a finding", "parts that could not be read")
    assert sum(printed[each] for each in became) == len(COMPONENTS[course].split())
    assert printed["read blocks"] == printed["created block"]
    [found] = importer.rows("SELECT id::text FROM content WHERE kind = 'course'")
    factories.publish(editor, found.id)
    live = Tree.live(reader, found.id)
    assert Counter(each["__typename"] == "SectionBlock" for each in live.blocks()) == {
        True: printed["created section"],
        False: printed["created block"],
    }
    assert numbers(importer(path).output)["kept block"] == printed["created block"]


def test_a_course_that_lost_a_component_is_not_imported(tmp_path: Path, importer: Importer) -> None:
    """Whatever mistake the reader may have: what became no block and is in no finding stops the import."""
    whole = read_course(write_archive(tmp_path / "course.tar.gz", tar(from_studio())))
    silent = replace(whole, issues=tuple(each for each in whole.issues if each.external_id != "html/blank"))

    async def run() -> None:
        async with transaction(importer.database, SERVICE) as tx:
            await import_course(tx, silent, None)

    with pytest.raises(DomainError, match="html/blank for one"):
        importer.run(run())
    assert importer.sizes()["content"] == 0
