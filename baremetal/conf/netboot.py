"""What machines boot from the network, with the boot interface ipxe."""

from pathlib import Path
from typing import Final

from oslo_config import cfg

#: Where baremetal-ramdisk puts what it builds, unless it is told another place.
RAMDISKS: Final = Path("/var/lib/baremetal/ramdisks")

GROUP = "netboot"
OPTS = [
    cfg.HostAddressOpt(
        "host",
        help="Address, on the network that machines boot by, on which the conductor serves "
        "scripts, kernels and ramdisks by HTTP. Default: it serves nothing.",
    ),
    cfg.PortOpt("port", default=8089, help="Port on which it does."),
    cfg.StrOpt(
        "root",
        help="Directory of what is served. Default: netboot in state_dir.",
    ),
    cfg.StrOpt(
        "url",
        regex=r"^https?://\S+$",
        help="URL by which machines reach that directory, where a server of your own serves it. "
        "Default: http://host:port.",
    ),
    cfg.StrOpt(
        "api_url",
        regex=r"^https?://\S+$",
        help="URL by which agents reach the API, up to and with /baremetal. Default: "
        "[api]public_url, else from [api]host and [api]port.",
    ),
    cfg.StrOpt(
        "deploy_kernel",
        default="",
        help="http or file URL of the kernel for the agent's ramdisk, for nodes that name no "
        "deploy_kernel in driver_info.",
    ),
    cfg.StrOpt(
        "deploy_ramdisk",
        default="",
        help="The same of the ramdisk, which baremetal-ramdisk builds.",
    ),
    cfg.ListOpt(
        "file_paths",
        default=["$state_dir/ramdisks", str(RAMDISKS)],
        help="Directories whose files nodes may name by file URLs in driver_info: whoever may "
        "write that can have each of them read by a machine. What deploy_kernel and "
        "deploy_ramdisk name here may be anywhere.",
    ),
    cfg.StrOpt(
        "kernel_append_params",
        default="",
        help="Arguments for that kernel, such as console=ttyS0.",
    ),
]
