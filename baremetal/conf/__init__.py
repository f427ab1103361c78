"""Options, one file per room. Defaults work; an option exists if an administrator would turn it."""

from collections.abc import Sequence

from oslo_config import cfg

from baremetal.conf import (
    api,
    conductor,
    database,
    default,
    dhcp,
    images,
    netboot,
    shares,
    upgrade_levels,
)

_ROOMS = (default, api, conductor, database, dhcp, images, netboot, shares, upgrade_levels)


def list_opts() -> list[tuple[str | None, Sequence[cfg.Opt]]]:
    """All options by group, for the sample configuration."""
    return [(room.GROUP, room.OPTS) for room in _ROOMS]


def register(conf: cfg.ConfigOpts) -> None:
    """Make all options known to `conf`."""
    for group, opts in list_opts():
        conf.register_opts(opts, group=group)
