"""Files of many machines: YAML with `nodes:`, or CSV with a column for each field.

nodes:
- name: rack1-1
  driver: ipmi
  driver_info: {ipmi_address: 10.0.0.11}
  ports: ["52:54:00:00:00:01", {address: "52:54:00:00:00:02", pxe_enabled: false}]

name,driver,driver_info.ipmi_address,properties.cpus,ports
rack1-1,ipmi,10.0.0.11,16,52:54:00:00:00:01 52:54:00:00:00:02
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from baremetal.cli.complaints import UsageError
from baremetal.cli.values import read_text, typed_text
from baremetal.client.transport import Resource


@dataclass(frozen=True, slots=True)
class Machine:
    """A node to create, and its ports; `label` says where it is described."""

    label: str
    node: Resource
    ports: list[Resource] = field(default_factory=list)


def read_machines(path: str, stdin: TextIO) -> list[Machine]:
    """The machines that a file (- for stdin) describes.

    :raises UsageError: it cannot be read, or says something that makes no sense
    """
    text = read_text(path, stdin)
    described = _from_csv(path, text) if _is_csv(path, text) else _from_yaml(path, text)
    machines = [_machine(label, entry) for label, entry in described]
    if not machines:
        raise UsageError(f"{path} describes no machine")
    names = [machine.node["name"] for machine in machines if machine.node.get("name")]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise UsageError(f"{path} has more than one machine called {', '.join(sorted(twice))}")
    return machines


def merged(defaults: Resource, node: Resource) -> Resource:
    """A node with what it does not say itself taken from the defaults, inside dicts too."""
    result = dict(defaults)
    for name, value in node.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = {**result[name], **value} if both else value
    return result


def _is_csv(path: str, text: str) -> bool:
    if path != "-":
        return path.lower().endswith(".csv")
    first = text.lstrip().partition("\n")[0]
    return "," in first and ":" not in first and not first.startswith(("{", "["))


def _from_yaml(path: str, text: str) -> Iterator[tuple[str, Any]]:
    # Imported here, because only this needs it.
    import yaml  # noqa: PLC0415

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise UsageError(f"{path} is not YAML: {problem}") from problem
    nodes = document.get("nodes") if isinstance(document, dict) else document
    if not isinstance(nodes, list):
        raise UsageError(f"{path} has no list `nodes:`")
    for number, entry in enumerate(nodes, 1):
        yield f"{path}, machine {number}", entry


def _from_csv(path: str, text: str) -> Iterator[tuple[str, Resource]]:
    table = csv.DictReader(io.StringIO(text), skipinitialspace=True, strict=True)
    try:
        for cells in table:
            label = f"{path}, line {table.line_num}"
            if None in cells or None in cells.values():
                raise UsageError(f"{label} has not as many cells as the header has columns")
            entry: Resource = {}
            for column, text_in_cell in cells.items():
                if text_in_cell:
                    _put(label, entry, column.strip(), text_in_cell.strip())
            if entry:
                yield label, entry
    except csv.Error as problem:
        raise UsageError(f"{path}, line {table.line_num}: {problem}") from problem


def _put(label: str, entry: Resource, column: str, value: str) -> None:
    if column == "ports":
        entry["ports"] = value.split()
        return
    name, _, key = column.partition(".")
    if not key:
        entry[name] = {"true": True, "false": False}.get(value.lower(), value)
        return
    inner = entry.setdefault(name, {})
    if not isinstance(inner, dict):
        raise UsageError(f"{label}: {name} is given as a whole and as {column}")
    inner[key] = typed_text(key, value)


def _machine(label: str, entry: Any) -> Machine:
    if not isinstance(entry, dict):
        raise UsageError(f"{label} is not a mapping of fields")
    node = dict(entry)
    ports = node.pop("ports", None) or []
    if not isinstance(ports, list):
        raise UsageError(f"{label}: `ports` is not a list")
    return Machine(label, node, [_port(label, port) for port in ports])


def _port(label: str, port: Any) -> Resource:
    if isinstance(port, str):
        return {"address": port}
    if isinstance(port, dict) and isinstance(port.get("address"), str):
        return port
    raise UsageError(f"{label}: a port is neither a MAC address nor has an `address`")
