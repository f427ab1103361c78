"""Configuration of a process, from files and from its command line."""

import argparse
import logging
import sys
from pathlib import Path

from oslo_config import cfg

from baremetal import conf as options
from baremetal.cmd.state import StateDir

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configured(args: argparse.Namespace, state: StateDir) -> cfg.ConfigOpts:
    """The global configuration, with `args` above all files, and logging set up.

    oslo.messaging registers some options on the global object alone, so it is used.
    """
    conf = cfg.CONF
    options.register(conf)
    files = [str(Path(name).expanduser()) for name in args.config_file]
    own = state.path / "baremetal.conf"
    if own.exists():
        files.insert(0, str(own))
    state.prepare()
    conf([], project="baremetal", default_config_files=files, default_config_dirs=[])
    conf.set_override("state_dir", str(state.path))
    for name in ("host", "port", "auth"):
        value = getattr(args, name, None)
        if value is not None:
            conf.set_override(name, value, group="api")
    logging.basicConfig(stream=sys.stderr, level=conf.log_level.upper(), format=_FORMAT, force=True)
    for noisy in ("stevedore", "oslo", "oslo_messaging", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return conf


def users_of(conf: cfg.ConfigOpts, state: StateDir) -> Path:
    """The file of users."""
    return Path(conf.api.htpasswd).expanduser() if conf.api.htpasswd else state.htpasswd
