"""The directive ``hardware-types``: what is installed, and the fields that it reads.

Read from the entry points of ``setup.cfg`` and from the properties that each
implementation declares, as ``GET /v1/drivers`` is.
"""

import configparser
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from manual_table import sentence, table
from sphinx.application import Sphinx

SETUP = Path(__file__).parents[2] / "setup.cfg"


def entry_points() -> dict[str, dict[str, Any]]:
    """{group: {name: what it points to}} of the groups that hold drivers."""
    declared = configparser.ConfigParser(delimiters=("=",))
    declared.optionxform = str  # type: ignore[assignment,method-assign]
    declared.read(SETUP)
    found: dict[str, dict[str, Any]] = {}
    for group, text in declared["options.entry_points"].items():
        if not group.startswith("baremetal.") or group == "baremetal.cli":
            continue
        for line in text.split("\n"):
            name, _, target = (part.strip() for part in line.partition("="))
            if target:
                module, _, attribute = target.partition(":")
                loaded = getattr(importlib.import_module(module), attribute)
                found.setdefault(group.partition(".")[2], {})[name] = loaded
    return found


def _summary(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _hardware_rows(hardware: type) -> Iterator[tuple[str, str]]:
    for kind, names in hardware.supported().items():  # type: ignore[attr-defined]
        if any(not name.startswith("no") for name in names):
            yield kind, ", ".join(f"`{name}`" for name in names)


def _field_rows(implementation: Any) -> Iterator[tuple[str, str, str]]:
    for where, attribute in (
        ("driver_info", "properties"),
        ("instance_info", "instance_properties"),
    ):
        for field in getattr(implementation, attribute, ()):
            about = f"{field.about} Example: `{field.example}`"
            secret = " Secret." if field.secret else ""
            yield f"`{where}/{field.name}`", "yes" if field.required else "", about + secret


class HardwareTypes(Directive):
    """A section per hardware type, and one per kind of interface."""

    def run(self) -> list[nodes.Node]:
        groups = entry_points()
        for other in ("stores", "share.storage", "share.export"):
            del groups[other]
        found: list[nodes.Node] = []
        for name, hardware in groups.pop("hardware").items():
            found.append(nodes.rubric(text=name))
            found.append(sentence(_summary(hardware)))
            found.append(table(("interface", "default, then others"), _hardware_rows(hardware)))
        for kind, implementations in sorted(groups.items()):
            found.append(nodes.rubric(text=f"{kind} interfaces"))
            for name, implementation in implementations.items():
                line = sentence(f" {_summary(implementation)}")
                line.insert(0, nodes.strong(text=name))
                found.append(line)
                if rows := list(_field_rows(implementation)):
                    found.append(table(("field", "needed", "what it is"), rows))
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Give Sphinx the directive."""
    app.add_directive("hardware-types", HardwareTypes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
