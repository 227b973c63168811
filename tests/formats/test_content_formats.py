"""The rules of what there is to read, watch and embed."""

from __future__ import annotations

from typing import Any

import pytest

from models.curriculum import BlockFormat
from tests.formats.asking import made, refused

MEDIA, CALLOUT, EMBED = BlockFormat.MEDIA, BlockFormat.CALLOUT, BlockFormat.EMBED
FILM: dict[str, Any] = {"kind": "video", "url": "https://example.org/film.mp4"}


@pytest.mark.parametrize("kind", [BlockFormat.TEXT, BlockFormat.SECTION])
def test_a_text_and_a_section_have_nothing_but_the_blocks_own_texts(kind: BlockFormat) -> None:
    assert dict(made(kind)) == {}


def test_media_needs_a_kind_and_an_address() -> None:
    assert set(refused(MEDIA)) == {"kind", "url"}


def test_media_may_be_a_file_of_this_site() -> None:
    assert made(MEDIA, kind="document", url="/files/handbook.pdf").url == "/files/handbook.pdf"


@pytest.mark.parametrize("alt", [None, "", "   "])
def test_a_picture_must_say_what_it_shows(alt: str | None) -> None:
    problems = refused(MEDIA, kind="image", url="/sunrise.jpg", alt=alt)
    assert problems == {"alt": "Say what the picture shows, for those who cannot see it."}


def test_a_film_needs_no_alternative_text() -> None:
    assert made(MEDIA, **FILM).alt is None


def test_every_address_of_media_is_checked_where_it_stands() -> None:
    problems = refused(
        MEDIA,
        kind="video",
        url="javascript:alert(1)",
        alternative_urls=["/film.mp4", "http://example.org/film.mp4"],
        poster_url="//example.org/poster.png",
        captions=[{"locale": "en", "url": "data:text/vtt,WEBVTT"}],
    )
    assert set(problems) == {"url", "alternativeUrls.1", "posterUrl", "captions.0.url"}


def test_captions_are_in_languages() -> None:
    problems = refused(MEDIA, **FILM, captions=[{"locale": "English please", "url": "/en.vtt"}])
    assert set(problems) == {"captions.0.locale"}


def test_there_is_one_file_of_captions_for_a_language() -> None:
    captions = [{"locale": "pt-br", "url": "/1.vtt"}, {"locale": "PT-BR", "url": "/2.vtt"}]
    problems = refused(MEDIA, **FILM, captions=captions)
    assert problems == {"captions.1.locale": "There are captions in 'pt-BR' already."}


@pytest.mark.parametrize(
    ("times", "path"),
    [
        ({"starts_at_seconds": 20, "ends_at_seconds": 10}, "endsAtSeconds"),
        ({"starts_at_seconds": 20, "ends_at_seconds": 20}, "endsAtSeconds"),
        ({"starts_at_seconds": 60, "duration_seconds": 60}, "startsAtSeconds"),
        ({"ends_at_seconds": 61, "duration_seconds": 60}, "endsAtSeconds"),
        ({"starts_at_seconds": -1}, "startsAtSeconds"),
        ({"duration_seconds": -1}, "durationSeconds"),
    ],
)
def test_the_piece_to_play_lies_within_the_whole(times: dict[str, int], path: str) -> None:
    assert set(refused(MEDIA, **FILM, **times)) == {path}


def test_the_piece_to_play_may_be_the_whole() -> None:
    whole = made(MEDIA, **FILM, starts_at_seconds=0, ends_at_seconds=60, duration_seconds=60)
    assert whole.ends_at_seconds == 60


def test_media_whose_length_is_not_known_yet_may_say_nought() -> None:
    assert made(MEDIA, **FILM, duration_seconds=0).duration_seconds == 0


def test_a_callout_informs_unless_it_says_otherwise() -> None:
    assert made(CALLOUT).tone == "info"
    assert made(CALLOUT, tone="quote").tone == "quote"
    assert set(refused(CALLOUT, tone="shout")) == {"tone"}


def test_an_embed_is_a_page_of_another_site() -> None:
    assert made(EMBED, url="https://example.org/board").height is None
    assert set(refused(EMBED, url="/local")) == {"url"}
    assert set(refused(EMBED)) == {"url"}


@pytest.mark.parametrize("height", [0, -5, 10_001])
def test_an_embed_has_a_height_that_can_be_drawn(height: int) -> None:
    assert set(refused(EMBED, url="https://example.org/", height=height)) == {"height"}


@pytest.mark.parametrize("ratio", ["16/9", "16:0", "0:9", "wide", "16:9:1", "16:9\n x", "-16:9"])
def test_an_embed_has_proportions_of_width_and_height(ratio: str) -> None:
    problems = refused(EMBED, url="https://example.org/", aspect_ratio=ratio)
    assert problems == {"aspectRatio": 'Write width and height as in "16:9".'}


def test_an_embed_keeps_its_proportions() -> None:
    assert made(EMBED, url="https://example.org/", aspect_ratio="16:9").aspect_ratio == "16:9"
