"""Videos with their transcripts and captions."""

import json
from collections.abc import Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element

from gateways.olx.fitting import is_address
from gateways.olx.scope import Scope
from gateways.olx.transcript import UnreadableTranscript, decode, transcript_text
from gateways.olx.tree import IssueCode, OlxBlock, Settings
from gateways.olx.values import first, is_empty, json_value, plain, seconds
from gateways.olx.words import names
from gateways.olx.xml import source_of

# Attributes this module reads, and those that repeat what others say or steer the player only.
KNOWN_ATTRIBUTES = names(
    "youtube youtube_id_1_0 youtube_id_0_75 youtube_id_1_25 youtube_id_1_5 html5_sources source sub transcripts"
    " track handout download_track download_video edx_video_id start_time end_time from to show_captions thumbnail"
    " client_video_id"
)
_WATCH = "https://www.youtube.com/watch?v="


def read_video(element: Element, scope: Scope) -> list[OlxBlock]:
    """A media block; or a text block with the transcript, for a video whose file is nowhere in the export."""
    urls = list(dict.fromkeys(_urls(element, scope)))
    captions = _captions(element, scope)
    transcript = _transcript(captions, scope)
    body = _attachments(element, scope)
    title = scope.title or None
    if not urls:
        scope.error(IssueCode.VIDEO_WITHOUT_SOURCE, "The export does not say where this video is.", source_of(element))
        text = "\n\n".join(filter(None, [body, _as_markdown(transcript)]))
        return [scope.block("text", text, title=title)] if text else []
    settings: Settings = {
        "kind": "video",
        "url": urls[0],
        "alternative_urls": urls[1:],
        "alt": None,
        "transcript": transcript or None,
        "captions": [{"locale": locale, "url": url} for locale, (_, url) in captions.items()],
        "duration_seconds": _duration(element),
        "poster_url": _poster(element, scope),
        "starts_at_seconds": _time(element, scope, "start_time", "from"),
        "ends_at_seconds": _time(element, scope, "end_time", "to"),
    }
    return [scope.block("media", body, title=title, settings=settings)]


def _urls(element: Element, scope: Scope) -> Iterator[str]:
    """Where the video can be had, best first: YouTube, then files, then uploads that name an address."""
    if video := _youtube_id(element):
        yield _WATCH + quote(video, safe="")
    attributes = element.attrib
    listed = json_value(attributes.get("html5_sources", "")) or []
    sources = [*(listed if isinstance(listed, list) else []), plain(attributes.get("source", ""))]
    sources += [child.get("src", "") for child in element.iter("source")]
    for encoded in element.iter("encoded_video"):
        url = encoded.get("url", "")
        sources.append(_WATCH + quote(url, safe="") if encoded.get("profile") == "youtube" and "/" not in url else url)
    for source in dict.fromkeys(str(source) for source in sources):
        if source and source != "None" and (link := scope.link(source)):
            yield from _secure(link, scope)


def _secure(url: str, scope: Scope) -> Iterator[str]:
    """The address by https, which is the only way Cairn plays files from."""
    if url.startswith("http://"):
        scope.warn(IssueCode.ADDRESS_CHANGED, "An address that began with http:// now begins with https://.", url)
        url = "https://" + url.removeprefix("http://")
    if is_address(url):
        yield url
    else:
        scope.error(IssueCode.LINK_BROKEN, "A video's address cannot be played.", url)


def _youtube_id(element: Element) -> str:
    """The video at normal speed. Old exports list one video for each speed: `0.75:abc,1.00:def`."""
    if video := plain(first(element.attrib, "youtube_id_1_0")):
        return video.strip()
    speeds = dict(pair.split(":", 1) for pair in plain(first(element.attrib, "youtube")).split(",") if ":" in pair)
    return next((video.strip() for speed, video in speeds.items() if speed.strip() in ("1.00", "1.0", "1")), "")


def _captions(element: Element, scope: Scope) -> dict[str, tuple[str, str]]:
    """Locale to (file name, reference), the course's language first."""
    names: dict[str, str] = {}
    listed = json_value(element.get("transcripts", ""))
    if isinstance(listed, dict):
        names.update((str(language), str(name)) for language, name in listed.items() if name)
    for child in element.findall("transcript"):
        if child.get("src"):
            names.setdefault(child.get("language", "") or scope.language, child.get("src", ""))
    if sub := plain(first(element.attrib, "sub")):
        names.setdefault("en", f"subs_{sub}.srt.sjson")
    ordered = sorted(names, key=lambda language: language != scope.language)
    found = {language.replace("_", "-"): (names[language], scope.static(names[language])) for language in ordered}
    return {locale: (name, url) for locale, (name, url) in found.items() if url}


def _transcript(captions: dict[str, tuple[str, str]], scope: Scope) -> str:
    """The text in the course's language, or in English, or in the first language that can be read."""
    locales = sorted(captions, key=lambda locale: (locale != scope.language, locale != "en"))
    for locale in locales:
        name = captions[locale][0]
        file = scope.references.resolve(f"/static/{name}").resolved or name
        content = scope.export.read(f"static/{file}")
        if content is None:
            scope.warn(IssueCode.FILE_TOO_LARGE, f"“{name}” is no transcript that can be read.")
            continue
        text, guessed = decode(content)
        if guessed:
            scope.info(IssueCode.ENCODING_GUESSED, f"“{name}” is not in UTF-8; it was read as Windows-1252.")
        try:
            return transcript_text(file, text)
        except UnreadableTranscript as error:
            scope.warn(IssueCode.FILE_UNREADABLE, f"The transcript “{name}” cannot be read. {error}")
    return ""


def _as_markdown(transcript: str) -> str:
    return "\n".join(f"> {line}" for line in transcript.splitlines())


def _attachments(element: Element, scope: Scope) -> str:
    """Links to what could be downloaded beside the video: the handout and a transcript to read."""
    attributes = element.attrib
    sources = [child.get("src", "") for tag in ("handout", "track") for child in element.findall(tag)]
    sources += [plain(attributes.get(name, "")) for name in ("handout", "track")]
    lines = []
    for source in dict.fromkeys(source for source in sources if not is_empty(source)):
        if url := scope.link(source):
            name = scope.references.resolve(source).name or source.rstrip("/").rpartition("/")[2]
            lines.append(f"- [{_escaped(name)}]({url})")
    return "\n".join(lines)


def _escaped(name: str) -> str:
    return "".join(f"\\{character}" if character in "\\[]_*`<&" else character for character in name)


def _duration(element: Element) -> int | None:
    for asset in element.iter("video_asset"):
        try:
            return seconds(asset.get("duration", "0"))
        except ValueError:
            return None
    return None


def _poster(element: Element, scope: Scope) -> str | None:
    image = plain(first(element.attrib, "thumbnail"))
    image = image or next((asset.get("image", "") for asset in element.iter("video_asset")), "")
    if not image:
        return None
    return scope.link(image) if "/" in image else scope.static(image)


def _time(element: Element, scope: Scope, *names: str) -> int | None:
    value = first(element.attrib, *names)
    try:
        return seconds(value) if value else None
    except ValueError:
        scope.warn(IssueCode.SETTING_INVALID, f"{names[0]} is “{value[:100]}”, which is no time.", json.dumps(value))
        return None
