"""A plane in a process that kills itself, and lives again."""

import sqlite3

from baremetal.domain import operation as op
from tests.faults import mortal_plane
from tests.support.asking import wait_until
from tests.support.plane import PlaneProcess


class MortalPlane(PlaneProcess):
    """A plane that is told at its start when to die."""

    death: str | None = None

    def _command(self) -> list[str]:
        command = super()._command()
        if self.death:
            self._environment[mortal_plane.DEATH] = self.death
            command[command.index("baremetal.cmd.main")] = "tests.faults.mortal_plane"
        return command

    def live_again(self, death: str | None) -> None:
        """Begin another life, which ends at `death`."""
        self.death = death
        self.start()

    def wait_for_death(self) -> None:
        """Return when the process is gone, as SIGKILL leaves it."""
        wait_until(lambda: not self.running)
        assert self._process is not None
        assert self._process.returncode == -9, self.log()

    def is_over(self, node: str) -> bool:
        """Whether the last operation on a node had ended when the process died."""
        connection = sqlite3.connect(f"file:{self.state_dir}/baremetal.sqlite?mode=ro", uri=True)
        query = "SELECT state FROM operations WHERE resource_uuid = ? ORDER BY id DESC LIMIT 1"
        (state,) = connection.execute(query, (node,)).fetchone()
        connection.close()
        return state in op.OVER
