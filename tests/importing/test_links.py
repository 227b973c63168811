"""Links of an export: to its parts, to its files, and to nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.importing.habits import Habits
from tests.importing.running import Importer, Tree
from tests.support import factories
from tests.support.clients import Client

Draft = Callable[[], Tree]


def linking(habits: Habits, *addresses: str) -> Habits:
    links = " ".join(f'<a href="{address}">there</a>' for address in addresses)
    return habits.write("html/light.html", f"<p>Light: {links}</p>")


@pytest.mark.parametrize(
    ("url_name", "name"),
    [
        ("review", "Review"),
        ("quiz", "Looking back"),
        ("when", "When?"),
    ],
)
def test_a_link_to_a_part_becomes_a_link_to_its_object(
    importer: Importer, habits: Habits, draft: Draft, editor: Client, reader: Client, url_name: str, name: str
) -> None:
    importer(linking(habits, f"/jump_to_id/{url_name}").path)
    target = draft()[name]["id"]
    assert draft()["Light"]["markdown"] == f"Light: [there](cairn:{target})"
    factories.publish(editor, draft().course["id"])
    live = Tree.live(reader, draft().course["id"])
    assert live["Light"]["html"] == f'<p>Light: <a href="cairn:{target}" rel="noopener noreferrer">there</a></p>'
    assert live[name]["id"] == target


def test_a_link_inside_html_that_markdown_cannot_say_is_turned_too(
    importer: Importer, habits: Habits, draft: Draft
) -> None:
    table = (
        '<table><tr><td colspan="2"><a href="/jump_to_id/quiz">there</a></td></tr><tr><td>a</td><td>b</td></tr></table>'
    )
    importer(habits.write("html/light.html", f"<p>Light: see</p>{table}").path)
    light = draft()["Light"]
    assert '<td colspan="2">' in light["html"]
    assert f'<a href="cairn:{draft()["Looking back"]["id"]}" rel="noopener noreferrer">there</a>' in light["html"]


def test_a_link_in_a_choice_or_a_hint_is_turned_too(importer: Importer, habits: Habits, draft: Draft) -> None:
    link = '<a href="/jump_to_id/wake">there</a>'
    habits.change("problem/when.xml", "Never", f"Never {link}")
    habits.change("problem/when.xml", "</problem>", f"<demandhint><hint>Look {link}</hint></demandhint></problem>")
    importer(habits.path)
    question, target = draft()["When?"], draft()["Waking"]["id"]
    assert question["choices"][0]["text"] == f"Never [there](cairn:{target})"
    assert question["hints"] == [f"Look [there](cairn:{target})"]


def test_a_link_to_a_part_that_became_no_block_leads_to_its_section(
    importer: Importer, habits: Habits, draft: Draft
) -> None:
    habits.change("vertical/eat.xml", "</vertical>", '<discussion url_name="talk" display_name="Talk"/></vertical>')
    importer(linking(habits, "/jump_to_id/talk").path)
    assert draft()["Light"]["markdown"] == f"Light: [there](cairn:{draft()['Eating']['id']})"


def test_links_are_the_same_in_the_next_import(importer: Importer, habits: Habits) -> None:
    importer(linking(habits, "/jump_to_id/quiz", "/static/a.pdf").path)
    before = importer.drafts()
    importer(habits.path)
    assert importer.drafts() == before


def test_a_link_to_nothing_is_reported_and_leads_nowhere(importer: Importer, habits: Habits, draft: Draft) -> None:
    assert importer(linking(habits, "/jump_to_id/nothing").path).code == 3
    assert [each.severity for each in importer.issues("link_broken")] == ["warning"]
    assert draft()["Light"]["html"] == '<p>Light: <a rel="noopener noreferrer">there</a></p>'


def test_a_link_to_what_has_nowhere_to_stand_is_reported_until_it_has(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    importer(habits.path)
    module = draft()["Second week"]["id"]
    editor.do("moduleTrash", "__typename", id=module)
    habits.write("sequential/more.xml", '<sequential display_name="More"/>')
    habits.including("chapter/second.xml", "sequential", "more", after="review")
    importer(linking(habits, "/jump_to_id/more").path)
    assert importer.conflicts() == [("parent_in_trash", "More")]
    assert len(importer.issues("link_target_missing")) == 1
    before = importer.drafts()
    importer(habits.path)
    assert importer.drafts() == before
    editor.do("moduleRestore", "__typename", id=module)
    assert importer(habits.path).code == 0
    assert draft()["Light"]["markdown"] == f"Light: [there](cairn:{draft()['More']['id']})"


def test_a_file_is_linked_and_reported_once(importer: Importer, habits: Habits, draft: Draft) -> None:
    habits.write("static/A plan (new).pdf", "PDF")
    importer(linking(habits, "/static/A plan (new).pdf", "/static/A_plan__new_.pdf").path)
    path = "/static/A%20plan%20%28new%29.pdf"
    assert draft()["Light"]["markdown"] == f"Light: [there]({path}) [there]({path})"
    assert draft()["Light"]["html"].count(f'href="{path}"') == 2
    [issue] = importer.issues("file_not_copied")
    assert (issue.severity, issue.local_id) == ("warning", draft()["Light"]["id"])
    assert issue.reason == (f"A plan (new).pdf (3 bytes) is used 2 times. Files are not copied: serve it at {path}.")


def test_a_file_of_a_video_is_linked_as_an_address(importer: Importer, habits: Habits) -> None:
    habits.write("static/my film.mp4", "MP4")
    film = '<video url_name="film" display_name="Film" html5_sources="[&quot;/static/my film.mp4&quot;]"/>'
    importer(habits.change("vertical/eat.xml", "</vertical>", f"{film}</vertical>").path)
    [row] = importer.rows("SELECT settings ->> 'url' AS url FROM block WHERE format = 'media'")
    assert row.url == "/static/my%20film.mp4"
    assert importer.issues("block_refused") == []


def test_a_file_that_is_missing_is_reported(importer: Importer, habits: Habits) -> None:
    importer(linking(habits, "/static/lost.pdf").path)
    assert [(each.severity, each.code) for each in importer.issues() if each.severity != "info"] == [
        ("error", "static_missing")
    ]


def test_no_neutral_link_is_left_in_what_readers_see(importer: Importer, habits: Habits) -> None:
    addresses = ("/jump_to_id/quiz", "/jump_to_id/nothing", "/static/lost.pdf", "https://example.org/olx:unit")
    importer(linking(habits, *addresses).path)
    html = "".join(row.body_html for row in importer.rows("SELECT body_html FROM block"))
    assert re.findall(r'href="olx:', html) == []
