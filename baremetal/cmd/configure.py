"""Configuration of a process, from files and from its command line."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from oslo_config import cfg

from baremetal import conf as options
from baremetal import log
from baremetal.cmd.state import StateDir


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
    log.set_up(conf.log_level, conf.log_format)
    return conf


def service_configuration(program: str, argv: Sequence[str] | None) -> cfg.ConfigOpts:
    """The global configuration of one of several services, and logging set up.

    `argv` takes ``--config-file`` and ``--config-dir``; without them the files are looked for
    where oslo.config does, such as /etc/baremetal/baremetal.conf.
    """
    conf = cfg.CONF
    options.register(conf)
    conf(argv, project="baremetal", prog=program, version=version("baremetal"))
    log.set_up(conf.log_level, conf.log_format)
    return conf


def users_of(conf: cfg.ConfigOpts, state: StateDir) -> Path:
    """The file of users."""
    return Path(conf.api.htpasswd).expanduser() if conf.api.htpasswd else state.htpasswd
