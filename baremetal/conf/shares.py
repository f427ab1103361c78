"""The share service, its backends, and what projects may have."""

from oslo_config import cfg

GROUP = "shares"
OPTS = [
    cfg.ListOpt(
        "enabled_backends",
        default=["fake"],
        help="Names of the backends of this share service. Each has a section of its own, "
        "[share_backend:NAME], with its 'storage' (zfs, btrfs, directory, fake), its 'export' "
        "(nfs-ganesha, samba, fake) and what these two take (path, address...). The backend "
        "'fake' needs no section: it says yes to everything and keeps nothing, for trials.",
    ),
    cfg.StrOpt(
        "availability_zone", default="nova", help="The availability zone of this share service."
    ),
    cfg.StrOpt(
        "default_share_type",
        default="default",
        help="The type of shares for which nobody names one. Where there are no types at all, "
        "the share service makes it.",
    ),
    cfg.IntOpt(
        "workers",
        default=16,
        min=1,
        max=256,
        help="Operations that one share service carries out at the same time.",
    ),
    cfg.IntOpt(
        "report_interval",
        default=10,
        min=1,
        max=3600,
        help="How often a share service says that it is alive, and how much its pools hold, "
        "seconds.",
    ),
    cfg.IntOpt(
        "reconcile_interval",
        default=900,
        min=0,
        max=86400,
        help="How often a share service compares what its servers enforce with the rules of "
        "access, and mends what differs, seconds. 0: when it starts, and not again.",
    ),
    *(
        cfg.IntOpt(
            f"quota_{resource}",
            default=most,
            min=-1,
            help=f"{what} that a project may have, unless an administrator says otherwise for it. "
            "-1: no limit.",
        )
        for resource, most, what in (
            ("shares", 50, "Shares"),
            ("gigabytes", 1000, "GiB of shares"),
            ("snapshots", 50, "Snapshots of shares"),
            ("snapshot_gigabytes", 1000, "GiB of snapshots of shares"),
            ("per_share_gigabytes", -1, "GiB of one share"),
        )
    ),
]

#: In each [share_backend:NAME], beside what its drivers declare.
BACKEND_OPTS = [
    cfg.StrOpt("storage", default="fake", help="What shares are made from."),
    cfg.StrOpt("export", default="fake", help="What lets clients in."),
    cfg.StrOpt("pool", default="", help="The name of its pool; empty: that of the backend."),
    cfg.IntOpt(
        "reserved_percentage", default=0, min=0, max=100, help="Of the pool, not to be allocated."
    ),
    cfg.FloatOpt(
        "max_over_subscription_ratio",
        default=20.0,
        min=1.0,
        max=1000.0,
        help="How much may be allocated of a pool where what is not used takes no room, as a "
        "multiple of its size.",
    ),
]
