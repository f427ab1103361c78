"""Images: records, and their data, which never is in memory as a whole."""

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from baremetal.client import errors
from baremetal.client.resources import Collection
from baremetal.client.transport import Resource, Transport

#: (bytes done, bytes in all or None)
Report = Callable[[int, int | None], None]

_OCTETS: Final = "application/octet-stream"
_PATCH: Final = "application/openstack-images-v2.1-json-patch"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NUMBERS: Final = ("min_disk", "min_ram")
_PIECE: Final = 1 << 20
#: Why an import failed.
_MESSAGE: Final = "os_glance_import_message"
#: Stores that it has still to reach, and those that it has not; with commas.
_IMPORTING: Final = "os_glance_importing_to_stores"
_FAILED: Final = "os_glance_failed_import"


class Images(Collection):
    """The images of the service beside the Bare Metal API."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "images")
        self._path = "/v2/images"

    def get(self, ident: str, fields: Sequence[str] = ()) -> Resource:
        """One image by its ID, or by a name that no other image has."""
        if _UUID.fullmatch(ident):
            return super().get(ident)
        found = [*self.list(name=ident, limit=2)]
        if len(found) == 1:
            return found[0]
        path = f"{self._transport.root}{self._path}"
        fault = (
            f"There are several images named {ident}; give an ID."
            if found
            else (f"Image {ident} could not be found.")
        )
        status = 409 if found else 404
        raise errors.error_for(errors.Refusal(status, fault, "GET", path))

    def create(self, body: Resource) -> Resource:
        """The record that the server made; ``properties`` are members of their own there."""
        own = body.get("properties", {})
        given = {name: _value(name, value) for name, value in body.items() if name != "properties"}
        return super().create({**own, **given})

    def update(self, ident: str, patch: Sequence[Resource], **_query: Any) -> Resource:
        """The image after a JSON patch."""
        steps = [_step(step) for step in patch]
        headers = {"Content-Type": _PATCH}
        path = f"{self._path}/{self.get(ident)['id']}"
        updated: Resource = self._transport.request("PATCH", path, json=steps, headers=headers)
        return updated

    def delete(self, ident: str) -> None:
        """Delete an image and its data."""
        super().delete(self.get(ident)["id"])

    def upload(self, uuid: str, source: Path, report: Report, store: str | None = None) -> None:
        """Put the bytes of a file into an image; into the default store unless one is named."""
        headers = {"Content-Type": _OCTETS}
        if store is not None:
            headers["X-Image-Meta-Store"] = store
        with source.open("rb") as file:
            body = _Told(file, source.stat().st_size, report)
            path = f"{self._path}/{uuid}/file"
            self._transport.request("PUT", path, data=body, headers=headers)

    def save(self, ident: str, target: Path, report: Report) -> None:
        """Write an image's bytes to a file, which appears under its name when it is whole.

        :raises errors.NotFound: it has none.
        :raises errors.WrongBytes: they are not those of its ``os_hash_value``.
        """
        image = self.get(ident)
        path = f"{self._path}/{image['id']}/file"
        draft = target.with_name(f".{target.name}.part")
        answer = self._transport.stream(path, params={}, headers={}, silence=60)
        try:
            proof = _Proof(image)
            with draft.open("wb") as out:
                done = 0
                for piece in answer.iter_content(_PIECE):
                    out.write(piece)
                    proof.update(piece)
                    done += len(piece)
                    report(done, image["size"])
            if done != image["size"]:
                raise errors.Unreachable(self._transport.root, f"it ended after {done} bytes")
            proof.check()
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
            answer.close()

    def download(self, uuid: str, uri: str, where: Resource | None = None) -> None:
        """Let the service fetch an image's data from the web.

        `where` are the members of an import that name stores, such as ``{"all_stores": True}``.
        """
        self._import(uuid, {"name": "web-download", "uri": uri}, where)

    def copy(self, uuid: str, where: Resource) -> None:
        """Let the service copy an image's data to further stores."""
        self._import(uuid, {"name": "copy-image"}, where)

    def _import(self, uuid: str, method: Resource, where: Resource | None) -> None:
        self._call("POST", uuid, "import", json={"method": method, **(where or {})})

    def stores(self) -> list[Resource]:
        """The stores that images may be put into."""
        found: list[Resource] = self._transport.request("GET", "/v2/info/stores")["stores"]
        return found

    def leave_store(self, ident: str, store: str) -> None:
        """Remove an image's data from one of its stores."""
        path = f"/v2/stores/{quote(store, safe='')}/{self.get(ident)['id']}"
        self._transport.request("DELETE", path)

    def deactivate(self, ident: str) -> None:
        """Keep an image's data from being read."""
        self._call("POST", self.get(ident)["id"], "actions", "deactivate")

    def reactivate(self, ident: str) -> None:
        """Let an image's data be read again."""
        self._call("POST", self.get(ident)["id"], "actions", "reactivate")

    def ticket(self, ident: str, seconds: int | None = None) -> Resource:
        """A URL by which whoever has it reads an image's data, and until when."""
        body = {} if seconds is None else {"seconds": seconds}
        found: Resource = self._call("POST", self.get(ident)["id"], "tickets", json=body)
        return found

    def add_tag(self, ident: str, tag: str) -> None:
        """Give an image a tag."""
        self._call("PUT", self.get(ident)["id"], "tags", tag)

    def remove_tag(self, ident: str, tag: str) -> None:
        """Take a tag from an image."""
        self._call("DELETE", self.get(ident)["id"], "tags", tag)

    def members(self, ident: str) -> list[Resource]:
        """The projects that an image is shared with."""
        found: list[Resource] = self._call("GET", self.get(ident)["id"], "members")["members"]
        return found

    def share(self, ident: str, project: str) -> None:
        """Share an image with a project, which may accept it."""
        self._call("POST", self.get(ident)["id"], "members", json={"member": project})

    def answer(self, ident: str, project: str, status: str) -> None:
        """Say for a project whether it accepts an image."""
        path = (self.get(ident)["id"], "members", project)
        self._call("PUT", *path, json={"status": status})

    def unshare(self, ident: str, project: str) -> None:
        """Share an image with a project no longer."""
        self._call("DELETE", self.get(ident)["id"], "members", project)

    def follow_import(self, uuid: str, look_seconds: float = 1.0) -> Iterator[Resource]:
        """The image each second, the last time when no import of it goes on.

        ``status`` says then how it ended, `failed_stores` where not, and `why_not` why.
        """
        while True:
            found = self.get(uuid)
            yield found
            if found["status"] not in ("importing", "uploading") and not found.get(_IMPORTING):
                return
            time.sleep(look_seconds)


def failed_stores(image: Resource) -> list[str]:
    """The stores that an import has not reached."""
    return [store for store in str(image.get(_FAILED, "")).split(",") if store]


def why_not(image: Resource) -> str:
    """What the service says of an import that has failed."""
    return str(image.get(_MESSAGE, f"the image is {image['status']}"))


class _Proof:
    """Whether bytes are those that an image's hash was made of."""

    def __init__(self, image: Resource) -> None:
        self._image = image
        algorithm = str(image.get("os_hash_algo"))
        known = image.get("os_hash_value") and algorithm in hashlib.algorithms_available
        self._hash = hashlib.new(algorithm, usedforsecurity=False) if known else None

    def update(self, piece: bytes) -> None:
        """Take the next bytes."""
        if self._hash is not None:
            self._hash.update(piece)

    def check(self) -> None:
        """Return if they are, or nobody has said what they should be.

        :raises errors.WrongBytes: they are not.
        """
        if self._hash is None or self._hash.hexdigest() == self._image["os_hash_value"].lower():
            return
        raise errors.WrongBytes(
            f"the data of image {self._image['id']} came with another "
            f"{self._image['os_hash_algo']} than the image has; nothing was saved"
        )


class _Told:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, size: int, report: Report) -> None:
        self._file, self._size, self._report = file, size, report
        self._done = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(_PIECE):
            yield piece

    def read(self, size: int = _PIECE) -> bytes:
        piece = self._file.read(size)
        self._done += len(piece)
        self._report(self._done, self._size)
        return piece


def _step(step: Resource) -> Resource:
    path = str(step["path"]).removeprefix("/properties")
    if "value" not in step:
        return {**step, "path": path}
    return {**step, "path": path, "value": _value(path[1:], step["value"])}


def _value(name: str, value: Any) -> Any:
    number = name in _NUMBERS and isinstance(value, str) and value.isdigit()
    return int(value) if number else value
