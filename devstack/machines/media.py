"""Virtual media: images that a BMC fetches and shows its machine as a CD."""

from contextlib import suppress
from pathlib import Path
from typing import Protocol

import aiohttp

from baremetal.simulator.bmc.chassis import MediumError
from devstack.machines.qmp import QmpError

_PIECE = 1024 * 1024


class ShowMedium(Protocol):
    """Shows a machine that its drive has changed."""

    async def __call__(self, *, inserted: bool) -> None:
        """Show it.

        :raises QmpError: it cannot be shown.
        """


class FetchedMedia:
    """A drive (baremetal.simulator.bmc.chassis.MediaDrive) whose image is fetched whole, first."""

    def __init__(self, path: Path, show: ShowMedium) -> None:
        self.image = ""
        self._path = path
        self._show = show

    async def insert(self, image: str, access: tuple[str, str] | None) -> None:
        """Fetch an image and put it in.

        :raises MediumError: it cannot be had.
        """
        part = self._path.with_suffix(".part")
        try:
            await _fetch(image, access, part)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            part.unlink(missing_ok=True)
            raise MediumError(f"{image}: {error}") from error
        part.replace(self._path)
        self.image = image
        await self._tell(inserted=True)

    async def eject(self) -> None:
        """Take it out."""
        self._path.unlink(missing_ok=True)
        self.image = ""
        await self._tell(inserted=False)

    async def _tell(self, *, inserted: bool) -> None:
        # A machine that ends just now sees it when it boots.
        with suppress(QmpError):
            await self._show(inserted=inserted)


async def _fetch(image: str, access: tuple[str, str] | None, path: Path) -> None:
    auth = aiohttp.BasicAuth(*access) if access else None
    async with (
        aiohttp.ClientSession(auth=auth, raise_for_status=True) as session,
        session.get(image) as answer,
    ):
        with path.open("wb") as file:
            async for piece in answer.content.iter_chunked(_PIECE):
                file.write(piece)
