"""How a process finds out who asks, by its configuration."""

from oslo_config import cfg

from baremetal.api.services import Authenticator
from baremetal.auth.basic import BasicAuth
from baremetal.cmd.configure import users_of
from baremetal.cmd.state import StateDir


def authenticator(conf: cfg.ConfigOpts, state: StateDir) -> Authenticator | None:
    """What says who is asking; None where nobody wants to know.

    :raises InvalidInput: the configuration lacks what it takes.
    """
    if conf.api.auth == "keystone":
        # It takes 150 ms to import, and most who start in one process have no Keystone.
        from baremetal.auth.keystone import KeystoneAuth  # noqa: PLC0415

        return KeystoneAuth(conf)
    return None if conf.api.auth == "none" else BasicAuth(users_of(conf, state))
