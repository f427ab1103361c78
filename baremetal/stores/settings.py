"""A store's configuration: checked against what its driver declares, secrets never shown."""

from collections.abc import Mapping
from pathlib import Path

from baremetal.domain.errors import InvalidInput
from baremetal.domain.properties import Property, check
from baremetal.domain.secrets import MASK

#: ``secret_key_file`` instead of ``secret_key``: the secret is the file's first line.
_FILE = "_file"


class Settings:
    """The values of a store's declared fields."""

    def __init__(
        self, properties: tuple[Property, ...], values: Mapping[str, object], where: str
    ) -> None:
        """Check `values`, and read the files that hold secrets.

        :raises InvalidInput: each field that will not do, why, and an example.
        """
        self._secret = {prop.name for prop in properties if prop.secret}
        self._values = {key: value for key, value in values.items() if value not in (None, "")}
        for name in self._secret:
            path = self._values.pop(name + _FILE, None)
            if path is not None:
                self._values[name] = _first_line(f"{where}/{name}{_FILE}", str(path))
        known = {prop.name for prop in properties}
        strange = sorted(set(self._values) - known)
        if strange:
            raise InvalidInput(
                f"{where}/{strange[0]} is no setting. Known: {', '.join(sorted(known)) or 'none'}."
            )
        check(properties, self._values, where)

    def text(self, name: str, default: str = "") -> str:
        """The value as text."""
        return str(self._values.get(name, default))

    def integer(self, name: str, default: int) -> int:
        """The value as a whole number."""
        return int(str(self._values.get(name, default)))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """The value as yes or no."""
        return str(self._values.get(name, default)).lower() in ("true", "1", "yes")

    def shown(self) -> dict[str, object]:
        """The values, as they may be shown."""
        return {
            name: MASK if name in self._secret else value for name, value in self._values.items()
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self._values == other._values

    def __hash__(self) -> int:
        return hash(tuple(sorted((name, str(value)) for name, value in self._values.items())))

    def __repr__(self) -> str:
        return f"Settings({self.shown()})"


def _first_line(where: str, path: str) -> str:
    try:
        return Path(path).read_text().partition("\n")[0].strip()
    except OSError as error:
        raise InvalidInput(f"{where}: {path} cannot be read: {error.strerror}.") from error
