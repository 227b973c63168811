"""Brings blocks within the limits of Cairn's formats, and reports what had to give way."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from gateways.olx.scope import QUESTION_FORMATS, Scope
from gateways.olx.tree import IssueCode, OlxBlock, Settings

# The longest texts, in characters, and the longest lists that the formats accept.
_TITLE = 200
_LABEL = 200
_ANSWER = 500
_ADDRESS = 2_000
_NOTE = 5_000
_LONG = 20_000
_BODY = 200_000
_TRANSCRIPT = 200_000
_MOST_HINTS = 20
_MOST_ADDRESSES = 20
_MOST_ANSWERS = 100
_MOST_CAPTIONS = 100
_TALLEST = 10_000
_DAY = 86_400
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def fitted(blocks: list[OlxBlock], scope: Scope) -> list[OlxBlock]:
    """The blocks as Cairn can keep them: none too long, no question without words."""
    return [_fit(piece, scope) for block in blocks for piece in _short_enough(block, scope)]


def _short_enough(block: OlxBlock, scope: Scope) -> Iterator[OlxBlock]:
    """The block, or several of a text that is too long for one. Paragraphs stay whole."""
    if len(block.body) <= _BODY:
        yield block
        return
    texts = [""]
    for paragraph in block.body.split("\n\n"):
        if len(paragraph) > _BODY:
            scope.error(IssueCode.TEXT_TOO_LONG, f"A paragraph of {len(paragraph)} characters was left out.", paragraph)
        elif len(texts[-1]) + len(paragraph) + 2 > _BODY:
            texts.append(paragraph)
        else:
            texts[-1] = f"{texts[-1]}\n\n{paragraph}" if texts[-1] else paragraph
    # A question keeps what fits; the rest would stand behind it, out of place.
    if block.format != "text" and len(texts) > 1:
        scope.error(IssueCode.TEXT_TOO_LONG, "The end of this text is too long and was left out.", texts[1])
    kept = texts if block.format == "text" else texts[:1]
    for number, text in enumerate(text for text in kept if text):
        yield replace(block, body=text, title=None if number else block.title)


def _fit(block: OlxBlock, scope: Scope) -> OlxBlock:
    if block.title and len(block.title) > _TITLE:
        block = replace(block, title=_cut(block.title, _TITLE, "title", scope))
    if block.format == "media":
        _fit_media(block.settings, scope)
    if block.format == "embed":
        return _fit_embed(block)
    if block.format in QUESTION_FORMATS:
        _fit_question(block.settings, scope)
        if not block.body.strip():
            scope.info(
                IssueCode.COMPONENT_EMPTY, "This question has no words of its own; its title stands in for them."
            )
            return replace(block, body=block.title or "–")
    return block


def _cut(text: str, length: int, what: str, scope: Scope) -> str:
    """The text up to `length` characters, ending with an ellipsis where it was longer."""
    if len(text) <= length:
        return text
    scope.error(IssueCode.TEXT_TOO_LONG, f"The {what} has more than {length} characters; its end was cut off.", text)
    return text[: length - 1].rstrip() + "…"


# --- questions -----------------------------------------------------------------------------------------------------


def _fit_question(settings: Settings, scope: Scope) -> None:
    settings["hints"] = [_cut(hint, _NOTE, "hint", scope) for hint in settings["hints"]]
    if left := settings["hints"][_MOST_HINTS:]:
        message = f"A question has at most {_MOST_HINTS} hints; {len(left)} more were left out."
        scope.warn(IssueCode.HINT_NOT_KEPT, message, "\n".join(left))
    settings["hints"] = settings["hints"][:_MOST_HINTS]
    for name, length in (("explanation", _LONG), ("rubric", _LONG), ("unit", _LABEL)):
        if settings.get(name):
            settings[name] = _cut(settings[name], length, name, scope)
    for name in ("accepted", "answers"):
        if name in settings:
            settings[name] = _fit_answers(settings[name], scope)
    for entry in (*settings.get("choices", ()), *settings.get("accepted", ()), *settings.get("answers", ())):
        if entry["feedback"]:
            entry["feedback"] = _cut(entry["feedback"], _NOTE, "feedback", scope)


def _fit_answers(answers: list[Settings], scope: Scope) -> list[Settings]:
    short = [answer for answer in answers if len(answer.get("text", "")) <= _ANSWER]
    long = [answer for answer in answers if len(answer.get("text", "")) > _ANSWER]
    if left := [*long, *short[_MOST_ANSWERS:]]:
        message = (
            f"{len(left)} answer(s) were left out:"
            f" one has at most {_ANSWER} characters, and there are at most {_MOST_ANSWERS}."
        )
        written = (str(answer.get("text") or answer.get("value") or answer.get("minimum")) for answer in left)
        scope.error(IssueCode.TEXT_TOO_LONG, message, "\n".join(written))
    return short[:_MOST_ANSWERS]


# --- media and embeds ----------------------------------------------------------------------------------------------


def is_address(url: str) -> bool:
    """Whether Cairn accepts the address of a file: https, or a file of the course."""
    if url.startswith("olx:static/"):
        return True
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False
    return usable and len(url) <= _ADDRESS and not re.search(r"[\x00-\x20\x7f\\\s]", url)


def _fit_media(settings: Settings, scope: Scope) -> None:
    settings["alternative_urls"] = settings["alternative_urls"][:_MOST_ADDRESSES]
    if settings["transcript"]:
        settings["transcript"] = _cut(settings["transcript"], _TRANSCRIPT, "transcript", scope)
    _fit_captions(settings, scope)
    start, end, duration = (settings[n] for n in ("starts_at_seconds", "ends_at_seconds", "duration_seconds"))
    if end is not None and (end <= (start or 0) or end > _DAY):
        scope.warn(
            IssueCode.SETTING_INVALID, f"The video ends at {end} seconds, which is not after its start; it plays on."
        )
        settings["ends_at_seconds"] = end = None
    if start is not None and start > _DAY:
        scope.warn(IssueCode.SETTING_INVALID, f"The video starts at {start} seconds; it plays from the beginning.")
        settings["starts_at_seconds"] = start = None
    if duration is not None and not max(start or 0, (end or 1) - 1) < duration <= _DAY:
        settings["duration_seconds"] = None


def _fit_captions(settings: Settings, scope: Scope) -> None:
    kept: dict[str, Settings] = {}
    for caption in settings["captions"]:
        locale = caption["locale"]
        if not _LANGUAGE_TAG.fullmatch(locale) or locale.lower() in kept or len(kept) == _MOST_CAPTIONS:
            scope.warn(
                IssueCode.SETTING_INVALID,
                f"Captions in “{locale[:50]}” were left out: that is no language, or a second time.",
            )
        else:
            kept[locale.lower()] = caption
    settings["captions"] = list(kept.values())


def _fit_embed(block: OlxBlock) -> OlxBlock:
    height = block.settings["height"]
    block.settings["height"] = height if height and 1 <= height <= _TALLEST else None
    return replace(block, title=block.title or urlsplit(block.settings["url"]).hostname)
