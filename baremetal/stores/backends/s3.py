"""``s3://bucket/key``: Amazon's and everybody's who speaks like it, such as Ceph's gateway."""

import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace as changed
from typing import Any, ClassVar, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from baremetal.domain.errors import InvalidInput, NotFound
from baremetal.domain.properties import Property
from baremetal.stores.abilities import KnowsLeftovers, Leftover, SignedUrls
from baremetal.stores.backends.http_client import byte_range
from baremetal.stores.backends.s3_errors import from_s3, s3_told
from baremetal.stores.backends.s3_writer import MOST_PARTS, S3Writer
from baremetal.stores.contract import Bytes, Capabilities, Stat, Store, Token, Writer
from baremetal.stores.errors import SourceChanged
from baremetal.stores.settings import Settings
from baremetal.stores.uri import Uri

_PIECE: Final = 1 << 20
_MIB: Final = 1 << 20
#: What one request may copy.
_COPY_STEP: Final = 1 << 30

_clients: dict[Settings, Any] = {}
_lock = threading.Lock()


class S3Store(Store, SignedUrls, KnowsLeftovers):
    """Objects in buckets; a name is ``bucket/key``. Large ones come in parts."""

    scheme = "s3"
    properties: ClassVar[tuple[Property, ...]] = (
        Property("endpoint", "The service, unless it is Amazon's.", "https://s3.x.org", kind="url"),
        Property("region", "The region that signatures are made for.", "eu-central-1"),
        Property("access_key", "Who we are; without it, boto3 looks where it does.", "AKIAIOSF"),
        Property("secret_key", "The key that goes with it.", "wJalrXUtnFEMI", secret=True),
        Property("ca_file", "PEM file of who signs the server's certificate.", "/etc/ssl/ca.pem"),
        Property("addressing", "Where buckets stand.", "path", choices=("path", "virtual")),
        Property(
            "part_mib",
            f"The size of parts, MiB; an object has at most {MOST_PARTS}.",
            "8",
            kind="integer",
            minimum=5,
            maximum=1024,
        ),
    )
    capabilities = Capabilities(
        part_size=8 * _MIB,
        server_copy=True,
        signed_url=True,
        atomic_publish=True,
        resume=True,
        list=True,
        max_object_size=8 * _MIB * MOST_PARTS,
    )

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        super().__init__(settings)
        part = self.settings.integer("part_mib", 8) * _MIB
        self.part_size = part
        self.capabilities = changed(
            self.capabilities, part_size=part, max_object_size=part * MOST_PARTS
        )

    @property
    def client(self) -> Any:
        """The connection pool, which all stores with these settings share: it is slow to make."""
        with _lock:
            if self.settings not in _clients:
                _clients[self.settings] = self._new_client()
            return _clients[self.settings]

    def _new_client(self) -> Any:
        get = self.settings.text
        config = Config(
            signature_version="s3v4",
            s3={
                "addressing_style": get("addressing", "path"),
                # Digests are computed once, by whoever wants them, not again by the client.
                "payload_signing_enabled": False,
            },
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": 4},
            max_pool_connections=32,
            connect_timeout=10,
            read_timeout=60,
        )
        return boto3.session.Session().client(
            "s3",
            endpoint_url=get("endpoint") or None,
            region_name=get("region") or "us-east-1",
            aws_access_key_id=get("access_key") or None,
            aws_secret_access_key=get("secret_key") or None,
            verify=get("ca_file") or None,
            config=config,
        )

    def uri(self, name: str) -> str:
        bucket, _, key = name.partition("/")
        return str(Uri("s3", bucket, f"/{key}"))

    def place(self, name: str) -> dict[str, str]:
        """Bucket and key, as requests have them.

        :raises InvalidInput: one is missing.
        """
        bucket, _, key = name.partition("/")
        if not bucket or not key:
            raise InvalidInput(f"'{name}' is no S3 object; s3://bucket/key is.")
        return {"Bucket": bucket, "Key": key}

    def stat(self, name: str) -> Stat:
        with s3_told(self.uri(name)):
            said = self.client.head_object(**self.place(name))
        return Stat(
            int(said["ContentLength"]),
            validator=said.get("ETag"),
            modified=said["LastModified"].timestamp(),
            name=name,
        )

    def read(
        self, name: str, start: int = 0, length: int | None = None, expect: str | None = None
    ) -> Generator[Bytes, None, None]:
        if length == 0:
            return
        more: dict[str, str] = {}
        if wanted := byte_range(start, length):
            more["Range"] = wanted
        if expect is not None:
            more["IfMatch"] = expect
        try:
            body = self.client.get_object(**self.place(name), **more)["Body"]
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 416:
                return
            if status == 412:
                raise SourceChanged(self.uri(name)) from error
            raise from_s3(error, self.uri(name)) from error
        except BotoCoreError as error:
            raise from_s3(error, self.uri(name)) from error
        with closing(body), s3_told(self.uri(name)):
            while piece := body.read(_PIECE):
                yield piece

    def write(
        self,
        name: str,
        *,
        size: int | None = None,
        replace: bool = False,
        resume: Token | None = None,
    ) -> Writer:
        if size is not None and size > self.part_size * MOST_PARTS:
            least = -(-size // (MOST_PARTS * _MIB))
            raise InvalidInput(
                f"{self.uri(name)}: {size} bytes are more than {MOST_PARTS} parts of "
                f"{self.part_size >> 20} MiB; set s3/part_mib to {least} or more."
            )
        if not replace:
            self.refuse_taken(name)
        return S3Writer(self, name, replace=replace, resume=resume)

    def delete(self, name: str) -> None:
        with s3_told(self.uri(name)):
            self.client.delete_object(**self.place(name))

    def copy(self, source: str, target: str, *, replace: bool = False) -> str:
        stat = self.stat(source)
        if not replace:
            self.refuse_taken(target)
        origin = {"CopySource": self.place(source), "CopySourceIfMatch": stat.validator}
        size = stat.size or 0
        with s3_told(self.uri(source)):
            if size <= _COPY_STEP:
                self.client.copy_object(**self.place(target), **origin)
                return "server copy"
        writer = S3Writer(self, target, replace=replace)
        with writer, s3_told(self.uri(source)):
            for start in range(0, size, _COPY_STEP):
                writer.copy_part(origin, start, min(start + _COPY_STEP, size))
            writer.commit(size)
        return "server copy"

    def list(self, prefix: str = "") -> Iterator[Stat]:
        bucket, _, start = prefix.partition("/")
        if not bucket:
            raise InvalidInput("A listing is that of one bucket: s3://bucket/prefix.")
        with s3_told(self.uri(prefix)):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=bucket, Prefix=start):
                for each in page.get("Contents", ()):
                    yield Stat(
                        int(each["Size"]),
                        validator=each.get("ETag"),
                        modified=each["LastModified"].timestamp(),
                        name=f"{bucket}/{each['Key']}",
                    )

    def leftovers(self, prefix: str = "") -> Iterator[Leftover]:
        bucket, _, start = prefix.partition("/")
        with s3_told(self.uri(prefix)):
            pages = self.client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=bucket, Prefix=start):
                for each in page.get("Uploads", ()):
                    name = f"{bucket}/{each['Key']}"
                    when = each["Initiated"].timestamp()
                    yield Leftover(self.uri(name), f"{each['UploadId']} {name}", when)

    def discard(self, leftover: Leftover) -> None:
        upload, _, name = leftover.handle.partition(" ")
        with suppress(NotFound), s3_told(leftover.name):
            self.client.abort_multipart_upload(**self.place(name), UploadId=upload)

    def signed_url(self, name: str, seconds: int, method: str = "GET") -> str:
        verb = {"GET": "get_object", "HEAD": "head_object", "PUT": "put_object"}[method]
        url: str = self.client.generate_presigned_url(
            verb, Params=self.place(name), ExpiresIn=seconds, HttpMethod=method
        )
        return url
