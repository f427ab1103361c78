"""Where clients find a share, as it is written down."""

from collections.abc import Iterable
from typing import Any

from baremetal.drivers.interfaces.export import Location
from baremetal.shares.task import ShareTask


def located(task: ShareTask, found: Iterable[Location]) -> list[dict[str, Any]]:
    """Rows of what a server has said."""
    return [
        {
            "uuid": task.clock.new_uuid(),
            "path": one.path,
            "is_admin_only": one.admin,
            "preferred": False,
        }
        for one in found
    ]
