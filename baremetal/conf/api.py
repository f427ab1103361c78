"""The API service."""

from oslo_config import cfg

GROUP = "api"
OPTS = [
    cfg.StrOpt("host", default="127.0.0.1", help="Address to listen on."),
    cfg.PortOpt("port", default=6385, help="Port to listen on."),
    cfg.StrOpt(
        "auth",
        default="basic",
        choices=("basic", "keystone", "none"),
        help="How callers prove who they are: by the users in htpasswd, or by tokens of the "
        "Keystone in [keystone_authtoken]. 'none' is for loopback alone.",
    ),
    cfg.StrOpt(
        "htpasswd",
        help="File of users for auth=basic: 'name:bcrypt hash' lines as htpasswd -B writes them. "
        "Default: htpasswd in state_dir.",
    ),
    cfg.IntOpt(
        "workers",
        default=2,
        min=1,
        max=256,
        help="Processes of baremetal-api; about one for each core that it may use.",
    ),
    cfg.IntOpt("threads", default=16, min=2, max=256, help="Requests that are served at a time."),
    cfg.IntOpt(
        "max_streams",
        default=16,
        min=0,
        max=1000,
        help="Open event streams; each holds a further thread. Beyond them 503 is answered.",
    ),
    cfg.IntOpt(
        "max_transfers",
        default=128,
        min=1,
        max=1000,
        help="Uploads and downloads of images at a time, in each process; each holds a further "
        "thread, so that they keep no other request waiting. Beyond them 503 is answered.",
    ),
    cfg.IntOpt(
        "max_body_kib",
        default=1024,
        min=64,
        max=65536,
        help="Largest request body, KiB. A larger one is answered 413.",
    ),
    cfg.IntOpt("max_limit", default=1000, min=1, max=10000, help="Largest page of a list."),
    cfg.BoolOpt(
        "metrics",
        default=True,
        help="Whether /metrics answers, which asks for no credentials.",
    ),
    cfg.StrOpt(
        "public_url",
        help="URL under which callers reach the API, up to and with /baremetal, for links. "
        "Default: taken from each request.",
    ),
]


def threads(conf: cfg.ConfigOpts) -> int:
    """How many threads a process needs, so that what takes long keeps nothing else waiting."""
    given = conf.api
    return int(given.threads + given.max_streams + given.max_transfers)
