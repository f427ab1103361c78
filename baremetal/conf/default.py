"""What concerns every process."""

import socket

from oslo_config import cfg

GROUP = None
OPTS = [
    cfg.StrOpt(
        "host",
        default=socket.gethostname(),
        sample_default="localhost",
        help="Name of this process among its peers. Two conductors must not share one.",
    ),
    cfg.StrOpt(
        "state_dir",
        default="/var/lib/baremetal",
        help="Directory of the database file, credentials and keys. Readable by its owner alone.",
    ),
    cfg.StrOpt(
        "log_level",
        default="info",
        choices=("debug", "info", "warning", "error"),
        help="What to log to standard error.",
    ),
    cfg.StrOpt(
        "log_format",
        default="text",
        choices=("text", "json"),
        help="How log lines are written. 'json': an object per line, with time, level, logger, "
        "message and, where known, request_id, global_request_id, operation and node.",
    ),
]
