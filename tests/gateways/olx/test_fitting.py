"""Blocks are what Cairn's formats accept, so that a tree can be put into the database as it is."""

import json

import pytest

from gateways.olx import IssueCode, OlxBlock, OlxCourse
from models.curriculum import BlockFormat
from resolvers.formats import BY_KIND
from resolvers.formats.base import validated

from .conftest import Read


def accept(block: OlxBlock) -> None:
    """Fails where Cairn's format would refuse the block, once its links are rewritten."""
    kind = BY_KIND[BlockFormat(block.format)]
    validated(kind, json.loads(json.dumps(block.settings).replace("olx:static/", "/static/")))
    assert block.body or not kind.needs_body
    assert block.title or not kind.needs_title
    assert len(block.body) <= 200_000
    assert len(block.title or "") <= 200
    assert 0 <= block.points <= 10_000


def test_every_block_of_the_sample_is_accepted(sample: OlxCourse) -> None:
    for block in sample.blocks():
        accept(block)


LONG = "long " * 5000
CHOICES = "<choice correct='true'>A</choice><choice correct='false'>B <choicehint>" + LONG + "</choicehint></choice>"


@pytest.mark.parametrize(
    "xml",
    [
        f"<problem url_name='p' display_name='{LONG}'><stringresponse answer='{LONG}'><additional_answer answer='ok'/>"
        "<textline/></stringresponse></problem>",
        f"<problem url_name='p'><multiplechoiceresponse><choicegroup>{CHOICES}</choicegroup>"
        f"<solution><p>{LONG}</p></solution></multiplechoiceresponse><demandhint><hint>{LONG}</hint></demandhint></problem>",
        "<problem url_name='p'><multiplechoiceresponse><choicegroup><choice correct='true'>A</choice><choice>B</choice>"
        f"</choicegroup></multiplechoiceresponse><demandhint>{'<hint>h</hint>' * 25}</demandhint></problem>",
        "<problem url_name='p'><stringresponse answer='0'>"
        + "".join(f"<additional_answer answer='{n}'/>" for n in range(1, 150))
        + "<textline/></stringresponse></problem>",
        f"<openassessment url_name='p'><prompts><prompt><description>{LONG}</description></prompt></prompts>"
        f"<rubric><criterion><name>n</name><prompt>{LONG}</prompt></criterion></rubric></openassessment>",
    ],
)
def test_what_is_too_long_is_cut_and_reported(read: Read, xml: str) -> None:
    course = read(xml)
    for block in course.blocks():
        accept(block)
    assert {issue.code for issue in course.issues} & {IssueCode.TEXT_TOO_LONG, IssueCode.HINT_NOT_KEPT}


def test_a_choice_too_long_leaves_the_question_as_text(read: Read) -> None:
    course = read(
        f"<problem url_name='p'><multiplechoiceresponse><choicegroup><choice correct='true'>{LONG}</choice>"
        "<choice>B</choice></choicegroup></multiplechoiceresponse></problem>"
    )
    [block] = course.blocks()
    accept(block)
    assert block.format == "text"
    assert IssueCode.QUESTION_UNSUPPORTED in {issue.code for issue in course.issues}


def test_an_embed_without_a_title_is_called_after_its_site(read: Read) -> None:
    [block] = read("<html url_name='h'><iframe src='https://example.org/a' height='99999'/></html>").blocks()
    accept(block)
    assert (block.title, block.settings["height"]) == ("example.org", None)
