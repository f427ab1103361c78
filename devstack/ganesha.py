"""A private NFS-Ganesha with a D-Bus of its own, as Debian packs it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from devstack.daemon import Daemon, DaemonFailedError

_START_SECONDS = 60.0

_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={home}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/> <allow send_destination="*"/> <allow receive_sender="*"/>
  </policy>
</busconfig>
"""

_CONFIGURATION = """
NFS_CORE_PARAM {{
    NFS_Port = {port};
    Protocols = 4;
    Enable_NLM = false;
    Enable_RQUOTA = false;
}}
NFSV4 {{
    Graceless = true;
    RecoveryBackend = fs;
    RecoveryRoot = "{home}/recovery";
    Only_Numeric_Owners = true;
}}
EXPORT_DEFAULTS {{ Access_Type = NONE; }}
%dir "{home}/exports"
"""


class GaneshaUnavailableError(Exception):
    """NFS-Ganesha cannot be run here; the message says what is missing."""


class GaneshaServer:
    """NFS version 4 on a port of all addresses: let it run `inside` a network namespace."""

    def __init__(self, home: Path, inside: Sequence[str] = (), port: int = 2049) -> None:
        """Keep all in `home`; `inside` is put before its command."""
        if shutil.which("ganesha.nfsd") is None or shutil.which("dbus-daemon") is None:
            raise GaneshaUnavailableError(
                "no nfs-ganesha: `make test` as root installs it, otherwise: "
                "sudo apt-get install nfs-ganesha nfs-ganesha-vfs dbus-daemon"
            )
        if os.geteuid() != 0:
            raise GaneshaUnavailableError("NFS-Ganesha wants to be root.")
        self._home = home
        self._inside = list(inside)
        self._port = port
        self.exports = home / "exports"
        self.bus = f"unix:path={home}/bus"
        self._broker = Daemon("dbus", home)
        self.daemon = Daemon("ganesha", home)

    def start(self) -> None:
        """Run it, and return when it answers.

        :raises GaneshaUnavailableError: it does not come up.
        """
        self.exports.mkdir(exist_ok=True)
        (self._home / "recovery").mkdir(exist_ok=True)
        (self._home / "bus.conf").write_text(_BUS.format(home=self._home))
        text = _CONFIGURATION.format(home=self._home, port=self._port)
        (self._home / "ganesha.conf").write_text(text)
        broker = ["dbus-daemon", f"--config-file={self._home}/bus.conf", "--nofork", "--nopidfile"]
        self._broker.start(broker)
        try:
            self._broker.wait_for((self._home / "bus").exists, _START_SECONDS)
        except DaemonFailedError as error:
            self._broker.kill()
            raise GaneshaUnavailableError(str(error)) from error
        self.start_server()

    def start_server(self) -> None:
        """Run the NFS server alone, again."""
        files = ["-f", f"{self._home}/ganesha.conf", "-p", f"{self._home}/own.pid"]
        command = ["ganesha.nfsd", "-F", *files, "-L", "/dev/stdout", "-N", "NIV_EVENT"]
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.bus}
        self.daemon.start([*self._inside, *command], environment=environment)
        try:
            self.daemon.wait_for(self._answers, _START_SECONDS)
        except DaemonFailedError as error:
            self.stop()
            raise GaneshaUnavailableError(str(error)) from error

    def reload(self) -> None:
        """Let it read its configuration anew; it says in its log when it has."""
        before = self.daemon.log(10**6).count("Reread exports complete")
        self.daemon.send(signal.SIGHUP)
        self.daemon.wait_for(
            lambda: self.daemon.log(10**6).count("Reread exports complete") > before,
            _START_SECONDS,
        )

    def _answers(self) -> bool:
        target = ["--dest=org.ganesha.nfsd", "/org/ganesha/nfsd/ExportMgr"]
        method = "org.ganesha.nfsd.exportmgr.ShowExports"
        command = ["dbus-send", f"--bus={self.bus}", "--print-reply", *target, method]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def stop(self) -> None:
        """End both."""
        self.daemon.kill()
        self._broker.kill()
