"""The image: each field once; what else an image has are properties of its owner's own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from baremetal.api.types import kinds
from baremetal.api.types.base import Field, Resource, Type
from baremetal.api.types.kinds import Kind
from baremetal.db.tables import images
from baremetal.domain import image as im


def _amount(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError("must be a whole number, 0 or more")
    return value


def _tags(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("must be an array of strings")
    return list(dict.fromkeys(value))


_AMOUNT = Kind("integer", _amount, {"type": "integer", "minimum": 0}, stored_as="integer")
_BYTES = Kind("integer", _amount, {"type": ["null", "integer"]}, stored_as="integer")
_TAGS = Kind("array", _tags, {"type": "array", "items": {"type": "string", "maxLength": 255}})


class Image(Type):
    """Something to be written to a disk: its record, and the bytes that belong to it."""

    __resource__ = Resource("image", "images", images, ())
    __others__: ClassVar[Mapping[str, Any]] = {"type": "string"}

    id = Field(kinds.UUID, source="uuid", writable="create")
    name = Field(kinds.text(255), writable="always", about="Need not be unique.")
    status = Field(kinds.one_of(*im.STATUSES), about="Whether it has data, and may be read.")
    visibility = Field(
        kinds.one_of(*im.VISIBILITIES), writable="always", nullable=False, about="Who sees it."
    )
    owner = Field(kinds.text(255), writable="always", about="The project that it belongs to.")
    disk_format = Field(kinds.one_of(*im.DISK_FORMATS), writable="always")
    container_format = Field(kinds.one_of(*im.CONTAINER_FORMATS), writable="always")
    min_disk = Field(_AMOUNT, writable="always", nullable=False, about="Of the machine, GB.")
    min_ram = Field(_AMOUNT, writable="always", nullable=False, about="Of the machine, MB.")
    protected = Field(kinds.BOOLEAN, writable="always", nullable=False, about="Not to be deleted.")
    os_hidden = Field(kinds.BOOLEAN, writable="always", nullable=False, about="Left out of lists.")
    size = Field(_BYTES, about="Of the data, bytes.")
    virtual_size = Field(_BYTES, about="Of the disk that the data describes, bytes.")
    checksum = Field(kinds.text(32), about="MD5 of the data.")
    os_hash_algo = Field(kinds.text(32), about="The digest that os_hash_value is.")
    os_hash_value = Field(kinds.text(128), about="Digest of the data.")
    tags = Field(_TAGS, writable="always", nullable=False)
    created_at = Field(kinds.MOMENT)
    updated_at = Field(kinds.MOMENT)
