"""The directive ``metrics``: what ``/metrics`` tells, from the code that tells it."""

from collections.abc import Iterator

from docutils import nodes
from docutils.parsers.rst import Directive
from manual_table import table
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from sphinx.application import Sphinx

from baremetal.drivers.power.ipmi import IpmiPower
from baremetal.health.metrics import METRICS

_KINDS = {CounterMetricFamily: "counter", HistogramMetricFamily: "histogram"}


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for name, (cls, labels, about) in METRICS.items():
        kind = _KINDS.get(cls, "gauge")
        shown = f"{name}_total" if kind == "counter" else name
        yield f"`{shown}`", kind, ", ".join(f"`{label}`" for label in labels), about
    for figure in {figure.name: figure for figure in IpmiPower().figures()}.values():
        kind, end = ("counter", "_total") if figure.counter else ("gauge", "")
        named = ", ".join(f"`{label}`" for label in figure.labels)
        yield f"`baremetal_{figure.name}{end}`", kind, named, figure.about


class MetricTable(Directive):
    """A table of metrics."""

    def run(self) -> list[nodes.Node]:
        return [table(("metric", "kind", "labels", "what it is"), _rows())]


def setup(app: Sphinx) -> dict[str, bool]:
    """Give Sphinx the directive."""
    app.add_directive("metrics", MetricTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
