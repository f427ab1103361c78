"""The directive ``options``: what ``baremetal/conf`` declares, with defaults and bounds."""

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from manual_table import table
from oslo_config import cfg
from sphinx.application import Sphinx

from baremetal.conf import list_opts


def _default(opt: cfg.Opt) -> str:
    value: Any = opt.sample_default if opt.sample_default is not None else opt.default
    if isinstance(value, dict):
        return ",".join(f"{key}:{item}" for key, item in value.items())
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _accepted(opt: cfg.Opt) -> str:
    choices = getattr(opt.type, "choices", None)
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    low, high = getattr(opt.type, "min", None), getattr(opt.type, "max", None)
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"{low} or more" if low is not None else ""


def _rows(opts: Any) -> Iterator[tuple[str, str, str, str]]:
    for opt in opts:
        default = _default(opt)
        yield f"`{opt.name}`", f"`{default}`" if default else "", _accepted(opt), opt.help or ""


class Options(Directive):
    """A table of options per group."""

    def run(self) -> list[nodes.Node]:
        found: list[nodes.Node] = []
        for group, opts in list_opts():
            found.append(nodes.rubric(text=f"[{group or 'DEFAULT'}]"))
            found.append(table(("option", "default", "accepted", "what it is"), _rows(opts)))
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Give Sphinx the directive."""
    app.add_directive("options", Options)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
