"""What conductors say of the hardware types they have: the API's view of drivers."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from baremetal.domain.errors import InvalidInput
from baremetal.domain.node import INTERFACES
from baremetal.domain.properties import Property


@dataclass(frozen=True, slots=True)
class HardwareInfo:
    """A hardware type as data: per kind the enabled implementations, the default first."""

    name: str
    interfaces: Mapping[str, tuple[str, ...]]
    #: (kind, implementation) -> the driver_info fields that it reads
    properties: Mapping[tuple[str, str], tuple[Property, ...]]

    def chosen(self, wanted: Mapping[str, str | None]) -> dict[str, str]:
        """The implementation per kind: the wanted one, else the default.

        :raises InvalidInput: one that this hardware type does not have.
        """
        result: dict[str, str] = {}
        for kind in INTERFACES:
            enabled = self.interfaces.get(kind, ())
            name = wanted.get(kind)
            if name is not None and name not in enabled:
                raise InvalidInput(
                    f"Driver {self.name} does not support the {kind} interface '{name}'. "
                    f"Enabled for it: {', '.join(enabled) or 'none'}."
                )
            if name is not None or enabled:
                result[kind] = name or enabled[0]
        return result

    def fields(self, chosen: Mapping[str, str]) -> tuple[Property, ...]:
        """The driver_info fields that the chosen implementations read, each once."""
        found: dict[str, Property] = {}
        for choice in chosen.items():
            for prop in self.properties.get(choice, ()):
                found.setdefault(prop.name, prop)
        return tuple(found.values())

    def all_fields(self) -> tuple[Property, ...]:
        """The driver_info fields of the default implementations."""
        return self.fields(self.chosen({}))

    def as_data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "interfaces": {kind: list(names) for kind, names in self.interfaces.items()},
            "properties": [
                [kind, name, [asdict(prop) for prop in props]]
                for (kind, name), props in self.properties.items()
            ],
        }

    @classmethod
    def from_data(cls, name: str, data: Mapping[str, Any]) -> "HardwareInfo":
        """What `as_data` wrote; fields of newer releases are ignored."""
        known = Property.__dataclass_fields__
        return cls(
            name,
            {kind: tuple(names) for kind, names in data["interfaces"].items()},
            {
                (kind, impl): tuple(_property(prop, known) for prop in props)
                for kind, impl, props in data["properties"]
            },
        )


def _property(data: Mapping[str, Any], known: Iterable[str]) -> Property:
    values = {key: value for key, value in data.items() if key in known}
    values["choices"] = tuple(values.get("choices", ()))
    return Property(**values)
