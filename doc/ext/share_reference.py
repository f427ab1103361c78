"""The directive ``share-drivers``: what each storage and export can do, and its settings.

Read from the entry points of ``setup.cfg``, and from what each driver declares. What a driver
finds out by itself is shown as it is with the examples of its settings.
"""

import dataclasses
import inspect
from collections.abc import Iterator

from docutils import nodes
from docutils.parsers.rst import Directive
from driver_reference import entry_points
from manual_table import sentence, table
from sphinx.application import Sphinx

from baremetal.drivers.interfaces.configured import ConfiguredDriver
from baremetal.drivers.interfaces.export import ExportInterface
from baremetal.drivers.interfaces.storage import StorageInterface


def _example(driver: type[ConfiguredDriver]) -> ConfiguredDriver:
    return driver({field.name: field.example for field in driver.properties if field.required})


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, dict):
        return ", ".join(f"{kind} ({' '.join(levels)})" for kind, levels in value.items())
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _abilities(drivers: dict[str, ConfiguredDriver]) -> nodes.table:
    """A row for each ability, a column for each driver."""
    found = {
        name: dataclasses.asdict(driver.capabilities)
        for name, driver in drivers.items()
        if isinstance(driver, StorageInterface | ExportInterface)
    }
    words = next(iter(found.values()))
    rows = [
        (word.replace("_", " "), *(_shown(can[word]) for can in found.values())) for word in words
    ]
    return table(("", *(f"`{name}`" for name in found)), rows)


def _settings(driver: ConfiguredDriver) -> Iterator[tuple[str, str, str]]:
    for field in driver.properties:
        about = f"{field.about} Example: `{field.example}`"
        yield f"`{field.name}`", "yes" if field.required else "", about


class ShareDrivers(Directive):
    """Two tables of abilities, then the settings of each driver."""

    def run(self) -> list[nodes.Node]:
        found: list[nodes.Node] = []
        for group, title in (("share.storage", "Storage"), ("share.export", "Export")):
            drivers = {name: _example(driver) for name, driver in entry_points()[group].items()}
            found.append(nodes.rubric(text=title))
            found.append(_abilities(drivers))
            for name, driver in drivers.items():
                summary = (inspect.getdoc(type(driver)) or "").partition("\n")[0]
                line = sentence(f" {summary}")
                line.insert(0, nodes.strong(text=name))
                found.append(line)
                found.append(table(("setting", "needed", "what it is"), _settings(driver)))
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Give Sphinx the directive."""
    app.add_directive("share-drivers", ShareDrivers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
