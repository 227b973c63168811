"""Question banks are imported as drafts: tried first, imported again, uploaded by whoever may."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from cairn.settings import Settings, WorkSettings
from resolvers.importing.reading import Source
from tests.banks import samples
from tests.importing.running import Importer
from tests.importing.test_uploads import outcome, send
from tests.support.clients import Client, Data, People
from tests.support.servers import RunningApplication

BLOCKS = """query @perspective(stage: DRAFT) { courses { nodes { title modules { lessons { title blocks {
    id format title plainText markdown points revision
    ... on MultipleChoiceQuestion { choices { id text isCorrect creditPercent feedback } }
    ... on NumericQuestion { answers { value minimum } } } } } } } }"""


def lessons(editor: Client) -> list[Data]:
    """The lessons of the one draft there is."""
    ((course),) = editor.ask(BLOCKS)["courses"]["nodes"]
    ((module),) = course["modules"]
    found: list[Data] = module["lessons"]
    return found


def blocks(editor: Client) -> list[Data]:
    """All blocks but the sections of the one draft there is."""
    return [block for lesson in lessons(editor) for block in lesson["blocks"] if block["format"] != "SECTION"]


@pytest.mark.parametrize(
    ("source", "text", "number"), [(Source.GIFT, samples.GIFT, 9), (Source.MOODLE, samples.MOODLE, 13)]
)
def test_a_bank_is_tried_imported_and_imported_again_without_changing_anything(
    people: People, importer: Importer, tmp_path: Path, source: Source, text: str, number: int
) -> None:
    path = tmp_path / "sleep.txt"
    path.write_text(text)
    tried = importer(path, source=source, name="Sleep", dry_run=True)
    assert "dry run" in tried.output
    assert people.editor.ask(BLOCKS)["courses"]["nodes"] == []
    done = importer(path, source=source, name="Sleep")
    assert "block_refused" not in done.output, done.output
    assert done.code in (0, 3), done.output
    first = blocks(people.editor)
    assert len(first) == number
    again = importer(path, source=source, name="Sleep")
    assert "Updated the draft course 'Sleep'" in again.output
    assert blocks(people.editor) == first


def test_what_an_editor_changed_stays_and_what_the_file_changed_comes_in(
    people: People, importer: Importer, tmp_path: Path
) -> None:
    path = tmp_path / "sleep.gift"
    path.write_text("::Cycle:: How long? {=90 minutes ~1 hour}\n\n::Hours:: How many? {#8:1}\n\n::Old:: Gone? {T}\n")
    importer(path, source=Source.GIFT, name="Sleep")
    cycle, hours, _ = blocks(people.editor)
    change: Data = {"id": hours["id"], "expectedRevision": 1, "block": {"numeric": {"markdown": "How many hours?"}}}
    people.editor.do("blockUpdate", "__typename", **change)
    path.write_text("::Hours:: So? {#9:1}\n\n::Cycle:: How long is it? {=90 minutes ~1 hour}\n\n::New:: New? {F}\n")
    done = importer(path, source=Source.GIFT, name="Sleep")
    assert done.code == 3
    assert "changed_on_both_sides" in done.output
    found = {each["title"]: each for each in blocks(people.editor)}
    assert list(found) == ["Hours", "Cycle", "New"]
    assert (found["Hours"]["id"], found["Cycle"]["id"]) == (hours["id"], cycle["id"])
    assert (found["Hours"]["plainText"], found["Hours"]["answers"][0]["value"]) == ("How many hours?", "9")
    assert found["Cycle"]["plainText"] == "How long is it?"


def test_a_picture_is_linked_and_told(people: People, importer: Importer, tmp_path: Path) -> None:
    path = tmp_path / "sleep.xml"
    path.write_text(samples.MOODLE)
    done = importer(path, source=Source.MOODLE, name="Sleep", every_issue=True)
    assert "clock.png (16 bytes) is used once" in done.output
    assert "![A clock](/static/clock.png)" in blocks(people.editor)[0]["markdown"]


def test_what_is_no_bank_imports_nothing(importer: Importer, tmp_path: Path) -> None:
    path = tmp_path / "sleep.xml"
    path.write_text("<course/>")
    done = importer(path, source=Source.MOODLE, name="Sleep")
    assert (done.code, "Nothing was imported: This is no Moodle XML" in done.output) == (1, True)


def test_a_bank_is_uploaded_and_imported_by_a_job(people: People, database_url: str, tmp_path: Path) -> None:
    work = WorkSettings(imports=tmp_path / "imports", import_max_bytes=2_000_000)
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), work=work), works=("imports",))
    address, token = running.start(), people.editor.token
    xml, gift = {"content-type": "application/xml"}, {"content-type": "text/x-gift"}
    try:
        for headers, text, name in ((xml, samples.MOODLE, "Sleep"), (gift, samples.GIFT, "Nature")):
            done = outcome(people.editor, send(address, token, text.encode(), headers, name=name))
            assert (done["state"], done["note"].split()[:2]) == ("DONE", ["Created", "course"]), done
        stuck = outcome(people.editor, send(address, token, b"<course/>", xml, name="Other"))
        assert stuck["parkedReason"].startswith("This is no Moodle XML")
        for name in ("", "x" * 101):
            assert send(address, token, b"<quiz/>", xml, name=name).status_code == 400
        assert send(address, people.learner.token, b"<quiz/>", xml, name="Sleep").status_code == 403
        assert len(list((tmp_path / "imports").iterdir())) == 1  # The one that is parked, to be tried again.
    finally:
        running.stop()
