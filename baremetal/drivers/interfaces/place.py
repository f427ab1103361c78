"""What a place has for machines that boot from its network; an administrator says so."""

import threading
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BootPlace:
    """Where a conductor lays out what machines boot, and where these find it."""

    #: A directory that is served by HTTP,
    root: Path
    #: and the URL by which machines reach it.
    url: str
    #: The API, as the agent on a machine reaches it.
    api_url: str
    #: What nodes boot that do not name their own: http or file URLs; empty where there is none.
    deploy_kernel: str = ""
    deploy_ramdisk: str = ""
    #: For the ramdisk's kernel, beside what it needs.
    kernel_append_params: str = ""
    #: Where dnsmasq reads whom it may answer; None where DHCP is somebody else's.
    dhcp_hosts: Path | None = None
    #: Directories whose files nodes may name in file URLs, beside the two above.
    file_paths: tuple[Path, ...] = ()
    #: Held while what cards find there is changed, or is taken away.
    changing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
