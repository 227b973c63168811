"""HTML components become Markdown that says the same."""

import lxml.html
import pytest

from core.text import to_html
from gateways.olx import IssueCode, OlxCourse, Severity

from .conftest import Read

BLOCKS = frozenset("p div li td th tr table ul ol dl dt dd h1 h2 h3 h4 blockquote pre br details summary".split())  # noqa: SIM905


def words(html: str) -> list[str]:
    """The words of a fragment by lxml alone: text of everything but scripts and styles, blocks apart."""
    root = lxml.html.fragment_fromstring(html or "<p></p>", create_parent="div")
    for element in list(root.iter("script", "style")):
        element.drop_tree()
    for element in root.iter():
        if element.tag in BLOCKS:
            element.text = f" {element.text or ''}"
            element.tail = f" {element.tail or ''}"
    return str(root.text_content()).split()


def text(course: OlxCourse) -> str:
    return "\n\n".join(block.body for block in course.blocks() if block.format == "text")


def component(html: str) -> str:
    return f"<html url_name='h' display_name='Note'><![CDATA[{html}]]></html>"


def test_plain_structure_becomes_plain_markdown(sample: OlxCourse) -> None:
    body = next(block.body for block in sample.blocks() if block.external_id == "html/wind_down_text")
    assert body.startswith(
        "## The last hour\n\nAn hour before bed, **turn the lights low** and put the phone *in another room*."
    )
    assert "> The day ends the evening before." in body
    assert "`18:00`" in body
    assert "![A page of a sleep diary](olx:static/sleep_diary.svg)" in body


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>1. Not a list</p>", "1\\. Not a list"),
        ("<p># Not a heading</p>", "\\# Not a heading"),
        ("<p>- Not a list</p>", "\\- Not a list"),
        ("<p>&gt; Not a quotation</p>", "\\> Not a quotation"),
        ("<p>2 * 3 * 4</p>", "2 \\* 3 \\* 4"),
        ("<p>snake_case and _this_</p>", "snake_case and \\_this\\_"),
        ("<p>&lt;script&gt; is a word, 1 &lt; 2</p>", "\\<script> is a word, 1 < 2"),
        ("<p>[not](a-link)</p>", "\\[not\\](a-link)"),
        ("<p>AT&amp;T, &amp;amp;</p>", "AT&T, \\&amp;"),
        ("<p>a<br>1. b</p>", "a\\\n1\\. b"),
        ("<p>water is H<sub>2</sub>O</p>", "water is H<sub>2</sub>O"),
        ("<p>one<strong> two</strong></p>", "one **two**"),
        ("<p><b>one</b><b>two</b></p>", "**onetwo**"),
        ("<pre>a\n\n  b `c`</pre>", "```\na\n\n  b `c`\n```"),
        ("<p>line</p><hr><p>line</p>", "line\n\n---\n\nline"),
        ("words on their own", "words on their own"),
        ("<strong><p>a block inside emphasis</p></strong>", "**a block inside emphasis**"),
    ],
)
def test_text_is_escaped_only_where_it_has_to_be(read: Read, html: str, markdown: str) -> None:
    assert text(read(component(html))) == markdown


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td colspan='2'>a</td></tr><tr><td>b</td><td>c</td></tr></table>",
        "<table><tr><th>a</th></tr><tr><td><ul><li>b</li></ul></td></tr></table>",
        "<dl><dt>Owl</dt><dd>Sleeps late</dd></dl>",
        "<p>So \\(x_1 * x_2\\) follows</p>",
        "<p>So \\[ \\sum_i x_i \\] follows</p>",
        "<div style='display: grid'><div>a</div><div>b</div></div>",
        "<ol type='a'><li>one</li><li>two</li></ol>",
        "<details><summary>More</summary><p>Less</p></details>",
    ],
)
def test_what_markdown_has_no_words_for_stays_html(read: Read, html: str) -> None:
    body = text(read(component(html)))
    assert body.startswith("<")
    assert words(to_html(body)) == words(html)


def test_mathjax_keeps_its_backslashes_everywhere(read: Read) -> None:
    course = read(
        component("<p>\\(a_1\\)</p>"),
        "<problem url_name='p'><multiplechoiceresponse><label>\\(b_2\\)</label><choicegroup>"
        "<choice correct='true'>\\(c_3\\)</choice><choice correct='false'>4</choice></choicegroup>"
        "</multiplechoiceresponse></problem>",
    )
    note, question = course.blocks()
    shown = [note.body, question.body, question.settings["choices"][0]["text"]]
    assert [words(to_html(markdown)) for markdown in shown] == [["\\(a_1\\)"], ["\\(b_2\\)"], ["\\(c_3\\)"]]


def test_blank_lines_inside_raw_html_do_not_end_it(read: Read) -> None:
    html = "<dl><dt>a</dt>\n\n\n<dd><pre>one\n\ntwo</pre></dd>\n\n</dl><p>after</p>"
    rendered = to_html(text(read(component(html))))
    assert "<dd><pre>one\n\ntwo</pre></dd>" in rendered.replace("\n</dd>", "</dd>")
    assert words(rendered) == ["a", "one", "two", "after"]


def test_scripts_styles_and_handlers_are_taken_out_and_reported(read: Read) -> None:
    course = read(
        component("<script>steal()</script><style>p {color: red}</style><p onclick='go()' class='x'>Hello</p>")
    )
    assert text(course) == "Hello"
    assert [issue.code for issue in course.issues] == [IssueCode.SCRIPT_DROPPED, IssueCode.STYLING_DROPPED]
    assert "steal()" in (course.issues[0].source or "")
    assert "go()" in (course.issues[0].source or "")


def test_the_words_of_forms_and_unknown_elements_stay(read: Read) -> None:
    course = read(
        component(
            "<form><button>Send</button><select><option>A</option><option>B</option></select></form><x-y>odd</x-y>"
        )
    )
    assert words(to_html(text(course))) == ["Send", "A", "B", "odd"]
    assert [issue.code for issue in course.issues] == [IssueCode.MARKUP_DROPPED] * 2


def test_a_comment_is_left_out_and_reported(read: Read) -> None:
    course = read(component("<p>a</p><!-- for Anna -->"))
    assert text(course) == "a"
    assert [(i.code, i.source) for i in course.issues] == [(IssueCode.COMMENT_DROPPED, "for Anna")]


def test_a_placeholder_of_the_old_site_is_reported(sample: OlxCourse) -> None:
    [issue] = [i for i in sample.issues if i.code == IssueCode.PLACEHOLDER_KEPT]
    assert "%%USER_ID%%" in issue.message


def test_a_frame_on_its_own_becomes_an_embed_between_the_texts(sample: OlxCourse) -> None:
    component = next(c for c in sample.components() if c.url_name == "light_frame")
    assert [block.external_id for block in component.blocks] == [
        "html/light_frame",
        "html/light_frame#embed-1",
        "html/light_frame#2",
    ]
    embed = component.blocks[1]
    assert (embed.title, embed.settings) == (
        "A lamp with a slider",
        {"url": "https://example.org/lamp", "height": 400, "aspect_ratio": None},
    )


def test_a_frame_in_a_sentence_becomes_a_link(sample: OlxCourse) -> None:
    body = next(b.body for b in sample.blocks() if b.external_id == "html/light_frame#2")
    assert body == "What did you notice? [Notes](https://example.org/notes)"


@pytest.mark.parametrize("address", ["/static/page.html", "http://example.org/", "javascript:alert(1)", ""])
def test_a_frame_without_a_safe_address_is_never_embedded(read: Read, address: str) -> None:
    course = read(component(f"<p>a</p><iframe src='{address}'></iframe>"), files={"static/page.html": "<p>x</p>"})
    assert [block.format for block in course.blocks()] == ["text"]
    assert {issue.severity for issue in course.issues} & {Severity.WARNING, Severity.ERROR}


def test_players_become_links(read: Read) -> None:
    html = (
        "<p>See</p><video><source src='https://example.org/a.mp4'>no video</video>"
        "<object data='/static/a.pdf' title='Guide'></object>"
    )
    course = read(component(html), files={"static/a.pdf": "x"})
    assert "[example.org/a.mp4](https://example.org/a.mp4)" in text(course)
    assert "[Guide](olx:static/a.pdf)" in text(course)
    assert "no video" in text(course)


def test_a_table_with_a_header_becomes_a_table(sample: OlxCourse) -> None:
    body = next(block.body for block in sample.blocks() if block.external_id == "html/wind_down_table")
    assert "| Time | What |\n| --- | --- |\n| 21:00 | Lights low \\| phone away |\n| 22:00 | **Bed** |" in body


def test_an_empty_component_yields_nothing_and_is_reported(sample: OlxCourse) -> None:
    component = next(c for c in sample.components() if c.url_name == "empty_one")
    assert component.blocks == ()
    assert [i.code for i in sample.issues if i.external_id == "html/empty_one"] == [IssueCode.COMPONENT_EMPTY]


def test_text_in_another_encoding_is_guessed_and_reported(read: Read) -> None:
    course = read(
        "<html url_name='h'/>",
        files={"html/h.xml": "<html filename='h'/>", "html/h.html": "<p>früh</p>".encode("cp1252")},
    )
    assert text(course) == "früh"
    assert [issue.code for issue in course.issues] == [IssueCode.ENCODING_GUESSED]


def test_html_nested_beyond_reason_keeps_its_words(read: Read) -> None:
    course = read(component("<b>" * 500 + "deep *down*" + "</b>" * 500))
    assert words(to_html(text(course))) == ["deep", "*down*"]
    assert IssueCode.MARKUP_DROPPED in {issue.code for issue in course.issues}


def test_html_too_broken_for_anything_else_keeps_its_words(read: Read) -> None:
    course = read(component("<ul>word<table>word</table></ul>"))
    assert text(course) == "word word"
    assert [(issue.code, issue.severity) for issue in course.issues] == [(IssueCode.TEXT_CHANGED, Severity.ERROR)]


def test_too_much_html_is_left_out_and_reported(read: Read) -> None:
    course = read(component("<br>" * 20_000))
    assert list(course.blocks()) == []
    assert [issue.code for issue in course.issues] == [IssueCode.FILE_TOO_LARGE]


def test_a_text_too_long_for_one_block_becomes_several(read: Read) -> None:
    html = "".join(f"<p>{'word ' * 200}{number}</p>" for number in range(300))
    course = read(component(html))
    bodies = [block.body for block in course.blocks()]
    assert len(bodies) == 2
    assert max(map(len, bodies)) <= 200_000
    assert words(to_html("\n\n".join(bodies))) == words(html)
