"""How new the messages between services may be, while some of them are still older."""

from oslo_config import cfg

GROUP = "upgrade_levels"
OPTS = [
    cfg.StrOpt(
        "conductor",
        regex=r"^1\.\d+$",
        help="Newest version of the conductor's RPC contract to send, such as 1.0. Set it to that "
        "of the older release on all API services before a rolling upgrade, and take it out "
        "when every conductor is new. Default: no limit.",
    ),
]
