"""The pictures and files that a question in Moodle XML brings along."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import PurePosixPath
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element, SubElement

from gateways.banks.questions import Bank
from gateways.olx import IssueCode, Severity

_PLACE = "@@PLUGINFILE@@/"
_REFERENCE = re.compile(_PLACE + r"""([^\s"'<>?#()]+)""")
Finding = tuple[Severity, IssueCode, str]


def keep_files(element: Element, bank: Bank) -> list[Finding]:
    """Takes the files of a question into the bank, and has its texts refer to them by the names that they have there.

    Two questions may each bring another file of the same name: then the second one gets a name of its own.
    """
    _keep_old_image(element)
    findings: list[Finding] = []
    names: dict[str, str] = {}
    for file in element.iter("file"):
        name = file.get("name", "").rpartition("/")[2] or "file"
        try:
            content = base64.b64decode("".join((file.text or "").split()), validate=True)
        except (binascii.Error, ValueError):
            findings.append((Severity.ERROR, IssueCode.STATIC_MISSING, f"The picture or file {name} is damaged."))
            continue
        stored = _free(name, content, bank)
        bank.files[stored] = content
        names[file.get("path", "/").strip("/") + "/" + name] = names["/" + name] = stored
    for text in element.iter("text"):
        text.text = text.text and _REFERENCE.sub(lambda found: _PLACE + _named(found[1], names), text.text)
    return findings


def _free(name: str, content: bytes, bank: Bank) -> str:
    if bank.files.get(name, content) == content:
        return name
    path = PurePosixPath(name)
    return f"{path.stem}-{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"


def _named(reference: str, names: dict[str, str]) -> str:
    path, _, name = unquote(reference).rpartition("/")
    stored = names.get(f"{path}/{name}")
    return reference if stored is None else quote(stored, safe="")


def _keep_old_image(element: Element) -> None:
    """Moodle 1.9 had one picture for each question, beside its text."""
    name, content = element.findtext("image", "").strip(), element.findtext("image_base64", "").strip()
    words = element.find("questiontext/text")
    if not name or not content or words is None:
        return
    file = SubElement(element, "file", {"name": name})
    file.text = content
    words.text = f'{words.text or ""}<p><img src="{_PLACE}{quote(name.rpartition("/")[2])}" alt=""></p>'
