"""The conductor service."""

from oslo_config import cfg

GROUP = "conductor"
OPTS = [
    cfg.ListOpt(
        "enabled_hardware_types",
        default=["ipmi", "fake-hardware"],
        help="Hardware types that nodes may name as their driver.",
    ),
    cfg.StrOpt("conductor_group", default="", help="The group of nodes that it looks after."),
    cfg.IntOpt(
        "workers",
        default=16,
        min=1,
        max=512,
        help="Operations whose steps run at the same time. One that waits for a machine is not "
        "counted, so far more can be in progress.",
    ),
    cfg.IntOpt(
        "nice",
        default=10,
        min=0,
        max=19,
        help="How far the process stands back, when it shares the processors of a host with the "
        "API: reads are then answered as promptly in a storm of deploys as without. Costs nothing "
        "while a processor is free.",
    ),
    cfg.IntOpt(
        "grace",
        default=60,
        min=0,
        max=3600,
        help="How long steps that run may take to end when the conductor is told to stop, seconds. "
        "What takes longer is handed over to another conductor, which does that step again.",
    ),
    cfg.DictOpt(
        "max_per_conductor",
        default={"deploy": "50", "rebuild": "50", "provide": "100", "clean": "100"},
        help="Operations of a kind in progress on one conductor, waiting ones included.",
    ),
    cfg.DictOpt(
        "max_per_group",
        default={},
        help="Operations of a kind in progress in one conductor group.",
    ),
    cfg.DictOpt(
        "rolling",
        default={},
        help="Kinds that go in batches, with the batch's size: deploy:10 starts ten deploys, and "
        "the next ten when these have ended.",
    ),
    cfg.BoolOpt(
        "automated_clean",
        default=True,
        help="Clean nodes on their way to available. A node's own automated_clean goes before it.",
    ),
    cfg.IntOpt(
        "power_timeout", default=60, min=5, max=1800, help="Time for a power change, seconds."
    ),
    cfg.IntOpt(
        "agent_boot_timeout",
        default=1800,
        min=10,
        max=86400,
        help="Time from power-on to an agent's first sign of work, seconds.",
    ),
    cfg.IntOpt(
        "agent_silence_timeout",
        default=300,
        min=10,
        max=86400,
        help="How long a working agent may be silent before its operation fails, seconds.",
    ),
    cfg.FloatOpt(
        "agent_report_interval",
        default=5,
        min=0.1,
        max=300,
        help="How often a working agent reports, seconds.",
    ),
    cfg.IntOpt(
        "hold_timeout",
        default=86400,
        min=60,
        help="How long a node may stay on hold before its operation fails, seconds.",
    ),
    cfg.IntOpt(
        "power_sync_interval",
        default=60,
        min=0,
        max=86400,
        help="How often the power state of all nodes is read, seconds. 0: never.",
    ),
    cfg.PortOpt(
        "metrics_port",
        default=0,
        help="Port on which a conductor answers /metrics, /healthz and /readyz, which ask for no "
        "credentials. 0: none.",
    ),
    cfg.HostAddressOpt(
        "metrics_host", default="127.0.0.1", help="Address on which it answers them."
    ),
    cfg.IntOpt(
        "kept_events", default=100000, min=1000, help="Events that the event stream can replay."
    ),
]
