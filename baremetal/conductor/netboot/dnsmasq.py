"""dnsmasq, for DHCP, TFTP and IPv6 router advertisements; it answers machines that we expect."""

import logging
import shutil
import signal
import subprocess
import threading
from typing import Final

from baremetal.domain.errors import InvalidInput
from baremetal.drivers.interfaces import BootPlace

LOG = logging.getLogger(__name__)

_PROGRAM: Final = "dnsmasq"
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_STOP_SECONDS: Final = 10.0


class Dnsmasq:
    """One process, started again when it ends; it dies with the conductor."""

    def __init__(
        self, place: BootPlace, *, interface: str, addresses: str, router: str, lease: int
    ) -> None:
        """Answer on `interface` with `addresses`, "first,last", for `lease` seconds each."""
        self._place = place
        self._interface = interface
        self._addresses = addresses
        self._router = router
        self._lease = lease
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run it from now on.

        :raises InvalidInput: it is not installed.
        """
        if shutil.which(_PROGRAM) is None:
            raise InvalidInput("dnsmasq is not installed; Debian has it in dnsmasq-base.")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._keep, name="dnsmasq", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.terminate()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def reread(self) -> None:
        """Let it forget hosts whose files are gone."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(signal.SIGHUP)

    def command(self) -> list[str]:
        """How it is run."""
        place, lease = self._place, self._lease
        assert place.dhcp_hosts is not None  # noqa: S101 - else nobody would run it
        words = [
            # By its parent's death, or this thread's, which only the conductor's own ends.
            *("setpriv", "--pdeathsig", "TERM", _PROGRAM, "--keep-in-foreground"),
            # It reads what the conductor writes in a directory that is for nobody else.
            *("--conf-file=/dev/null", "--user=root", "--log-facility=-", "--pid-file="),
            *("--port=0", f"--interface={self._interface}", "--bind-interfaces"),
            *("--except-interface=lo", "--no-ping", "--dhcp-authoritative", "--dhcp-no-override"),
            *(f"--dhcp-range={self._addresses},{lease}", f"--dhcp-hostsdir={place.dhcp_hosts}"),
            f"--dhcp-leasefile={place.dhcp_hosts.parent / 'dhcp-leases'}",
            "--dhcp-ignore=tag:!known",
            # Else iPXE waits for a router for a quarter of a minute.
            *("--enable-ra", f"--dhcp-range=::,constructor:{self._interface},ra-only"),
            *("--enable-tftp", f"--tftp-root={place.root}", "--tftp-no-fail"),
            # RFC 4578, 2.1: the client's architecture; option 175 is iPXE's own.
            *("--dhcp-match=set:ipxe,175", "--dhcp-match=set:efi,option:client-arch,7"),
            *("--dhcp-match=set:efi,option:client-arch,9",),
            "--dhcp-match=set:http,option:client-arch,16",
            f"--dhcp-boot=tag:ipxe,{place.url}/boot.ipxe",
            "--dhcp-boot=tag:!ipxe,tag:efi,ipxe.efi",
            f"--dhcp-boot=tag:!ipxe,tag:http,{place.url}/ipxe.efi",
            "--dhcp-option-force=tag:!ipxe,tag:http,60,HTTPClient",
            "--dhcp-boot=tag:!ipxe,tag:!efi,tag:!http,undionly.kpxe",
        ]
        return [*words, f"--dhcp-option=3,{self._router}" if self._router else "--dhcp-option=3"]

    def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            with self._lock:
                if self._stopping.is_set():
                    return
                self._process = subprocess.Popen(  # noqa: S603 - no shell
                    self.command(), stdin=subprocess.DEVNULL
                )
            status = self._process.wait()
            if self._stopping.is_set():
                return
            LOG.error("dnsmasq ended with status %s; again in %.0f s", status, pause)
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
