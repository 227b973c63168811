"""Videos with their transcripts, captions and handouts."""

import pytest

from gateways.olx import IssueCode, OlxBlock, OlxCourse

from .conftest import Read

CUE = "00:00:01,000 --> 00:00:02,000"


def block(course: OlxCourse, external_id: str) -> OlxBlock:
    return next(block for block in course.blocks() if block.external_id == external_id)


def video(attributes: str, inner: str = "") -> str:
    return f"<video url_name='v' display_name='Film' {attributes}>{inner}</video>"


def transcript(read: Read, name: str, content: str | bytes) -> tuple[str | None, list[IssueCode]]:
    source = video("youtube_id_1_0='abc'", f"<transcript language='en' src='{name}'/>")
    course = read(source, files={f"static/{name}": content})
    return block(course, "video/v").settings["transcript"], [issue.code for issue in course.issues]


def test_a_video_keeps_everything_about_it(sample: OlxCourse) -> None:
    film = block(sample, "video/bedroom")
    assert (film.format, film.title) == ("media", "A good bedroom")
    assert film.body == "- [Sleep guide 2026.txt](olx:static/Sleep%20guide%202026.txt)"
    assert film.settings == {
        "kind": "video",
        "url": "https://www.youtube.com/watch?v=abcDEF_12-3",
        "alternative_urls": ["https://example.org/bedroom.mp4"],
        "alt": None,
        "transcript": "A good bedroom is dark,\nquiet & cool. It's that simple.",
        "captions": [
            {"locale": "en", "url": "olx:static/bedroom-en.srt"},
            {"locale": "de", "url": "olx:static/bedroom-de.srt"},
        ],
        "duration_seconds": 150,
        "poster_url": None,
        "starts_at_seconds": 10,
        "ends_at_seconds": 150,
    }


def test_an_old_video_has_its_speeds_and_transcript_in_attributes(sample: OlxCourse) -> None:
    film = block(sample, "video/old_style")
    assert film.settings["url"] == "https://www.youtube.com/watch?v=normal_1234"
    assert film.settings["transcript"] == "Sleep is\nnot lost time."
    assert film.settings["captions"] == [{"locale": "en", "url": "olx:static/subs_normal_1234.srt.sjson"}]


def test_files_of_the_course_and_of_the_web_can_be_played(sample: OlxCourse) -> None:
    film = block(sample, "video/uploaded")
    assert film.settings["url"] == "olx:static/night.mp4"
    assert film.settings["alternative_urls"] == ["https://example.org/night.mp4"]
    found = {issue.code for issue in sample.issues if issue.external_id == "video/uploaded"}
    assert found == {IssueCode.ADDRESS_CHANGED, IssueCode.STATIC_MISSING}


def test_a_video_that_is_nowhere_leaves_its_transcript(sample: OlxCourse) -> None:
    text = block(sample, "video/lost")
    assert (text.format, text.title) == ("text", "Lost film")
    assert text.body == "> A good bedroom is dark,\n> quiet & cool. It's that simple."
    found = [issue.code for issue in sample.issues if issue.external_id == "video/lost"]
    assert found == [IssueCode.VIDEO_WITHOUT_SOURCE]


def test_an_uploaded_video_is_found_by_its_encodings(read: Read) -> None:
    encodings = (
        "<video_asset duration='61.9'><encoded_video profile='youtube' url='yt_id'/>"
        "<encoded_video profile='hls' url='https://cdn.example.org/a.m3u8'/></video_asset>"
    )
    film = block(read(video("edx_video_id='x'", encodings)), "video/v")
    assert film.settings["url"] == "https://www.youtube.com/watch?v=yt_id"
    assert film.settings["alternative_urls"] == ["https://cdn.example.org/a.m3u8"]
    assert film.settings["duration_seconds"] == 61


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.srt", f"1\n{CUE}\n42\n\n2\n{CUE}\nSo long.\n", "42\nSo long."),
        ("a.srt", f"1\r\n{CUE}\r\nOne\r\ntwo\r\n\r\n", "One two"),
        ("a.srt", f"1\n{CUE}\nAbove\n\nbelow a blank line\n\n2\n{CUE}\nEnd", "Above\nbelow a blank line\nEnd"),
        ("a.vtt", f"WEBVTT\n\nNOTE hidden\n\nintro\n{CUE} align:start\n<v Ada>Hi &amp; welcome</v>\n", "Hi & welcome"),
        ("a.srt", "{\\an8}plain words\nwithout times", "plain words\nwithout times"),
        ("a.srt", b"\xff\xfe" + f"1\n{CUE}\nfrüh\n".encode("utf-16-le"), "früh"),
        ("a.srt.sjson", '{"start": [1], "end": [2], "text": ["a &gt; b", null, "c"]}', "a > b\nc"),
    ],
)
def test_transcripts_of_every_kind_are_read(read: Read, name: str, content: str | bytes, text: str) -> None:
    assert transcript(read, name, content) == (text, [])


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.sjson", "[1, 2", IssueCode.FILE_UNREADABLE),
        ("a.sjson", '{"text": 5}', IssueCode.FILE_UNREADABLE),
        ("a.txt", "words", IssueCode.FILE_TOO_LARGE),
    ],
)
def test_a_transcript_that_cannot_be_read_is_reported(read: Read, name: str, content: str, code: IssueCode) -> None:
    assert transcript(read, name, content) == (None, [code])


def test_a_transcript_in_another_encoding_is_guessed(read: Read) -> None:
    said = f"1\n{CUE}\nfrüh\n".encode("cp1252")
    assert transcript(read, "a.srt", said) == ("früh", [IssueCode.ENCODING_GUESSED])


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("75.5", "80", (75, 80)),
        ("01:15", "00:02:00", (75, 120)),
        ("00:00:00", "00:00:00", (None, None)),
        ("00:01:00", "00:00:30", (60, None)),
        ("soon", "later", (None, None)),
    ],
)
def test_times_are_read_in_every_notation(
    read: Read, start: str, end: str, expected: tuple[int | None, int | None]
) -> None:
    course = read(video(f"youtube_id_1_0='a' start_time='{start}' end_time='{end}'"))
    settings = block(course, "video/v").settings
    assert (settings["starts_at_seconds"], settings["ends_at_seconds"]) == expected


def test_captions_in_no_language_are_left_out(read: Read) -> None:
    captions = "<transcript language='e!' src='a.srt'/><transcript language='zh_HANS' src='a.srt'/>"
    course = read(video("youtube_id_1_0='a'", captions), files={"static/a.srt": "hello"})
    assert block(course, "video/v").settings["captions"] == [{"locale": "zh-HANS", "url": "olx:static/a.srt"}]
    assert [issue.code for issue in course.issues] == [IssueCode.SETTING_INVALID]
