"""The directive ``stores``: what is installed, what each can do, and its settings.

Read from the entry points of ``setup.cfg``, and from what each store declares.
"""

import dataclasses
import inspect
from collections.abc import Iterator

from docutils import nodes
from docutils.parsers.rst import Directive
from driver_reference import entry_points
from manual_table import sentence, table
from sphinx.application import Sphinx

from baremetal.stores import Store


def _abilities(store: type[Store]) -> str:
    can = store.capabilities
    words = [
        field.name.replace("_", " ")
        for field in dataclasses.fields(can)
        if getattr(can, field.name) is True
    ]
    if can.part_size:
        words.append(f"parts of {can.part_size >> 20} MiB")
    return ", ".join(words)


def _rows(store: type[Store]) -> Iterator[tuple[str, str, str]]:
    for field in store.properties:
        secret = f" Secret; or `{field.name}_file`." if field.secret else ""
        about = f"{field.about} Example: `{field.example}`{secret}"
        yield f"`{field.name}`", "yes" if field.required else "", about


class Stores(Directive):
    """A section per store."""

    def run(self) -> list[nodes.Node]:
        found: list[nodes.Node] = []
        schemes: dict[type[Store], list[str]] = {}
        for scheme, store in entry_points()["stores"].items():
            schemes.setdefault(store, []).append(f"{scheme}://")
        for store, names in schemes.items():
            summary = (inspect.getdoc(store) or "").partition("\n")[0]
            found.append(nodes.rubric(text=", ".join(names)))
            found.append(sentence(summary))
            found.append(sentence(f"Can: {_abilities(store)}."))
            found.append(table(("setting", "needed", "what it is"), _rows(store)))
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Give Sphinx the directive."""
    app.add_directive("stores", Stores)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
