"""An object on its way into S3: small ones in one request, others in parts of any order."""

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from baremetal.domain.errors import InvalidInput, NotFound, NotSupported
from baremetal.stores.backends.s3_errors import s3_told
from baremetal.stores.contract import Bytes, Stat, Token, Writer
from baremetal.stores.errors import StoreError

if TYPE_CHECKING:
    from baremetal.stores.backends.s3 import S3Store

#: What the protocol allows.
MOST_PARTS: Final = 10_000


class S3Writer(Writer):
    """Pieces in order are gathered to parts; whole parts may come in any order."""

    def __init__(
        self, store: "S3Store", name: str, *, replace: bool, resume: Token | None = None
    ) -> None:
        """Begin, or go on with an upload that the server still knows.

        :raises NotFound: it does not.
        """
        self._store = store
        self._place = store.place(name)
        self._what = store.uri(name)
        self._name = name
        self._replace = replace
        self._step = store.part_size
        self._lock = threading.Lock()
        self._upload: str | None = None
        #: number -> ETag and length
        self._parts: dict[int, tuple[str, int]] = {}
        self._buffer = bytearray()
        #: Where pieces in order go on; after a resume, wherever the first one says.
        self._next: int | None = None if resume is not None else 0
        if resume is not None:
            self._take_up(resume)

    def _take_up(self, token: Token) -> None:
        upload, step = token.get("upload"), token.get("part_size")
        if not isinstance(upload, str) or step != self._step:
            raise NotFound("Interrupted upload", upload)
        with s3_told(self._what):
            pages = self._store.client.get_paginator("list_parts")
            for page in pages.paginate(**self._place, UploadId=upload):
                for part in page.get("Parts", ()):
                    self._parts[part["PartNumber"]] = (part["ETag"], int(part["Size"]))
        self._upload = upload

    def _begun(self) -> str:
        with self._lock:
            if self._upload is None:
                with s3_told(self._what):
                    said = self._store.client.create_multipart_upload(**self._place)
                self._upload = str(said["UploadId"])
            return self._upload

    def write(self, position: int, data: Bytes) -> None:
        aligned = position % self._step == 0
        if aligned and (len(data) == self._step or self._next not in (None, position)):
            self._put_part(position, data)
            if position == self._next:
                self._next += len(data)
            return
        if self._next is None and aligned:
            self._next = position
        if self._next is None or position != self._next + len(self._buffer):
            raise NotSupported(
                f"{self._what}: pieces go in order, or are whole parts of {self._step} bytes; "
                f"{position} is neither."
            )
        view = memoryview(data)
        while view:
            room = self._step - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]
            if len(self._buffer) == self._step:
                self._flush()

    def _flush(self) -> None:
        data, self._buffer = self._buffer, bytearray()
        start = self._next or 0
        self._put_part(start, data)
        self._next = start + len(data)

    def _put_part(self, position: int, data: Bytes) -> None:
        number = position // self._step + 1
        if number > MOST_PARTS:
            raise InvalidInput(
                f"{self._what}: it has more than {MOST_PARTS} parts; set s3/part_mib higher."
            )
        body = data if isinstance(data, bytes | bytearray) else bytes(data)
        with s3_told(self._what):
            said = self._store.client.upload_part(
                **self._place, UploadId=self._begun(), PartNumber=number, Body=body
            )
        self._parts[number] = (said["ETag"], len(data))

    def copy_part(self, origin: dict[str, Any], start: int, end: int) -> None:
        """Let the server copy a range of another object as the next part."""
        number = len(self._parts) + 1
        said = self._store.client.upload_part_copy(
            **self._place,
            **origin,
            UploadId=self._begun(),
            PartNumber=number,
            CopySourceRange=f"bytes={start}-{end - 1}",
        )
        self._parts[number] = (said["CopyPartResult"]["ETag"], end - start)

    def skip(self, position: int, length: int) -> None:
        """Zeros, since there are no holes here."""
        zeros = memoryview(bytes(min(length, self._step)))
        while length > 0:
            # Up to the next part's beginning first: from there on, parts are whole.
            step = min(length, len(zeros), self._step - position % self._step)
            self.write(position, zeros[:step])
            position, length = position + step, length - step

    def checkpoint(self) -> Token:
        return {"upload": self._begun(), "part_size": self._step}

    def commit(self, size: int) -> Stat:
        taken = {} if self._replace else {"IfNoneMatch": "*"}
        client = self._store.client
        if not self._parts and len(self._buffer) == size:
            with s3_told(self._what):
                client.put_object(**self._place, Body=bytes(self._buffer), **taken)
            self._forget()
        else:
            if self._buffer:
                self._flush()
            parts = self._listed(size)
            with s3_told(self._what):
                client.complete_multipart_upload(
                    **self._place,
                    UploadId=self._begun(),
                    MultipartUpload={"Parts": parts},
                    **taken,
                )
        self._ended = True
        return self._store.stat(self._name)

    def _listed(self, size: int) -> list[dict[str, Any]]:
        found = sum(length for _, length in self._parts.values())
        if found != size:
            raise StoreError(f"{self._what}: {found} bytes were uploaded of {size}.")
        return [
            {"PartNumber": number, "ETag": etag}
            for number, (etag, _) in sorted(self._parts.items())
        ]

    def abort(self) -> None:
        self._ended = True
        self._forget()

    def _forget(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            with suppress(NotFound), s3_told(self._what):
                self._store.client.abort_multipart_upload(**self._place, UploadId=upload)

    def close(self) -> None:
        self._ended = True
