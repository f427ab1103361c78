"""All of it, from its configuration: the directory, the file server, DHCP."""

import ipaddress
import logging
from pathlib import Path
from typing import Final

from oslo_config import cfg

from baremetal.conductor.netboot.dnsmasq import Dnsmasq
from baremetal.conductor.netboot.file_server import FileServer
from baremetal.domain.errors import InvalidInput
from baremetal.drivers.boot import layout
from baremetal.drivers.interfaces import BootPlace

LOG = logging.getLogger(__name__)

#: What firmware without iPXE loads by TFTP, or UEFI by HTTP; Debian has them in ipxe.
_LOADERS: Final = (Path("/usr/lib/ipxe/undionly.kpxe"), Path("/usr/lib/ipxe/ipxe.efi"))
_FIRST_SCRIPT: Final = """#!ipxe
chain nodes/${netX/mac:hexhyp}.ipxe || exit 1
"""


class Netboot:
    """Lays out the directory; `start` and `stop` are no-ops where nothing is configured."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        """Read the configuration.

        :raises InvalidInput: it contradicts itself.
        """
        self.place = _place_of(conf)
        self._server: FileServer | None = None
        self._dnsmasq: Dnsmasq | None = None
        section = conf.netboot
        self._address = (section.host, section.port) if section.host else None
        if self.place is not None and self.place.dhcp_hosts is not None:
            if not conf.dhcp.interface or not conf.dhcp.range:
                raise InvalidInput("[dhcp]provider=dnsmasq needs [dhcp]interface and [dhcp]range.")
            self._dnsmasq = Dnsmasq(
                self.place,
                interface=conf.dhcp.interface,
                addresses=conf.dhcp.range,
                router=conf.dhcp.router,
                lease=conf.dhcp.lease,
            )
        elif conf.dhcp.provider != "none":
            raise InvalidInput("[dhcp]provider=dnsmasq needs [netboot]host or [netboot]url.")

    def start(self) -> None:
        """Lay out what all machines share, and serve."""
        if self.place is None:
            return
        self._lay_out(self.place)
        if self._address is not None:
            self._server = FileServer(self._address, self.place.root)
            self._server.start()
        if self._dnsmasq is not None:
            self._dnsmasq.start()

    def stop(self) -> None:
        """End both."""
        if self._dnsmasq is not None:
            self._dnsmasq.stop()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def reread_hosts(self) -> None:
        """Let DHCP forget whom it may answer no more."""
        if self._dnsmasq is not None:
            self._dnsmasq.reread()

    def _lay_out(self, place: BootPlace) -> None:
        place.root.mkdir(parents=True, exist_ok=True)
        if place.dhcp_hosts is not None:
            place.dhcp_hosts.mkdir(parents=True, exist_ok=True)
        layout.write(place.root / "boot.ipxe", _FIRST_SCRIPT)
        for loader in _LOADERS:
            if loader.exists():
                layout.put(loader, place.root / loader.name)
            else:
                LOG.warning("%s is not installed (Debian: ipxe): only iPXE can boot", loader)


def _place_of(conf: cfg.ConfigOpts) -> BootPlace | None:
    section = conf.netboot
    if not section.host and not section.url:
        return None
    state = Path(conf.state_dir)
    return BootPlace(
        root=Path(section.root) if section.root else state / "netboot",
        url=(section.url or f"http://{_shown(section.host)}:{section.port}").rstrip("/"),
        api_url=_api_url(conf),
        deploy_kernel=section.deploy_kernel,
        deploy_ramdisk=section.deploy_ramdisk,
        file_paths=tuple(Path(path) for path in section.file_paths if path),
        kernel_append_params=section.kernel_append_params,
        dhcp_hosts=state / "dhcp-hosts" if conf.dhcp.provider == "dnsmasq" else None,
    )


def _api_url(conf: cfg.ConfigOpts) -> str:
    said = conf.netboot.api_url or conf.api.public_url
    if said:
        return str(said).rstrip("/")
    host = conf.api.host
    if _is_ours_alone(host):
        raise InvalidInput(
            f"[netboot]api_url must say how machines reach the API: [api]host is {host}."
        )
    return f"http://{_shown(host)}:{conf.api.port}/baremetal"


def _is_ours_alone(host: str) -> bool:
    """Whether it is no address that another machine could use."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
