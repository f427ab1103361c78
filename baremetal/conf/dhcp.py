"""DHCP and TFTP for machines that boot from the network."""

from oslo_config import cfg

GROUP = "dhcp"
OPTS = [
    cfg.StrOpt(
        "provider",
        default="none",
        choices=(
            ("none", "a server of your own, which leads machines to boot.ipxe of [netboot]url"),
            ("dnsmasq", "one that the conductor runs on [dhcp]interface"),
        ),
        help="Who gives addresses to machines that boot.",
    ),
    cfg.StrOpt("interface", default="", help="Network card on which dnsmasq answers, such as br0."),
    cfg.StrOpt(
        "range",
        default="",
        regex=r"^$|^[0-9.]+,[0-9.]+$",
        help="First and last address that it gives: 172.30.0.100,172.30.0.199.",
    ),
    cfg.StrOpt("router", default="", help="The gateway that it tells. Default: none."),
    cfg.IntOpt(
        "lease", default=3600, min=120, max=86400, help="How long an address is given for, seconds."
    ),
]
