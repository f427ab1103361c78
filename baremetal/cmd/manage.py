"""``baremetal-manage``: what an administrator does to the state itself, beside the API."""

import argparse
import getpass
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from oslo_config import cfg

from baremetal.auth.users import UserFile
from baremetal.clock import Clock
from baremetal.cmd import DEFAULT_DIR
from baremetal.cmd.configure import configured, service_configuration, users_of
from baremetal.cmd.state import StateDir
from baremetal.db import schema
from baremetal.db.clock import SharedClock
from baremetal.db.database import Database
from baremetal.db.rotation import Rotation
from baremetal.db.vault import Vault
from baremetal.domain.errors import BaremetalError, InvalidInput, Unavailable
from baremetal.images.audit import Audit
from baremetal.images.shelves import Shelves

#: How long the last runs under an old key are awaited before it is dropped, seconds.
_PATIENCE = 60.0


class Manage:
    """The commands, on one state directory and its configuration; each returns an exit status."""

    def __init__(self, conf: cfg.ConfigOpts, state: StateDir) -> None:
        """Work on what `conf` names."""
        self._conf = conf
        self._state = state
        self._url: str = conf.database.connection or state.database_url
        self._users = UserFile(users_of(conf, state))

    def db_upgrade(self, args: argparse.Namespace) -> int:
        """Bring the database to the newest schema, or make it."""
        db = Database(self._url)
        before = schema.current(db)
        schema.upgrade(db, args.revision)
        print(f"{before or 'empty'} -> {schema.current(db)}")
        return 0

    def db_version(self, _args: argparse.Namespace) -> int:
        """Show the database's schema, and the one that this release expects."""
        print(f"{self._current()} (this release: {schema.HEAD})")
        return 0

    def db_check(self, _args: argparse.Namespace) -> int:
        """Compare the database with what this release expects; status 1 where they differ."""
        found = self._current()
        if found != schema.HEAD:
            print(f"The database is at {found}, this release expects {schema.HEAD}: db upgrade.")
            return 1
        differences = schema.differences(Database(self._url))
        for difference in differences:
            print(difference)
        print("The database differs." if differences else f"{found}: as it should be")
        return 1 if differences else 0

    def secrets_init(self, _args: argparse.Namespace) -> int:
        """Make the key file, which all services share; one that is there stays."""
        new = not self._state.keys.exists()
        self._state.prepare()
        Vault.open(self._state.keys)
        print(f"{'made' if new else 'there is'} {self._state.keys}; keep a copy of it")
        return 0

    def secrets_rotate(self, args: argparse.Namespace) -> int:
        """Encrypt all secrets with a new key; with --drop-old the old ones go."""
        if self._current() != schema.HEAD:
            raise Unavailable("The database has not this release's schema; first: db upgrade.")
        rotation = Rotation(Database(self._url), self._state.keys, Clock())
        print(f"new key in {self._state.keys}; {rotation.add_key()} rows encrypted with it")
        if args.drop_old:
            rotation.drop_old(_PATIENCE)
            print("old keys dropped; a backup from before needs the key file from before")
        return 0

    def user_add(self, args: argparse.Namespace) -> int:
        """Add a user, or change a password: asked for, or the first line of standard input."""
        new = self._users.put(args.name, _password())
        print(f"user {args.name} {'added' if new else 'has a new password'}")
        return 0

    def user_remove(self, args: argparse.Namespace) -> int:
        """Remove a user; they are out at once."""
        self._users.remove(args.name)
        print(f"user {args.name} removed")
        return 0

    def user_list(self, _args: argparse.Namespace) -> int:
        """Show the users."""
        print(*sorted(self._users.digests()), sep="\n")
        return 0

    def images_audit(self, args: argparse.Namespace) -> int:
        """Compare images with the stores; with --repair put right what disagrees."""
        if self._current() != schema.HEAD:
            raise Unavailable("The database has not this release's schema; first: db upgrade.")
        db = Database(self._url)
        left = found = 0
        audit = Audit(db, Shelves(self._conf), SharedClock(db), args.hours)
        for one in audit.run(repair=args.repair):
            end = "; repaired" if one.repaired else ""
            print(f"{one.kind}: {one.what} in {one.store}: {one.about}{end}")
            found += 1
            left += not one.repaired
        print(f"{found} disagree, {left} of them still" if found else "all as it should be")
        return 1 if left else 0

    def _current(self) -> str:
        url = Database(self._url).url
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            raise Unavailable(f"There is no database at {url.database} yet; db upgrade makes it.")
        return schema.current(Database(self._url)) or "empty"


def _manage(args: argparse.Namespace) -> Manage:
    if args.config_file and args.state_dir is None:
        files = [word for name in args.config_file for word in ("--config-file", name)]
        conf = service_configuration("baremetal-manage", files)
        return Manage(conf, StateDir(Path(conf.state_dir)))
    state = StateDir(Path(args.state_dir or DEFAULT_DIR).expanduser().resolve())
    return Manage(configured(args, state), state)


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        raise InvalidInput("The two were not the same.")
    return password


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("baremetal-manage", description=__doc__)
    add = parser.add_argument
    add("--state-dir", help=f"directory of all state ({DEFAULT_DIR}, or that of --config-file)")
    add(
        "--config-file",
        action="append",
        default=[],
        help="oslo.config file with further options; may be repeated",
    )
    areas = parser.add_subparsers(metavar="AREA", required=True)
    database = _area(areas, "db", "the database and its schema")
    upgrade = _command(database, "upgrade", Manage.db_upgrade)
    upgrade.add_argument("revision", nargs="?", default="head", help="where to stop (%(default)s)")
    _command(database, "version", Manage.db_version)
    _command(database, "check", Manage.db_check)
    secrets = _area(areas, "secrets", "the key that secrets are encrypted with")
    _command(secrets, "init", Manage.secrets_init)
    rotate = _command(secrets, "rotate", Manage.secrets_rotate)
    rotate.add_argument("--drop-old", action="store_true", help="drop the old keys in the end")
    users = _area(areas, "user", "who may come in by HTTP basic authentication")
    _command(users, "add", Manage.user_add).add_argument("name")
    _command(users, "remove", Manage.user_remove).add_argument("name")
    _command(users, "list", Manage.user_list)
    images = _area(areas, "images", "images, and the stores where their data is")
    audit = _command(images, "audit", Manage.images_audit)
    audit.add_argument("--repair", action="store_true", help="put right what disagrees")
    audit.add_argument(
        "--hours",
        type=float,
        default=24.0,
        help="what has not moved for so long is abandoned (%(default)s)",
    )
    return parser


_Area = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _area(areas: _Area, name: str, about: str) -> _Area:  # type: ignore[valid-type]
    parser: argparse.ArgumentParser = areas.add_parser(name, help=about, description=about)  # type: ignore[attr-defined]
    return parser.add_subparsers(metavar="COMMAND", required=True)


def _command(
    area: _Area,  # type: ignore[valid-type]
    name: str,
    run: Callable[[Manage, argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = area.add_parser(  # type: ignore[attr-defined]
        name, help=run.__doc__, description=run.__doc__
    )
    parser.set_defaults(run=run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    args = _parser().parse_args(argv)
    try:
        manage = _manage(args)
        status: int = args.run(manage, args)
    except (BaremetalError, OSError) as error:
        print(f"baremetal-manage: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
