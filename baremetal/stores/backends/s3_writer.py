"""An object on its way into S3: small ones in one request, others in parts of any order."""

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.stores.backends.parts import PartWriter
from baremetal.stores.backends.s3_errors import s3_told
from baremetal.stores.contract import Bytes, Stat, Token
from baremetal.stores.errors import StoreError

if TYPE_CHECKING:
    from baremetal.stores.backends.s3 import S3Store

#: What the protocol allows.
MOST_PARTS: Final = 10_000


class S3Writer(PartWriter):
    """Pieces in order are gathered to parts; whole parts may come in any order."""

    def __init__(
        self, store: "S3Store", name: str, *, replace: bool, resume: Token | None = None
    ) -> None:
        """Begin, or go on with an upload that the server still knows.

        :raises NotFound: it does not.
        """
        super().__init__(store.uri(name), store.part_size, resumed=resume is not None)
        self._store = store
        self._place = store.place(name)
        self._name = name
        self._replace = replace
        self._lock = threading.Lock()
        self._upload: str | None = None
        if resume is not None:
            self._take_up(resume)

    def _take_up(self, token: Token) -> None:
        upload, step = token.get("upload"), token.get("part_size")
        if not isinstance(upload, str) or step != self.step:
            raise NotFound("Interrupted upload", upload)
        with s3_told(self.what):
            pages = self._store.client.get_paginator("list_parts")
            for page in pages.paginate(**self._place, UploadId=upload):
                for part in page.get("Parts", ()):
                    self.parts[part["PartNumber"] - 1] = (part["ETag"], int(part["Size"]))
        self._upload = upload

    def _begun(self) -> str:
        with self._lock:
            if self._upload is None:
                with s3_told(self.what):
                    said = self._store.client.create_multipart_upload(**self._place)
                self._upload = str(said["UploadId"])
            return self._upload

    def put_part(self, number: int, data: Bytes) -> str:
        if number >= MOST_PARTS:
            raise InvalidInput(
                f"{self.what}: it has more than {MOST_PARTS} parts; set s3/part_mib higher."
            )
        body = data if isinstance(data, bytes | bytearray) else bytes(data)
        with s3_told(self.what):
            said = self._store.client.upload_part(
                **self._place, UploadId=self._begun(), PartNumber=number + 1, Body=body
            )
        return str(said["ETag"])

    def copy_part(self, origin: dict[str, Any], start: int, end: int) -> None:
        """Let the server copy a range of another object as the next part."""
        number = len(self.parts)
        said = self._store.client.upload_part_copy(
            **self._place,
            **origin,
            UploadId=self._begun(),
            PartNumber=number + 1,
            CopySourceRange=f"bytes={start}-{end - 1}",
        )
        self.parts[number] = (said["CopyPartResult"]["ETag"], end - start)

    def checkpoint(self) -> Token:
        return {"upload": self._begun(), "part_size": self.step}

    def commit(self, size: int) -> Stat:
        taken = {} if self._replace else {"IfNoneMatch": "*"}
        client = self._store.client
        if not self.parts and len(self.buffer) == size:
            with s3_told(self.what):
                said = client.put_object(**self._place, Body=bytes(self.buffer), **taken)
            self._forget()
        else:
            self.flush()
            parts = self._listed(size)
            with s3_told(self.what):
                said = client.complete_multipart_upload(
                    **self._place,
                    UploadId=self._begun(),
                    MultipartUpload={"Parts": parts},
                    **taken,
                )
        self._ended = True
        return Stat(size, validator=said.get("ETag"), name=self._name)

    def _listed(self, size: int) -> list[dict[str, Any]]:
        if self.stored != size:
            raise StoreError(f"{self.what}: {self.stored} bytes were uploaded of {size}.")
        return [
            {"PartNumber": number + 1, "ETag": etag}
            for number, (etag, _) in sorted(self.parts.items())
        ]

    def abort(self) -> None:
        self._ended = True
        self._forget()

    def _forget(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            with suppress(NotFound), s3_told(self.what):
                self._store.client.abort_multipart_upload(**self._place, UploadId=upload)
