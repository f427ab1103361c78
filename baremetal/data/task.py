"""What a flow's step has at hand: the image, where its bytes are, and where they go."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from baremetal.db.image_data import ImageChange, ImageData
from baremetal.db.images import ImageStore
from baremetal.db.operations import OperationStore
from baremetal.db.vault import Vault
from baremetal.engine.flow import Work
from baremetal.images.downloads import Downloads
from baremetal.images.keeper import Keeper


@dataclass(slots=True, kw_only=True)
class ImageTask(Work):
    """One run of an operation on an image."""

    images: ImageStore
    data: ImageData
    keeper: Keeper
    downloads: Downloads
    operations: OperationStore
    vault: Vault
    #: Set when the service ends: what runs is to be left for others.
    stopping: threading.Event

    @property
    def uuid(self) -> str:
        """Of the image."""
        return self.operation.resource_uuid

    @property
    def title(self) -> str:
        """Its uuid: names of images are not unique."""
        return self.uuid

    def change(self, values: Mapping[str, Any]) -> ImageChange:
        """Why it has failed, if it has; all else is written by the steps themselves."""
        return ImageChange(self.uuid, values.get("last_error"))

    def guard(self, tx: sa.Connection) -> None:
        """Let nothing be written by one who has lost the operation.

        :raises LeaseLost: to another service.
        """
        self.operations.confirm_in(tx, self.operation, self.clock.now())
