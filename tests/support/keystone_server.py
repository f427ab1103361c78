"""Keystone in one process: database, first administrator and service. See keystone.py.

Each of its commands takes three seconds to import what the service imports too, so they
run in forks of one process: ``python -m tests.support.keystone_server HOME PORT``.
"""

import os
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")

from oslo_service import backend  # noqa: E402

backend.init_backend(backend.BackendType.THREADING)

from cheroot.wsgi import Server  # noqa: E402
from keystone.cmd import cli  # noqa: E402
from keystone.server import wsgi  # noqa: E402

_THREADS = 4


def manage(home: Path, *words: str) -> None:
    """Run one command of ``keystone-manage``."""
    child = os.fork()
    if not child:
        status = 1
        try:
            cli.main(["keystone-manage", "--config-file", str(home / "keystone.conf"), *words])
            status = 0
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"keystone-manage {words[0]} failed")


def main(home: Path, port: int) -> None:
    """Serve on `port`, and say when."""
    os.environ["OS_KEYSTONE_CONFIG_DIR"] = str(home)
    if not (home / "bootstrapped").exists():
        manage(home, "db_sync")
        # The password is in OS_BOOTSTRAP_PASSWORD.
        url = f"http://127.0.0.1:{port}/v3"
        manage(home, "bootstrap", "--bootstrap-public-url", url, "--bootstrap-region-id", "one")
        (home / "bootstrapped").touch()
    # Keystone would take our arguments for its own.
    sys.argv = sys.argv[:1]
    application = wsgi.initialize_public_application()
    server = Server(("127.0.0.1", port), application, numthreads=_THREADS)
    server.prepare()
    print("ready", flush=True)  # noqa: T201 - who started it waits for this
    server.serve()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
