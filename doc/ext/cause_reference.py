"""The directive ``causes``: why operations fail, from ``baremetal/domain/autopsy.py``."""

from docutils import nodes
from docutils.parsers.rst import Directive
from manual_table import table
from sphinx.application import Sphinx

from baremetal.domain.autopsy import CAUSES


class Causes(Directive):
    """A table of causes."""

    def run(self) -> list[nodes.Node]:
        rows = ((f"`{cause}`", meaning) for cause, meaning in CAUSES.items())
        return [table(("cause", "what it means"), rows)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Give Sphinx the directive."""
    app.add_directive("causes", Causes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
