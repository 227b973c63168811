"""Files in S3, or whatever speaks its protocol. Imported only where it is used: the library takes some megabytes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from typing import Any

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

from gateways.storage.base import DOWNLOAD_SECONDS, PART_BYTES, UPLOAD_SECONDS, Announced, NotKept, Target

_TIMEOUT_SECONDS = 10


class S3Storage:
    """Keeps files in a bucket. Without keys of its own it takes those of the environment, as all of AWS's tools do."""

    def __init__(
        self,
        bucket: str,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
    ) -> None:
        self._bucket = bucket
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                signature_version="s3v4",
                connect_timeout=_TIMEOUT_SECONDS,
                read_timeout=_TIMEOUT_SECONDS,
                retries={"max_attempts": 3, "mode": "standard"},
            ),
        )

    async def upload(self, key: str, announced: Announced) -> Target:
        """A presigned address. Type, size and hash are part of what is signed: S3 refuses another file."""
        checksum = base64.b64encode(bytes.fromhex(announced.sha256)).decode()
        wanted = {"ContentType": announced.media_type, "ContentLength": announced.size, "ChecksumSHA256": checksum}
        url = await self._presigned("put_object", {"Key": key, **wanted}, UPLOAD_SECONDS)
        return Target(url, {"content-type": announced.media_type, "x-amz-checksum-sha256": checksum})

    async def size(self, key: str) -> int | None:
        """The size of the object."""
        try:
            found = await self._call(self._client.head_object, Key=key)
        except _Missing:
            return None
        return int(found["ContentLength"])

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The object, in pieces of some hundred kilobytes."""
        try:
            found = await self._call(self._client.get_object, Key=key)
        except _Missing as error:
            raise NotKept("There is no such file.") from error
        body = found["Body"]
        try:
            while part := await asyncio.to_thread(body.read, PART_BYTES):
                yield part
        except (BotoCoreError, OSError) as error:
            raise NotKept(str(error)) from error
        finally:
            body.close()

    async def download(self, key: str, name: str, media_type: str) -> str:
        """A presigned address that saves the file under its name, and never shows it as a page."""
        plain = "".join(each if each.isascii() and (each.isalnum() or each in " ._-") else "_" for each in name)
        shown = {"ResponseContentDisposition": f'attachment; filename="{plain}"', "ResponseContentType": media_type}
        return await self._presigned("get_object", {"Key": key, **shown}, DOWNLOAD_SECONDS)

    async def remove(self, key: str) -> None:
        """Removes the object."""
        await self._call(self._client.delete_object, Key=key)

    async def tidy(self) -> None:
        """Nothing: an object is there as a whole or not at all."""

    async def problem(self) -> str | None:
        """Whether the bucket answers, with these keys."""
        try:
            await self._call(self._client.head_bucket)
        except (_Missing, NotKept) as error:
            return f"the bucket {self._bucket} does not answer: {str(error) or 'there is none'}"
        return None

    async def _presigned(self, act: str, parameters: dict[str, Any], seconds: int) -> str:
        given = {"Bucket": self._bucket, **parameters}
        url: str = await asyncio.to_thread(self._client.generate_presigned_url, act, Params=given, ExpiresIn=seconds)
        return url

    async def _call(self, act: Callable[..., Any], **given: Any) -> Any:
        try:
            return await asyncio.to_thread(act, Bucket=self._bucket, **given)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey", "NotFound"):
                raise _Missing from error
            raise NotKept(str(error)) from error
        except BotoCoreError as error:
            raise NotKept(str(error)) from error


class _Missing(Exception):
    """There is nothing under this key."""
