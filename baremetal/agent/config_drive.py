"""The config drive: what an operating system reads of its own on its first boot."""

import base64
import binascii
import zlib
from typing import Final

from baremetal.agent import partitions, web
from baremetal.agent.block import MIB, Disk
from baremetal.agent.failure import StepFailed
from baremetal.agent.partitions import Extent

#: The label of its file system, by which operating systems find it; the partition has it too.
LABEL: Final = "config-2"
#: Bytes; Ironic's limit.
_LARGEST: Final = 64 * MIB
#: Bytes of it in base64, with line ends; gzip may make it a little longer.
_LONGEST_TEXT: Final = _LARGEST * 3 // 2
#: Where an ISO 9660 image says that it is one (ECMA-119, 6.2.1 and 8.1.2).
_ISO_MARK: Final = slice(0x8001, 0x8006)


def content_of(field: object) -> bytes:
    """The image in the field ``configdrive``: base64 of gzip of ISO 9660, or a URL of that.

    :raises StepFailed: it is none, or too large.
    """
    if not isinstance(field, str):
        raise StepFailed("configdrive must be an ISO 9660 image, packed by gzip, in base64")
    remote = field.startswith(("http://", "https://"))
    text = web.fetch_text(field, _LONGEST_TEXT) if remote else field
    try:
        packed = base64.b64decode("".join(text.split()), validate=True)
        stream = zlib.decompressobj(wbits=31)
        image = stream.decompress(packed, _LARGEST + 1)
    except (binascii.Error, zlib.error) as error:
        raise StepFailed(f"configdrive is no gzip in base64: {error}") from error
    if len(image) > _LARGEST:
        raise StepFailed(f"configdrive is larger than {_LARGEST // MIB} MiB")
    if image[_ISO_MARK] != b"CD001":
        raise StepFailed("configdrive is no ISO 9660 image")
    return image


def write(disk: Disk, image: bytes) -> Extent:
    """Put it into a partition of its own at the disk's end, and say where that is.

    :raises StepFailed: the disk has no partition table, or no room.
    """
    place = partitions.add_at_end(disk, len(image), LABEL)
    disk.write(place.start, image)
    disk.zero(place.start + len(image), place.length - len(image))
    disk.flush()
    return place
