"""The database."""

from oslo_config import cfg

GROUP = "database"
OPTS = [
    cfg.StrOpt(
        "connection",
        secret=True,
        help="SQLAlchemy URL, such as postgresql+psycopg://user:password@host/baremetal. "
        "Default: an SQLite file in state_dir.",
    ),
    cfg.IntOpt(
        "pool_size",
        default=32,
        min=2,
        max=500,
        help="Connections that a process may keep open, half of them for reads. SQLite needs no "
        "limit.",
    ),
]
