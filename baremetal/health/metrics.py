"""Every metric: its name, what it is, and where its value comes from."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from baremetal.clock import Clock
from baremetal.db import figures
from baremetal.db.counts import Counts
from baremetal.db.database import Database
from baremetal.db.types import moment, stamp
from baremetal.domain import operation as op
from baremetal.domain.errors import Unavailable
from baremetal.domain.figures import Figure
from baremetal.health.siblings import Siblings, own_counts
from baremetal.meters import METERS, Labels, Meters

_GAUGES: Final = GaugeMetricFamily
_COUNTERS: Final = CounterMetricFamily
_HISTOGRAMS: Final = HistogramMetricFamily

#: name -> (kind, labels, what it is). Drivers add theirs, see ``Interface.figures``.
METRICS: Final[Mapping[str, tuple[type[Any], tuple[str, ...], str]]] = MappingProxyType(
    {
        "baremetal_database_up": (_GAUGES, (), "1 if the database answered this scrape, else 0."),
        "baremetal_operations": (_GAUGES, ("kind", "state"), "Operations that are not over."),
        "baremetal_operations_oldest_seconds": (
            _GAUGES,
            ("state",),
            "How long the oldest operation has been queued, and how long it has been waiting.",
        ),
        "baremetal_operations_ended": (
            _COUNTERS,
            ("kind", "outcome", "cause"),
            "Operations that this process has brought to an end; the cause of those that failed.",
        ),
        "baremetal_nodes": (_GAUGES, ("provision_state",), "Nodes by provision state."),
        "baremetal_conductors": (
            _GAUGES,
            ("state",),
            "Conductors: `alive`, and `gone` for those not heard of any more.",
        ),
        "baremetal_events_undelivered": (
            _GAUGES,
            ("to",),
            "Events that have not been delivered yet, where `notifications` are wanted.",
        ),
        "baremetal_power_sweeps": (_COUNTERS, (), "Power sweeps that this process has done."),
        "baremetal_power_sweep_seconds": (_GAUGES, (), "How long the last one took."),
        "baremetal_power_sweep_nodes": (_GAUGES, (), "How many nodes it read."),
        "baremetal_power_sweep_failures": (
            _COUNTERS,
            ("cause",),
            "Nodes whose power a sweep could not read, by cause.",
        ),
        "baremetal_rpc_seconds": (
            _HISTOGRAMS,
            ("method", "outcome"),
            "Questions to conductors: `answered`, `refused`, or `lost` (nobody answered).",
        ),
        "baremetal_http_request_seconds": (
            _HISTOGRAMS,
            ("method", "route", "status"),
            "Requests by route, until the answer is ready to be sent.",
        ),
        "baremetal_event_streams": (_GAUGES, (), "Event streams that are open."),
    }
)


class Metrics(Collector):
    """The metrics of this process, and of the plane as its database tells."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        meters: Meters = METERS,
        siblings: Siblings | None = None,
    ) -> None:
        """Read `db` and `meters`, and what `siblings` count, when somebody looks."""
        self._db = db
        self._counts = Counts(db)
        self._clock = clock
        self._meters = meters
        self._siblings = siblings
        # One of its own: the library's default one belongs to all who are in the process.
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        if siblings is None:
            # With siblings, one process' memory and time would tell of whichever was asked.
            ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: to be registered is not to be asked."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment."""
        yield from self._of_plane()
        meters, sweep = self._meters, self._meters.sweep
        yield _family("baremetal_operations_ended", meters.ended.values_now())
        yield _family("baremetal_power_sweeps", {(): sweep.count})
        yield _family("baremetal_power_sweep_seconds", {(): sweep.seconds})
        yield _family("baremetal_power_sweep_nodes", {(): sweep.nodes})
        yield _family("baremetal_power_sweep_failures", meters.unread.values_now())
        counted = self._siblings.counted() if self._siblings else own_counts(meters)
        yield _family("baremetal_event_streams", {(): counted.streams})
        yield _histogram("baremetal_rpc_seconds", meters.rpc.bounds, counted.rpc)
        yield _histogram("baremetal_http_request_seconds", meters.http.bounds, counted.http)
        yield from _of_sources(meters)

    def _of_plane(self) -> Iterator[Metric]:
        try:
            found = list(self._from_database())
        except Unavailable:
            yield _family("baremetal_database_up", {(): 0})
            return
        yield _family("baremetal_database_up", {(): 1})
        yield from found

    def _from_database(self) -> Iterator[Metric]:
        now = self._clock.now()
        by_kind: Counter[tuple[str, ...]] = Counter()
        begun: dict[str, list[str]] = defaultdict(list)
        for kind, state, _, count, since in self._counts.open_operations():
            by_kind[kind, state] += count
            begun[state].append(since)
        yield _family("baremetal_operations", by_kind)
        oldest: dict[tuple[str, ...], float] = {}
        for state in (op.QUEUED, op.WAITING):
            since = min(begun[state], default=None)
            seconds = 0.0 if since is None else (now - moment(since)).total_seconds()
            oldest[state,] = max(0.0, seconds)
        yield _family("baremetal_operations_oldest_seconds", oldest)
        nodes: Counter[tuple[str, ...]] = Counter()
        for state, _, _, _, count in self._counts.states():
            nodes[state,] += count
        yield _family("baremetal_nodes", nodes)
        waiting = figures.undelivered(self._db)
        yield _family("baremetal_events_undelivered", {(to,): n for to, n in waiting.items()})
        leases, at = figures.conductor_leases(self._db), stamp(now)
        alive = sum(until > at for until in leases)
        counts: dict[tuple[str, ...], float] = {("alive",): alive, ("gone",): len(leases) - alive}
        yield _family("baremetal_conductors", counts)


def _family(name: str, values: Mapping[tuple[str, ...], float]) -> Metric:
    kind, labels, about = METRICS[name]
    family = kind(name, about, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    made: Metric = family
    return made


def _histogram(
    name: str, bounds: Sequence[float], rows: Mapping[Labels, tuple[list[float], float]]
) -> Metric:
    _, labels, about = METRICS[name]
    family = HistogramMetricFamily(name, about, labels=labels)
    words = [*(str(bound) for bound in bounds), "+Inf"]
    for key, (counts, total) in rows.items():
        so_far, buckets = 0.0, []
        for bound, count in zip(words, counts, strict=True):
            so_far += count
            buckets.append((bound, so_far))
        family.add_metric(key, buckets, sum_value=total)
    return family


def _of_sources(meters: Meters) -> Iterator[Metric]:
    """What others count, such as drivers; figures of one name make one metric."""
    by_name: dict[str, list[Figure]] = defaultdict(list)
    for source in list(meters.sources.values()):
        for figure in source():
            by_name[figure.name].append(figure)
    for name, some in by_name.items():
        labels = tuple(some[0].labels)
        kind = CounterMetricFamily if some[0].counter else GaugeMetricFamily
        family = kind(f"baremetal_{name}", some[0].about, labels=labels)
        for figure in some:
            family.add_metric([figure.labels[label] for label in labels], figure.value)
        yield family
