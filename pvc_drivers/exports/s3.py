"""Exports in a bucket of S3. Each file is one object, and each object is put by one request.

So it is there whole or not at all, nothing half done is ever left, and a chunk is all that is in memory.
Only who exports or imports pays for boto3: `opening` alone imports this module.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pvc_core.config import S3Section
from pvc_core.errors import NotFound
from pvc_core.model.names import DIRECTORY_PATTERN
from pvc_drivers.exports.port import check_file, check_size
from pvc_drivers.exports.s3_client import READS, asking, code_of, connect
from pvc_drivers.exports.s3_errors import ABSENT, TAKEN, UNKNOWN

SUM, SIZE = "sha256", "bytes"
"""Kept with each object."""
READ_BYTES = 1 << 20


class S3Exports:
    """Obeys `Exports`."""

    def __init__(self, place: S3Section) -> None:
        self._place = place

    @cached_property
    def _client(self) -> Any:
        return connect(self._place)

    def where(self, export: str = "") -> str:
        return f"s3://{self._place.bucket}/{self._below()}{export}"

    def names(self) -> list[str]:
        with asking(self._place):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._place.bucket, Prefix=self._below(), Delimiter="/"
            )
            found = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())]
        names = (one.removeprefix(self._below()).removesuffix("/") for one in found)
        return sorted(name for name in names if re.fullmatch(DIRECTORY_PATTERN, name))

    def find(self, export: str, file: str) -> bytes | None:
        """A body that breaks off is asked for again: whoever reads much of it need not begin anew."""
        for left in reversed(range(READS)):
            with asking(self._place):
                answer = self._get(export, file)
                if answer is None:
                    return None
                check_size(export, file, answer["ContentLength"])
                try:
                    return bytes(answer["Body"].read())
                except BotoCoreError:
                    if not left:
                        raise
        return None

    def load(self, export: str, file: str) -> bytes:
        found = self.find(export, file)
        if found is None:
            raise NotFound(f"{self.where(export)} has no {file}", "Is it the right name, and bucket?")
        return found

    def sha256(self, export: str, file: str) -> str | None:
        """As kept with the object, which is not read for that.

        Object and checksum came by the same request, whose signature covers both and which the server takes
        whole or not at all. What somebody else copied there has no checksum, or not of this size, and is
        read. In any case an import believes no byte of it before it has the checksum of the manifest.
        """
        with asking(self._place):
            try:
                head = self._client.head_object(**self._object(export, file))
            except ClientError as error:
                if code_of(error) in ABSENT:
                    return None
                raise
        kept = head.get("Metadata", {})
        if kept.get(SIZE) == str(head["ContentLength"]) and SUM in kept:
            return str(kept[SUM])
        return self._read_sum(export, file)

    def put(self, export: str, file: str, parts: Iterable[bytes]) -> str:
        data = bytearray()
        for part in parts:
            data += part
        with asking(self._place):
            return self._put(export, file, data)

    def put_first(self, export: str, file: str, data: bytes) -> bytes:
        """Sent again after its answer was lost, it finds its own."""
        with asking(self._place):
            try:
                self._put(export, file, data, IfNoneMatch="*")
                return data
            except ClientError as error:
                if code_of(error) not in TAKEN | UNKNOWN:
                    raise
        found = self.find(export, file)
        if found is None:
            # Removed just now; or a service that knows no conditions.
            self.put(export, file, [data])
        return data if found is None else found

    def clear_drafts(self, export: str) -> None:
        """There are none."""

    def _put(self, export: str, file: str, data: bytes | bytearray, **conditions: str) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        kept = {SUM: sha256, SIZE: str(len(data))}
        self._client.put_object(**self._object(export, file), Body=data, Metadata=kept, **conditions)
        return sha256

    def _get(self, export: str, file: str) -> Any:
        try:
            return self._client.get_object(**self._object(export, file))
        except ClientError as error:
            if code_of(error) in ABSENT:
                return None
            raise

    def _read_sum(self, export: str, file: str) -> str | None:
        digest = hashlib.sha256()
        with asking(self._place):
            answer = self._get(export, file)
            if answer is None:
                return None
            for part in answer["Body"].iter_chunks(READ_BYTES):
                digest.update(part)
        return digest.hexdigest()

    def _object(self, export: str, file: str) -> dict[str, str]:
        check_file(export, file)
        return {"Bucket": self._place.bucket, "Key": f"{self._below()}{export}/{file}"}

    def _below(self) -> str:
        return f"{self._place.prefix}/" if self._place.prefix else ""
