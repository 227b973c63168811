"""Plain text out of the subtitle files Open edX writes: SubRip (.srt), WebVTT (.vtt) and its own JSON (.sjson)."""

import html
import json
import re

_TIMING = re.compile(r"^\s*\d[\d:.,]*\s*-->")
_MARKUP = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")


class UnreadableTranscript(Exception):
    """The file is no transcript of its kind. The reason is in plain words."""


def decode(content: bytes) -> tuple[str, bool]:
    """The text, and whether its encoding had to be guessed (it is neither UTF-8 nor marked UTF-16)."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace"), False
    try:
        return content.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), True


def transcript_text(name: str, text: str) -> str:
    """The words of the transcript, one line for each cue. Raises UnreadableTranscript for JSON that is none."""
    cues = _json_cues(text) if name.lower().endswith(".sjson") else _timed_cues(text)
    lines = (" ".join(_MARKUP.sub("", html.unescape(cue)).split()) for cue in cues)
    return "\n".join(line for line in lines if line)


def _json_cues(text: str) -> list[str]:
    try:
        cues = json.loads(text)["text"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableTranscript("It holds no transcript in JSON.") from error
    if not isinstance(cues, list):
        raise UnreadableTranscript("It holds no transcript in JSON.")
    return [str(cue) for cue in cues if cue is not None]


def _timed_cues(text: str) -> list[str]:
    """The text below each timing line. What stands above a timing line is the cue's number or name."""
    if not any(_TIMING.match(line) for line in text.splitlines()):
        return [] if text.lstrip().startswith("WEBVTT") else text.splitlines()
    cues: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = paragraph.strip("\n").split("\n")
        timing = next((i for i, line in enumerate(lines) if _TIMING.match(line)), None)
        if timing is not None:
            cues.append(" ".join(line for line in lines[timing + 1 :] if not _TIMING.match(line)))
        elif cues and not lines[0].startswith(("NOTE", "STYLE", "REGION", "WEBVTT")) and not lines[0].strip().isdigit():
            cues.append(" ".join(lines))
    return cues
