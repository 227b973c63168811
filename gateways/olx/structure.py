"""Follows the pointers of an OLX export from course.xml down, and yields the course's skeleton: every node with its
place.

Open edX puts each node into a file of its own, `{category}/{url_name}.xml`, and refers to it by an element that has
nothing but a url_name. The same node may as well stand inside its parent; both are read here.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree.ElementTree import Element

from gateways.olx.archive import Export, OlxLimits
from gateways.olx.tree import IssueCode, OlxError, OlxIssue, OlxPlace, Severity
from gateways.olx.values import first, is_empty, plain
from gateways.olx.words import names
from gateways.olx.xml import UnreadableXml, clip, is_utf8, outer_xml, parse_xml, remove, source_of

LEVELS = ("course", "chapter", "sequential", "vertical", "component")
DEEPEST = 40

_LEVEL_OF = {"chapter": 1, "sequential": 2, "videosequence": 2, "problemset": 2, "vertical": 3}
# Containers whose children learners met on the same page, all of them or some.
_GROUPS = {
    "library_content": "drew some of its questions at random for each learner; now all are shown",
    "itembank": "drew some of its questions at random for each learner; now all are shown",
    "legacy_library_content": "drew some of its questions at random for each learner; now all are shown",
    "randomize": "showed one of its parts at random; now all are shown",
    "split_test": "showed each group of learners a part of its own; now all are shown",
    "conditional": "showed its content only when a condition was met; now it is always shown",
    "abtest": "showed each group of learners a part of its own; now all are shown",
    **dict.fromkeys(("wrapper", "unit", "section", "group", "default"), "only grouped its content"),
}
_PLAIN_GROUPS = names("wrapper unit section group default vertical")
_CONTAINERS = frozenset({"course", *_LEVEL_OF, *_GROUPS})
# What a file holds may be called otherwise than what points at it, within each of these.
_ALIKE = (_CONTAINERS, frozenset({"video", "videoalpha"}))
# Children of the course element that are no nodes of the outline; the course reader looks at them itself.
BESIDE_THE_OUTLINE = frozenset({"wiki", "textbook", "grading_policy", "static_tab", "course_info", "about"})


@dataclass(slots=True)
class Raw:
    """A node as found: its element with the policy's settings merged in, and its children in order."""

    category: str
    url_name: str
    external_id: str
    element: Element
    place: OlxPlace
    title: str
    children: list["Raw"] = field(default_factory=list)


@dataclass(slots=True)
class Outline:
    """The skeleton of a course and what was found on the way."""

    root: Raw
    org: str
    course: str
    run: str
    policy: dict[str, dict[str, str]]
    issues: list[OlxIssue]


def read_outline(export: Export, limits: OlxLimits) -> Outline:
    """The skeleton of the course. Raises OlxError when the root is broken, or nodes lead in a circle or without end."""
    pointer = _parse_root(export, "course.xml")
    org, course = plain(pointer.get("org") or ""), plain(pointer.get("course") or "")
    run = plain(pointer.get("url_name") or pointer.get("slug") or "")
    if pointer.tag != "course" or not (org and course and run):
        raise OlxError("course.xml does not say which course it is: org, course and url_name are needed.", "course.xml")
    file = f"course/{_path(plain(pointer.get('filename') or '') or run)}.xml"
    has_file = len(pointer) == 0 and export.has(file)
    if len(pointer) == 0 and not has_file:
        raise OlxError("The course's own file is not in the export.", file)
    element = _parse_root(export, file) if has_file else pointer
    walker = _Walker(export, limits, _policy(export, run))
    walker.apply_policy(element, "course", run)
    title = _title(element, "", 0) or _title(pointer, "", 0) or f"{org} {course}"
    root = Raw("course", run, f"course/{run}", element, OlxPlace((), file if has_file else "course.xml"), title)
    walker.take_out_asides(element, root)
    root.children = walker.children(root, 1)
    return Outline(root, org, course, run, walker.policy, walker.issues)


def _parse_root(export: Export, file: str) -> Element:
    content = export.read(file)
    if content is None:
        raise OlxError("The file is too large.", file)
    try:
        return parse_xml(content, file)
    except UnreadableXml as error:
        raise OlxError(str(error), file) from error


def _path(url_name: str) -> str:
    """Open edX writes a `:` in a url_name as a folder."""
    return url_name.replace(":", "/")


def _policy(export: Export, run: str) -> dict[str, dict[str, str]]:
    """Settings by node (`vertical/abc`), as text like attributes. They win over the attributes of the same name."""
    file = f"policies/{run}/policy.json" if export.has(f"policies/{run}/policy.json") else f"policies/{run}.json"
    content = export.read(file)
    if content is None:
        return {}
    try:
        policy = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise OlxError("The course's policy is no JSON.", file) from error
    if not isinstance(policy, dict):
        raise OlxError("The course's policy is no JSON object.", file)
    return {
        str(node): {str(name): _attribute(value) for name, value in settings.items()}
        for node, settings in policy.items()
        if isinstance(settings, dict)
    }


def _attribute(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(slots=True)
class _Walker:
    """Walks down the outline, finds definitions, and notes what is wrong."""

    export: Export
    limits: OlxLimits
    policy: dict[str, dict[str, str]]
    issues: list[OlxIssue] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _open: list[str] = field(default_factory=list)
    _visited: int = 0
    _parsed_bytes: int = 0

    def children(self, parent: Raw, level: int) -> list[Raw]:
        """The nodes of `level` inside the parent; others are wrapped or opened, and reported."""
        found: list[Raw] = []
        self._note_stray_text(parent)
        for element in list(_at_level(parent, level)):
            if element.tag in BESIDE_THE_OUTLINE and level == 1:
                continue
            if element.get(_IMPLIED):
                self._note_implied(element, parent)
            raw = self._definition(element, parent, level)
            if raw is None:
                continue
            self._open.append(f"{raw.category}/{raw.url_name}")
            if len(self._open) > DEEPEST:
                raise OlxError("The course is nested deeper than any course.", raw.place.file)
            if element.tag in _GROUPS or _LEVEL_OF.get(element.tag, 4) < level:
                self._note_opened(raw)
                found.extend(self._opened(raw, parent, level))
            else:
                if level < 4:
                    raw.children = self.children(raw, level + 1)
                found.append(raw)
            self._open.pop()
        return found

    def _opened(self, raw: Raw, parent: Raw, level: int) -> list[Raw]:
        """The children of a container that is none here, as if they stood in its place."""
        # A <section> was known by its title.
        title = _title(raw.element, "" if raw.category == "section" else raw.url_name, 4) or parent.title
        inside = replace(raw, title=title, place=OlxPlace(parent.place.trail, raw.place.file))
        return self.children(inside, level)

    def _definition(self, element: Element, parent: Raw, level: int) -> Raw | None:
        self._visited += 1
        if self._visited > self.limits.components:
            raise OlxError(f"The course has more than {self.limits.components} parts.", parent.place.file)
        self.take_out_asides(element, parent)
        category = element.tag
        url_name = self._url_name(element, parent)
        if f"{category}/{url_name}" in self._open:
            raise OlxError(f"{category}/{url_name} contains itself.", parent.place.file)
        file = self._definition_file(element, url_name)
        definition = element if file is None else self._read(file, element, url_name, parent)
        if definition is None:
            return None
        self.take_out_asides(definition, parent)
        self.apply_policy(definition, category, url_name)
        title = _title(definition, url_name, level, "" if _is_named(element) else parent.title)
        place = parent.place.below(title or category, file)
        external_id = self._external_id(category, url_name, place)
        return Raw(category, url_name, external_id, definition, place, title)

    def _definition_file(self, element: Element, url_name: str) -> str | None:
        """The file that holds the node, or None when it stands right here.

        Where Open edX writes a pointer it has nothing but a url_name; people who write OLX by hand add more, and until
        2012 a `filename`.
        """
        if len(element) or (element.text or "").strip():
            return None
        named = plain(element.get("filename") or "")
        if named and element.tag == "html":
            return None  # Its text has a file of that name, whose reading is the component's own business.
        file = f"{element.tag}/{_path(named or url_name)}.xml"
        return file if named or set(element.attrib) == {"url_name"} or self.export.has(file) else None

    def _url_name(self, element: Element, parent: Raw) -> str:
        if _is_named(element):
            return plain(first(element.attrib, *_NAMING))
        made = f"{parent.url_name}-{element.tag}-{self._seen[f'{parent.external_id}<{element.tag}'] + 1}"
        self._seen[f"{parent.external_id}<{element.tag}"] += 1
        message = f"A <{element.tag}> has no url_name; it is known as “{made}”, by its position."
        self._note(Severity.INFO, IssueCode.URL_NAME_MISSING, parent.place, message, None)
        return made

    def _read(self, file: str, element: Element, url_name: str, parent: Raw) -> Element | None:
        external_id = f"{element.tag}/{url_name}"
        place = OlxPlace(parent.place.trail, parent.place.file)
        if not self.export.has(file):
            message = f"“{external_id}” is part of the course, but its file {file} is not in the export."
            self._note(Severity.ERROR, IssueCode.FILE_MISSING, place, message, external_id)
            return None
        content = self.export.read(file)
        if content is None:
            message = f"The file {file} is too large to be read."
            self._note(Severity.ERROR, IssueCode.FILE_TOO_LARGE, place, message, external_id)
            return None
        self._parsed_bytes += len(content)
        if self._parsed_bytes > self.limits.documents_bytes:
            raise OlxError("The same files are used over and over again.", file)
        try:
            definition = self._parsed(content, file, place, external_id)
        except UnreadableXml as error:
            message = f"The file {file} cannot be read. {error}"
            source = content.decode("utf-8", "replace")[:2048]
            self._note(Severity.ERROR, IssueCode.FILE_UNREADABLE, place, message, external_id, source)
            return None
        if definition.tag != element.tag and not any({definition.tag, element.tag} <= each for each in _ALIKE):
            message = f"The file {file} holds a <{definition.tag[:40]}> instead of a <{element.tag}>."
            self._note(Severity.ERROR, IssueCode.FILE_UNREADABLE, place, message, external_id, source_of(definition))
            return None
        # What points at a container says what it is: in courses of 2012 the file of a chapter is a <sequential>.
        definition.tag = element.tag
        definition.attrib.update({name: value for name, value in element.attrib.items() if name not in _POINTING})
        return definition

    def _parsed(self, content: bytes, file: str, place: OlxPlace, external_id: str) -> Element:
        """The root of a file; one that claims no encoding and is not in UTF-8 is read as Windows-1252."""
        try:
            return parse_xml(content, file)
        except UnreadableXml:
            if is_utf8(content) or b"encoding" in content[:100]:
                raise
        definition = parse_xml(content.decode("cp1252", "replace").encode(), file)
        message = f"{file} is not in UTF-8; it was read as Windows-1252."
        self._note(Severity.WARNING, IssueCode.ENCODING_GUESSED, place, message, external_id)
        return definition

    def take_out_asides(self, element: Element, parent: Raw) -> None:
        """Removes what plug-ins of Open edX noted beside a node, such as tags: it is no part of the course."""
        for aside in [child for child in element if "aside" in child.get("xblock-family", "")]:
            message = f"<{aside.tag}>, a note of a plug-in, has no home."
            self._note(Severity.INFO, IssueCode.SETTING_NOT_KEPT, parent.place, message, None, source_of(aside))
            remove(element, aside)

    def apply_policy(self, element: Element, category: str, url_name: str) -> None:
        """Merges the policy's settings for the node into its attributes."""
        settings: Mapping[str, str] = self.policy.get(f"{category}/{url_name}", {})
        element.attrib.update({name: value for name, value in settings.items() if name != "xml_attributes"})

    def _external_id(self, category: str, url_name: str, place: OlxPlace) -> str:
        external_id = f"{category}/{url_name}"
        self._seen[external_id] += 1
        if (times := self._seen[external_id]) == 1:
            return external_id
        repeated = f"{external_id}~{times}"
        message = f"“{external_id}” is used {times} times in the course; this copy is known as “{repeated}”."
        self._note(Severity.WARNING, IssueCode.URL_NAME_REPEATED, place, message, repeated)
        return repeated

    def _note_stray_text(self, parent: Raw) -> None:
        if parent.element.get(_IMPLIED):
            return
        texts = [parent.element.text, *(child.tail for child in parent.element)]
        if words := " ".join(" ".join(text for text in texts if text).split()):
            message = f"<{parent.category}> holds text between its parts, which learners never saw."
            self._note(Severity.INFO, IssueCode.MARKUP_DROPPED, parent.place, message, parent.external_id, clip(words))

    def _note_implied(self, element: Element, parent: Raw) -> None:
        message = f"“{parent.title}” holds content directly; a {element.tag} was made for it."
        self._note(Severity.INFO, IssueCode.CONTAINER_IMPLIED, parent.place, message, None)

    def _note_opened(self, raw: Raw) -> None:
        reason = _GROUPS.get(raw.category, "stood where none can; its content takes its place")
        severity = Severity.INFO if raw.category in _PLAIN_GROUPS else Severity.WARNING
        settings = "; ".join(
            f"{name} = {value[:100]}" for name, value in raw.element.attrib.items() if name in _GROUP_SETTINGS
        )
        message = f"<{raw.category}> “{raw.title or raw.url_name}” {reason}.{f' ({settings})' if settings else ''}"
        source = outer_xml(raw.element)[:2048]
        self._note(severity, IssueCode.CONTAINER_FLATTENED, raw.place, message, raw.external_id, source)

    def _note(
        self,
        severity: Severity,
        code: IssueCode,
        place: OlxPlace,
        message: str,
        external_id: str | None,
        source: str | None = None,
    ) -> None:
        self.issues.append(OlxIssue(severity, code, place, message, external_id, source))


_IMPLIED = "olx-implied"
_NAMING = ("url_name", "slug", "name")
_POINTING = frozenset({"url_name", "filename"})
_GROUP_SETTINGS = names(
    "max_count source_library_id sources sources_list conditional_attr conditional_value message group_id_to_child"
)


def _at_level(parent: Raw, level: int) -> Iterator[Element]:
    """The parent's children; a run of those that belong deeper is wrapped into an element of this level."""
    run: Element | None = None
    for child in parent.element:
        if (
            level >= 4
            or child.tag in _GROUPS
            or _LEVEL_OF.get(child.tag, 4) <= level
            or child.tag in BESIDE_THE_OUTLINE
        ):
            if run is not None:
                yield run
            run = None
            yield child
            continue
        if run is None:
            name = f"{parent.url_name}-{child.get('url_name') or child.tag}"
            run = Element(LEVELS[level], {"url_name": name, "display_name": parent.title, _IMPLIED: "true"})
        run.append(child)
    if run is not None:
        yield run


def _is_named(element: Element) -> bool:
    return any(not is_empty(element.get(name)) for name in _NAMING)


def _title(element: Element, url_name: str, level: int, otherwise: str = "") -> str:
    """The node's title, its `name` until 2012. Only components may have none: the outline shows the others."""
    title = plain(element.get("display_name") or "").strip()
    name = plain(element.get("name") or "").strip()
    if not title and (level < 4 or name != url_name):
        title = name
    return title or ("" if level == 4 else otherwise or url_name.replace("_", " "))
