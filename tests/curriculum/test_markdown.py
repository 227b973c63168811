"""Markdown in, clean HTML and plain words out, whatever was written."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.text import to_html, to_plain

SCHEMES = {"http", "https", "mailto", "tel", "cairn"}
FORBIDDEN = {
    "script", "style", "iframe", "object", "embed", "svg", "math", "form", "input", "button", "textarea", "select",
    "link", "meta", "base", "video", "audio", "source", "template", "frame", "frameset", "noscript", "title",
}  # fmt: skip
LINKS = {"href", "src", "cite", "action", "formaction", "poster", "background", "srcset", "data"}
_SCHEME = re.compile(r"^\s*([a-z][a-z0-9+.-]*)\s*:", re.IGNORECASE)


class Inspector(HTMLParser):
    """Collects what a browser would find in a piece of HTML that it should not."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN:
            self.bad.append(f"<{tag}>")
        for name, value in attributes:
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.bad.append(name)
            scheme = _SCHEME.match(re.sub(r"[\x00-\x20]", "", value or "")) if name in LINKS else None
            if scheme and scheme[1].lower() not in SCHEMES:
                self.bad.append(f"{name}={value}")

    def handle_decl(self, decl: str) -> None:
        self.bad.append(decl)

    def handle_comment(self, data: str) -> None:
        self.bad.append(data)


def bad_in(html: str) -> list[str]:
    """Everything in the HTML that must not be there."""
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.bad


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<ScRiPt src=//evil.example></sCrIpT>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        '<p onclick="alert(1)">x</p>',
        "<img src=x onerror=alert(1)>",
        "<img src=x/onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="JaVaScRiPt:alert(1)">x</a>',
        '<a href=" &#14; javascript:alert(1)">x</a>',
        '<a href="java&#9;script:alert(1)">x</a>',
        '<a href="&#106;avascript:alert(1)">x</a>',
        '<a href="data:text/html;base64,PHNjcmlwdD4=">x</a>',
        '<a href="vbscript:x">x</a>',
        "[x](javascript:alert(1))",
        "[x](  javascript:alert(1))",
        "[x](<java\tscript:alert(1)>)",
        "[x](data:text/html,hello)",
        "[x]: javascript:alert(1)\n\n[x]",
        "![x](javascript:alert(1))",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        "![x](data:image/png;base64,AAAA)",
        "<javascript:alert(1)>",
        '<iframe src="https://example.org"></iframe>',
        '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
        "<svg><script>alert(1)</script></svg>",
        "<svg onload=alert(1)>",
        '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        "<style>body { background: url(javascript:alert(1)) }</style>",
        '<p style="position: fixed; background: url(https://evil.example)">x</p>',
        '<form action="https://evil.example"><input name="password"></form>',
        '<object data="x.swf"></object><embed src="x.swf">',
        '<link rel="stylesheet" href="https://evil.example"><meta http-equiv="refresh" content="0"><base href="//e">',
        "<video src=x onerror=alert(1)></video>",
        "<!-- a comment --><!DOCTYPE html><?php echo 1 ?>",
        "<details open ontoggle=alert(1)>x</details>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "`<script>alert(1)</script>` and\n\n    <script>alert(2)</script>",
        "<a href='https://example.org' target='_blank' onfocus=alert(1) autofocus>x</a>",
    ],
)
def test_nothing_that_runs_or_leads_astray_gets_through(text: str) -> None:
    html = to_html(f"{text}\n\nThe end")
    assert bad_in(html) == []
    assert "The end" in to_plain(html) or "<" in text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("Plain words", "<p>Plain words</p>"),
        (
            "**bold** *slanted* ~~gone~~ `code`",
            "<p><strong>bold</strong> <em>slanted</em> <s>gone</s> <code>code</code></p>",
        ),
        ("2 < 3 & 4 > 3", "<p>2 &lt; 3 &amp; 4 &gt; 3</p>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("<mark>kept</mark>", "<p><mark>kept</mark></p>"),
        ("---", "<hr>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("![A tree](https://example.org/a.png)", '<p><img src="https://example.org/a.png" alt="A tree"></p>'),
        ("![A tree](/files/a.png)", '<p><img src="/files/a.png" alt="A tree"></p>'),
        ("[a](mailto:a@example.org)", '<p><a href="mailto:a@example.org" rel="noopener noreferrer">a</a></p>'),
    ],
)
def test_what_authors_mean_is_kept(text: str, html: str) -> None:
    assert to_html(text) == html


def test_tables_are_kept_and_read_row_by_row() -> None:
    html = to_html("| day | mood |\n|---|---|\n| Monday | fine |\n| Tuesday | better |")
    assert html.count("<tr>") == 3
    assert to_plain(html) == "day mood\nMonday fine\nTuesday better"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", ""),
        ("One  \nTwo", "One\nTwo"),
        ("# A\n\nB\n\n- c\n- d", "A\nB\nc\nd"),
        ("a &amp; b &lt; c", "a & b < c"),
        ("`<b>` stays", "<b> stays"),
        ("![A tree](/a.png)", ""),
        ("<script>x</script>y", "y"),
    ],
)
def test_plain_text_is_the_words_alone(text: str, plain: str) -> None:
    assert to_plain(to_html(text)) == plain


PIECES = st.sampled_from(
    [
        "<script>", "</script>", "<img src=x onerror=", "<a href=", "javascript:", "data:text/html,", "<svg", "<style>",
        "</style>", "<iframe srcdoc=", "onclick=", '"', "'", ">", "<", "/>", "&#106;", "&Tab;", "\n\n", "    ", "`",
        "[x](", ")", "![", "]", "<!--", "-->", "<math>", "<p ", "alert(1)", "\x00", "\\", "| a |\n|---|\n", "- ", "> ",
        "&lt;script&gt;",
    ]
)  # fmt: skip
A_FEW = settings(max_examples=150, deadline=None, derandomize=True)


@A_FEW
@given(st.lists(PIECES | st.text(max_size=8), max_size=15).map("".join))
@example("<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>")
@example("<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>")
def test_any_text_gives_clean_html_that_stays_as_it_is_when_cleaned_again(text: str) -> None:
    html = to_html(text)
    assert bad_in(html) == []
    assert bad_in(to_html(html)) == []


@A_FEW
@given(st.lists(PIECES | st.text(max_size=8), max_size=15).map("".join))
def test_plain_text_of_any_text_has_no_tags_of_its_own(text: str) -> None:
    plain = to_plain(to_html(text))
    assert plain == plain.strip()
    assert "\n\n" not in plain


@A_FEW
@given(st.lists(st.from_regex(r"[a-zA-Zäöüß]{1,8}", fullmatch=True), min_size=1, max_size=12))
def test_ordinary_words_are_never_lost(words: list[str]) -> None:
    assert to_plain(to_html(" ".join(words))) == " ".join(words)
