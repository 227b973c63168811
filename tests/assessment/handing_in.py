"""Somebody who hands files in: announces them, sends them to where they are told to, says so, and waits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import httpx

from tests.assessment.taking import Taker
from tests.jobs.crews import until
from tests.support.clients import Data

UPLOAD = "upload { id name mediaType size status reason downloadUrl }"
TARGET = "target { url method headers { name value } }"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 4
TASK: Data = {"fileUpload": {"markdown": "Hand in a picture.", "kinds": ["IMAGE"], "maximumFiles": 2}}


@dataclass
class Sender(Taker):
    """Somebody with a browser and files."""

    def announced(self, attempt: Data, block: str, data: bytes = PNG, **told: Any) -> Data:
        """What is announced for a file; `told` says it differently."""
        return {
            "attemptId": attempt["id"],
            "blockId": block,
            "name": "day.png",
            "mediaType": "image/png",
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            **told,
        }

    def announce(self, attempt: Data, block: str, data: bytes = PNG, **told: Any) -> Data:
        """The payload: the upload, and its target."""
        wanted = self.announced(attempt, block, data, **told)
        return self.client.do("uploadStart", f"{UPLOAD} {TARGET}", **wanted)

    def send(self, target: Data, data: bytes = PNG, **headers: str) -> httpx.Response:
        """Sends a file as a front end does: with nothing but what it was told."""
        told = {each["name"]: each["value"] for each in target["headers"]}
        url = target["url"] if "://" in target["url"] else f"{self.client.url}{target['url']}"
        return httpx.request(target["method"], url, content=data, headers={**told, **headers}, verify=False)

    def complete(self, upload: str) -> Data:
        """Says that a file is there, and waits until it was looked at."""
        self.client.do("uploadComplete", "jobId", id=upload)
        until(lambda: self.seen(upload)["status"] != "CHECKING", "a look at the file")
        return self.seen(upload)

    def seen(self, upload: str) -> Data:
        """How an upload stands; nothing where it cannot be seen."""
        document = f"query($id: ID!) {{ {UPLOAD.replace('upload {', 'upload(id: $id) {', 1)} }}"
        found: Data = self.client.ask(document, id=upload)["upload"] or {}
        return found

    def upload(self, attempt: Data, block: str, data: bytes = PNG, **told: Any) -> str:
        """A file that is ready; its id."""
        begun = self.announce(attempt, block, data, **told)
        assert self.send(begun["target"], data).status_code == 200
        seen = self.complete(begun["upload"]["id"])
        assert (seen["status"], seen["reason"]) == ("READY", None)
        made: str = seen["id"]
        return made

    def fetch(self, url: str) -> httpx.Response:
        """Fetches a file by its address, without saying who one is."""
        return httpx.get(url if "://" in url else f"{self.client.url}{url}", verify=False)
